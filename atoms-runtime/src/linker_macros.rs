//! What the linker is told of events and handlers, and what it says. `build.rs` says where it can.

/// The part of an event that must be handled.
#[doc(hidden)]
#[macro_export]
macro_rules! __must_handle {
    ($type:literal, $must_handle:literal) => {
        const MUST_HANDLE: ::core::primitive::bool = $must_handle;

        $crate::__needs_handler! {
            ::core::concat!(
                "atoms: the event `",
                $type,
                "` must be handled, and no handler of it is linked: write a `#[handler]`, or link the crate that \
                 has one with `use the_crate as _;`, or in a test write `atoms::testing::handled!(TheEvent);`"
            )
        }
    };
}

/// The part of a request, which needs a handler if it is asked, and never two.
#[doc(hidden)]
#[macro_export]
macro_rules! __must_answer {
    ($type:literal, $reply:ty) => {
        $crate::__needs_handler! {
            ::core::concat!(
                "atoms: the request `",
                $type,
                "` is asked, and no handler of it is linked: write a `#[handler]`, or link the crate that has one \
                 with `use the_crate as _;`, or in a test write `atoms::testing::handled!(TheRequest);`"
            )
        }

        $crate::__answers_once! {
            ::core::concat!("atoms: the request `", $type, "` has two handlers, and needs exactly one: remove one of them"),
            ::core::concat!("atoms.", $type, ".is_answered_by")
        }
    };
}

/// What a handler says to the linker, and what needs one asks of it: a symbol whose name is `$sentence`, which
/// is the linker's message if nothing defines it. Both functions are generic, so that they exist only where they
/// are used. Any number of handlers may define the symbol, as it is weak; after fat LTO, the first one does.
#[cfg(linker_net)]
#[doc(hidden)]
#[macro_export]
macro_rules! __needs_handler {
    ($sentence:expr) => {
        $crate::__in_assembly! {
            fn __handled_by<H>() {
                ::core::concat!(".ifndef \"", $sentence, "\""),
                ::core::concat!(".weak \"", $sentence, "\""),
                ::core::concat!(".hidden \"", $sentence, "\""),
                ::core::concat!("\"", $sentence, "\":"),
                ".endif",
            }
        }

        $crate::__asks_linker! { $sentence }
    };
}

/// Asks the linker for a handler.
#[cfg(linker_asks)]
#[doc(hidden)]
#[macro_export]
macro_rules! __asks_linker {
    ($sentence:expr) => {
        #[cfg(not(any(test, miri)))]
        #[inline]
        fn __needs_handler<Emitting>() {
            unsafe extern "C" {
                #[link_name = $sentence]
                static HANDLER: ::core::primitive::u8;
            }
            ::core::hint::black_box(&raw const HANDLER);
        }
    };
}

#[cfg(not(linker_asks))]
#[doc(hidden)]
#[macro_export]
macro_rules! __asks_linker {
    ($sentence:expr) => {};
}

/// What else a handler of a request says to the linker: a symbol whose name is `$twice`, which is the linker's
/// message if another one defines it, too.
///
/// A second, local symbol in the same place bears the name of the handler: linkers show it. If both are in one
/// object, the second one calls the assembler's macro `$second`, which the first one has defined, and which names
/// both.
#[cfg(linker_net)]
#[doc(hidden)]
#[macro_export]
macro_rules! __answers_once {
    ($twice:expr, $second:expr) => {
        $crate::__in_assembly! {
            fn __answered_by<H: $crate::__private::HandlerSymbol>() {
                ::core::concat!(".ifdef \"", $twice, "\""),
                ::core::concat!($second, " \"{handler}\""),
                ".else",
                ::core::concat!(".macro ", $second, " second"),
                ::core::concat!(".error \"", $twice, ", `{handler}` and `\\second`\""),
                ".endm",
                ::core::concat!(".globl \"", $twice, "\""),
                ::core::concat!(".hidden \"", $twice, "\""),
                ::core::concat!("\"", $twice, "\":"),
                ".type {handler}.answers, %function",
                ::core::concat!(".set {handler}.answers, \"", $twice, "\""),
                ".size {handler}.answers, 1",
                ".endif",
            } handler = sym <H as $crate::__private::HandlerSymbol>::handler
        }
    };
}

/// Claims the symbol for one place in the program: a second one does not link, whatever the LTO. mold looks only at
/// what stays in the program, as what is called at its start does; and a name that is there twice would be the first.
#[cfg(linker_net)]
#[doc(hidden)]
#[macro_export]
macro_rules! __claimed {
    ($symbol:expr) => {
        $crate::__in_assembly! {
            #[unsafe(export_name = $symbol)]
            fn is_claimed() {
                "2:
                .if {has_safe_name}
                .pushsection .init_array, \"aw\", %init_array
                .p2align 3
                .quad 2b
                .popsection
                .endif",
            } has_safe_name = const $crate::__private::assert_symbol($symbol)
        }

        #[cfg(not(any(test, miri)))]
        #[used]
        static IS_CLAIMED: extern "C" fn() = is_claimed;
    };
}

/// A function that does nothing but to return, with what these lines define in its place.
///
/// It is assembly, since no item of a generic function can have a name of its own, and since no LTO drops one of two
/// definitions in it. The function is naked, so that no pass of the compiler inlines it or copies its body, as
/// sanitizers do; and only statics name it, so there is one instance of it.
#[cfg(linker_net)]
#[doc(hidden)]
#[macro_export]
macro_rules! __in_assembly {
    (
        $(#[$attribute:meta])*
        fn $name:ident $(<$H:ident $(: $bound:path)?>)? () { $($line:expr,)* } $($operand:tt)*
    ) => {
        #[cfg(not(any(test, miri)))]
        #[unsafe(naked)]
        #[allow(named_asm_labels)]
        $(#[$attribute])*
        extern "C" fn $name $(<$H $(: $bound)?>)? () {
            // `ret` is the same on all processors of `linker_net`.
            ::core::arch::naked_asm!($($line,)* "ret", $($operand)*)
        }
    };
}

#[cfg(not(linker_net))]
#[doc(hidden)]
#[macro_export]
macro_rules! __needs_handler {
    ($sentence:expr) => {};
}

#[cfg(not(linker_net))]
#[doc(hidden)]
#[macro_export]
macro_rules! __answers_once {
    ($twice:expr, $second:expr) => {};
}

/// Claims the symbol for one place in the program.
#[cfg(not(linker_net))]
#[doc(hidden)]
#[macro_export]
macro_rules! __claimed {
    ($symbol:expr) => {
        #[cfg(not(any(test, miri)))]
        #[used]
        #[unsafe(export_name = $symbol)]
        static IS_CLAIMED: ::core::primitive::u8 = $crate::__private::assert_symbol($symbol);
    };
}

//! What the attribute macros expand to. The tokens that `#![forbid(unsafe_code)]` would refuse in
//! a user's crate (symbol names and link sections) are written here, and only here.
//!
//! Anybody can call these macros, in safe code, too. So each name that they give to a linker begins with the
//! framework's own prefix, whatever is passed: no expansion defines `malloc`. And [`assert_symbol`] lets no
//! character through that means something to an assembler or in a linker's script.
//!
//! [`assert_symbol`]: crate::__private::assert_symbol

/// Makes a struct an [`Event`](crate::Event), registers it, and claims its type string.
#[doc(hidden)]
#[macro_export]
macro_rules! __event {
    (
        $name:ident, $type:literal,
        deny_unknown_fields: $deny:literal,
        sensitive: [$($sensitive:literal),*]
        $(, fields: $fields:ident)?
        $(, version: $version:literal, $read:ident)?
        $(, must_handle: $handled:literal)?
        $(, key: { $($key:tt)* })?
        $(, flow: $($flow:ident)+)?
        $(, reply: $reply:ty, $answered:literal)?
    ) => {
        #[allow(deprecated)]
        const _: () = {
            $($crate::__checked! { $name, $fields })?

            #[automatically_derived]
            impl $crate::Event for $name
            where
                $($fields:)?
            {
                const TYPE: &'static ::core::primitive::str = $type;
                $(const VERSION: ::core::primitive::u32 = $version;)?
                const DENY_UNKNOWN_FIELDS: ::core::primitive::bool = $deny;
                const SENSITIVE: &'static [&'static ::core::primitive::str] = &[$($sensitive),*];

                fn event_type() -> &'static $crate::EventType {
                    static EVENT_TYPE: $crate::EventType = $crate::EventType::new::<$name>(
                        ::core::concat!(::core::module_path!(), "::", ::core::stringify!($name)),
                        ::core::file!(),
                        ::core::line!(),
                        $crate::__private::flat_json::<$name>(),
                    );
                    &EVENT_TYPE
                }

                $(
                    fn __read(
                        version: ::core::primitive::u32,
                        frame: &::core::primitive::str,
                    ) -> ::core::result::Result<$crate::Envelope<Self>, $crate::__private::Unread> {
                        $read(version, frame)
                    }
                )?

                type Kind = $crate::__kind!($($reply)?);

                $(const FLOW: $crate::Flow = $crate::Flow { $($flow: true,)+ ..$crate::Flow::INTERNAL };)?

                $($crate::__must_handle!($type, $handled);)?
                $($crate::__must_answer!($type, $answered);)?

                $($($key)*)?
            }

            $crate::__private::inventory::submit! {
                $crate::__private::Linked::event::<$name>()
            }

            const _: () = $crate::__private::assert_symbol($type);

            #[cfg(not(any(test, miri)))]
            #[used]
            #[unsafe(export_name = ::core::concat!(
                "atoms.event_type.", $type, $(".version_", $version,)? ".is_defined_twice"
            ))]
            static IS_DEFINED: ::core::primitive::u8 = 0;
        };
    };
}

/// An event whose fields are checked, in `$fields`.
#[doc(hidden)]
#[macro_export]
macro_rules! __checked {
    ($name:ident, $fields:ident) => {
        #[automatically_derived]
        impl $crate::__private::field::Checked for $name {}
    };
}

/// What an event is, by its reply.
#[doc(hidden)]
#[macro_export]
macro_rules! __kind {
    () => { $crate::Emitted };
    ($reply:ty) => { $crate::Asked<$reply> };
}

/// The part of an event that must be handled: a handler's instance of `__handled_by` lies in a
/// section of its own, and `__needs_handler` reads the symbol that an ELF linker defines only if
/// that section exists. Both are generic, so that they exist only where they are used.
///
/// `$name` is the type string as a C identifier, which no other type string gives.
#[doc(hidden)]
#[macro_export]
macro_rules! __must_handle {
    ($type:literal, $name:literal) => {
        const MUST_HANDLE: ::core::primitive::bool = true;

        $crate::__linked!($type, "must_handle_event_", $name, "_has_no_handler");
    };
}

/// The part of a request that its handlers and those who ask it say to the linker. Who asks needs a
/// handler, as who emits an event that must be handled. A handler's instance of `__answered_by` defines
/// a symbol of the request's: those of two handlers collide.
///
/// It is defined in assembly, since no item of a generic function can have a name of its own. The
/// function is naked, so that no pass of the compiler inlines it or copies its body, as sanitizers do; and
/// only the static that describes the handler names it, so there is one instance for each handler. A second,
/// local symbol in the same place bears the name of the handler: lld shows it, and the assembler shows the
/// comment, when it finds two in one object.
#[doc(hidden)]
#[macro_export]
macro_rules! __must_answer {
    ($type:literal, $name:literal) => {
        $crate::__linked!($type, "request_", $name, "_needs_exactly_one_handler");

        #[cfg(all(
            not(any(test, miri)),
            any(target_os = "linux", target_os = "android", target_os = "freebsd"),
            any(target_arch = "x86_64", target_arch = "aarch64")
        ))]
        #[unsafe(naked)]
        #[allow(named_asm_labels)]
        extern "C" fn __answered_by<H: $crate::__private::HandlerSymbol>() {
            // It does nothing but to return, on both processors.
            ::core::arch::naked_asm!(
                ::core::concat!(".globl atoms.request.", $type, ".has_two_handlers"),
                ::core::concat!(".hidden atoms.request.", $type, ".has_two_handlers"),
                ::core::concat!("atoms.request.", $type, ".has_two_handlers: /* by {handler} */"),
                ".type {handler}.answers, %function",
                ::core::concat!(".set {handler}.answers, atoms.request.", $type, ".has_two_handlers"),
                ".size {handler}.answers, 1",
                "ret",
                handler = sym <H as $crate::__private::HandlerSymbol>::handler,
            )
        }
    };
}

/// What a handler says to the linker, and what needs one asks of it. The parts are the section's name.
#[doc(hidden)]
#[macro_export]
macro_rules! __linked {
    ($type:literal, $($part:literal),+) => {
        #[cfg(all(
            not(any(test, miri)),
            any(target_os = "linux", target_os = "android", target_os = "freebsd")
        ))]
        #[inline(never)]
        #[unsafe(link_section = ::core::concat!("atoms_", $($part),+))]
        fn __handled_by<H>() {}

        #[cfg(all(
            not(any(test, miri)),
            any(target_os = "linux", target_os = "android", target_os = "freebsd")
        ))]
        #[inline]
        fn __needs_handler<Emitting>() {
            const _: () = $crate::__private::assert_symbol(::core::concat!($type, $($part),+));

            unsafe extern "C" {
                #[link_name = ::core::concat!("__start_atoms_", $($part),+)]
                static SECTION: ::core::primitive::u8;
            }
            ::core::hint::black_box(&raw const SECTION);
        }
    };
}

/// What says of an error of type `$error` whether another attempt may help.
#[doc(hidden)]
#[macro_export]
macro_rules! __judge {
    ($error:ty) => {{
        #[allow(unused_imports)]
        use $crate::__private::AlwaysRetry as _;
        $crate::__private::Judge::<$error>::JUDGE
    }};
}

/// What becomes of what a handler returns. Of an input or an output that is none rustc tells once.
#[doc(hidden)]
#[macro_export]
macro_rules! __finish {
    ($input:ty, $output:ty) => {
        #[inline]
        fn finish(
            output: Self::Output,
            delivery: &$crate::Delivery<'_>,
        ) -> ::core::result::Result<(), $crate::HandlerError> {
            #[allow(unused_imports)]
            use $crate::__private::Untaken as _;
            $crate::__private::Taken::<$input>::finish::<$output>(output, delivery)
        }

        const EMITS: $crate::EventTypes = {
            #[allow(unused_imports)]
            use $crate::__private::Undeclared as _;
            $crate::__private::Declared::<$input, $output>::EMITS
        };

        const CAN_FAIL: ::core::primitive::bool = {
            #[allow(unused_imports)]
            use $crate::__private::Undeclared as _;
            $crate::__private::Declared::<$input, $output>::CAN_FAIL
        };
    };
}

/// Makes the type that has a handler's name a [`Handler`](crate::Handler), and puts it in the registry.
/// What calls the function is implemented for a type of its own, which is not public.
#[doc(hidden)]
#[macro_export]
macro_rules! __handler {
    ($name:ident, $called:ident, $kind:ident, options: [$($option:ident($($value:expr),*))*]) => {
        #[allow(deprecated)]
        const _: () = {
            #[automatically_derived]
            impl $crate::__private::HandlerSymbol for $name {
                const IS_IN_UNIT_TEST: ::core::primitive::bool = ::core::cfg!(test);

                fn handler() {}
            }

            #[automatically_derived]
            impl $crate::Handler for $name {
                fn info() -> &'static $crate::HandlerInfo {
                    static INFO: $crate::HandlerInfo = $crate::HandlerInfo::$kind::<$called, $name>(
                        ::core::concat!(::core::module_path!(), "::", ::core::stringify!($name)),
                        ::core::file!(),
                        ::core::line!(),
                        const { &$crate::__private::Binding::$kind::<$called>() },
                    )
                    $(.$option($($value),*))*;
                    &INFO
                }
            }

            #[automatically_derived]
            impl $crate::Handler for $called {
                fn info() -> &'static $crate::HandlerInfo {
                    <$name as $crate::Handler>::info()
                }
            }

            $crate::__private::inventory::submit! {
                $crate::__private::Linked::Handler(<$name as $crate::Handler>::info)
            }
        };
    };
}

/// Puts an [`Entry`](crate::Entry) into the registry of the program: a `&'static` reference to one that is known at
/// compile time, such as `&TOOL` of a `static TOOL`.
///
/// The crate that adds a kind of entries writes it in its own macro; see [`Entry`](crate::Entry) for an example. It
/// needs nothing else of this crate, and works under `#![forbid(unsafe_code)]`.
///
/// With `unique:` and a name, of which no other entry of any kind may be in the program, a second one does not link: the
/// linker says `duplicate symbol: atoms.entry.jobs.report.is_defined_twice`. The name is one or several literals, and
/// holds letters, digits, `_` and `.`; it begins with what is your crate's own. In tests of the crate that has the entry,
/// only the start of a bus finds two, as [`Entry::UNIQUE`](crate::Entry::UNIQUE) says.
#[macro_export]
macro_rules! entry {
    ($entry:expr $(,)?) => {
        $crate::__private::inventory::submit! {
            $crate::__private::Linked::Entry($crate::EntryInfo::of($entry))
        }
    };
    ($entry:expr, unique: $($name:literal),+ $(,)?) => {
        $crate::entry!($entry);

        const _: () = {
            const _: () = $crate::__private::assert_symbol(::core::concat!($($name),+));

            #[cfg(not(any(test, miri)))]
            #[used]
            #[unsafe(export_name = ::core::concat!("atoms.entry.", $($name,)+ ".is_defined_twice"))]
            static IS_DEFINED: ::core::primitive::u8 = 0;
        };
    };
}

/// `State(db)`, as the pattern of a parameter: of a type whose field is public, or of [`State`](crate::State), of which
/// rustc tells.
#[doc(hidden)]
#[macro_export]
macro_rules! __State_is_taken_by_a_name_without_a_pattern {
    ($($pattern:tt)*) => {
        State($($pattern)*)
    };
}

/// `Event`, as the first parameter of a handler: a struct of this name, or the trait, of which rustc tells.
#[doc(hidden)]
#[macro_export]
macro_rules! __name_one_event_or_take_AnyEvent {
    () => {
        Event
    };
}

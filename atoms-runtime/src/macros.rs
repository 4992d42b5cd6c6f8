//! What the attribute macros expand to. The tokens that `#![forbid(unsafe_code)]` would refuse in
//! a user's crate (symbol names and assembly) are written in `linker_macros.rs`, and only there.
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
        $(, must_handle: $must_handle:literal)?
        $(, key: { $($key:tt)* })?
        $(, flow: $($flow:ident)+)?
        $(, reply: $reply:ty)?
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

                $($crate::__must_handle!($type, $must_handle);)?
                $($crate::__must_answer!($type, $reply);)?

                $($($key)*)?
            }

            $crate::__private::inventory::submit! {
                $crate::__private::Linked::Event($crate::__private::event_type::<$name>)
            }

            $crate::__claimed! {
                ::core::concat!("atoms.event_type.", $type, $(".version_", $version,)? ".is_defined_twice")
            }
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

/// As `__judge`, of what a handler returns.
#[doc(hidden)]
#[macro_export]
macro_rules! __judge_output {
    ($output:ty) => {{
        #[allow(unused_imports)]
        use $crate::__private::AlwaysRetry as _;
        $crate::__private::Judge::<$output>::OF_OUTPUT
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

        const RETURNED: $crate::Returned = {
            #[allow(unused_imports)]
            use $crate::__private::Undeclared as _;
            $crate::__private::Declared::<$input, $output>::RETURNED
        };
    };
}

/// Makes the type that has a handler's name a [`Handler`](crate::Handler), and puts it in the registry.
/// What calls the function is implemented for a type of its own, which is not public.
#[doc(hidden)]
#[macro_export]
macro_rules! __handler {
    ($name:ident, $called:ident, $kind:ident, options: [$($option:ident($($value:expr),*))*]) => {
        #[automatically_derived]
        impl $crate::__private::HandlerSymbol for $name {
            fn handler() {}
        }

        #[automatically_derived]
        #[allow(deprecated)]
        impl $crate::Handler for $name {
            fn info() -> &'static $crate::HandlerInfo {
                static INFO: $crate::HandlerInfo = $crate::__private::described::$kind::<$called>($crate::__private::Place {
                    path: ::core::concat!(::core::module_path!(), "::", ::core::stringify!($name)),
                    file: ::core::file!(),
                    line: ::core::line!(),
                    is_in_unit_test: ::core::cfg!(test),
                })
                $(.$option($($value),*))*;
                &INFO
            }
        }

        $crate::__private::inventory::submit! {
            $crate::__private::Linked::Handler(<$name as $crate::Handler>::info)
        }
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
            $crate::__claimed! { ::core::concat!("atoms.entry.", $($name,)+ ".is_defined_twice") }
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

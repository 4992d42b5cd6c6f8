//! What the attribute macros expand to. The tokens that `#![forbid(unsafe_code)]` would refuse in
//! a user's crate (symbol names and link sections) are written here, and only here.

/// Makes a struct an [`Event`](crate::Event), registers it, and claims its type string.
#[doc(hidden)]
#[macro_export]
macro_rules! __event {
    (
        $name:ident, $type:literal,
        deny_unknown_fields: $deny:literal,
        symbol: $symbol:literal,
        sensitive: [$($sensitive:literal),*]
        $(, version: $version:literal, $read:ident)?
        $(, must_handle: $section:literal, $start:literal)?
        $(, key: { $($key:tt)* })?
    ) => {
        #[allow(deprecated)]
        const _: () = {
            #[automatically_derived]
            impl $crate::Event for $name {
                const TYPE: &'static ::core::primitive::str = $type;
                $(const VERSION: ::core::primitive::u32 = $version;)?
                const DENY_UNKNOWN_FIELDS: ::core::primitive::bool = $deny;
                const SENSITIVE: &'static [&'static ::core::primitive::str] = &[$($sensitive),*];

                fn event_type() -> &'static $crate::EventType {
                    static EVENT_TYPE: $crate::EventType = $crate::EventType::new::<$name>(
                        ::core::concat!(::core::module_path!(), "::", ::core::stringify!($name)),
                        ::core::file!(),
                        ::core::line!(),
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

                $($crate::__must_handle!($section, $start);)?

                $($($key)*)?
            }

            $crate::__private::inventory::submit! {
                $crate::__private::EventEntry(<$name as $crate::Event>::event_type)
            }

            #[cfg(not(any(test, miri)))]
            #[used]
            #[unsafe(export_name = $symbol)]
            static IS_DEFINED: ::core::primitive::u8 = 0;
        };
    };
}

/// The part of an event that must be handled: a handler's instance of `__handled_by` lies in a
/// section of its own, and `__needs_handler` reads the symbol that an ELF linker defines only if
/// that section exists. Both are generic, so that they exist only where they are used.
#[doc(hidden)]
#[macro_export]
macro_rules! __must_handle {
    ($section:literal, $start:literal) => {
        const MUST_HANDLE: ::core::primitive::bool = true;

        #[cfg(all(
            not(any(test, miri)),
            any(target_os = "linux", target_os = "android", target_os = "freebsd")
        ))]
        #[inline(never)]
        #[unsafe(link_section = $section)]
        fn __handled_by<H>() {}

        #[cfg(all(
            not(any(test, miri)),
            any(target_os = "linux", target_os = "android", target_os = "freebsd")
        ))]
        #[inline]
        fn __needs_handler<Emitting>() {
            unsafe extern "C" {
                #[link_name = $start]
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

/// Makes the type that has a handler's name a [`Handler`](crate::Handler), and puts it in the registry.
/// What calls the function is implemented for a type of its own, which is not public.
#[doc(hidden)]
#[macro_export]
macro_rules! __handler {
    ($name:ident, $called:ident, $kind:ident, options: [$($option:ident($($value:expr),*))*]) => {
        #[allow(deprecated)]
        const _: () = {
            #[automatically_derived]
            impl $crate::Handler for $name {
                fn info() -> &'static $crate::HandlerInfo {
                    static INFO: $crate::HandlerInfo = $crate::HandlerInfo::$kind::<$called>(
                        ::core::concat!(::core::module_path!(), "::", ::core::stringify!($name)),
                        ::core::file!(),
                        ::core::line!(),
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
                $crate::__private::HandlerEntry(<$name as $crate::Handler>::info)
            }
        };
    };
}

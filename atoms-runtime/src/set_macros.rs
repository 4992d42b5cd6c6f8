//! What `#[event_set]` expands to. `$types` is the type that says what each variant holds.

/// Makes an enum the input of handlers, and turns it into an [`AnyEvent`](crate::AnyEvent).
#[doc(hidden)]
#[macro_export]
macro_rules! __event_set {
    (
        $name:ident, $types:ident,
        [$($(#[$cfg:meta])* $variant:ident = $index:literal),*],
        open: $open:literal $($other:ident)?
    ) => {
        #[automatically_derived]
        impl $crate::Input for $name {
            type Held<'a> = Self;
            type Kind = $crate::Emitted;

            const EVERY_EVENT: ::core::primitive::bool = $open;

            const EVENTS: $crate::EventTypes =
                $crate::EventTypes::all(&[$($(#[$cfg])* &$crate::__private::set::event_types::<$types, $index>()),*]);

            fn from_delivery<'a>(delivery: &$crate::Delivery<'a>) -> ::core::option::Option<Self> {
                $(
                    $(#[$cfg])*
                    if let ::core::option::Option::Some(held) =
                        $crate::__private::set::delivered::<$types, $index>(delivery)
                    {
                        return ::core::option::Option::Some(Self::$variant(held));
                    }
                )*
                $(return ::core::option::Option::Some(Self::$other(
                    $crate::__private::set::other::<$types>(::core::clone::Clone::clone(delivery.any()))
                ));)?
                #[allow(unreachable_code)]
                ::core::option::Option::None
            }

            fn copy(&self) -> Self {
                ::core::clone::Clone::clone(self)
            }

            fn handled_by<H>() {
                $($(#[$cfg])* $crate::__private::set::handled_by::<$types, $index, H>();)*
            }
        }

        #[automatically_derived]
        impl ::core::convert::From<$name> for $crate::AnyEvent {
            fn from(set: $name) -> Self {
                match set {
                    $($(#[$cfg])* $name::$variant(held) => $crate::__private::set::any::<$types, $index>(held),)*
                    $($name::$other(held) => $crate::__private::set::any_other::<$types>(held),)?
                }
            }
        }
    };
}

/// Makes a set without `#[other]` of an event that is in it, and lets handlers emit it.
#[doc(hidden)]
#[macro_export]
macro_rules! __event_set_closed {
    ($name:ident, $types:ident, [$($(#[$cfg:meta])* $variant:ident = $index:literal),*]) => {
        #[automatically_derived]
        impl ::core::convert::TryFrom<$crate::AnyEvent> for $name {
            type Error = $crate::NotInSet;

            fn try_from(event: $crate::AnyEvent) -> ::core::result::Result<Self, $crate::NotInSet> {
                $(
                    $(#[$cfg])*
                    let event = match $crate::__private::set::taken::<$types, $index>(event) {
                        ::core::result::Result::Ok(held) => {
                            return ::core::result::Result::Ok(Self::$variant(held));
                        }
                        ::core::result::Result::Err(event) => event,
                    };
                )*
                let set = ::core::stringify!($name);
                ::core::result::Result::Err($crate::NotInSet::new(set, event))
            }
        }

        #[automatically_derived]
        impl $crate::EventSet for $name {
            // That none of them is a request is checked where they stand.
            type Events = ();

            const EVENTS: $crate::EventTypes = <Self as $crate::Input>::EVENTS;
        }

        // As for a single event: with a second implementation, an event that is not in the set is not
        // declared, instead of being a mismatch.
        #[automatically_derived]
        impl $crate::__private::set::Has<$crate::__private::Nothing, { ::core::primitive::usize::MAX }> for $name {}

        #[automatically_derived]
        impl $crate::Emissions for $name {
            type Events = ();

            const EMITS: $crate::EventTypes = <Self as $crate::Input>::EVENTS;

            fn emit(self, delivery: &$crate::Delivery<'_>) {
                match self {
                    $($(#[$cfg])* Self::$variant(held) => {
                        $crate::__private::set::emit::<$types, $index>(held, delivery);
                    })*
                }
            }
        }
    };
}

/// Makes a set with `#[other]` of any event.
#[doc(hidden)]
#[macro_export]
macro_rules! __event_set_open {
    ($name:ident, $types:ident, [$($(#[$cfg:meta])* $variant:ident = $index:literal),*], $other:ident) => {
        #[automatically_derived]
        impl ::core::convert::From<$crate::AnyEvent> for $name {
            fn from(event: $crate::AnyEvent) -> Self {
                $(
                    $(#[$cfg])*
                    let event = match $crate::__private::set::taken::<$types, $index>(event) {
                        ::core::result::Result::Ok(held) => return Self::$variant(held),
                        ::core::result::Result::Err(event) => event,
                    };
                )*
                Self::$other($crate::__private::set::other::<$types>(event))
            }
        }
    };
}

/// What `#[derive(Clone)]` does; it would tell of a type that is no event a second time.
#[doc(hidden)]
#[macro_export]
macro_rules! __event_set_clone {
    (
        $name:ident, $types:ident,
        [$($(#[$cfg:meta])* $variant:ident = $index:literal),*]
        $(, $other:ident)?
    ) => {
        #[automatically_derived]
        impl ::core::clone::Clone for $name {
            fn clone(&self) -> Self {
                match self {
                    $($(#[$cfg])* Self::$variant(held) => {
                        Self::$variant($crate::__private::set::copy::<$types, $index>(held))
                    })*
                    $(Self::$other(held) => Self::$other($crate::__private::set::copy_other::<$types>(held)),)?
                }
            }
        }
    };
}

/// What `#[derive(Debug)]` does, as `__event_set_clone` is for `Clone`.
#[doc(hidden)]
#[macro_export]
macro_rules! __event_set_debug {
    (
        $name:ident, $types:ident,
        [$($(#[$cfg:meta])* $variant:ident = $index:literal),*]
        $(, $other:ident)?
    ) => {
        #[automatically_derived]
        impl ::core::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self {
                    $($(#[$cfg])* Self::$variant(held) => {
                        let variant = ::core::stringify!($variant);
                        $crate::__private::set::show::<$types, $index>(f, variant, held)
                    })*
                    $(Self::$other(held) => {
                        let variant = ::core::stringify!($other);
                        $crate::__private::set::show_other::<$types>(f, variant, held)
                    })?
                }
            }
        }
    };
}

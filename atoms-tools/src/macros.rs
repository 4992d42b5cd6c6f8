//! What `#[tool]` and `#[hook]` expand to.

/// Makes the type that has a function's name a [`Tool`](crate::Tool), and puts it in the registry.
#[doc(hidden)]
#[macro_export]
macro_rules! __tool {
    (
        $name:ident, $args:ident, $function:ident, $kind:ident,
        vis: [$($vis:tt)*],
        name: $tool:literal,
        symbol: $symbol:literal,
        description: $description:expr,
        arguments: $arguments:expr,
        returned: $returned:ty,
        options: [$($option:ident($($value:expr)?))*] $(,)?
    ) => {
        const _: () = $crate::__tools::assert_name($tool);

        static INFO: $crate::__tools::ToolInfo = $crate::__tools::ToolInfo::new::<
            $name,
            $crate::__tools::$kind<$function>,
        >(
            ::core::concat!(::core::module_path!(), "::", ::core::stringify!($name)),
            $tool,
            $description,
            $arguments,
            const { &$crate::__tools::Binding::of::<$name, $crate::__tools::$kind<$function>>() },
        )
        $(.$option($($value)?))*;

        #[automatically_derived]
        impl $crate::__tools::Tool for $name {
            type Args = $args;
            type Output = <$returned as $crate::__tools::Returned>::Output;

            fn info() -> &'static $crate::__tools::ToolInfo {
                &INFO
            }
        }

        #[allow(dead_code)]
        impl $name {
            /// Calls the tool, with all that stands around a call: await it.
            $($vis)* fn call<'bus>(
                bus: &'bus $crate::__tools::atoms_runtime::Bus,
                args: $args,
            ) -> $crate::__tools::ToolCalling<
                impl $crate::__tools::Called<
                    Output = ::core::result::Result<
                        <$name as $crate::__tools::Tool>::Output,
                        $crate::__tools::ToolError,
                    >,
                > + ::core::marker::Send
                + use<'bus>,
            > {
                $crate::__tools::calling::<$name>(bus, args)
            }
        }

        $crate::__tools::atoms_runtime::entry! { &INFO, unique: "tools.", $symbol }
    };
}

/// Fails to compile where the type is a `Result`, which has to be spelled so.
#[doc(hidden)]
#[macro_export]
macro_rules! __assert_plain {
    ($returned:ty) => {{
        #[allow(unused_imports)]
        use $crate::__tools::IsNoResult as _;
        ::core::assert!(
            !$crate::__tools::IsResult::<$returned>::IS_RESULT,
            "a tool that can fail returns a type that is spelled `Result<T, E>`, and not another name of it"
        )
    }};
}

/// Makes the type that has a function's name a [`Hook`](crate::Hook), and puts it in the registry.
#[doc(hidden)]
#[macro_export]
macro_rules! __hook {
    (
        $name:ident, $function:ident, $stage:ident, $kind:ident,
        options: [$($option:ident($($value:expr)?))*] $(,)?
    ) => {
        static INFO: $crate::__tools::HookInfo = $crate::__tools::HookInfo::new::<
            $name,
            $crate::__tools::hook_part!($kind, $function, Input),
            $crate::__tools::hook_part!($kind, $function, Params),
        >(
            ::core::concat!(::core::module_path!(), "::", ::core::stringify!($name)),
            $crate::__tools::hook_stage!($stage),
            $crate::__tools::$stage::$kind::<$function>(),
        )
        $(.$option($($value)?))*;

        #[automatically_derived]
        impl $crate::__tools::Hook for $name {
            fn info() -> &'static $crate::__tools::HookInfo {
                &INFO
            }
        }

        $crate::__tools::atoms_runtime::entry! { &INFO }
    };
}

/// An associated type of a hook's function.
#[doc(hidden)]
#[macro_export]
macro_rules! __hook_part {
    (sync, $function:ident, $part:ident) => {
        <$function as $crate::__tools::SyncHook>::$part
    };
    (asynchronous, $function:ident, $part:ident) => {
        <$function as $crate::__tools::AsyncHook>::$part
    };
}

/// When a hook runs.
#[doc(hidden)]
#[macro_export]
macro_rules! __hook_stage {
    (before) => {
        $crate::__tools::Stage::Before
    };
    (after) => {
        $crate::__tools::Stage::After
    };
    (before_detached) => {
        $crate::__tools::Stage::BeforeDetached
    };
    (after_detached) => {
        $crate::__tools::Stage::AfterDetached
    };
}

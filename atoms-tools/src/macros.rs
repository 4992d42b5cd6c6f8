//! The macros that `#[tool]`, `#[hook]` and `#[agent]` expand to.

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
        output: $output:ty,
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
            type Output = $output;

            fn info() -> &'static $crate::__tools::ToolInfo {
                &INFO
            }
        }

        $crate::__tools::tool_call! { $name, $args, vis: [$($vis)*] }
        $crate::__tools::atoms_runtime::entry! { &INFO, unique: "tools.", $symbol }
    };
}

/// The function of a tool's type that calls the tool.
#[doc(hidden)]
#[macro_export]
macro_rules! __tool_call {
    ($name:ident, $args:ident, vis: [$($vis:tt)*]) => {
        #[allow(dead_code)]
        impl $name {
            /// Calls the tool, with the checks and hooks of every call. Await it.
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
    };
}

/// The stub of a tool with mistakes.
#[doc(hidden)]
#[macro_export]
macro_rules! __tool_stub {
    ($name:ident, $args:ident, vis: [$($vis:tt)*], output: $output:ty) => {
        const _: () = {
            #[automatically_derived]
            impl ::core::clone::Clone for $args {
                fn clone(&self) -> Self {
                    ::core::unreachable!("the tool did not compile")
                }
            }

            #[automatically_derived]
            impl ::core::fmt::Debug for $args {
                fn fmt(&self, _: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    ::core::unreachable!("the tool did not compile")
                }
            }

            #[automatically_derived]
            impl $crate::__tools::serde::Serialize for $args {
                fn serialize<S: $crate::__tools::serde::Serializer>(
                    &self,
                    _: S,
                ) -> ::core::result::Result<S::Ok, S::Error> {
                    ::core::unreachable!("the tool did not compile")
                }
            }

            #[automatically_derived]
            impl<'de> $crate::__tools::serde::Deserialize<'de> for $args {
                fn deserialize<D: $crate::__tools::serde::Deserializer<'de>>(
                    _: D,
                ) -> ::core::result::Result<Self, D::Error> {
                    ::core::unreachable!("the tool did not compile")
                }
            }

            #[automatically_derived]
            impl $crate::__tools::Tool for $name {
                type Args = $args;
                type Output = $output;

                fn info() -> &'static $crate::__tools::ToolInfo {
                    ::core::unreachable!("the tool did not compile")
                }
            }

            $crate::__tools::tool_call! { $name, $args, vis: [$($vis)*] }
        };
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
            "a tool that can fail returns a type that is spelled `Result<T, E>`, not an alias of it\nhelp: write `-> Result<T, E>`, with the types that the alias stands for"
        )
    }};
}

/// Makes the type that has a function's name a [`Hook`](crate::Hook), and puts it in the registry. `of` is the tool that it
/// is about.
#[doc(hidden)]
#[macro_export]
macro_rules! __hook {
    (
        $name:ident, $function:ident, $kind:ident,
        of: $of:ty,
        options: [$($option:ident($($value:expr)?))*] $(,)?
    ) => {
        static INFO: $crate::__tools::HookInfo = $crate::__tools::HookInfo::new::<$name>(
            ::core::concat!(::core::module_path!(), "::", ::core::stringify!($name)),
            {
                #[allow(unused_imports)]
                use $crate::__tools::IfNoTool as _;
                $crate::__tools::IfTool::<$of, $function>::$kind
            },
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

/// The stub of a hook with mistakes.
#[doc(hidden)]
#[macro_export]
macro_rules! __hook_stub {
    ($name:ident) => {
        #[automatically_derived]
        impl $crate::__tools::Hook for $name {
            fn info() -> &'static $crate::__tools::HookInfo {
                ::core::unreachable!("the hook did not compile")
            }
        }
    };
}

/// Makes the type that has a function's name an [`Agent`](crate::Agent), and puts it in the registry.
#[doc(hidden)]
#[macro_export]
macro_rules! __agent {
    ($name:ident, $function:ident, name: $agent:literal, description: $description:expr, tools: [$($tool:ty),*]) => {
        static INFO: $crate::__tools::AgentInfo = $crate::__tools::AgentInfo::new::<$name, $function>(
            ::core::concat!(::core::module_path!(), "::", ::core::stringify!($name)),
            $agent,
            $description,
            &[$(<$tool as $crate::__tools::Tool>::info),*],
        );

        #[automatically_derived]
        impl $crate::__tools::Agent for $name {
            fn info() -> &'static $crate::__tools::AgentInfo {
                &INFO
            }
        }

        $crate::__tools::atoms_runtime::entry! { &INFO, unique: "agents.", $agent }
    };
}

/// The stub of an agent with mistakes.
#[doc(hidden)]
#[macro_export]
macro_rules! __agent_stub {
    ($name:ident) => {
        #[automatically_derived]
        impl $crate::__tools::Agent for $name {
            fn info() -> &'static $crate::__tools::AgentInfo {
                ::core::unreachable!("the agent did not compile")
            }
        }
    };
}

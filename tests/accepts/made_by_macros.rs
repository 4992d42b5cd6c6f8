//! Events and handlers that a `macro_rules!` makes.

use atoms::prelude::*;

/// As a library would have it, whose users do not depend on `atoms`.
#[doc(hidden)]
pub(crate) mod re_exported {
    #[allow(clippy::single_component_path_imports, reason = "it gives the crate another path")]
    pub(crate) use atoms;
}

macro_rules! events {
    ($($(#[$attribute:meta])* $visibility:vis $name:ident = $type:literal { $($field:ident: $ty:ty = $value:expr),* })*) => {
        $(
            #[event(type = $type, crate = $crate::made_by_macros::re_exported::atoms)]
            $(#[$attribute])*
            $visibility struct $name {
                $(#[event(default = $value)] $field: $ty),*
            }
        )*
    };
}

events! {
    /// With a doc comment.
    #[derive(PartialEq)]
    pub(crate) Created = "macros.created" { order: String = "o-1".into(), lines: Vec<Line> = Vec::new() }
    Sent = "macros.sent" {}
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
struct Line(u8);

macro_rules! handlers {
    ($($name:ident: $event:ty $(, $parameter:ty)* => $output:ty, $order:literal, $path:path;)*) => {
        $(
            #[handler(order = $order, crate = $path)]
            #[allow(unused_parens)]
            fn $name(_: $event $(, _: $parameter)*) -> $output {
                Default::default()
            }

            const _: fn() -> &'static atoms::HandlerInfo = <$name as atoms::Handler>::info;
        )*
    };
}

handlers! {
    by_reference: &Created => (), -3, ::atoms;
    by_value: Created, Emitter<Sent> => Option<Sent>, 4, re_exported::atoms;
    in_parentheses: (&(Sent)), (Context), State<u8> => (), 0, atoms;
}

macro_rules! tools {
    ($($(#[$attribute:meta])* $visibility:vis $name:ident $args:ident ($($(#[$on:meta])* $field:ident: $ty:ty),*), $hook:ident;)*) => {
        $(
            #[tool(args = $args, crate = $crate::made_by_macros::re_exported::atoms)]
            $(#[$attribute])*
            $visibility fn $name($($(#[$on])* $field: $ty),*, _: Option<Context>) -> $crate::made_by_macros::Row {
                $(let _ = $field;)*
                $crate::made_by_macros::Row(1)
            }

            #[hook(before, crate = $crate::made_by_macros::re_exported::atoms)]
            $visibility fn $hook(_: &Call<$name>) -> Verdict<$name> {
                Verdict::Allow
            }
        )*
    };
}

#[allow(missing_docs)]
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, atoms::schemars::JsonSchema)]
#[schemars(crate = "atoms::schemars")]
pub(crate) struct Row(u8);

tools! {
    /// Prints a line.
    pub(crate) print PrintArgs (
        /// The rows.
        #[tool(default = vec![Row(1)])] rows: Vec<Row>,
        #[tool(sensitive)] width: Option<u8>
    ), before_print;
    scan ScanArgs (row: Row), before_scan;
}

mod in_a_function {
    use atoms::prelude::*;

    #[test]
    fn a_macro_may_be_used_in_a_function() {
        macro_rules! event_in_function {
            ($name:ident) => {
                #[event(type = "macros.in_function", crate = $crate::made_by_macros::re_exported::atoms)]
                struct $name {
                    count: u8,
                }
            };
        }
        event_in_function!(Local);
        assert_eq!(serde_json::to_string(&Local { count: 1 }).unwrap(), r#"{"count":1}"#);
        assert_eq!(Local::TYPE, "macros.in_function");
    }
}

#[test]
fn what_a_macro_made_is_what_was_written() {
    let created: Created = serde_json::from_str("{}").unwrap();
    assert_eq!(created, Created { order: "o-1".into(), lines: vec![] });
    let info = <by_reference as atoms::Handler>::info();
    assert_eq!(info.order(), -3);
    assert_eq!(info.event_types(), [Created::event_type()]);
    assert_eq!(<by_value as atoms::Handler>::info().emits(), [Sent::event_type()]);
    assert_eq!(<in_parentheses as atoms::Handler>::info().event_types(), [Sent::event_type()]);
    assert_eq!(Created::TYPE, "macros.created");
    let print = <print as Tool>::info();
    assert_eq!((print.name(), print.description()), ("print", "Prints a line."));
    assert_eq!(print.schema()["properties"]["rows"]["description"], "The rows.");
    assert_eq!(<scan as Tool>::info().schema()["required"], serde_json::json!(["row"]));
}

//! Handlers with attributes, beside which they stand or which change them.

use atoms::prelude::*;

#[event(type = "attributes.asked")]
struct Asked;

/// With a doc comment.
#[handler]
#[inline]
#[allow(clippy::needless_pass_by_value)]
fn inlined(#[allow(unused_variables)] asked: Asked) {}

#[must_use]
#[handler]
fn must_use(_: &Asked) -> Option<Asked> {
    None
}

#[handler]
#[deprecated]
fn deprecated(_: &Asked) {}

#[deprecated]
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct OldPart;

#[allow(deprecated)]
#[event(type = "attributes.old")]
#[deprecated]
struct Old {
    part: OldPart,
    #[event(default = OldPart)]
    other: OldPart,
}

#[allow(deprecated)]
#[event(type = "attributes.has_old_parts")]
struct HasOldParts {
    #[event(default = OldPart, sensitive)]
    part: OldPart,
}

#[expect(deprecated)]
#[handler]
fn of_old(_: Old, _: State<OldPart>) -> Vec<Old> {
    vec![]
}

#[cfg_attr(all(), handler(order = 1))]
fn conditional(_: &Asked) {}

#[tokio::main(flavor = "current_thread")]
#[handler]
async fn made_sync_by_an_attribute_above(_: &AnyEvent) {}

#[test]
fn the_functions_are_handlers_and_functions() {
    inlined(Asked);
    assert!(must_use(&Asked).is_none());
    conditional(&Asked);
    assert_eq!(<conditional as atoms::Handler>::info().order(), 1);
    assert!(!<inlined as atoms::Handler>::info().is_async());
}

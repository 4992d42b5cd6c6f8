//! The model of a handler, made of its syntax alone. It borrows the syntax, whose spans messages need.

use syn::{ItemFn, PatType, Receiver, Type};

use super::parse::Options;
use crate::common::{function, types};

/// A handler.
pub(crate) struct Handler<'a> {
    pub(crate) function: &'a ItemFn,
    pub(crate) options: Options,
    pub(crate) receiver: Option<&'a Receiver>,
    /// The parameters without the receiver: the first is the event, the others are extracted.
    pub(crate) parameters: Vec<&'a PatType>,
    pub(crate) output: Option<&'a Type>,
}

/// The type of the first parameter, without the `&`.
pub(crate) struct Input<'a> {
    pub(crate) ty: &'a Type,
    pub(crate) by_value: bool,
}

impl<'a> Handler<'a> {
    pub(crate) fn new(options: Options, function: &'a ItemFn) -> Self {
        Self {
            function,
            options,
            receiver: function.sig.receiver(),
            parameters: function::typed(&function.sig).collect(),
            output: types::returned(&function.sig.output),
        }
    }

    pub(crate) fn is_async(&self) -> bool {
        self.function.sig.asyncness.is_some()
    }

    /// The parameters after the event.
    pub(crate) fn extracted(&self) -> impl Iterator<Item = &'a PatType> {
        self.parameters.iter().copied().skip(1)
    }
}

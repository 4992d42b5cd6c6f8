//! The model of a tool, made of its syntax alone. It borrows the syntax, whose spans messages need.

use syn::{ItemFn, PatType, Receiver, Type};

use super::parse::{self, Options, ParameterKeys};
use crate::common::{Mistakes, function, types};

/// A tool.
pub(crate) struct Tool<'a> {
    pub(crate) function: &'a ItemFn,
    pub(crate) options: Options,
    pub(crate) receiver: Option<&'a Receiver>,
    /// The parameters without the receiver.
    pub(crate) parameters: Vec<Parameter<'a>>,
    pub(crate) output: Option<&'a Type>,
}

/// A parameter of a tool's function.
pub(crate) struct Parameter<'a> {
    pub(crate) syntax: &'a PatType,
    pub(crate) keys: ParameterKeys,
}

impl<'a> Tool<'a> {
    pub(crate) fn new(options: Options, function: &'a ItemFn, mistakes: &mut Mistakes) -> Self {
        let parameters = function::typed(&function.sig)
            .map(|syntax| Parameter { syntax, keys: parse::parameter_keys(&syntax.attrs, mistakes) });
        Self {
            function,
            options,
            receiver: function.sig.receiver(),
            parameters: parameters.collect(),
            output: types::returned(&function.sig.output),
        }
    }

    pub(crate) fn is_async(&self) -> bool {
        self.function.sig.asyncness.is_some()
    }

    /// The parameters that are extracted from the delivery of the call.
    pub(crate) fn extracted(&self) -> impl Iterator<Item = &'a PatType> + '_ {
        self.parameters.iter().filter(|parameter| parameter.is_extracted()).map(|parameter| parameter.syntax)
    }
}

impl Parameter<'_> {
    /// Whether it is extracted, and not an argument.
    pub(crate) fn is_extracted(&self) -> bool {
        let is_known = function::is_extracted(&self.syntax.ty);
        self.keys.extract.is_some() || self.keys.arg.is_none() && is_known
    }
}

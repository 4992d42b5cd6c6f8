//! The model of a node, made of its syntax alone. It borrows the syntax, whose spans messages need.

use syn::{FnArg, Ident, ImplItem, ImplItemFn, ItemFn, ItemImpl, Meta, Receiver, Signature};

use super::parse::{self, Keys, Role};
use crate::common::Mistakes;
use crate::common::bodies::Bodies;

/// A node.
pub(crate) struct Node<'a> {
    pub(crate) keys: Keys,
    pub(crate) block: &'a ItemImpl,
    pub(crate) bodies: &'a Bodies,
    /// The methods that have a role.
    pub(crate) methods: Vec<Method>,
}

/// A method that has a role in its node.
pub(crate) struct Method {
    pub(crate) role: Role,
    pub(crate) options: parse::Options,
    /// The role as it stands in a `#[cfg_attr(...)]`.
    pub(crate) conditional: Option<Meta>,
    /// The method without its receiver, like the function of a handler on the bus.
    pub(crate) function: ItemFn,
    pub(crate) receiver: Option<Receiver>,
}

impl<'a> Node<'a> {
    pub(crate) fn new(keys: Keys, block: &'a ItemImpl, bodies: &'a Bodies, mistakes: &mut Mistakes) -> Self {
        let functions = block.items.iter().filter_map(|item| match item {
            ImplItem::Fn(function) => Some(function),
            _ => None,
        });
        let methods = functions.filter_map(|function| Method::new(function, mistakes)).collect();
        Self { keys, block, bodies, methods }
    }

    pub(crate) fn of(&self, role: Role) -> impl Iterator<Item = &Method> {
        self.methods.iter().filter(move |method| method.role == role)
    }
}

impl Method {
    fn new(function: &ImplItemFn, mistakes: &mut Mistakes) -> Option<Self> {
        let mut roles = function.attrs.iter().filter_map(|it| Some((it, Role::of(it)?)));
        let conditional = function.attrs.iter().find_map(Role::conditional);
        let (role, options) = match (roles.next(), &conditional) {
            (Some((attribute, role)), _) => (role, parse::options(attribute, role, mistakes)),
            (None, conditional) => (conditional.as_ref()?.1, parse::Options::default()),
        };
        for (again, _) in roles {
            mistakes.at(again, "a method of a node has one role", "remove one of the two attributes");
        }
        let attrs = function.attrs.iter().filter(|it| Role::of(it).is_none()).cloned().collect();
        Some(Self {
            role,
            options,
            conditional: conditional.map(|(meta, _)| meta),
            receiver: function.sig.receiver().cloned(),
            function: ItemFn {
                attrs,
                vis: function.vis.clone(),
                modifiers: function.modifiers.clone(),
                sig: without_receiver(&function.sig),
                block: Box::new(function.block.clone()),
            },
        })
    }

    pub(crate) fn name(&self) -> &Ident {
        &self.function.sig.ident
    }

    pub(crate) fn is_async(&self) -> bool {
        self.function.sig.asyncness.is_some()
    }
}

fn without_receiver(signature: &Signature) -> Signature {
    let inputs = signature.inputs.iter().filter(|input| matches!(input, FnArg::Typed(_)));
    Signature { inputs: inputs.cloned().collect(), ..signature.clone() }
}

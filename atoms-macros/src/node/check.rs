//! Finds what is wrong with a node by its syntax alone.

use quote::ToTokens;
use syn::{FnArg, ImplItem, ItemImpl, Receiver, ReceiverKind, ReturnType, Token, Type};

use super::model::{Method, Node};
use super::parse::{ROLES, Role};
use crate::common::{Mistakes, attributes, function, mistake, types};
use crate::handler::{parameters, signature};

/// What each `#[handler]` and `#[respond]` takes, in their order.
pub(crate) struct Inputs(pub(crate) Vec<Input>);

/// What a method takes that an event is for.
pub(crate) struct Input {
    /// Without the `&`.
    pub(crate) ty: Type,
    pub(crate) by_value: bool,
}

pub(crate) fn check(node: &Node<'_>, mut mistakes: Mistakes) -> syn::Result<Inputs> {
    block(node.block, &mut mistakes);
    kind(node, &mut mistakes);
    let mut inputs = Vec::new();
    for method in &node.methods {
        conditions(method, &mut mistakes);
        receiver(method, &mut mistakes);
        if let Some((key, _)) = &method.options.timeout {
            function::timeout(key, &method.function.sig, &mut mistakes);
        }
        match method.role {
            Role::Handler => inputs.extend(handler(node, method, &mut mistakes)),
            Role::Respond => inputs.extend(respond(method, &mut mistakes)),
            Role::Factory => {
                first(method, "Init", &mut mistakes);
                parameters(&method.function.sig, 1, false, &mut mistakes);
            }
            Role::Started | Role::Stopped => parameters(&method.function.sig, 0, false, &mut mistakes),
        }
    }
    for role in [Role::Factory, Role::Started, Role::Stopped] {
        once(node, role, &mut mistakes);
    }
    let found = Ok(Inputs(inputs));
    mistakes.and(found)
}

fn block(block: &ItemImpl, mistakes: &mut Mistakes) {
    if let Some((path, _)) = &block.trait_ {
        let problem = "the handlers of a node belong in an `impl` block without a trait";
        mistakes.at(path, problem, "move them to an `impl` block of the node's type");
    }
    if let Some(elided) = types::find(&block.self_ty, &types::elides_lifetime) {
        let problem = "a node owns what it holds, and this type borrows";
        mistakes.at(elided, problem, "name an owned type");
    }
    if !block.generics.params.is_empty() {
        let generics = &block.generics;
        let problem = "a node cannot be generic: each graph names one concrete type";
        mistakes.at(generics.to_token_stream(), problem, "name the types, or take them as `State<T>`");
    }
}

/// Reports a node without handlers, or without those that its kind needs.
fn kind(node: &Node<'_>, mistakes: &mut Mistakes) {
    let ty = &node.block.self_ty;
    if let (Some(_), Some(background)) = (&node.keys.output, &node.keys.background) {
        let problem = "a node is `output` or `background`, not both";
        mistakes.at(background, problem, "remove one of the two");
    }
    if let (None, Some((group, _))) = (&node.keys.output, &node.keys.group) {
        let problem = "the nodes of a group give responses one at a time, and this one gives none";
        mistakes.at(group, problem, "write `output` as well, or remove the group");
    }
    let responds = node.of(Role::Respond).next();
    match (&node.keys.output, responds) {
        (Some(output), None) => {
            let problem = "an output node gives responses, and this one has no `#[respond]`";
            let help = "write `#[respond] fn respond(&mut self, request: &LlmRequest) -> impl Stream<Item = String> + use<>`";
            mistakes.at(output, problem, help);
        }
        (None, Some(respond)) => {
            let problem = "only an output node gives responses";
            mistakes.at(respond.name(), problem, "write `#[node(output)]` on the `impl` block");
        }
        (None, None) if node.of(Role::Handler).next().is_none() && !is_on_no_function(node.block) => {
            let problem = "a node without a handler does nothing";
            mistakes.at(
                ty,
                problem,
                "put `#[handler]` on a method that takes an event: `fn name(&mut self, event: &OrderCreated)`",
            );
        }
        _ => {}
    }
}

/// Whether `#[handler]` is on something that is no function, which is reported there.
fn is_on_no_function(block: &ItemImpl) -> bool {
    block.items.iter().any(|item| {
        let attributes = match item {
            ImplItem::Const(constant) => &constant.attrs,
            ImplItem::Type(ty) => &ty.attrs,
            _ => return false,
        };
        attributes.iter().any(|attribute| Role::of(attribute) == Some(Role::Handler))
    })
}

fn conditions(method: &Method, mistakes: &mut Mistakes) {
    if let Some(role) = &method.conditional {
        let problem = "`#[node]` reads the methods before the compiler evaluates a `cfg_attr` on them";
        let help = "write the `impl` block once for each case, each with its `#[cfg]`, and with or without this attribute";
        mistakes.at(role, problem, help);
    }
    for cfg in attributes::cfgs(&method.function.attrs) {
        let problem = "a handler of a node cannot depend on `#[cfg]`";
        mistakes.at(cfg, problem, "write the `impl` block once for each case, each with its `#[cfg]`");
    }
}

fn receiver(method: &Method, mistakes: &mut Mistakes) {
    let name = method.name();
    match (&method.receiver, method.role) {
        (Some(receiver), Role::Factory) => {
            let problem = "a factory makes the node, so it has no `self`";
            mistakes.at(receiver, problem, format_args!("write `fn {name}(init: &Init) -> Self`"));
        }
        (Some(receiver), _) if !is_reference(receiver) => {
            let problem = "a handler of a node cannot take `self` by value: the node goes on";
            mistakes.at(receiver, problem, "take `&mut self`, or `&self`");
        }
        (None, Role::Factory) | (Some(_), _) => {}
        (None, _) => {
            let problem = "a handler of a node is a method";
            mistakes.at(name, problem, format_args!("write `fn {name}(&mut self, ...)`"));
        }
    }
}

fn is_reference(receiver: &Receiver) -> bool {
    match &receiver.kind {
        ReceiverKind::Reference(..) => true,
        ReceiverKind::Typed(_, ty) => types::reference(ty).is_some(),
        _ => false,
    }
}

fn handler(node: &Node<'_>, method: &Method, mistakes: &mut Mistakes) -> Option<Input> {
    if method.function.sig.inputs.is_empty() {
        let name = method.name();
        let help =
            format_args!("write `fn {name}(&mut self, event: &OrderCreated)`, with the type of your event");
        mistakes.at(name, "a handler needs a parameter: the event that it handles", help);
        return None;
    }
    let input = mistakes.take(signature(&method.function)).ok()?;
    let input = Input { ty: input.ty.clone(), by_value: input.by_value };
    if input.by_value && node.keys.background.is_some() {
        let event = types::text(&input.ty);
        let problem = "a background node observes, and cannot consume an event";
        let first = method.function.sig.inputs.first();
        mistakes.add(mistake(first, problem, format_args!("take `&{event}`")));
    }
    Some(input)
}

fn respond(method: &Method, mistakes: &mut Mistakes) -> Option<Input> {
    let signature = &method.function.sig;
    if types::returned(&signature.output).is_none() {
        let problem = "a response is a stream of text";
        mistakes.at(method.name(), problem, "return `impl Stream<Item = String> + use<>`");
    }
    if signature.inputs.is_empty() {
        let problem = "a method with `#[respond]` needs a parameter: the event that it answers";
        let name = method.name();
        mistakes.at(name, problem, format_args!("write `fn {name}(&mut self, request: &LlmRequest)`"));
        return None;
    }
    let input = mistakes.take(input(method)).ok()?;
    if input.by_value && method.options.passes_on {
        let event = types::text(&input.ty);
        let problem = "a response that takes its event by value consumes it, and does not pass it on";
        let help = format_args!("take `&{event}`, or write `#[respond]` without `pass_on`");
        mistakes.at(method.function.sig.inputs.first(), problem, help);
    }
    Some(input)
}

/// What a `#[respond]` takes. What it returns is no event, and the stream outlives the delivery.
fn input(method: &Method) -> syn::Result<Input> {
    let mut function = method.function.clone();
    function.sig.output = ReturnType::Default;
    function.sig.asyncness = Some(<Token![async]>::default());
    let input = signature(&function)?;
    Ok(Input { ty: input.ty.clone(), by_value: input.by_value })
}

/// Reports a first parameter that is not a reference to `event`.
fn first(method: &Method, event: &str, mistakes: &mut Mistakes) {
    let Some(FnArg::Typed(parameter)) = method.function.sig.inputs.first() else { return };
    if types::reference(&parameter.ty).is_none() {
        let problem = format_args!("the first parameter of `{}` is `&{event}`", method.name());
        mistakes.at(
            &parameter.ty,
            problem,
            format_args!("take `&{event}` first, and extracted parameters after it"),
        );
    }
}

fn once(node: &Node<'_>, role: Role, mistakes: &mut Mistakes) {
    let mut methods = node.of(role);
    let first = methods.next();
    for again in methods {
        let name = first.map(|first| first.name().to_string()).unwrap_or_default();
        let attribute = ROLES.iter().find(|(_, named)| *named == role).map_or("", |(attribute, _)| attribute);
        let problem = format_args!("a node has at most one `#[{attribute}]`, and `{name}` is one already");
        mistakes.at(again.name(), problem, "remove one of the two");
    }
}

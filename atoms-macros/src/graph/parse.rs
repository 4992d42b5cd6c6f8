//! ```text
//! graph! {
//!     #[graph(crate = path)]
//!     /// One per connection.
//!     pub struct SupportDesk {
//!         SupportBot -> Supervisor,
//!         Counter -> Supervisor -> Log,
//!         Router -[SalesTurn, Refund]-> Sales,
//!         Router -> { Support, Billing } -> Log,
//!     }
//! }
//! ```

use proc_macro2::TokenTree;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Ident, Meta, Token, Type, TypePath, Visibility, braced, bracketed, token};

use crate::common::keys::{Grammar, Key};
use crate::common::{Mistakes, Root, mistake, types, values};

static GRAMMAR: Grammar = Grammar {
    attribute: "`#[graph]`",
    keys: &[Key("crate", Some("path"))],
    hidden: &[],
    elsewhere: (&[], ""),
};

/// A graph as it is written.
pub(crate) struct Graph {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) name: Ident,
    pub(crate) chains: Vec<Vec<Stop>>,
}

/// The nodes at one place of a chain, each with an edge from each of those before.
pub(crate) struct Stop {
    pub(crate) nodes: Vec<TypePath>,
    /// The events that the edges to it carry, if they are listed.
    pub(crate) carried: Vec<Type>,
}

struct Chain(Vec<Stop>);

impl Parse for Chain {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut chain = vec![Stop { nodes: nodes(input)?, carried: Vec::new() }];
        while let Some(carried) = arrow(input)? {
            chain.push(Stop { nodes: nodes(input)?, carried });
        }
        if input.peek(Token![=>]) {
            return Err(mistake(
                input.parse::<Token![=>]>()?,
                "an edge is written `->`",
                "write `Node -> Other`",
            ));
        }
        if !input.is_empty() && !input.peek(Token![,]) {
            return Err(behind(&chain, input.parse()?));
        }
        Ok(Self(chain))
    }
}

/// An arrow, if there is one, with the events that are listed in it: `->`, or `-[SalesTurn]->`.
fn arrow(input: ParseStream<'_>) -> syn::Result<Option<Vec<Type>>> {
    if input.parse::<Option<Token![->]>>()?.is_some() {
        return Ok(Some(Vec::new()));
    }
    if !(input.peek(Token![-]) && input.peek2(token::Bracket)) {
        return Ok(None);
    }
    input.parse::<Token![-]>()?;
    let content;
    let bracket = bracketed!(content in input);
    let carried = Punctuated::<Type, Token![,]>::parse_terminated(&content)?;
    let help = "write `Node -[SalesTurn]-> Other`, with the types of the events that go this way";
    if carried.is_empty() {
        return Err(syn::Error::new(
            bracket.span.join(),
            format_args!("this edge names no events\nhelp: {help}"),
        ));
    }
    if !input.peek(Token![->]) {
        return Err(here(input, "an edge ends with `->`", help));
    }
    input.parse::<Token![->]>()?;
    Ok(Some(carried.into_iter().collect()))
}

/// A node, or several of them in braces.
fn nodes(input: ParseStream<'_>) -> syn::Result<Vec<TypePath>> {
    if !input.peek(token::Brace) {
        return Ok(vec![node(input)?]);
    }
    let content;
    let brace = braced!(content in input);
    let mut nodes = Vec::new();
    while !content.is_empty() {
        nodes.push(node(&content)?);
        if content.peek(Token![->]) || content.peek(Token![-]) {
            let help = "write an edge that leads on from one of them separately: `One -> Next`";
            return Err(here(&content, "these braces hold nodes, and no edges", help));
        }
        if !content.is_empty() {
            content.parse::<Token![,]>()?;
        }
    }
    if nodes.is_empty() {
        let problem = "these braces hold no node\nhelp: write `Node -> { One, Other }`";
        return Err(syn::Error::new(brace.span.join(), problem));
    }
    Ok(nodes)
}

/// The error of what follows nodes and does not belong there.
fn behind(chain: &[Stop], found: TokenTree) -> syn::Error {
    let node = chain.last().and_then(|stop| stop.nodes.last());
    let node = node.map(|node| types::text(&Type::Path(node.clone()))).unwrap_or_default();
    match &found {
        TokenTree::Punct(punct) if punct.as_char() == ':' => {
            let help = "write `Node -> Other`, with the types of the nodes; a second node of one type is named by an alias, such as `type Second = Node;`";
            mistake(&found, "a node is named by its type alone", help)
        }
        TokenTree::Group(_) => {
            let help = "write the type alone, and derive `Default` for it, or give it a `#[factory]`";
            mistake(&found, "a node is a type here, not a value: each session makes a node of its own", help)
        }
        _ => {
            let help = format_args!("write `,` after `{node}`, or `->` if an edge leads on from it");
            mistake(&found, "edges are separated by commas", help)
        }
    }
}

fn node(input: ParseStream<'_>) -> syn::Result<TypePath> {
    if input.is_empty() {
        return Err(here(input, "this edge leads to no node", "write `Node -> Other`"));
    }
    if input.peek(Ident) && input.peek2(Token![<-]) {
        input.parse::<Ident>()?;
        let arrow = input.parse::<Token![<-]>()?;
        return Err(mistake(arrow, "an edge begins at the node that emits", "write `Other -> Node`"));
    }
    if input.peek(token::Bracket) || input.peek(token::Paren) {
        let several = input.parse::<TokenTree>()?;
        let help = "write `Node -> { One, Other }`";
        return Err(mistake(several, "several nodes stand in braces", help));
    }
    input.parse()
}

/// A mistake at the next token, or at the end if there is none.
fn here(input: ParseStream<'_>, problem: &str, help: &str) -> syn::Error {
    syn::Error::new(input.span(), format_args!("{problem}\nhelp: {help}"))
}

impl Parse for Graph {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let form = "write `struct SupportDesk { Node -> Other }`";
        if !input.peek(Token![struct]) {
            return Err(here(input, "a graph is a struct, whose fields are its edges", form));
        }
        input.parse::<Token![struct]>()?;
        let name = input.parse()?;
        if !input.peek(token::Brace) {
            return Err(here(input, "the edges of a graph stand in braces", form));
        }
        let content;
        braced!(content in input);
        let chains = Punctuated::<Chain, Token![,]>::parse_terminated(&content)?;
        let chains = chains.into_iter().map(|chain| chain.0).collect();
        Ok(Self { attributes, visibility, name, chains })
    }
}

/// Whether it is `#[graph(...)]`.
pub(crate) fn is_helper(attribute: &Attribute) -> bool {
    attribute.path().is_ident("graph")
}

pub(crate) fn root(attributes: &[Attribute], mistakes: &mut Mistakes) -> Root {
    let lists = attributes.iter().filter(|attribute| is_helper(attribute));
    let lists = lists.filter_map(|attribute| match &attribute.meta {
        Meta::List(list) => Some(list.tokens.clone()),
        _ => None,
    });
    let mut root = Root::default();
    for given in GRAMMAR.read(lists.collect(), mistakes).given {
        root = mistakes.take(values::root(&given)).unwrap_or_default();
    }
    root
}

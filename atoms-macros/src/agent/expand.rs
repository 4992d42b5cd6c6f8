//! ```text
//! async fn main_agent(task: Task, shop: State<Shop>) -> Result<Done, ShopError> { ... }      // as it was written
//!
//! struct main_agent {}                    // a type, so that the name of the function stays a function
//! const _: () = {
//!     struct __Agent;                     // not public, so that what it takes need not be
//!     impl HandlerParam<0> for __Agent { type Type = State<Shop>; }
//!     impl AgentFunction for __Agent {
//!         type Input = Task;
//!         type Params = Parameters<Self, 1>;
//!         type Output = Result<Done, ShopError>;
//!         fn call(input: Task, (p0,): <Self::Params as Params>::Values) -> impl Future<...> + Send {
//!             main_agent(input, p0)
//!         }
//!     }
//!     ::atoms::__tools::agent! { main_agent, __Agent, name: "aiagents.Main", ..., tools: [refund] }
//! };
//! ```

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};

use super::Agent;
use super::check::Checked;
use super::stub::given_back;
use crate::common::{Extracted, attributes, docs, function};

pub(super) fn expand(agent: &Agent<'_>, checked: &Checked<'_>) -> TokenStream {
    let (function, unit, root) = (given_back(agent), function::unit(agent.function), &agent.options.root);
    let attrs = &agent.function.attrs;
    let cfgs = attributes::cfgs(attrs);
    let levels = attributes::levels(attrs).chain(attributes::allow_deprecated(attrs));
    let types = agent.extracted().map(|parameter| parameter.ty.to_token_stream());
    let extracted = Extracted::new(root.runtime_of_tools(), types);
    let parameters = extracted.types_of(&format_ident!("__Agent"));
    let implementation = implementation(agent, checked, &extracted);
    let (ident, name, tools) = (&agent.function.sig.ident, &checked.name, &agent.options.tools);
    let description = docs::text(attrs);
    let allow = function::allow_what_is_demanded(&agent.function.sig);
    quote! {
        #allow
        #function
        #unit
        #(#cfgs)*
        #(#levels)*
        const _: () = {
            struct __Agent;
            #parameters
            #implementation
            #root::__tools::agent! {
                #ident, __Agent, name: #name, description: #description, tools: [#(#tools),*]
            }
        };
    }
}

fn implementation(agent: &Agent<'_>, checked: &Checked<'_>, extracted: &Extracted) -> TokenStream {
    // A local name that cannot collide with the user's.
    let argument = Ident::new("input", Span::mixed_site());
    let (root, name) = (&agent.options.root, &agent.function.sig.ident);
    let (params, values, names) = (extracted.params(), extracted.argument(), &extracted.names);
    let (input, output) = (checked.input, checked.output);
    // With the span of the name, where rustc reports a future that is not `Send`.
    let future = quote_spanned! {name.span()=>
        impl ::core::future::Future<Output = Self::Output> + ::core::marker::Send
    };
    quote! {
        impl #root::__tools::AgentFunction for __Agent {
            type Input = #input;
            #params
            type Output = #output;

            fn call(#argument: Self::Input, #values) -> #future {
                #name(#argument, #(#names),*)
            }
        }
    }
}

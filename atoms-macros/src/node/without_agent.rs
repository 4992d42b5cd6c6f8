//! What `#[node]` and `graph!` expand to without the feature `agent`.

use proc_macro2::TokenStream;
use quote::quote;

use super::parse::ROLES;
use crate::common::{mistake, unfinished};

const HELP: &str =
    "turn it on in your `Cargo.toml`: `atoms-rs = { version = \"0.1\", features = [\"agent\"] }`";

pub(crate) fn node(block: TokenStream) -> TokenStream {
    let error = needs_agent("#[node]");
    let block = unfinished::without(block, &ROLES.map(|(name, _)| name));
    quote!(#error #block)
}

pub(crate) fn graph(input: &TokenStream) -> TokenStream {
    let error = needs_agent("graph!");
    let stub = unfinished::name(input, "struct").map(|(front, name)| {
        quote! {
            #front struct #name;

            impl #name {
                #front fn graph() -> ! {
                    ::core::unreachable!("the graph did not compile")
                }
            }
        }
    });
    quote!(#error #stub)
}

fn needs_agent(own: &str) -> TokenStream {
    let problem = format_args!("`{own}` needs the feature `agent`, which is off");
    mistake(TokenStream::new(), problem, HELP).into_compile_error()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_feature_is_told_of() {
        let block = node(quote!(impl Bot { #[started] fn start(&mut self) {} #[inline] fn help(&self) {} }));
        let (told, kept) =
            (needs_agent("#[node]"), quote!(impl Bot { fn start(&mut self) {} #[inline] fn help(&self) {} }));
        assert_eq!(block.to_string(), quote!(#told #kept).to_string());
        let graph = graph(&quote!(pub struct Desk { Bot })).to_string();
        assert!(graph.contains("`graph!` needs the feature `agent`"), "{graph}");
        assert!(graph.contains("pub struct Desk ;"), "{graph}");
    }
}

//! What a tool with mistakes expands to: the errors, the function as it was, and stubs of the types beside it, so that its
//! hooks, and code that calls it, cause no further errors.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::{ItemFn, Pat, Type};

use super::check::args_name;
use super::model::Tool;
use super::parse::is_ours;
use crate::common::{attributes, function, types, unfinished as parsed};

pub(crate) fn stub(tool: &Tool<'_>, errors: syn::Error) -> TokenStream {
    let mut function = given_back(tool);
    // It is unstable, which rustc would report as well.
    function.sig.variadic = None;
    let errors = errors.into_compile_error();
    if tool.receiver.is_some() {
        // In an impl block there can be no struct beside the function.
        return quote!(#function #errors);
    }
    let stub = unfinished(tool);
    quote!(#function #errors #stub)
}

/// The same without an error, where rustc reports one by itself, such as for two parameters of one name.
pub(crate) fn told_by_rustc(tool: &Tool<'_>) -> TokenStream {
    let (function, stub) = (given_back(tool), unfinished(tool));
    let does_not_build = parsed::does_not_build("#[tool]");
    quote!(#function #stub #does_not_build)
}

/// The function without the attributes that only `#[tool]` knows.
pub(crate) fn given_back(tool: &Tool<'_>) -> ItemFn {
    function::given_back(tool.function, is_ours)
}

/// The stubs beside a function that does not parse.
pub(crate) fn unfinished(tool: &Tool<'_>) -> TokenStream {
    let (unit, root, visibility) = (function::unit(tool.function), &tool.options.root, &tool.function.vis);
    let (name, args) = (&tool.function.sig.ident, args_name(tool));
    let cfgs = attributes::cfgs(&tool.function.attrs);
    let fields = fields(tool);
    let output = output(tool);
    quote! {
        #unit
        #(#cfgs)*
        #[doc(hidden)]
        #[allow(dead_code)]
        #visibility struct #args { #fields }
        #root::__tools::tool_stub! { #name, #args, vis: [#visibility], output: #output }
    }
}

/// The arguments that could be fields.
fn fields(tool: &Tool<'_>) -> TokenStream {
    let visibility = &tool.function.vis;
    let mut earlier: Vec<Ident> = Vec::new();
    let is_generic = !tool.function.sig.generics.params.is_empty();
    let arguments = tool.parameters.iter().filter(|parameter| !is_generic && !parameter.is_extracted());
    let fields = arguments.filter_map(|parameter| {
        let ty = &parameter.syntax.ty;
        let Pat::Ident(pattern) = &*parameter.syntax.pat else { return None };
        let ident = &pattern.ident;
        if types::find(ty, &is_not_nameable).is_some() || earlier.contains(&ident.unraw()) {
            return None;
        }
        earlier.push(ident.unraw());
        Some(quote!(#visibility #ident: #ty,))
    });
    fields.collect()
}

/// The type that the tool returns, by its spelling.
fn output(tool: &Tool<'_>) -> TokenStream {
    let is_generic = !tool.function.sig.generics.params.is_empty();
    let ty = tool.output.filter(|_| !is_generic).map(|ty| types::first_of(ty, "Result").unwrap_or(ty));
    let is_nameable = |ty: &&Type| types::find(ty, &is_not_nameable).is_none();
    ty.filter(is_nameable).map_or_else(|| quote!(()), |ty| quote!(#ty))
}

fn is_not_nameable(ty: &Type) -> bool {
    types::elides_lifetime(ty) || matches!(ty, Type::ImplTrait(_) | Type::Never(_) | Type::Reference(_))
}

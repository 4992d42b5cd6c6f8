//! TEMPORARY stand-in, to be replaced by the real macros.
use proc_macro::TokenStream;
use quote::quote;
use syn::{ItemFn, ItemStruct, parse_macro_input};

#[proc_macro_derive(Event, attributes(event))]
/// x
pub fn derive(_: TokenStream) -> TokenStream {
    TokenStream::new()
}

#[derive(Default)]
struct Args {
    ty: Option<syn::LitStr>,
    krate: Option<syn::Path>,
    must: bool,
    deny: bool,
    order: i32,
    cyc: bool,
}
impl syn::parse::Parse for Args {
    fn parse(i: syn::parse::ParseStream<'_>) -> syn::Result<Self> {
        let mut a = Args::default();
        while !i.is_empty() {
            if i.peek(syn::Token![type]) {
                i.parse::<syn::Token![type]>()?;
                i.parse::<syn::Token![=]>()?;
                a.ty = Some(i.parse()?);
            } else if i.peek(syn::Token![crate]) {
                i.parse::<syn::Token![crate]>()?;
                i.parse::<syn::Token![=]>()?;
                a.krate = Some(i.parse()?);
            } else {
                let id: syn::Ident = i.parse()?;
                match id.to_string().as_str() {
                    "must_handle" => a.must = true,
                    "deny_unknown_fields" => a.deny = true,
                    "allow_cycle" => a.cyc = true,
                    "framework" => {}
                    "order" => {
                        i.parse::<syn::Token![=]>()?;
                        let neg = i.peek(syn::Token![-]);
                        if neg {
                            i.parse::<syn::Token![-]>()?;
                        }
                        let l: syn::LitInt = i.parse()?;
                        a.order = l.base10_parse::<i32>()? * if neg { -1 } else { 1 };
                    }
                    _ => return Err(syn::Error::new(id.span(), "key")),
                }
            }
            if !i.is_empty() {
                i.parse::<syn::Token![,]>()?;
            }
        }
        Ok(a)
    }
}
/// x
#[proc_macro_attribute]
pub fn event(attr: TokenStream, item: TokenStream) -> TokenStream {
    let a = parse_macro_input!(attr as Args);
    let mut s = parse_macro_input!(item as ItemStruct);
    let c = a.krate.unwrap_or_else(|| syn::parse_quote!(::atoms));
    let cs = format!("{}::__private::serde", quote!(#c).to_string().replace(' ', ""));
    let t = a.ty.unwrap();
    let tv = t.value();
    let name = &s.ident;
    let sym = format!("atoms.event_type.{tv}.is_defined_twice");
    let sec = format!("atoms_must_handle_event_{}_has_no_handler", tv.replace('.', "_DOT_"));
    let st = format!("__start_{sec}");
    let must = a.must.then(|| quote!(, must_handle: #sec, #st));
    let deny = a.deny;
    let d = deny.then(|| quote!(#[serde(deny_unknown_fields)]));
    let mut fns = vec![];
    for f in s.fields.iter_mut() {
        let mut new = vec![];
        let ty = &f.ty;
        let n = f.ident.clone().unwrap();
        for at in f.attrs.drain(..) {
            if at.path().is_ident("event") {
                let _ = at.parse_nested_meta(|m| {
                    if m.path.is_ident("default") {
                        let e: syn::Expr = m.value()?.parse()?;
                        let fnn = quote::format_ident!("__default_{}", n);
                        fns.push(quote!(fn #fnn() -> #ty { #e }));
                        let p = format!("{}::{}", name, fnn);
                        new.push(syn::parse_quote!(#[serde(default = #p)]));
                    }
                    Ok(())
                });
            } else {
                new.push(at)
            }
        }
        f.attrs = new;
    }
    quote!(#[derive(::core::clone::Clone, ::core::fmt::Debug, #c::__private::serde::Serialize, #c::__private::serde::Deserialize)] #[serde(crate = #cs)] #d #s
        impl #name { #(#fns)* }
        #c::__event!{ #name, #t, deny_unknown_fields: #deny, symbol: #sym #must }).into()
}
/// x
#[proc_macro_attribute]
pub fn handler(attr: TokenStream, item: TokenStream) -> TokenStream {
    let a = parse_macro_input!(attr as Args);
    let f = parse_macro_input!(item as ItemFn);
    let c = a.krate.unwrap_or_else(|| syn::parse_quote!(::atoms));
    let name = &f.sig.ident;
    let vis = &f.vis;
    let mut tys: Vec<&syn::Type> = f
        .sig
        .inputs
        .iter()
        .map(|i| match i {
            syn::FnArg::Typed(t) => &*t.ty,
            _ => panic!(),
        })
        .collect();
    let first = tys.remove(0);
    let (inp, arg) = match first {
        syn::Type::Reference(r) => {
            let t = &r.elem;
            (quote!(#t), quote!(input))
        }
        t => (quote!(#t), quote!(::core::clone::Clone::clone(input))),
    };
    let out = match &f.sig.output {
        syn::ReturnType::Default => quote!(()),
        syn::ReturnType::Type(_, t) => quote!(#t),
    };
    let ps: Vec<_> = (0..tys.len()).map(|i| quote::format_ident!("p{i}")).collect();
    let (order, cyc) = (a.order, a.cyc);
    let (tr, sig, kind) = if f.sig.asyncness.is_some() {
        (
            quote!(AsyncHandler),
            quote!(fn call<'a>(input: &'a Self::Input, (#(#ps,)*): Self::Params) -> impl ::core::future::Future<Output = Self::Output> + ::core::marker::Send + 'a),
            quote!(asynchronous),
        )
    } else {
        (
            quote!(SyncHandler),
            quote!(fn call(input: &Self::Input, (#(#ps,)*): Self::Params) -> Self::Output),
            quote!(sync),
        )
    };
    quote!(#f
        #[allow(non_camel_case_types)] #[doc(hidden)] #vis struct #name {}
        const _: () = { impl #c::#tr for #name { type Input = #inp; type Params = (#(#tys,)*); type Output = #out; #sig { #name(#arg, #(#ps),*) } } };
        #c::__handler!{ #name, #kind, order: #order, allow_cycle: #cyc }
    ).into()
}

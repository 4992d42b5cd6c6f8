//! Finds what is wrong with a tool's signature by its syntax alone. Whether the arguments have a schema, and the other
//! parameters can be extracted, is checked where the types are known.

use syn::ext::IdentExt;
use syn::{Ident, LitStr, Pat, Type};

use super::model::{Parameter, Tool};
use super::name;
use crate::common::{Mistakes, Told, function, types};

const NOUN: &str = "a tool";

/// What the check has found.
pub(crate) struct Checked<'a> {
    pub(crate) name: LitStr,
    /// The name of the struct of the arguments.
    pub(crate) args: Ident,
    /// The name of each parameter that is an argument; `None` if it is extracted.
    pub(crate) arguments: Vec<Option<&'a Ident>>,
    /// Whether rustc reports a mistake by itself.
    pub(crate) is_told_by_rustc: bool,
}

pub(crate) fn check<'a>(tool: &Tool<'a>, mut mistakes: Mistakes) -> syn::Result<Checked<'a>> {
    let signature = &tool.function.sig;
    function::signature(NOUN, signature, &mut mistakes);
    function::extracted(NOUN, tool.extracted(), !tool.is_async(), &mut mistakes);
    let arguments = tool.parameters.iter().map(|parameter| argument(parameter, &mut mistakes));
    let arguments: Vec<_> = arguments.collect();
    let elides = elides_nothing(tool);
    if let Some(ty) = tool.output.filter(|_| !elides) {
        function::output(NOUN, "a value", ty, &mut mistakes);
    }
    static_output(tool, &mut mistakes);
    options(tool, &mut mistakes);
    function::one_kind("tool", tool.function, &mut mistakes);
    let name = match &tool.options.name {
        Some(name) => Ok(name.clone()),
        None => mistakes.take(name::of_function(&signature.ident)),
    };
    let checked = name.and_then(|name| {
        let arguments: Vec<_> = arguments.into_iter().collect::<Result<_, _>>()?;
        let is_told_by_rustc = elides || has_twice(&arguments);
        Ok(Checked { name, args: args_name(tool), arguments, is_told_by_rustc })
    });
    mistakes.and(checked)
}

/// The name of the argument, if it is one.
fn argument<'a>(parameter: &Parameter<'a>, mistakes: &mut Mistakes) -> Result<Option<&'a Ident>, Told> {
    marks(parameter, mistakes);
    if parameter.is_extracted() {
        return Ok(None);
    }
    owned(&parameter.syntax.ty, mistakes);
    match &*parameter.syntax.pat {
        Pat::Ident(pattern) if pattern.by_ref.is_none() && pattern.subpat.is_none() => {
            Ok(Some(&pattern.ident))
        }
        other => {
            let problem = "an argument needs a name";
            let help = "write `name: Type`, and match on it in the function; or write `#[extract]`, if the parameter is \
                extracted";
            Err(mistakes.at(other, problem, help))
        }
    }
}

fn marks(parameter: &Parameter<'_>, mistakes: &mut Mistakes) {
    let keys = &parameter.keys;
    if let (Some(_), Some(extract)) = (&keys.arg, &keys.extract) {
        let problem = "a parameter is an argument or extracted, not both";
        mistakes.at(extract, problem, "remove `#[arg]` or `#[extract]`");
        return;
    }
    let default = keys.default.as_ref().map(|default| &default.key);
    if let (true, Some(key)) = (parameter.is_extracted(), default.or(keys.sensitive.as_ref())) {
        let problem = format_args!("`{key}` is for arguments, and this parameter is extracted");
        let help = match keys.extract {
            Some(_) => "remove it, or `#[extract]`".into(),
            None => format!(
                "remove it, or write `#[arg]` before it: `{}` is extracted by its name",
                named(parameter)
            ),
        };
        mistakes.at(key, problem, help);
    }
}

fn named(parameter: &Parameter<'_>) -> String {
    types::text(&parameter.syntax.ty)
}

/// Reports an argument that does not own its value, which is read from JSON.
fn owned(ty: &Type, mistakes: &mut Mistakes) {
    if let Some(hidden) = types::find(ty, &function::is_impl_trait) {
        function::generic(NOUN, hidden, mistakes);
    } else if let Some(borrowed) = types::find(ty, &borrows) {
        let problem = "an argument owns its value, and this type borrows";
        mistakes.at(borrowed, problem, instead(borrowed));
    }
}

/// Whether the type borrows. Lifetime parameters of the function are reported elsewhere.
fn borrows(ty: &Type) -> bool {
    types::elides_lifetime(ty) || is_static(ty)
}

fn is_static(ty: &Type) -> bool {
    let lifetime = types::reference(ty).and_then(|reference| reference.lifetime.as_ref());
    lifetime.is_some_and(|lifetime| lifetime.ident == "static")
}

/// Reports a return type that cannot be read back from JSON.
fn static_output(tool: &Tool<'_>, mistakes: &mut Mistakes) {
    let output = tool.output.map(|ty| types::first_of(ty, "Result").unwrap_or(ty));
    if let Some(borrowed) = output.and_then(|ty| types::find(ty, &is_static)) {
        let problem = "what a tool returns is written as JSON and read back, and this type borrows";
        mistakes.at(borrowed, problem, instead(borrowed));
    }
}

/// The help that names the owned type.
fn instead(borrowed: &Type) -> String {
    let owned = match types::reference(borrowed).map(|reference| types::peel(&reference.elem)) {
        Some(ty) if types::is_named(ty, "str") => "String".into(),
        Some(ty) if types::is_named(ty, "Path") => "PathBuf".into(),
        Some(Type::Slice(slice)) => format!("Vec<{}>", types::text(&slice.elem)),
        Some(ty) => types::text(ty),
        None if types::is_named(borrowed, "Cow") => "String".into(),
        None => return "name an owned type".into(),
    };
    format!("write `{owned}`")
}

fn options(tool: &Tool<'_>, mistakes: &mut Mistakes) {
    let options = &tool.options;
    if let (Some((key, _)), true) = (&options.approve, options.read_only) {
        let problem = "a `read_only` tool changes nothing, so there is nothing to approve";
        mistakes.at(key, problem, "remove `approve`, or `read_only`");
    }
    if let Some((key, _)) = &options.timeout {
        function::timeout(key, &tool.function.sig, mistakes);
    }
}

/// The name of the struct: the one that is given, or that of the function in capitals.
pub(super) fn args_name(tool: &Tool<'_>) -> Ident {
    let function = &tool.function.sig.ident;
    let made = || Ident::new(&format!("{}Args", name::in_capitals(function)), function.span());
    tool.options.args.clone().unwrap_or_else(made)
}

/// Whether two arguments have one name.
fn has_twice(arguments: &[Option<&Ident>]) -> bool {
    let names = || arguments.iter().flatten().map(|name| name.unraw());
    names().enumerate().any(|(index, name)| names().skip(index + 1).any(|other| other == name))
}

/// Whether the function returns a type that borrows, and takes nothing that it could borrow from.
fn elides_nothing(tool: &Tool<'_>) -> bool {
    let elides = |ty: &Type| types::find(ty, &types::elides_lifetime).is_some();
    tool.output.is_some_and(elides) && !tool.parameters.iter().any(|parameter| elides(&parameter.syntax.ty))
}

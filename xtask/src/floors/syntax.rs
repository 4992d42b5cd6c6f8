//! The tokens of a file, as far as floors need to know them.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// A path as it is written, such as `super::run::Runner`, in a `use` declaration or anywhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) line: usize,
    pub(super) segments: Vec<String>,
    /// The modules within the file that it stands in.
    pub(super) inside: Vec<String>,
}

/// Something in a file that floors need to know.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item {
    Path(Written),
    /// A macro for the whole crate, in this module within the file.
    Macro {
        name: String,
        exported: bool,
    },
}

/// What is in a file, without its unit tests.
pub(super) fn items(tokens: TokenStream) -> Vec<Item> {
    let mut items = Vec::new();
    Reader { items: &mut items, inside: Vec::new() }.read(tokens);
    items
}

struct Reader<'a> {
    items: &'a mut Vec<Item>,
    inside: Vec<String>,
}

impl Reader<'_> {
    fn read(&mut self, tokens: TokenStream) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        let (mut at, mut attributes) = (0, Vec::new());
        while at < tokens.len() {
            let rest = &tokens[at..];
            if let Some(attribute) = attribute(rest) {
                attributes.push(attribute.to_string());
                self.read(attribute);
                at += 2;
                continue;
            }
            if let Some((name, body)) = module(rest) {
                if !attributes.iter().any(|attribute| is_test(attribute)) {
                    self.inside.push(name);
                    self.read(body);
                    self.inside.pop();
                }
                (at, attributes) = (at + 3, Vec::new());
                continue;
            }
            if let [TokenTree::Ident(rules), TokenTree::Punct(_), TokenTree::Ident(name), ..] = rest
                && rules == "macro_rules"
            {
                let exported = attributes.iter().any(|attribute| attribute == "macro_export");
                self.items.push(Item::Macro { name: name.to_string(), exported });
                (at, attributes) = (at + 3, Vec::new());
                continue;
            }
            at += match &rest[0] {
                TokenTree::Ident(_) if is_start(&tokens, at) => self.path(rest, &[]),
                TokenTree::Group(group) => {
                    attributes.clear();
                    self.read(group.stream());
                    1
                }
                _ => 1,
            };
        }
    }

    /// Reads a path that begins here, with the paths of its braces; how many tokens it has.
    fn path(&mut self, tokens: &[TokenTree], prefix: &[String]) -> usize {
        let mut segments = prefix.to_vec();
        let (mut at, line) = (0, tokens[0].span().start().line);
        loop {
            match tokens.get(at) {
                Some(TokenTree::Ident(ident)) => segments.push(ident.to_string()),
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                    self.tree(group.stream(), &segments);
                    return at + 1;
                }
                // A `*`, or the `<` of a turbofish.
                _ => break,
            }
            at += 1;
            if !is_colons(tokens, at) {
                break;
            }
            at += 2;
        }
        // `use crate::event::{self}` names `crate::event`.
        if segments.len() > 1 && segments.last().is_some_and(|last| last == "self") {
            segments.pop();
        }
        self.items.push(Item::Path(Written { line, segments, inside: self.inside.clone() }));
        at
    }

    /// The braces of a `use` declaration.
    fn tree(&mut self, tokens: TokenStream, prefix: &[String]) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        let branches =
            tokens.split(|token| matches!(token, TokenTree::Punct(comma) if comma.as_char() == ','));
        for branch in branches.filter(|branch| !branch.is_empty()) {
            self.path(branch, prefix);
        }
    }
}

/// Whether a path begins here: not within another one, and not with a field or a method.
fn is_start(tokens: &[TokenTree], at: usize) -> bool {
    let is_after = |mark| {
        at.checked_sub(1).is_some_and(
            |before| matches!(&tokens[before], TokenTree::Punct(punct) if punct.as_char() == mark),
        )
    };
    if is_after('.') || at >= 2 && is_colons(tokens, at - 2) {
        return false;
    }
    let is_used = at
        .checked_sub(1)
        .is_some_and(|before| matches!(&tokens[before], TokenTree::Ident(before) if before == "use"));
    is_used || is_colons(tokens, at + 1)
}

fn is_colons(tokens: &[TokenTree], at: usize) -> bool {
    let is_colon = |token: Option<&TokenTree>| match token {
        Some(TokenTree::Punct(colon)) if colon.as_char() == ':' => Some(colon.spacing()),
        _ => None,
    };
    is_colon(tokens.get(at)) == Some(Spacing::Joint) && is_colon(tokens.get(at + 1)).is_some()
}

/// What is in the brackets of an attribute that begins here.
fn attribute(tokens: &[TokenTree]) -> Option<TokenStream> {
    match tokens {
        [TokenTree::Punct(hash), TokenTree::Group(group), ..]
            if hash.as_char() == '#' && group.delimiter() == Delimiter::Bracket =>
        {
            Some(group.stream())
        }
        _ => None,
    }
}

/// The name and the body of a module that begins here, if its body does.
fn module(tokens: &[TokenTree]) -> Option<(String, TokenStream)> {
    match tokens {
        [TokenTree::Ident(keyword), TokenTree::Ident(name), TokenTree::Group(body), ..]
            if keyword == "mod" && body.delimiter() == Delimiter::Brace =>
        {
            Some((name.to_string(), body.stream()))
        }
        _ => None,
    }
}

/// Whether an attribute leaves out what is not a unit test.
fn is_test(attribute: &str) -> bool {
    attribute.replace(' ', "").starts_with("cfg(test)")
        || attribute.replace(' ', "").starts_with("cfg(all(test,")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(source: &str) -> Vec<(usize, String)> {
        let items = items(source.parse().unwrap());
        let paths = items.into_iter().filter_map(|item| match item {
            Item::Path(Written { line, segments, .. }) => Some((line, segments.join("::"))),
            Item::Macro { .. } => None,
        });
        paths.collect()
    }

    #[test]
    fn each_branch_of_a_use_is_a_path() {
        let source = "use crate::{bus::{Bus, run::*}, event::{self, Event as E}};\npub(crate) use scope;";
        let expected = ["crate::bus::Bus", "crate::bus::run", "crate::event", "crate::event::Event", "scope"];
        let paths = paths(source);
        assert_eq!(paths.iter().map(|(_, path)| path.as_str()).collect::<Vec<_>>(), expected);
        assert_eq!(paths.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 1, 1, 1, 2]);
    }

    #[test]
    fn paths_in_bodies_attributes_and_macros_are_read() {
        let source = "#[super::event(crate = x)]\nfn a(b: self::B) -> C<crate::D> { e.f::<G>(); h!(i::J::K) }\n\
                      macro_rules! l { () => { $crate::m::N } }";
        let expected = ["super::event", "self::B", "crate::D", "i::J::K", "crate::m::N"];
        assert_eq!(paths(source).iter().map(|(_, path)| path.as_str()).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn unit_tests_are_left_out_and_other_modules_are_not() {
        let source = "#[cfg(test)]\nmod tests { use crate::a; }\n\
                      #[cfg(all(test, unix))] mod more { use crate::a; }\n#[allow(unused)] mod b { use super::c; }";
        let items = items(source.parse().unwrap());
        let written =
            Written { line: 4, segments: vec!["super".into(), "c".into()], inside: vec!["b".into()] };
        assert_eq!(items, [Item::Path(written)]);
    }

    #[test]
    fn a_macro_is_known_by_its_name() {
        let items = items(
            "#[macro_export]\nmacro_rules! __a { () => {} } macro_rules! b { () => {} }".parse().unwrap(),
        );
        let expected = [("__a", true), ("b", false)];
        assert_eq!(items, expected.map(|(name, exported)| Item::Macro { name: name.into(), exported }));
    }
}

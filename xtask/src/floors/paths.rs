//! Which module a path leads to.

use std::collections::{HashMap, HashSet};

use super::syntax::Written;

/// A path within the crate, and the module that it leads into.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) line: usize,
    /// As it is written.
    pub(super) path: String,
    pub(super) module: Vec<String>,
}

/// The modules of a crate, and what is in its root.
pub(super) struct Resolver {
    crate_name: String,
    modules: HashSet<Vec<String>>,
    /// The modules of what the root has from elsewhere in the crate: re-exports, and macros.
    in_root: HashMap<String, Vec<String>>,
}

impl Resolver {
    pub(super) fn new(crate_name: &str, modules: impl Iterator<Item = Vec<String>>) -> Self {
        Self { crate_name: crate_name.into(), modules: modules.collect(), in_root: HashMap::new() }
    }

    /// Something in the root comes from this module.
    pub(super) fn add_to_root(&mut self, name: &str, module: Vec<String>) {
        self.in_root.insert(name.into(), module);
    }

    /// A path of the root's own, which may be one of a re-export.
    pub(super) fn add_reexport(&mut self, written: &Written) {
        if let (Some(name), Some(named)) = (written.segments.last(), self.resolve(&[], written)) {
            self.add_to_root(name, named.module);
        }
    }

    /// What a path in this module leads to, if that is in the crate.
    pub(super) fn resolve(&self, module: &[String], written: &Written) -> Option<Named> {
        let mut at: Vec<String> = module.iter().chain(&written.inside).cloned().collect();
        let mut rest = &written.segments[..];
        match rest {
            [first, others @ ..] if *first == "crate" || *first == self.crate_name => {
                (at, rest) = (Vec::new(), others);
            }
            [first, others @ ..] if first == "self" => rest = others,
            [first, ..] if first == "super" => {}
            // Anything else that is not a module is of another crate, or was named by a `use`.
            [first, ..] => {
                at.push(first.clone());
                if !self.modules.contains(&at) {
                    return None;
                }
                rest = &rest[1..];
            }
            [] => return None,
        }
        while let [first, others @ ..] = rest {
            if first == "super" {
                at.pop();
            } else {
                at.push(first.clone());
                if !self.modules.contains(&at) {
                    at.pop();
                    break;
                }
            }
            rest = others;
        }
        if let ([], [name, ..]) = (&at[..], rest) {
            at.clone_from(self.in_root.get(name)?);
        }
        Some(Named { line: written.line, path: written.segments.join("::"), module: at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &str) -> Vec<String> {
        path.split("::").filter(|name| !name.is_empty()).map(Into::into).collect()
    }

    fn resolve(module: &str, inside: &str, path: &str) -> Option<String> {
        let modules = ["", "bus", "bus::run", "bus::post", "event"].map(names);
        let mut resolver = Resolver::new("shop", modules.into_iter());
        resolver.add_reexport(&Written { line: 1, segments: names("bus::run::Runner"), inside: Vec::new() });
        resolver.add_to_root("__event", names("event"));
        let written = Written { line: 1, segments: names(path), inside: names(inside) };
        resolver.resolve(&names(module), &written).map(|named| named.module.join("::"))
    }

    #[test]
    fn paths_of_the_crate_lead_to_its_modules() {
        for (module, path, expected) in [
            ("event", "crate::bus::run::Runner::new", "bus::run"),
            ("event", "shop::bus::Bus", "bus"),
            ("bus::post", "super::run::Runner", "bus::run"),
            ("bus::post", "super::super::event", "event"),
            ("bus::post", "super::Bus", "bus"),
            ("bus", "run::Runner", "bus::run"),
            ("bus", "self::run", "bus::run"),
            ("event", "crate::Runner", "bus::run"),
            ("bus", "crate::__event", "event"),
        ] {
            assert_eq!(resolve(module, "", path).as_deref(), Some(expected), "{path} in {module}");
        }
        assert_eq!(resolve("bus::run", "more", "super::super::Bus").as_deref(), Some("bus"));
    }

    #[test]
    fn other_paths_lead_nowhere() {
        for path in ["std::fmt::Display", "Runner::new", "crate::Unknown", "run::Runner"] {
            assert_eq!(resolve("event", "", path), None, "{path}");
        }
    }
}

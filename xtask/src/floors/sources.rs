//! The files of a crate, each with its module and with what is written in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use proc_macro2::TokenStream;

use super::paths::{Named, Resolver};
use super::syntax::{self, Item};
use crate::step::Failure;

/// The files of a crate.
pub(super) struct Sources {
    files: Vec<SourceFile>,
    resolver: Resolver,
}

/// One file.
pub(super) struct SourceFile {
    pub(super) path: PathBuf,
    /// As its place says; the root's is empty.
    pub(super) module: Vec<String>,
    items: Vec<Item>,
}

impl Sources {
    /// Reads all files of a crate, which calls itself `name`.
    pub(super) fn read(src: &Path, name: &str) -> Result<Self, Failure> {
        let mut files = Vec::new();
        for path in rust_files(src)? {
            let text = fs::read_to_string(&path).map_err(|source| unusable(&path, source))?;
            let module = module(path.strip_prefix(src).unwrap_or(&path));
            files.push(SourceFile::new(path, module, &text)?);
        }
        Ok(Self::new(name, files))
    }

    #[cfg(test)]
    pub(super) fn of(name: &str, files: &[(&str, &str)]) -> Result<Self, Failure> {
        let files =
            files.iter().map(|(path, text)| SourceFile::new(path.into(), module(path.as_ref()), text));
        Ok(Self::new(name, files.collect::<Result<_, _>>()?))
    }

    fn new(name: &str, files: Vec<SourceFile>) -> Self {
        let mut resolver = Resolver::new(name, files.iter().map(|file| file.module.clone()));
        for SourceFile { module, items, .. } in &files {
            for item in items {
                match item {
                    Item::Macro { name, exported: true } => resolver.add_to_root(name, module.clone()),
                    Item::Path(written) if module.is_empty() => resolver.add_reexport(written),
                    _ => {}
                }
            }
        }
        Self { files, resolver }
    }

    /// The files that have a floor: not the root, and no unit tests.
    pub(super) fn files(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter().filter(|file| {
            let is_tests = |name: &String| name == "tests" || name.ends_with("_tests");
            file.module.last().is_some_and(|name| !is_tests(name))
        })
    }

    /// What a file names of its crate.
    pub(super) fn named_in(&self, file: &SourceFile) -> Vec<Named> {
        let paths = file.items.iter().filter_map(|item| match item {
            Item::Path(written) => self.resolver.resolve(&file.module, written),
            Item::Macro { .. } => None,
        });
        paths.collect()
    }
}

impl SourceFile {
    fn new(path: PathBuf, module: Vec<String>, text: &str) -> Result<Self, Failure> {
        let tokens = TokenStream::from_str(text)
            .map_err(|error| unusable(&path, std::io::Error::other(error.to_string())))?;
        Ok(Self { path, module, items: syntax::items(tokens) })
    }
}

fn unusable(path: &Path, source: std::io::Error) -> Failure {
    Failure::unusable(path.display().to_string(), source)
}

/// The files below a folder, sorted.
fn rust_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|source| unusable(folder, source))? {
        let path = entry.map_err(|source| unusable(folder, source))?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The module of a file at this place below `src`.
fn module(path: &Path) -> Vec<String> {
    let path = path.with_extension("");
    let mut names: Vec<_> = path.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    names.pop_if(|last| last == "mod" || last == "lib");
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_the_module_that_its_place_says() {
        for (path, expected) in [
            ("lib.rs", ""),
            ("bus.rs", "bus"),
            ("bus/mod.rs", "bus"),
            ("bus/post/queue.rs", "bus::post::queue"),
        ] {
            assert_eq!(module(path.as_ref()).join("::"), expected);
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let failure = Sources::of("shop", &[("bus.rs", "fn a( {")]).err().unwrap();
        assert!(failure.to_string().starts_with("cannot use `bus.rs`: "), "{failure}");
    }
}

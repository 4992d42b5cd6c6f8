//! The floors of a crate: which module may name which.
//!
//! The modules of a crate lie on floors, and each floor names only those below it, so that no circle of
//! modules spans two floors. What a file names is read from its tokens: from `use` declarations, from paths
//! in bodies and signatures, and from the bodies of its macros. Unit tests and the crate's root may name
//! everything.

mod house;
mod paths;
mod sources;
mod syntax;

use std::fmt;
use std::path::{Path, PathBuf};

use crate::step::Failure;
use paths::Named;
use sources::Sources;

/// A crate with floors.
pub(super) struct House {
    /// Where its sources are.
    pub(super) src: &'static str,
    /// How its own modules call it, beside `crate`.
    pub(super) name: &'static str,
    /// From the lowest to the highest.
    pub(super) floors: &'static [Floor],
}

/// Modules that may name each other, and those of the floors below.
pub(super) struct Floor {
    pub(super) name: &'static str,
    /// Each with the modules in it, but for those that another floor lists.
    pub(super) modules: &'static [&'static str],
}

/// Something that is wrong in a crate's floors.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// A file names a higher floor.
    Upwards { file: PathBuf, line: usize, floor: &'static str, path: String, named: &'static str },
    /// A module is on no floor.
    NoFloor { file: PathBuf },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Upwards { file, line, floor, path, named } => write!(
                f,
                "{}:{line}: the floor `{floor}` names `{path}`, which is on the higher floor `{named}`: \
                 move what is named down, or move this up",
                file.display()
            ),
            Self::NoFloor { file } => write!(
                f,
                "{}: this module is on no floor: add it to one in `xtask/src/floors/house.rs`",
                file.display()
            ),
        }
    }
}

/// Checks all crates that have floors.
pub(crate) fn check() -> Result<(), Failure> {
    let mut problems = Vec::new();
    for house in house::HOUSES {
        problems.extend(house.problems()?);
    }
    if problems.is_empty() { Ok(()) } else { Err(Failure::Floors(problems)) }
}

impl House {
    fn problems(&self) -> Result<Vec<Problem>, Failure> {
        Ok(self.check(&Sources::read(Path::new(self.src), self.name)?))
    }

    /// What is wrong, in the order of the files and their lines.
    fn check(&self, sources: &Sources) -> Vec<Problem> {
        let mut problems = Vec::new();
        for file in sources.files() {
            let Some(own) = self.floor_of(&file.module) else {
                problems.push(Problem::NoFloor { file: file.path.clone() });
                continue;
            };
            for Named { line, path, module } in sources.named_in(file) {
                // Only what is in the root itself has no floor: it may be anything.
                let Some(named) = self.floor_of(&module).filter(|named| *named > own) else { continue };
                let (floor, named) = (self.floors[own].name, self.floors[named].name);
                problems.push(Problem::Upwards { file: file.path.clone(), line, floor, path, named });
            }
        }
        problems
    }

    /// The floor of a module: the one that lists it, or the innermost module around it.
    fn floor_of(&self, module: &[String]) -> Option<usize> {
        (1..=module.len()).rev().find_map(|length| {
            let module = module[..length].join("::");
            self.floors.iter().position(|floor| floor.modules.contains(&module.as_str()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUSE: House = House {
        src: "src",
        name: "shop",
        floors: &[
            Floor { name: "event", modules: &["event"] },
            Floor { name: "handler", modules: &["handler"] },
            Floor { name: "bus", modules: &["bus", "event::told"] },
        ],
    };

    fn problems(files: &[(&str, &str)]) -> Vec<String> {
        let sources = Sources::of(HOUSE.name, files).unwrap();
        HOUSE.check(&sources).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn floors_that_name_lower_ones_are_as_they_should_be() {
        let files = [
            ("lib.rs", "mod bus; mod event; mod handler; pub use bus::Bus;"),
            ("event/mod.rs", "pub(crate) struct Event; #[cfg(test)] mod tests { use crate::bus::Bus; }"),
            ("event/key.rs", "type Key = super::Event;"),
            ("handler.rs", "use crate::event::{self, Event};"),
            ("bus/mod.rs", "mod run; pub struct Bus; use crate::{event, handler};"),
            ("bus/run.rs", "use super::Bus; use crate::event::Event;"),
        ];
        assert_eq!(problems(&files), [""; 0]);
    }

    #[test]
    fn a_floor_that_names_a_higher_one_is_told_of_with_file_and_line() {
        let files = [
            ("lib.rs", "mod bus; mod event; mod handler;"),
            ("event/key.rs", ""),
            ("event/mod.rs", "\nmod key;\nfn bus() {\n    drop(crate::bus::run::start());\n}"),
            ("bus/mod.rs", "mod run;"),
            ("bus/run.rs", ""),
        ];
        assert_eq!(
            problems(&files),
            [
                "event/mod.rs:4: the floor `event` names `crate::bus::run::start`, which is on the higher floor \
              `bus`: move what is named down, or move this up"
            ]
        );
    }

    #[test]
    fn a_module_inside_of_another_may_be_on_a_floor_of_its_own() {
        let files = [
            ("lib.rs", "mod event;"),
            ("event/mod.rs", "mod key; mod told; use told::Told;"),
            ("event/key.rs", ""),
            ("event/told.rs", "use super::Event; use crate::bus::Bus;"),
            ("bus.rs", ""),
        ];
        let told =
            "event/mod.rs:1: the floor `event` names `told::Told`, which is on the higher floor `bus`: ";
        let problems = problems(&files);
        assert!(matches!(&problems[..], [only] if only.starts_with(told)), "{problems:?}");
    }

    #[test]
    fn a_module_without_a_floor_is_told_of() {
        let problems = problems(&[("lib.rs", ""), ("other.rs", "")]);
        assert_eq!(problems.len(), 1);
        assert!(problems[0].starts_with("other.rs: this module is on no floor: "), "{problems:?}");
    }
}

//! What each way to build a program says of each mistake: `cargo xtask nets` writes the table of `README.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::programs::{Programs, build_with, test_with};

/// A program that must not link, and what has to be said of it.
struct Wrong {
    title: &'static str,
    program: &'static str,
    said: &'static [&'static str],
}

const WRONG: [Wrong; 6] = [
    Wrong {
        title: "an event without a handler",
        program: "unhandled",
        said: &["the event `shop.order.paid` must be handled, and no handler of it is linked"],
    },
    Wrong {
        title: "a request without a handler",
        program: "request_unanswered",
        said: &["the request `shop.rebate.get` is asked, and no handler of it is linked"],
    },
    Wrong {
        title: "a request with handlers in two crates",
        program: "request_answered_twice",
        said: &["the request `shop.quote.get` has two handlers", "quotes", "discounts"],
    },
    Wrong {
        title: "a request with two handlers in one crate",
        program: "request_answered_twice_here",
        said: &["the request `shop.rebate.get` has two handlers", "one_rebate", "another_rebate"],
    },
    Wrong {
        title: "one type string in two crates",
        program: "two_events_one_type",
        said: &["atoms.event_type.shop.order.created.is_defined_twice"],
    },
    Wrong {
        title: "one type string twice in one crate",
        program: "two_structs_one_version",
        said: &["atoms.event_type.shop.order.split.version_2.is_defined_twice"],
    },
];

/// Programs that must link, and do what they are for. In a release, the first two are tried.
const RIGHT: [&str; 5] =
    ["handled_by_set", "request_answered", "handled_in_third_crate", "owes_nothing", "request_not_asked"];

/// A way to build programs.
#[derive(Clone, Copy, Default)]
struct Setup {
    title: &'static str,
    /// For Cargo, in `tests/programs`.
    args: &'static str,
    /// For rustc, and all crates.
    flags: &'static str,
    /// For rustc, and the program alone: what is different in the last step.
    last: &'static str,
    /// A command that has to work.
    needs: &'static str,
}

const GNU_LD: &str = "-Clinker-features=-lld";
const DEAD_CODE: &str = "-Clink-dead-code";
const NO_NET: &str = "--cfg=atoms_without_linker_net";
const MUSL: &str = "x86_64-unknown-linux-musl";

fn setups() -> Vec<Setup> {
    let debug = |title, flags| Setup { title, flags, ..Setup::default() };
    let linked = |title, last, needs| Setup { title, last, needs, ..Setup::default() };
    let release = |title, lto: &str, units: u32| {
        let lto = format!("--config profile.release.lto=\"{lto}\"");
        let args = format!("--release {lto} --config profile.release.codegen-units={units}");
        Setup { title, args: args.leak(), ..Setup::default() }
    };
    vec![
        debug("debug, rust-lld", ""),
        linked("debug, GNU ld", GNU_LD, ""),
        linked("debug, gold", "-Clinker-features=-lld -Clink-arg=-fuse-ld=gold", "ld.gold --version"),
        linked("debug, mold", "-Clinker-features=-lld -Clink-arg=-fuse-ld=mold", "mold --version"),
        linked("debug, 1 codegen unit", "-Ccodegen-units=1", ""),
        linked("debug, `-C prefer-dynamic`", "-Cprefer-dynamic", ""),
        release("release, fat LTO, 16 codegen units", "fat", 16),
        release("release, thin LTO, 16 codegen units", "thin", 16),
        Setup { last: GNU_LD, ..release("release, thin LTO, GNU ld", "thin", 16) },
        debug("debug, `-C link-dead-code`", DEAD_CODE),
        debug("debug, `-C instrument-coverage`", "-Cinstrument-coverage"),
        Setup { args: "--target x86_64-unknown-linux-musl", ..debug("debug, musl", "") },
        debug("debug, as where there is no ELF", NO_NET),
        debug("debug, `-C symbol-mangling-version=v0`", "-Csymbol-mangling-version=v0"),
        release("release, no LTO, 16 codegen units", "off", 16),
        release("release, no LTO, 1 codegen unit", "off", 1),
        release("release, thin LTO, 1 codegen unit", "thin", 1),
        release("release, fat LTO, 1 codegen unit", "fat", 1),
    ]
}

impl Setup {
    /// Builds these programs, and runs them.
    fn build(&self, programs: &[&str]) -> Programs {
        let Self { args, flags, last, .. } = self;
        let bins: Vec<_> = programs.iter().map(|program| format!("--bin {program}")).collect();
        if last.is_empty() {
            return build_with(&format!("build -p app {} {args}", bins.join(" ")), flags);
        }
        let each = bins.iter().map(|bin| build_with(&format!("rustc -p app {bin} {args} -- {last}"), flags));
        each.reduce(Programs::and).unwrap()
    }

    /// Whether what it needs is there.
    fn is_there(&self) -> bool {
        if self.args.contains(MUSL) {
            let sysroot = Command::new("rustc").args(["--print", "target-libdir", "--target", MUSL]).output();
            return sysroot
                .is_ok_and(|path| Path::new(String::from_utf8_lossy(&path.stdout).trim()).exists());
        }
        let mut words = self.needs.split_whitespace();
        words.next().is_none_or(|program| Command::new(program).args(words).output().is_ok())
    }

    /// Whether a program that must not link is told of, and in which words.
    fn told(&self, wrong: &Wrong, programs: &Programs) -> (&'static str, Option<String>) {
        let Some(messages) = programs.refused_with(wrong.program) else {
            return (if self.flags == NO_NET { "links" } else { "**links**" }, None);
        };
        let is_told = wrong.said.iter().all(|part| messages.contains(part));
        (if is_told { "told" } else { "**not told**" }, words(messages, wrong.said[0]))
    }

    /// The programs that must link.
    fn right(&self) -> &'static [&'static str] {
        if self.args.contains("--release") { &RIGHT[..2] } else { &RIGHT }
    }

    /// Which of the programs that must link do not.
    fn alarms(&self, programs: &Programs) -> String {
        let right = self.right().iter().copied();
        let wrong: Vec<_> = right.filter(|program| !programs.runs(program)).collect();
        let asks = |program: &&str| {
            programs.refused_with(program).is_some_and(|said| said.contains("no handler of it is linked"))
        };
        match &wrong[..] {
            [] => "link".into(),
            wrong if self.flags == DEAD_CODE && wrong.iter().all(asks) => "dead code asks".into(),
            wrong => format!("**{}**", wrong.join(", ")),
        }
    }

    /// Whether the tests of a library pass whose events others handle.
    fn middle(&self) -> &'static str {
        if !self.last.is_empty() || self.args.contains("--release") {
            return "";
        }
        let targets = test_with(&format!("-p middle --all-targets {}", self.args), self.flags);
        let docs = test_with(&format!("-p middle --doc {}", self.args), self.flags);
        if targets.and(docs).is_ok() { "pass" } else { "**fail**" }
    }
}

/// The line with what has to be said, from what is wrong up to that, and without paths.
fn words(messages: &str, said: &str) -> Option<String> {
    const STARTS: [&str; 5] =
        ["undefined symbol", "duplicate symbol", "undefined reference", "multiple definition", "error: "];
    messages.lines().find_map(|line| {
        let line = &line[..line.find(said)? + said.len()];
        let start = STARTS.iter().find_map(|start| line.find(start))?;
        let words: Vec<_> = line[start..].split(' ').filter(|word| !word.contains('/')).collect();
        Some(words.join(" "))
    })
}

/// What stands before the table in the page.
const MARK: &str = "<!-- `cargo xtask nets` writes what follows. -->\n";

/// The table, as far as it is known.
#[derive(Default)]
struct Table {
    /// By the numbers of the ways to build.
    rows: BTreeMap<usize, String>,
    /// What is printed of each mistake, and in which ways to build.
    said: [BTreeMap<String, BTreeSet<usize>>; WRONG.len()],
    not_tried: String,
}

impl Table {
    /// The page, of which the rest stays if a part of it is made anew.
    fn page() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nets/README.md")
    }

    /// Reads what the page says of the other ways to build than these.
    fn without(numbers: &[usize]) -> Self {
        let text = std::fs::read_to_string(Self::page()).unwrap();
        let (_, text) = text.split_once(MARK).unwrap();
        let mut table = Self::default();
        let mut told = None;
        for line in text.lines() {
            if let Some(title) = line.strip_prefix("For ").and_then(|rest| rest.strip_suffix(':')) {
                told = WRONG.iter().position(|wrong| wrong.title == title);
            }
            if let Some(number) = line.strip_prefix("| ").and_then(|row| row.split_once('.')?.0.parse().ok())
            {
                if !numbers.contains(&number) {
                    table.rows.insert(number, format!("{line}\n"));
                }
            } else if let (Some(told), Some((words, ways))) = (told, line.rsplit_once("    (")) {
                let ways = ways.trim_end_matches(')').split(", ").map(|way| way.parse().unwrap());
                let ways: BTreeSet<_> = ways.filter(|way| !numbers.contains(way)).collect();
                if !ways.is_empty() {
                    table.said[told].insert(words.to_owned(), ways);
                }
            }
        }
        table
    }

    fn add(&mut self, number: usize, setup: Setup) {
        let wrong = WRONG.iter().map(|wrong| wrong.program);
        let programs: Vec<_> = wrong.chain(setup.right().iter().copied()).collect();
        let built = setup.build(&programs);
        let mut row = format!("| {number}. {} |", setup.title);
        for (wrong, said) in WRONG.iter().zip(&mut self.said) {
            let (cell, words) = setup.told(wrong, &built);
            write!(row, " {cell} |").unwrap();
            if let Some(words) = words {
                said.entry(words).or_default().insert(number);
            }
        }
        writeln!(row, " {} | {} |", setup.alarms(&built), setup.middle()).unwrap();
        self.rows.insert(number, row);
    }

    /// Writes the page anew, with the head that it has.
    fn write(&self) {
        let text = std::fs::read_to_string(Self::page()).unwrap();
        let (head, _) = text.split_once(MARK).unwrap();
        let mut said = String::new();
        for (wrong, words) in WRONG.iter().zip(&self.said) {
            writeln!(said, "\nFor {}:\n\n```text", wrong.title).unwrap();
            for (words, numbers) in words {
                let numbers: Vec<_> = numbers.iter().map(usize::to_string).collect();
                writeln!(said, "{words}    ({})", numbers.join(", ")).unwrap();
            }
            said += "```\n";
        }
        let titles: Vec<_> = WRONG.iter().map(|wrong| wrong.title).collect();
        let line = "| --- ".repeat(WRONG.len() + 3);
        let top = format!("| | {} | right programs | library in the middle |\n{line}|\n", titles.join(" | "));
        let rows: String = self.rows.values().map(String::as_str).collect();
        let page = format!("{head}{MARK}\n{top}{rows}\n## What is printed\n{said}{}", self.not_tried);
        std::fs::write(Self::page(), page).unwrap();
    }
}

#[test]
#[ignore = "takes long: `cargo xtask nets` runs it"]
fn the_table() {
    let asked = std::env::var("NETS").unwrap_or_default();
    let asked: Vec<usize> = asked.split_whitespace().map(|number| number.parse().unwrap()).collect();
    let ways = (1..).zip(setups()).filter(|(number, _)| asked.is_empty() || asked.contains(number));
    let ways: Vec<_> = ways.collect();
    let mut table = Table::without(&ways.iter().map(|(number, _)| *number).collect::<Vec<_>>());
    for (number, setup) in ways {
        if setup.is_there() {
            table.add(number, setup);
        } else {
            writeln!(table.not_tried, "\nNot tried, as the machine does not have it: {}.", setup.title)
                .unwrap();
        }
        table.write();
    }
    let wrong: Vec<_> = table.rows.values().filter(|row| row.contains("**")).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

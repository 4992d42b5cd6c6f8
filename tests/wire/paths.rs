//! An error leads to the value that is wrong, however deep it lies.

use std::collections::BTreeMap;

use atoms::prelude::*;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::decode;

/// A tree of values.
#[event(type = "test.tree")]
struct TreeGrown {
    tree: Tree,
}

/// A value, and more of them in arrays and objects.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Tree {
    number: i64,
    items: Vec<Tree>,
    named: BTreeMap<String, Tree>,
    rows: Vec<Vec<i64>>,
}

fn tree() -> impl Strategy<Value = Tree> {
    let rows = || vec(vec(any::<i64>(), 0..3), 0..3);
    let leaf = (any::<i64>(), rows()).prop_map(|(number, rows)| Tree {
        number,
        items: Vec::new(),
        named: BTreeMap::new(),
        rows,
    });
    leaf.prop_recursive(4, 24, 3, move |tree| {
        (any::<i64>(), vec(tree.clone(), 0..3), btree_map("[a-z\"\\\\é ]{1,3}", tree, 0..3), rows())
            .prop_map(|(number, items, named, rows)| Tree { number, items, named, rows })
    })
}

/// Writes a tree, with one number of it replaced by something wrong.
struct Writer<'a> {
    json: String,
    space: &'a str,
    /// How many numbers there are before the wrong one.
    left: usize,
    wrong: &'a str,
    /// The path to the wrong one, and the bytes before it.
    at: Option<(String, usize)>,
}

impl Writer<'_> {
    fn token(&mut self, token: &str) {
        self.json += token;
        self.json += self.space;
    }

    fn key(&mut self, key: &str) {
        self.token(&serde_json::to_string(key).unwrap());
        self.token(":");
    }

    fn number(&mut self, path: String, number: i64) {
        if self.left == 0 && self.at.is_none() {
            self.at = Some((path, self.json.len()));
            self.token(self.wrong);
        } else {
            self.left = self.left.saturating_sub(1);
            self.token(&number.to_string());
        }
    }

    /// Items between brackets, with commas.
    fn each<T>(
        &mut self,
        brackets: [&str; 2],
        items: impl IntoIterator<Item = T>,
        write: impl Fn(&mut Self, T),
    ) {
        self.token(brackets[0]);
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                self.token(",");
            }
            write(self, item);
        }
        self.token(brackets[1]);
    }

    fn tree(&mut self, path: &str, tree: &Tree) {
        self.token("{");
        self.key("items");
        self.each(["[", "]"], tree.items.iter().enumerate(), |writer, (at, item)| {
            writer.tree(&format!("{path}.items[{at}]"), item);
        });
        self.token(",");
        self.key("named");
        self.each(["{", "}"], &tree.named, |writer, (name, item)| {
            writer.key(name);
            writer.tree(&format!("{path}.named.{name}"), item);
        });
        self.token(",");
        self.key("rows");
        self.each(["[", "]"], tree.rows.iter().enumerate(), |writer, (row, numbers)| {
            writer.each(["[", "]"], numbers.iter().enumerate(), |writer, (at, number)| {
                writer.number(format!("{path}.rows[{row}][{at}]"), *number);
            });
        });
        self.token(",");
        self.key("number");
        self.number(format!("{path}.number"), tree.number);
        self.token("}");
    }
}

/// What no integer is.
fn wrong() -> impl Strategy<Value = &'static str> {
    let wrong = [
        "\"x\"",
        "\"\"",
        "true",
        "null",
        "1.5",
        "-2e3",
        "[]",
        "[1]",
        "{}",
        "99999999999999999999",
        "\"\\n]}\"",
    ];
    proptest::sample::select(wrong.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn an_error_says_where_the_wrong_value_is(
        tree in tree(), left in 0..12_usize, wrong in wrong(), space in "[ \n]{0,2}",
    ) {
        let mut writer = Writer { json: String::new(), space: &space, left, wrong, at: None };
        writer.token("{");
        writer.key("type");
        writer.token("\"test.tree\"");
        writer.token(",");
        writer.key("tree");
        writer.tree("tree", &tree);
        writer.token("}");
        let Writer { json, at, .. } = writer;
        let Some((path, start)) = at else {
            prop_assert!(decode(&json).is_ok());
            return Ok(());
        };
        let error = decode(&json).unwrap_err();
        prop_assert_eq!(error.path(), &path, "{} in {}", error, json);
        prop_assert_eq!(error.event_type(), Some("test.tree"));

        // The place is in the value, or at the byte before it.
        let place = error.place().unwrap();
        let line_start: usize = json.split_inclusive('\n').take(place.line - 1).map(str::len).sum();
        let offset = line_start + place.column;
        prop_assert!((start..=start + wrong.len()).contains(&offset), "{} in {}", error, json);
    }
}

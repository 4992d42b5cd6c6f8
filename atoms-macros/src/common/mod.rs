//! What the macros share: the grammar of an attribute's list, and how mistakes are reported.

pub(crate) mod attributes;
pub(crate) mod bodies;
pub(crate) mod docs;
pub(crate) mod duration;
mod extracted;
pub(crate) mod function;
pub(crate) mod implement;
pub(crate) mod keys;
mod mistakes;
pub(crate) mod pattern;
pub(crate) mod root;
mod setting;
pub(crate) mod type_string;
pub(crate) mod types;
pub(crate) mod unfinished;
pub(crate) mod values;

pub(crate) use extracted::Extracted;
pub(crate) use mistakes::{Mistakes, Told, mistake};
pub(crate) use root::Root;
pub(crate) use setting::Setting;

/// Words as a list in a sentence, each as code: `a`, `b` and `c`.
pub(crate) fn list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let mut words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.pop() {
        None => String::new(),
        Some(only) if words.is_empty() => only,
        Some(last) => format!("{} and {last}", words.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::list;

    #[test]
    fn a_list_reads_as_a_sentence() {
        assert_eq!(list([]), "");
        assert_eq!(list(["a"]), "`a`");
        assert_eq!(list(["a", "b"]), "`a` and `b`");
        assert_eq!(list(["a", "b", "c"]), "`a`, `b` and `c`");
    }
}

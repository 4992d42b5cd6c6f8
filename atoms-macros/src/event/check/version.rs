//! `version = 2, upcasts = BookingV1`
//!
//! The runtime's `upcast` checks whether the old struct is an event of this type and of the version below, and converts
//! into the new one.

use quote::ToTokens;
use syn::{Ident, Path};

use super::super::model::Event;
use crate::common::keys::Given;
use crate::common::{Mistakes, Told, values};

/// What an event that is not the first version says of the one before it.
pub(crate) struct Upcast {
    pub(crate) version: u32,
    pub(crate) old: Path,
    /// `upcasts`.
    pub(crate) key: Ident,
}

pub(super) fn check(event: &Event<'_>, mistakes: &mut Mistakes) -> Result<Option<Upcast>, Told> {
    let version = event.keys.version.as_ref();
    let version = version.map(|given| number(event, given.as_ref().map_err(|told| *told)?, mistakes));
    let upcasts = event.keys.upcasts.as_ref();
    let upcasts = upcasts.map(|given| {
        let given = given.as_ref().map_err(|told| *told)?;
        Ok((given, mistakes.take(values::struct_path(given, &older_name(event, 1)))?))
    });
    match (version.transpose()?, upcasts.transpose()?) {
        (None | Some((1, _)), None) => Ok(None),
        (None | Some((1, _)), Some((given, old))) => Err(upcasts_nothing(event, given, &old, mistakes)),
        (Some((version, key)), None) => Err(needs_upcasts(event, version, key, mistakes)),
        (Some((version, _)), Some((given, old))) => Ok(Some(Upcast { version, old, key: given.key.clone() })),
    }
}

/// The version, and its key.
fn number<'a>(
    event: &Event<'_>,
    given: &'a Given,
    mistakes: &mut Mistakes,
) -> Result<(u32, &'a Ident), Told> {
    let version = mistakes.take(values::count(given, (0, ""), "2"))?;
    if version > 0 {
        return Ok((version, &given.key));
    }
    let help = format_args!("remove it, since an event is version 1 by default, or write {}", second(event));
    Err(mistakes.at(&given.key, "the versions of an event count from 1", help))
}

fn needs_upcasts(event: &Event<'_>, version: u32, key: &Ident, mistakes: &mut Mistakes) -> Told {
    let (name, old, below) = (&event.item.ident, older_name(event, version - 1), version - 1);
    let problem = format_args!("version {version} of an event needs the struct of version {below}");
    let help =
        format_args!("write `version = {version}, upcasts = {old}`, and `impl From<{old}> for {name}`");
    mistakes.at(key, problem, help)
}

fn upcasts_nothing(event: &Event<'_>, given: &Given, old: &Path, mistakes: &mut Mistakes) -> Told {
    let (name, old) = (&event.item.ident, old.to_token_stream().to_string().replace(' ', ""));
    let problem = "version 1 of an event has no older version to upcast";
    let help = format_args!("write `version = 2, upcasts = {old}`, and `impl From<{old}> for {name}`");
    mistakes.at(&given.key, problem, help)
}

/// The keys of a second version.
fn second(event: &Event<'_>) -> String {
    let (name, old) = (&event.item.ident, older_name(event, 1));
    format!("`version = 2, upcasts = {old}`, and `impl From<{old}> for {name}`")
}

/// A name for the struct of this version: `BookingV1` beside `Booking` or `BookingV2`.
pub(crate) fn older_name(event: &Event<'_>, version: u32) -> String {
    versioned(&event.item.ident.to_string(), version)
}

fn versioned(name: &str, version: u32) -> String {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let stem = stem.strip_suffix('V').filter(|stem| !stem.is_empty() && stem.len() + 1 < name.len());
    format!("{}V{version}", stem.unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use super::versioned;

    #[test]
    fn an_older_version_is_called_like_the_struct() {
        for (name, version, expected) in [
            ("Booking", 1, "BookingV1"),
            ("BookingV2", 1, "BookingV1"),
            ("BookingV12", 11, "BookingV11"),
            ("V2", 1, "V2V1"),
            ("TV", 1, "TVV1"),
            ("Mp3", 2, "Mp3V2"),
        ] {
            assert_eq!(versioned(name, version), expected);
        }
    }
}

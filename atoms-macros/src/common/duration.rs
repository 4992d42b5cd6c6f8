//! Durations as text, such as `timeout = "1m 30s"`: checks them, and suggests the nearest valid one.

use std::time::Duration;

use quote::ToTokens;
use syn::{Expr, ExprLit, Lit};

use super::Setting;
use super::keys::Given;
use super::values::peel;

/// The units that may be meant, with their milliseconds. If several begin alike, the most likely one comes first.
const UNITS: [(&str, f64); 9] = [
    ("seconds", 1_000.0),
    ("ms", 1.0),
    ("milliseconds", 1.0),
    ("msecs", 1.0),
    ("minutes", 60_000.0),
    ("hours", 3_600_000.0),
    ("hrs", 3_600_000.0),
    ("days", 86_400_000.0),
    ("weeks", 604_800_000.0),
];

/// Reads the value of a key that takes a duration, in milliseconds. It is at least one.
pub(crate) fn millis(given: &Given, example: &str) -> syn::Result<u64> {
    match given.value.as_ref().map(peel) {
        Some(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) => {
            let text = text.value();
            of_text(&text).map_err(|rule| given.not(&rule, &quoted(&text, example)))
        }
        Some(Expr::Lit(ExprLit { lit: number @ (Lit::Int(_) | Lit::Float(_)), .. })) => {
            let number = number.to_token_stream().to_string();
            Err(given.not("takes a duration as text, with its unit", &quoted(&number, example)))
        }
        _ => Err(given.not("takes a duration as a string literal", &format!("{example:?}"))),
    }
}

/// As [`millis`], or a constant that is a `Duration`.
pub(crate) fn setting(given: &Given, example: &str) -> syn::Result<Setting<u64>> {
    Setting::read(given, "cannot be zero", |given| millis(given, example))
}

/// Returns the milliseconds, or what is wrong.
fn of_text(text: &str) -> Result<u64, String> {
    let Ok(duration) = humantime::parse_duration(text) else {
        return Err(format!("takes a duration, and `{text}` is not one"));
    };
    if duration.is_zero() {
        return Err("cannot be zero".into());
    }
    if duration.subsec_nanos() % 1_000_000 != 0 {
        return Err(format!("takes whole milliseconds, and `{text}` has a part of one"));
    }
    u64::try_from(duration.as_millis()).map_err(|_| format!("cannot be as long as `{text}`"))
}

fn quoted(text: &str, example: &str) -> String {
    format!("{:?}", nearest(text).as_deref().unwrap_or(example))
}

/// The valid duration that is nearest to `text`, if there is one and `text` has a number.
fn nearest(text: &str) -> Option<String> {
    let text = text.replace('_', "").to_lowercase();
    let rounded = humantime::parse_duration(&text).ok().map(round_up);
    let nearest = rounded.or_else(|| guess(&text)).map(|duration| short(&text, duration))?;
    of_text(&nearest).is_ok().then_some(nearest)
}

fn round_up(duration: Duration) -> Duration {
    let below = duration.subsec_nanos() % 1_000_000;
    let missing = if below == 0 { 0 } else { 1_000_000 - below };
    duration.saturating_add(Duration::from_nanos(missing.into()))
}

/// The first number in the text, with the unit that is most similar to the letters after it.
fn guess(text: &str) -> Option<Duration> {
    let text = &text[text.find(|c: char| c.is_ascii_digit())?..];
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    let millis = UNITS.iter().find(|(name, _)| name.starts_with(unit)).map_or(1_000.0, |(_, millis)| *millis);
    let seconds = number.trim_end_matches('.').parse::<f64>().ok()? * millis / 1_000.0;
    Duration::try_from_secs_f64(seconds).ok().map(round_up)
}

/// The text itself if it stands for this duration, or the duration as it is usually written.
fn short(text: &str, duration: Duration) -> String {
    match humantime::parse_duration(text) {
        Ok(same) if same == duration => text.into(),
        _ => humantime::format_duration(duration).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    fn read(value: Expr) -> Result<u64, String> {
        let given = Given { key: parse_quote!(timeout), value: Some(value) };
        millis(&given, "2s").map_err(|error| error.to_string())
    }

    #[test]
    fn durations_are_read_in_milliseconds() {
        for (text, expected) in [
            ("1ms", 1),
            ("500ms", 500),
            ("2s", 2_000),
            ("2 s", 2_000),
            ("1m 30s", 90_000),
            ("1h", 3_600_000),
            ("1500us 500us", 2),
        ] {
            assert_eq!(read(parse_quote!(#text)), Ok(expected), "{text}");
            assert_eq!(read(parse_quote!((#text))), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_told_the_nearest_one() {
        for (text, problem, near) in [
            ("5x", "takes a duration, and `5x` is not one", "5s"),
            ("5", "takes a duration, and `5` is not one", "5s"),
            ("", "takes a duration, and `` is not one", "2s"),
            ("soon", "takes a duration, and `soon` is not one", "2s"),
            ("about 3 minutes", "takes a duration, and `about 3 minutes` is not one", "3m"),
            ("5S", "takes a duration, and `5S` is not one", "5s"),
            ("10 milli", "takes a duration, and `10 milli` is not one", "10ms"),
            ("1_000ms", "takes a duration, and `1_000ms` is not one", "1000ms"),
            ("-5s", "takes a duration, and `-5s` is not one", "5s"),
            ("0s", "cannot be zero", "2s"),
            ("0x", "takes a duration, and `0x` is not one", "2s"),
            ("500us", "takes whole milliseconds, and `500us` has a part of one", "1ms"),
            ("1ms 1ns", "takes whole milliseconds, and `1ms 1ns` has a part of one", "2ms"),
        ] {
            let message = format!("`timeout` {problem}\nhelp: write `timeout = {near:?}`");
            assert_eq!(read(parse_quote!(#text)), Err(message), "{text}");
        }
    }

    #[test]
    fn what_is_too_long_is_refused() {
        let text = format!("{}s", u64::MAX);
        let message = read(parse_quote!(#text)).unwrap_err();
        assert!(message.starts_with("`timeout` cannot be as long as"), "{message}");
    }

    #[test]
    fn a_number_is_told_its_unit() {
        let told = |value, near| {
            let message = read(value).unwrap_err();
            let problem = "`timeout` takes a duration as text, with its unit";
            assert_eq!(message, format!("{problem}\nhelp: write `timeout = {near:?}`"));
        };
        told(parse_quote!(5), "5s");
        told(parse_quote!(1_000ms), "1000ms");
        told(parse_quote!(5m), "5m");
        told(parse_quote!(1.5), "1s 500ms");
        told(parse_quote!(0), "2s");
    }

    #[test]
    fn what_is_no_literal_is_told_an_example() {
        let message = "`timeout` takes a duration as a string literal\nhelp: write `timeout = \"2s\"`";
        assert_eq!(read(parse_quote!(LIMIT)), Err(message.into()));
        assert_eq!(read(parse_quote!(true)), Err(message.into()));
    }
}

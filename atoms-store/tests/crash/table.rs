//! What must not happen, and how often it has.

use std::fmt;

use crate::ledger::{Item, Ledger};

/// One thing that must not happen.
struct Row {
    what: &'static str,
    /// How often it could have.
    of: usize,
    found: Vec<Item>,
}

/// What must not happen, and how often it has.
pub(crate) struct Table(Vec<Row>);

impl Table {
    pub(crate) fn of(ledger: &Ledger) -> Self {
        let row = |what, of: &[&str], found: Vec<Vec<Item>>| {
            let of = of.iter().map(|what| ledger.all(what).len()).sum();
            Row { what, of, found: found.concat() }
        };
        let missing = |promised, done| ledger.missing(promised, done);
        let accepted = [
            ("posted", "handled"),
            ("posted", "seen"),
            ("later-posted", "later-handled"),
            ("asked", "refunded"),
            ("approved", "paid-back"),
        ];
        let promised = accepted.map(|(promised, _)| promised);
        Self(vec![
            row("accepted and not done", &promised, accepted.map(|(it, done)| missing(it, done)).to_vec()),
            row(
                "effects in `Tx` doubled or missing",
                &["posted"],
                vec![missing("posted", "effect"), missing("handled", "effect"), ledger.doubled("effect")],
            ),
            row(
                "follow-ups lost or doubled",
                &["handled", "effect"],
                vec![
                    missing("handled", "followed"),
                    missing("effect", "follow-up"),
                    missing("follow-up", "effect"),
                    ledger.doubled("follow-up"),
                ],
            ),
            row(
                "order in a key broken",
                &["posted", "handled", "seen", "followed"],
                vec![ledger.disordered.clone()],
            ),
            row("calls that nobody approved", &["paid-back"], vec![missing("paid-back", "approving")]),
            row("calls executed twice", &["paid-back"], vec![ledger.doubled("paid-back")]),
            row("calls asked twice", &["approving", "rejecting"], vec![ledger.ambiguous("question")]),
        ])
    }

    /// Fails if something of it has happened, or if it could not have and should have been able to.
    pub(crate) fn check(&self, could_happen: bool) {
        for Row { what, of, found } in &self.0 {
            assert!(*of > 0 || !could_happen, "there was nothing to see of: {what}");
            assert_eq!(found[..], [], "{what}");
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Row { what, of, found } in &self.0 {
            writeln!(f, "{what:<36} {:>6} of {of}", found.len())?;
        }
        Ok(())
    }
}

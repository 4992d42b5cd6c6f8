//! Roles that are asked, and that nobody has.

use atoms_control::{AskedRole, Control};
use atoms_runtime::{Bus, Shown};

use crate::door::Doorkeeper;

/// How like each other two names are, at least, of which one may be a mistake for the other.
const LIKE: f64 = 0.7;

/// Warns of each role that is asked on the bus and that nobody has who is let in, if it is known who that is.
pub(crate) fn warn_of_unknown(auth: &Doorkeeper, bus: &Bus) {
    let Some(known) = auth.roles() else { return };
    for AskedRole { by, role } in bus.questions().asked_roles() {
        if known.contains(&role) {
            continue;
        }
        let nearest = nearest(&role, &known)
            .map_or_else(String::new, |role| format!(": did you mean `{}`?", Shown(role)));
        tracing::warn!(
            "{by} asks for the role `{}`, and nobody who may come in at `/questions` has it{nearest}",
            Shown(role)
        );
    }
}

/// The one that is most like the role, if one is like it.
fn nearest<'a>(role: &str, known: &'a [String]) -> Option<&'a str> {
    let rated = known.iter().map(|other| (strsim::jaro_winkler(role, other), &**other));
    let best = rated.max_by(|(one, _), (other, _)| one.total_cmp(other));
    best.filter(|(likeness, _)| *likeness > LIKE).map(|(_, role)| role)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_nearest_role_is_like_it() {
        let known = ["manager", "clerk"].map(String::from);
        assert_eq!(nearest("clark", &known), Some("clerk"));
        assert_eq!(nearest("xyz", &known), None);
    }
}

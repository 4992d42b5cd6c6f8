//! Bearer tokens, each of one identity.

use std::fmt;

#[cfg(feature = "control")]
use atoms_control::Principal;
use axum::http::header;
use axum::http::request::Parts;

use crate::access::{bearer, is_same};
use crate::authenticate::{AuthError, Authenticate, Authenticating};

/// The bearer tokens of those who are let in, and who they are: a type of the application for
/// [`Routes::authenticate`](crate::Routes::authenticate), or a `Principal`, which the doors to questions and to control need.
///
/// ```
/// use atoms::server::{Routes, Tokens};
///
/// #[derive(Clone)]
/// struct Customer {
///     id: u64,
/// }
///
/// # fn routes() -> Result<Routes, std::env::VarError> {
/// let routes = Routes::new().authenticate(Tokens::new().token(std::env::var("ADA_TOKEN")?, Customer { id: 7 }));
/// # Ok(routes)
/// # }
/// ```
///
/// At a door:
///
/// ```
/// use atoms::control::Principal;
/// use atoms::server::{Routes, Tokens};
///
/// # fn routes() -> Result<Routes, std::env::VarError> {
/// let ada = Principal::new("ada").role("manager");
/// let routes = Routes::new().questions(Tokens::new().token(std::env::var("ADA_TOKEN")?, ada));
/// # Ok(routes)
/// # }
/// ```
///
/// # Security
///
/// Whoever has a token is who it says. Make each of at least 16 random bytes (`openssl rand -hex 32`), one for each
/// of them, and keep it out of the code and of URLs, which end up in logs. A request sends it as
/// `Authorization: Bearer ...`, which anybody on the way can read: serve behind a proxy with TLS, or on `127.0.0.1`. A
/// token that comes is compared with each of these in constant time, which tells at most its length. A token is valid until
/// the program ends.
#[derive(Clone)]
pub struct Tokens<T> {
    known: Vec<(String, T)>,
}

impl<T> Default for Tokens<T> {
    fn default() -> Self {
        Self { known: Vec::new() }
    }
}

impl<T> Tokens<T> {
    /// No tokens: nobody is let in.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets in whoever sends this token, as this identity.
    ///
    /// # Panics
    ///
    /// If it is empty, or has a character that no header can carry: a space, a control character, or one outside of
    /// ASCII; or if it was added already.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>, identity: T) -> Self {
        let (token, number) = (token.into(), self.known.len() + 1);
        assert!(
            !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()),
            "token {number} is empty, or has a character that no header can carry: use letters and digits"
        );
        assert!(
            self.known.iter().all(|(known, _)| *known != token),
            "token {number} was added before, and says already who has it: give each one its own"
        );
        self.known.push((token, identity));
        self
    }

    fn find(&self, given: &[u8]) -> Option<&T> {
        // All are compared, so that the time does not tell which one it was.
        self.known.iter().fold(
            None,
            |found, (token, identity)| {
                if is_same(token.as_bytes(), given) { Some(identity) } else { found }
            },
        )
    }
}

impl<T: Clone + Send + Sync + 'static> Authenticate for Tokens<T> {
    type Identity = T;

    fn authenticate<'a>(&'a self, head: &'a Parts) -> Authenticating<'a, T> {
        let mut given = head.headers.get_all(header::AUTHORIZATION).iter();
        let token = match (given.next(), given.next()) {
            (Some(only), None) => bearer(only),
            _ => None,
        };
        let found = token
            .ok_or(AuthError::Unauthenticated)
            .and_then(|token| self.find(token).cloned().ok_or(AuthError::UnknownToken));
        Box::pin(std::future::ready(found))
    }

    /// Those of principals.
    #[cfg(feature = "control")]
    fn roles(&self) -> Option<Vec<String>> {
        let principals = (&self.known as &dyn std::any::Any).downcast_ref::<Vec<(String, Principal)>>()?;
        Some(principals.iter().flat_map(|(_, principal)| principal.roles()).cloned().collect())
    }
}

/// Who is let in, and none of the tokens.
impl<T: fmt::Debug> fmt::Debug for Tokens<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.known.iter().map(|(_, identity)| identity)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens() -> Tokens<&'static str> {
        Tokens::new().token("s3cret", "ada").token("other", "bob")
    }

    #[test]
    fn a_token_says_who_has_it() {
        assert_eq!(tokens().find(b"s3cret"), Some(&"ada"));
        assert_eq!(tokens().find(b"other"), Some(&"bob"));
        for wrong in ["", "s3cre", "s3cret3", "S3cret", "ada"] {
            assert_eq!(tokens().find(wrong.as_bytes()), None, "{wrong}");
        }
        assert_eq!(Tokens::<()>::new().find(b""), None);
        let debug = format!("{:?}", tokens());
        assert!(debug.contains("ada") && !debug.contains("s3cret"), "{debug}");
    }

    #[test]
    #[should_panic(expected = "was added before")]
    fn a_token_that_says_two_things_is_refused() {
        let _ = tokens().token("s3cret", "eve");
    }

    #[test]
    #[should_panic(expected = "is empty, or has a character that no header can carry")]
    fn an_empty_token_is_refused() {
        let _ = tokens().token("", "eve");
    }
}

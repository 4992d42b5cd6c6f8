//! Bearer tokens, each of one principal.

use std::fmt;

use atoms_control::Principal;
use axum::http::header;
use axum::http::request::Parts;

use crate::access::{bearer, is_same};
use crate::authenticate::{AuthError, Authenticate, Authenticating};

/// The bearer tokens of those who are let in, and who they are.
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
/// Whoever has a token is that principal. Make each of at least 16 random bytes (`openssl rand -hex 32`), one for each
/// principal, and keep it out of the code and of URLs, which end up in logs. A request sends it as
/// `Authorization: Bearer ...`, which anybody on the way can read: serve behind a proxy with TLS, or on `127.0.0.1`. A
/// token that comes is compared with each of these in constant time, which tells at most its length. A token is valid until
/// the program ends.
#[derive(Clone, Default)]
pub struct Tokens {
    known: Vec<(String, Principal)>,
}

impl Tokens {
    /// No tokens: nobody is let in.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets in whoever sends this token, as this principal.
    ///
    /// # Panics
    ///
    /// If it is empty, or has a character that no header can carry: a space, a control character, or one outside of
    /// ASCII; or if it is the token of another principal.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>, principal: Principal) -> Self {
        let token = token.into();
        assert!(
            !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()),
            "the token of `{principal}` is empty, or has a character that no header can carry: use letters and digits"
        );
        assert!(
            self.known.iter().all(|(known, _)| *known != token),
            "the token of `{principal}` is another principal's as well: give each one its own"
        );
        self.known.push((token, principal));
        self
    }

    fn find(&self, given: &[u8]) -> Option<&Principal> {
        // All are compared, so that the time does not tell which one it was.
        self.known.iter().fold(
            None,
            |found, (token, principal)| {
                if is_same(token.as_bytes(), given) { Some(principal) } else { found }
            },
        )
    }
}

impl Authenticate for Tokens {
    type Identity = Principal;

    fn authenticate<'a>(&'a self, head: &'a Parts) -> Authenticating<'a, Principal> {
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

    fn roles(&self) -> Option<Vec<String>> {
        Some(self.known.iter().flat_map(|(_, principal)| principal.roles()).cloned().collect())
    }
}

/// Who is let in, and none of the tokens.
impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.known.iter().map(|(_, principal)| principal)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens() -> Tokens {
        Tokens::new().token("s3cret", Principal::new("ada")).token("other", Principal::new("bob"))
    }

    #[test]
    fn a_token_is_that_of_one_principal() {
        assert_eq!(tokens().find(b"s3cret").unwrap().name(), "ada");
        assert_eq!(tokens().find(b"other").unwrap().name(), "bob");
        for wrong in ["", "s3cre", "s3cret3", "S3cret", "ada"] {
            assert_eq!(tokens().find(wrong.as_bytes()), None, "{wrong}");
        }
        assert_eq!(Tokens::new().find(b""), None);
        let debug = format!("{:?}", tokens());
        assert!(debug.contains("ada") && !debug.contains("s3cret"), "{debug}");
    }

    #[test]
    #[should_panic(expected = "is another principal's as well")]
    fn a_token_of_two_principals_is_refused() {
        let _ = tokens().token("s3cret", Principal::new("eve"));
    }

    #[test]
    #[should_panic(expected = "is empty, or has a character that no header can carry")]
    fn an_empty_token_is_refused() {
        let _ = tokens().token("", Principal::new("eve"));
    }
}

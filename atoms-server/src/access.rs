//! Who may connect.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use subtle::ConstantTimeEq;

/// Who may connect.
#[derive(Clone, Default)]
pub(crate) struct Access {
    pub(crate) token: Option<String>,
    pub(crate) origins: Vec<String>,
    pub(crate) any_origin: bool,
}

impl Access {
    /// Checks whether a request with these headers may open a session. Fails with the status to answer.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), (StatusCode, &'static str)> {
        if !self.knows_origin(headers) {
            return Err((StatusCode::FORBIDDEN, "this origin is not allowed"));
        }
        match &self.token {
            Some(token) if !bears(headers, token) => {
                Err((StatusCode::UNAUTHORIZED, "a bearer token is needed: `Authorization: Bearer ...`"))
            }
            _ => Ok(()),
        }
    }

    /// Browsers send the site that a connection comes from, and other clients do not. Pages of the server's own host may
    /// connect, and those of allowed origins.
    pub(crate) fn knows_origin(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else { return true };
        if self.any_origin
            || self.origins.iter().any(|allowed| is_same(allowed.as_bytes(), origin.as_bytes()))
        {
            return true;
        }
        let host = headers.get(header::HOST).map(|host| host.as_bytes());
        let (Ok(origin), Some(host)) = (origin.to_str(), host) else { return false };
        self.origins.is_empty()
            && is_own_name(host)
            && origin.split_once("://").is_some_and(|(_, site)| is_same(site.as_bytes(), host))
    }
}

/// The scheme of a token, which is [case-insensitive](https://www.rfc-editor.org/rfc/rfc9110#section-11.1).
const SCHEME: &[u8] = b"Bearer ";

/// Whether a host is a name that cannot be the result of [DNS rebinding](https://en.wikipedia.org/wiki/DNS_rebinding):
/// `localhost`, or an address.
fn is_own_name(host: &[u8]) -> bool {
    let host = std::str::from_utf8(host).unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_matches(['[', ']']);
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
}

fn bears(headers: &HeaderMap, token: &str) -> bool {
    let given = headers.get(header::AUTHORIZATION).and_then(bearer);
    given.is_some_and(|given| is_same(token.as_bytes(), given))
}

/// Returns the token, if the header has this scheme.
pub(crate) fn bearer(authorization: &HeaderValue) -> Option<&[u8]> {
    let (scheme, given) = authorization.as_bytes().split_at_checked(SCHEME.len())?;
    scheme.eq_ignore_ascii_case(SCHEME).then_some(given)
}

/// Compares in constant time.
pub(crate) fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn status(access: &Access, pairs: &[(&'static str, &'static str)]) -> u16 {
        access.check(&headers(pairs)).err().map_or(200, |(status, _)| status.as_u16())
    }

    #[test]
    fn a_token_is_asked_for_if_there_is_one() {
        let access = Access { token: Some("s3cret".into()), ..Access::default() };
        for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
            let value = format!("{scheme} s3cret").parse().unwrap();
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value)]);
            assert_eq!(access.check(&headers), Ok(()), "{scheme}");
        }
        for wrong in ["Bearer s3cre", "Bearer s3cret ", "s3cret", "Basic s3cret", "Bearer "] {
            assert_eq!(status(&access, &[("authorization", wrong)]), 401, "{wrong}");
        }
        assert_eq!(status(&access, &[]), 401);
        assert_eq!(status(&Access::default(), &[]), 200);
    }

    #[test]
    fn pages_of_other_sites_may_not_connect() {
        let access = Access::default();
        assert_eq!(status(&access, &[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")]), 200);
        assert_eq!(status(&access, &[("origin", "http://evil.example"), ("host", "127.0.0.1:8080")]), 403);
        assert_eq!(status(&access, &[("origin", "null"), ("host", "127.0.0.1:8080")]), 403);
        assert_eq!(status(&access, &[("origin", "http://[::1]:8080"), ("host", "[::1]:8080")]), 200);
        assert_eq!(status(&access, &[("origin", "http://[::1]"), ("host", "[::1]")]), 200);
        assert_eq!(status(&access, &[("origin", "http://localhost"), ("host", "localhost")]), 200);
        let rebound = [("origin", "http://evil.example:8080"), ("host", "evil.example:8080")];
        assert_eq!(status(&access, &rebound), 403);
        let access = Access { origins: vec!["https://shop.example".into()], ..Access::default() };
        assert_eq!(status(&access, &[("origin", "https://shop.example"), ("host", "agent")]), 200);
        assert_eq!(status(&access, &[("origin", "https://agent"), ("host", "agent")]), 403);
        let access = Access { any_origin: true, ..Access::default() };
        assert_eq!(status(&access, &[("origin", "http://evil.example"), ("host", "agent")]), 200);
    }
}

//! Who may connect.

use std::net::IpAddr;

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use subtle::ConstantTimeEq;

/// Who may connect.
#[derive(Clone, Default)]
pub(crate) struct Access {
    pub(crate) token: Option<String>,
    pub(crate) origins: Vec<String>,
    pub(crate) any_origin: bool,
    pub(crate) token_from: Vec<TokenFrom>,
}

/// Where the bearer token of a session may be, beside the `Authorization` header: see
/// [`Routes::token_from`](crate::Routes::token_from).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenFrom {
    /// In a subprotocol: `new WebSocket(url, ["atoms", "atoms.bearer." + token])`. The server answers with the protocol
    /// `atoms`. The token has only characters that the name of a protocol may have: letters, digits, and ``!#$%&'*+-.^_`|~``.
    Subprotocol,
    /// In the query: `new WebSocket(url + "?access_token=" + encodeURIComponent(token))`. Proxies write the query to their
    /// logs: prefer a subprotocol, or use tokens that are good for one session.
    Query,
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

impl Access {
    /// Puts the token of a browser into the `Authorization` header, so that it is in one place only. Returns the subprotocol
    /// to answer with: a browser that has named some ends the connection without one.
    pub(crate) fn take_token(&self, head: &mut Parts) -> Option<HeaderValue> {
        let (mut token, mut protocol) = (None, None);
        if self.token_from.contains(&TokenFrom::Subprotocol) {
            let names = take_protocols(&mut head.headers);
            token = names.iter().find_map(|name| name.strip_prefix(TOKEN_PROTOCOL)).map(str::to_owned);
            protocol = names.iter().any(|name| name == PROTOCOL).then(|| HeaderValue::from_static(PROTOCOL));
        }
        if self.token_from.contains(&TokenFrom::Query) {
            let in_query = take_from_query(&mut head.uri);
            token = token.or(in_query);
        }
        if let Some(token) = token
            && !head.headers.contains_key(header::AUTHORIZATION)
            && let Ok(mut value) = HeaderValue::try_from(format!("Bearer {token}"))
        {
            value.set_sensitive(true);
            head.headers.insert(header::AUTHORIZATION, value);
        }
        protocol
    }
}

/// The subprotocol of sessions, of which browsers name one beside that of their token.
const PROTOCOL: &str = "atoms";

/// The beginning of the subprotocol of a token.
const TOKEN_PROTOCOL: &str = "atoms.bearer.";

/// The name of a token in a query, as [RFC 6750](https://www.rfc-editor.org/rfc/rfc6750#section-2.3) defines it.
const TOKEN_KEY: &str = "access_token";

/// Takes the names of subprotocols out of these headers, and leaves those that are no token.
fn take_protocols(headers: &mut HeaderMap) -> Vec<String> {
    let lists = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|list| list.to_str().ok());
    let names: Vec<_> = lists.flat_map(|list| list.split(',')).map(|name| name.trim().to_owned()).collect();
    let others: Vec<_> =
        names.iter().map(String::as_str).filter(|name| !name.starts_with(TOKEN_PROTOCOL)).collect();
    headers.remove(header::SEC_WEBSOCKET_PROTOCOL);
    if let Ok(others) = HeaderValue::try_from(others.join(", "))
        && !others.is_empty()
    {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, others);
    }
    names
}

/// Takes the token out of the query of this address.
fn take_from_query(uri: &mut Uri) -> Option<String> {
    let (query, path) = (uri.query()?, uri.path());
    let is_token = |pair: &&str| pair.split('=').next() == Some(TOKEN_KEY);
    let (tokens, others): (Vec<_>, Vec<_>) = query.split('&').partition(is_token);
    let (_, token) = form_urlencoded::parse(tokens.first()?.as_bytes()).next()?;
    let token = token.into_owned();
    let left = if others.is_empty() { path.to_owned() } else { format!("{path}?{}", others.join("&")) };
    // What is left of an address that could be read can be read.
    *uri = left.parse().unwrap_or_default();
    Some(token)
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

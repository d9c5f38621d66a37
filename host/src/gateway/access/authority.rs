use super::Refusal;
use http::{HeaderValue, StatusCode, header::HOST, request::Parts};
use std::net::Ipv6Addr;

/// By which name a request addresses the host: `:authority` or `Host`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Authority<'r> {
    /// As it was written, without a dot at its end; an IPv6 address in brackets.
    pub(super) host: &'r str,
    port: Option<u16>,
}

impl<'r> Authority<'r> {
    /// That of a request; `None` where it has none.
    ///
    /// # Errors
    ///
    /// [`Refusal`] with 400 where there are several, or it is none.
    pub(super) fn of(request: &'r Parts) -> Result<Option<Self>, Refusal> {
        let mut headers = request.headers.get_all(HOST).iter();
        let header = headers.next();
        let text = match (request.uri.authority(), header) {
            (Some(authority), _) => Some(authority.as_str()),
            (None, Some(header)) => Some(header.to_str().unwrap_or_default()),
            (None, None) => None,
        };
        match text.map(Self::read) {
            _ if headers.next().is_some() => Err(bad()),
            Some(None) => Err(bad()),
            Some(read) => Ok(read),
            None => Ok(None),
        }
    }

    fn read(text: &'r str) -> Option<Self> {
        let (host, port) = match text.rfind(']') {
            Some(end) if text.starts_with('[') => text.split_at(end + 1),
            Some(_) => return None,
            None => text.split_at(text.find(':').unwrap_or(text.len())),
        };
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => None,
            // RFC 3986 lets it be empty.
            Some("") => None,
            Some(port) => Some(port.parse().ok()?),
            None => return None,
        };
        let host = host.strip_suffix('.').unwrap_or(host);
        let fits = |c: char| c.is_ascii_alphanumeric() || "-._~[]:%".contains(c);
        (!host.is_empty() && host.chars().all(fits)).then_some(Self { host, port })
    }

    /// Whether it is a name of the loopback, a literal address, or one of those. No page can have an
    /// address as its name resolve to another one, so every literal address is as good.
    pub(super) fn is_own(&self, hosts: &[String]) -> bool {
        let host = self.host;
        let inner = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let is_address = match inner {
            Some(inner) => inner.parse::<Ipv6Addr>().is_ok(),
            None => host.parse::<std::net::Ipv4Addr>().is_ok(),
        };
        let last = host.rsplit('.').next().unwrap_or_default();
        let is_loopback = last.eq_ignore_ascii_case("localhost");
        let name = inner.unwrap_or(host);
        let is_listed = || hosts.iter().any(|known| known.eq_ignore_ascii_case(name));
        is_address || is_loopback || is_listed()
    }

    /// Whether a page of that origin came from here. The scheme is left out: in front of the host
    /// may be something that speaks TLS for it.
    pub(super) fn is_origin(&self, origin: &HeaderValue) -> bool {
        let text = origin.to_str().unwrap_or_default();
        let Some((scheme, rest)) = text.split_once("://") else {
            return false;
        };
        let usual = match scheme {
            "http" => 80,
            "https" => 443,
            _ => return false,
        };
        Authority::read(rest).is_some_and(|other| {
            other.host.eq_ignore_ascii_case(self.host)
                && other.port.unwrap_or(usual) == self.port.unwrap_or(usual)
        })
    }
}

fn bad() -> Refusal {
    Refusal::new(
        StatusCode::BAD_REQUEST,
        "expected one `Host` header with a name and at most a port",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(String, Option<u16>)> {
        Authority::read(text).map(|authority| (authority.host.to_owned(), authority.port))
    }

    #[test]
    fn names_and_addresses_are_read() {
        let some = |host: &str, port| Some((host.to_owned(), port));
        assert_eq!(read("LocalHost:80"), some("LocalHost", Some(80)));
        assert_eq!(read("a.example."), some("a.example", None));
        assert_eq!(read("[::1]:8080"), some("[::1]", Some(8080)));
        assert_eq!(read("[::1]"), some("[::1]", None));
        assert_eq!(read("a:"), some("a", None));
        for bad in [
            "", ":80", "a:b", "a:1:2", "a:65536", "[::1", "::1]", "a b", "a/b", "u@a",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_no_page_can_have_as_its_name_is_the_hosts_own() {
        let hosts = ["jackfield.example".to_owned(), "2001:db8::1".to_owned()];
        let is_own = |text: &str| Authority::read(text).unwrap().is_own(&hosts);
        for own in [
            "localhost:1",
            "a.localhost",
            "127.0.0.1",
            "192.0.2.7:80",
            "[::1]:80",
            "JACKFIELD.example.",
        ] {
            assert!(is_own(own), "{own}");
        }
        for other in [
            "evil.example",
            "localhost.evil.example",
            "xlocalhost",
            "127.0.0.1.evil.example",
            "0x7f.1",
            "[evil]",
        ] {
            assert!(!is_own(other), "{other}");
        }
    }

    #[test]
    fn an_origin_is_compared_by_name_and_port() {
        let is_origin = |host: &str, origin: &'static str| {
            let authority = Authority::read(host).unwrap();
            authority.is_origin(&HeaderValue::from_static(origin))
        };
        assert!(is_origin("a:8080", "http://a:8080"));
        assert!(is_origin("a", "http://a"));
        assert!(is_origin("a", "https://a"));
        assert!(is_origin("a:443", "https://a"));
        assert!(!is_origin("a:8080", "http://a"));
        assert!(!is_origin("a:80", "https://a"));
        assert!(!is_origin("a", "http://b"));
        assert!(!is_origin("a", "null"));
        assert!(!is_origin("a", "ftp://a"));
    }
}

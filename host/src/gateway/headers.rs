//! Headers on their way to a plugin and back.

use super::reply::Fault;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use jackfield_loader::{Answer, Header};

/// Those of a connection, which are no message's: what a plugin says of them is not sent.
const OF_THE_CONNECTION: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Types that most bodies have, which are neither read nor copied.
const COMMON_TYPES: [&str; 4] = [
    "application/json",
    "text/plain; charset=utf-8",
    "application/octet-stream",
    "text/html; charset=utf-8",
];

/// A client's headers as a plugin gets them; without its credentials where these are a token of the
/// host's, which is none of a plugin's business.
pub(super) fn to_plugin(
    headers: &HeaderMap,
    hides_token: bool,
) -> impl Iterator<Item = Header<'_>> {
    let sent = headers
        .iter()
        .filter(move |(name, _)| !hides_token || **name != header::AUTHORIZATION);
    sent.map(|(name, value)| Header::new(name.as_str(), value.as_bytes()))
}

/// A plugin's headers as they are sent.
///
/// # Errors
///
/// 502 where one cannot be sent, rather than an answer that is not what the plugin meant.
pub(super) fn to_client(answer: &Answer<'_>, into: &mut HeaderMap) -> Result<(), Fault> {
    for (name, value) in answer.headers() {
        let Some((key, value)) = read(name, value) else {
            return Err(unsendable(name));
        };
        if is_of_the_connection(&key) {
            continue;
        }
        // How long a whole body is, is counted; of one in parts the plugin may know it.
        if key == header::CONTENT_LENGTH {
            let is_length = value.to_str().is_ok_and(|text| text.parse::<u64>().is_ok());
            match answer.is_streamed() {
                true if is_length => drop(into.insert(key, value)),
                true => return Err(unsendable(name)),
                false => {}
            }
            continue;
        }
        into.append(key, value);
    }
    Ok(())
}

/// One of them as it is sent; nothing where it cannot be.
fn read(name: &str, value: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    if name == header::CONTENT_TYPE.as_str() {
        let known = COMMON_TYPES
            .into_iter()
            .find(|known| known.as_bytes() == value);
        if let Some(known) = known {
            return Some((header::CONTENT_TYPE, HeaderValue::from_static(known)));
        }
    }
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    Some((name, HeaderValue::from_bytes(value).ok()?))
}

/// Whether it is about the connection.
pub(super) fn is_of_the_connection(name: &HeaderName) -> bool {
    OF_THE_CONNECTION.contains(&name.as_str())
}

#[cold]
fn unsendable(name: &str) -> Fault {
    let name: String = name.escape_debug().take(60).collect();
    Fault::new(
        StatusCode::BAD_GATEWAY,
        format!("the plugin answered with a header that cannot be sent: `{name}`"),
    )
}

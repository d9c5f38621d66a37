use super::HttpError;
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
};

/// The name of the file in the state directory.
const NAME: &str = "http.json";

/// Where a running host says that it listens: a file of its owner's alone, until the host ends.
pub(crate) struct Place(PathBuf);

#[derive(Serialize, Deserialize)]
struct Told {
    /// `http`, or `https`.
    scheme: String,
    addresses: Vec<SocketAddr>,
}

impl Place {
    /// Says it.
    ///
    /// # Errors
    ///
    /// When the file cannot be written; there is none then that says otherwise.
    pub(crate) fn say(state: &Path, scheme: &str, addresses: &[SocketAddr]) -> io::Result<Self> {
        let place = Self(state.join(NAME));
        let told = Told {
            scheme: scheme.to_owned(),
            addresses: addresses.to_vec(),
        };
        // Readable for its owner only, and there as a whole or not at all.
        let file = tempfile::NamedTempFile::new_in(state)?;
        serde_json::to_writer(&file, &told)?;
        file.persist(&place.0)?;
        Ok(place)
    }

    /// The address of the host of that state directory, as a URL without a path.
    ///
    /// # Errors
    ///
    /// [`HttpError`] where it says none.
    pub(super) fn find(state: &Path) -> Result<String, HttpError> {
        let path = state.join(NAME);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(HttpError::NotServed(path));
            }
            Err(source) => return Err(HttpError::Unreadable { path, source }),
        };
        let told: Told = match serde_json::from_slice(&text) {
            Ok(told) => told,
            Err(error) => {
                let source = error.into();
                return Err(HttpError::Unreadable { path, source });
            }
        };
        // What listens on the loopback alone comes first: it is this machine for sure.
        let first = told
            .addresses
            .iter()
            .min_by_key(|it| !it.ip().is_loopback());
        let Some(first) = first else {
            return Err(HttpError::NotServed(path));
        };
        Ok(format!("{}://{}", told.scheme, reachable(*first)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Somebody may have been before us.
        let _ = fs::remove_file(&self.0);
    }
}

/// Who listens on all addresses is reached by the loopback.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_found_while_it_says_where_it_is() {
        let state = tempfile::tempdir().unwrap();
        let find = || Place::find(state.path());
        assert!(matches!(find(), Err(HttpError::NotServed(_))));
        let addresses = ["0.0.0.0:1", "[::1]:2"].map(|text| text.parse().unwrap());
        let place = Place::say(state.path(), "https", &addresses).unwrap();
        assert_eq!(find().unwrap(), "https://[::1]:2");
        let place = Place::say(state.path(), "http", &addresses[..1]).inspect(|_| drop(place));
        // The file was taken away by who was there before.
        assert!(matches!(find(), Err(HttpError::NotServed(_))));
        drop(place);
        let place = Place::say(state.path(), "http", &addresses[..1]).unwrap();
        assert_eq!(find().unwrap(), "http://127.0.0.1:1");
        drop(place);
        assert!(matches!(find(), Err(HttpError::NotServed(_))));
        fs::write(state.path().join(NAME), "{").unwrap();
        assert!(matches!(find(), Err(HttpError::Unreadable { .. })));
    }
}

//! TLS: a certificate and its key from files, read again when either is another one.

use super::watched::{Identity, Turn, identity};
use crate::{config::TlsFiles, error::chain};
use arc_swap::ArcSwap;
use jackfield_loader::Trust;
use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How often the files are looked at, at most, while clients come.
const LOOK: Duration = Duration::from_secs(2);

/// No chain of certificates and no key is longer.
const LONGEST: u64 = 1 << 20;

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no PEM in it, or it is broken.
    #[error("{} is no PEM", path.display())]
    Pem {
        /// Which.
        path: PathBuf,
        /// Why.
        source: pem::Error,
    },
    /// It has none in it.
    #[error("{}: expected a certificate (`BEGIN CERTIFICATE`), found none", .0.display())]
    NoCertificate(PathBuf),
    /// It has none in it.
    #[error(
        "{}: expected a private key (`BEGIN PRIVATE KEY`) without a passphrase, found none",
        .0.display()
    )]
    NoKey(PathBuf),
    /// They do not fit together, or rustls knows nothing of the kind.
    #[error(
        "{} and {}: expected a certificate and its key",
        certificate.display(), key.display()
    )]
    Pair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// Others can read the key, or replace it.
    #[error(
        "{}: others can read or write this key (mode {mode:04o}): take it as known to them, make \
         another, and `chmod 640` its file",
        path.display()
    )]
    Exposed {
        /// Which.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// What rustls has does not fit together.
    #[error("cannot set up TLS")]
    Setup(#[source] rustls::Error),
}

/// The certificate of a host that listens.
#[derive(Debug)]
pub(crate) struct Tls {
    config: Arc<ServerConfig>,
    current: Arc<Current>,
    source: Source,
    turn: Turn,
    seen: Mutex<Seen>,
}

/// What the last look told.
#[derive(Debug)]
struct Seen {
    /// Of the certificate and the key.
    files: [Option<Identity>; 2],
    /// Whether they could be used.
    is_good: bool,
}

/// What clients are shown from now on.
#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// [`TlsError`]; a key that others can read is one under [`Trust::Strict`].
    pub(crate) fn open(files: &TlsFiles, trust: Trust) -> Result<Self, TlsError> {
        let source = Source {
            files: files.clone(),
            trust,
            provider: Arc::new(ring::default_provider()),
        };
        // Before they are read: what is written in between shows at the next look.
        let seen = Seen {
            files: source.identities(),
            is_good: true,
        };
        let current = Arc::new(Current(ArcSwap::from_pointee(source.read()?)));
        Ok(Self {
            config: config(&source.provider, Arc::clone(&current))?,
            current,
            source,
            turn: Turn::new(LOOK),
            seen: Mutex::new(seen),
        })
    }

    /// What a connection that is taken now goes by. Where the files were not looked at for two
    /// seconds they are, which reads them where they have changed, on the caller's thread; a pair that
    /// is broken is logged, and the old one stays.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        if self.turn.is_mine(Instant::now()) {
            self.look();
        }
        Arc::clone(&self.config)
    }

    /// What could not be used is tried again each time: there may have been no descriptor left.
    fn look(&self) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let files = self.source.identities();
        let is_same = seen.files == files;
        if is_same && seen.is_good {
            return;
        }
        let read = self.source.read();
        *seen = Seen {
            files,
            is_good: read.is_ok(),
        };
        match read {
            Ok(pair) => {
                let path = self.source.files.certificate.display();
                self.current.0.store(Arc::new(pair));
                log::info!("{path}: clients are shown the new certificate from now on");
            }
            Err(error) if !is_same => {
                log::error!("{}: the old certificate stays in use", chain(&error));
            }
            Err(_) => {}
        }
    }
}

fn config(
    provider: &Arc<CryptoProvider>,
    current: Arc<Current>,
) -> Result<Arc<ServerConfig>, TlsError> {
    let mut config = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Setup)?
        .with_no_client_auth()
        .with_cert_resolver(current);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Where a certificate comes from.
#[derive(Debug)]
struct Source {
    files: TlsFiles,
    trust: Trust,
    provider: Arc<CryptoProvider>,
}

impl Source {
    fn identities(&self) -> [Option<Identity>; 2] {
        [&self.files.certificate, &self.files.key].map(|path| identity(path).ok())
    }

    fn read(&self) -> Result<CertifiedKey, TlsError> {
        let TlsFiles { certificate, key } = &self.files;
        let chain = certificates(certificate)?;
        let private = self.key(key)?;
        CertifiedKey::from_der(chain, private, &self.provider).map_err(|source| TlsError::Pair {
            certificate: certificate.clone(),
            key: key.clone(),
            source,
        })
    }

    fn key(&self, path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
        let (text, mode) = read(path)?;
        let exposed = TlsError::Exposed {
            path: path.to_owned(),
            mode,
        };
        // A group of its own for those who may read keys is usual.
        if mode & 0o027 != 0 {
            match self.trust {
                Trust::Strict => return Err(exposed),
                _ => log::warn!("{exposed}"),
            }
        }
        match PrivateKeyDer::from_pem_slice(&text) {
            Ok(key) => Ok(key),
            Err(pem::Error::NoItemsFound) => Err(TlsError::NoKey(path.to_owned())),
            Err(source) => Err(no_pem(path, source)),
        }
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let (text, _) = read(path)?;
    let all = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    match all {
        Ok(all) if all.is_empty() => Err(TlsError::NoCertificate(path.to_owned())),
        Ok(all) => Ok(all),
        Err(source) => Err(no_pem(path, source)),
    }
}

fn no_pem(path: &Path, source: pem::Error) -> TlsError {
    TlsError::Pem {
        path: path.to_owned(),
        source,
    }
}

/// The text of a file, and its permissions.
fn read(path: &Path) -> Result<(Vec<u8>, u32), TlsError> {
    let read = || {
        let file = File::open(path)?;
        let mode = mode(&file.metadata()?);
        let mut text = Vec::new();
        file.take(LONGEST).read_to_end(&mut text)?;
        Ok((text, mode))
    };
    read().map_err(|source| TlsError::Read {
        path: path.to_owned(),
        source,
    })
}

#[cfg(unix)]
fn mode(metadata: &std::fs::Metadata) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o7777
}

#[cfg(not(unix))]
fn mode(_: &std::fs::Metadata) -> u32 {
    0o600
}

#[cfg(test)]
mod tests;

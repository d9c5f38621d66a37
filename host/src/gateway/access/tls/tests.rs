//! Is the certificate that lies there shown, and a broken one never?

use super::*;
use rcgen::{CertifiedKey as Made, KeyPair, generate_simple_self_signed};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConnection};
use std::fs;
use tempfile::TempDir;

/// Two files in a directory.
struct Scene {
    directory: TempDir,
    files: TlsFiles,
}

impl Scene {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let files = TlsFiles {
            certificate: directory.path().join("c.pem"),
            key: directory.path().join("k.pem"),
        };
        Self { directory, files }
    }

    /// Makes a pair, and gives its certificate.
    fn made(&self) -> CertificateDer<'static> {
        let made = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        self.write(&made);
        made.cert.der().clone()
    }

    fn write(&self, made: &Made<KeyPair>) {
        fs::write(&self.files.certificate, made.cert.pem()).unwrap();
        self.write_key(&made.signing_key.serialize_pem());
    }

    fn write_key(&self, text: &str) {
        fs::write(&self.files.key, text).unwrap();
        self.set_mode(0o600);
    }

    fn set_mode(&self, mode: u32) {
        #[cfg(unix)]
        {
            let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
            fs::set_permissions(&self.files.key, permissions).unwrap();
        }
        #[cfg(not(unix))]
        let _ = mode;
    }

    fn open(&self) -> Result<Tls, String> {
        Tls::open(&self.files, Trust::Strict).map_err(|error| self.shown(&error))
    }

    fn shown(&self, error: &TlsError) -> String {
        let directory = format!("{}/", self.directory.path().display());
        chain(error).replace(&directory, "")
    }
}

/// The protocol on which a client that trusts this certificate alone agrees, and which certificate
/// it is shown.
fn shakes_hands(tls: &Tls, root: &CertificateDer<'static>) -> Result<Vec<u8>, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let provider = Arc::new(ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec(), b"h2".to_vec()];
    let name = "localhost".try_into().unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut server = ServerConnection::new(tls.config()).unwrap();
    while client.is_handshaking() || server.is_handshaking() {
        let mut wire = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        server.read_tls(&mut &*wire).unwrap();
        server.process_new_packets()?;
        let mut wire = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        client.read_tls(&mut &*wire).unwrap();
        client.process_new_packets()?;
    }
    assert_eq!(client.peer_certificates().unwrap()[0], *root);
    Ok(client.alpn_protocol().unwrap().to_vec())
}

#[test]
fn a_client_gets_a_connection_of_either_version() {
    let scene = Scene::new();
    let root = scene.made();
    let tls = scene.open().unwrap();
    // The server chooses.
    assert_eq!(shakes_hands(&tls, &root).unwrap(), b"h2");
}

#[test]
fn a_new_pair_is_shown_and_a_broken_one_is_not() {
    let scene = Scene::new();
    let first = scene.made();
    let tls = scene.open().unwrap();
    fs::write(&scene.files.certificate, "half").unwrap();
    tls.look();
    assert!(shakes_hands(&tls, &first).is_ok());
    let second = scene.made();
    tls.look();
    assert!(shakes_hands(&tls, &first).is_err());
    assert!(shakes_hands(&tls, &second).is_ok());
    // The certificate is renewed, and its key comes later.
    let third = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(&scene.files.certificate, third.cert.pem()).unwrap();
    tls.look();
    assert!(shakes_hands(&tls, &second).is_ok());
    scene.write(&third);
    tls.look();
    assert!(shakes_hands(&tls, third.cert.der()).is_ok());
    fs::remove_file(&scene.files.key).unwrap();
    tls.look();
    assert!(shakes_hands(&tls, third.cert.der()).is_ok());
}

#[test]
fn what_could_not_be_used_is_tried_again() {
    let scene = Scene::new();
    scene.made();
    let tls = scene.open().unwrap();
    fs::write(&scene.files.key, "half").unwrap();
    tls.look();
    let second = scene.made();
    // As if it had lain there all the time, and there had been no descriptor left.
    tls.seen.lock().unwrap().files = tls.source.identities();
    tls.look();
    assert!(shakes_hands(&tls, &second).is_ok());
}

#[test]
fn what_cannot_be_used_is_told() {
    let scene = Scene::new();
    let told = || scene.open().map(drop).unwrap_err();
    assert!(
        told().starts_with("cannot read c.pem: No such file"),
        "{}",
        told()
    );
    scene.made();
    let key = fs::read_to_string(&scene.files.key).unwrap();
    let certificate = fs::read_to_string(&scene.files.certificate).unwrap();

    fs::write(&scene.files.certificate, &key).unwrap();
    assert_eq!(
        told(),
        "c.pem: expected a certificate (`BEGIN CERTIFICATE`), found none"
    );
    fs::write(
        &scene.files.certificate,
        &certificate[..certificate.len() / 2],
    )
    .unwrap();
    assert!(told().starts_with("c.pem is no PEM: "), "{}", told());

    fs::write(&scene.files.certificate, &certificate).unwrap();
    scene.write_key(&certificate);
    assert_eq!(
        told(),
        "k.pem: expected a private key (`BEGIN PRIVATE KEY`) without a passphrase, found none"
    );
    let other = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    scene.write_key(&other.signing_key.serialize_pem());
    let pair = "c.pem and k.pem: expected a certificate and its key: ";
    assert!(told().starts_with(pair), "{}", told());
    scene.write_key(&key);
    assert!(scene.open().is_ok());
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_refused_unless_trust_is_lax() {
    let scene = Scene::new();
    scene.made();
    for (mode, is_fine) in [(0o600, true), (0o640, true), (0o604, false), (0o660, false)] {
        scene.set_mode(mode);
        assert_eq!(scene.open().is_ok(), is_fine, "{mode:o}");
        assert!(Tls::open(&scene.files, Trust::Lax).is_ok(), "{mode:o}");
    }
    assert_eq!(
        scene.open().unwrap_err(),
        "k.pem: others can read or write this key (mode 0660): take it as known to them, make \
         another, and `chmod 640` its file"
    );
}

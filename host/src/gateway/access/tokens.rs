//! The tokens of a host: a file in its state directory, which holds no secret.

use super::{
    Role,
    private::{create, exposed, own, private, sync_directory},
    secret::{Digest, Secret, hex},
    stamp,
};
use serde::{Deserialize, Serialize};
use std::{
    fs::File,
    io::{self, Read, Write},
    num::NonZero,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// The name of the file in the state directory.
const NAME: &str = "tokens.json";

/// Whoever changes it holds this one: of two changes at once, one would be lost.
const LOCK: &str = "tokens.lock";

/// The version of the file. A host that does not know a later one's fields must not go by the rest.
const VERSION: u32 = 1;

/// The most tokens of a host.
const MOST_TOKENS: usize = 10_000;

/// More than that many need, with the longest names.
const MOST_BYTES: u64 = 8 << 20;

/// The longest name, in characters.
const LONGEST_NAME: usize = 100;

/// A token, but for its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Token {
    /// By which it is revoked, and called in the audit log.
    pub(crate) id: String,
    /// What it is for, as its maker says; may be empty.
    pub(crate) name: String,
    /// How far it goes.
    pub(crate) role: Role,
    /// SHA-256 of its text.
    pub(crate) sha256: Digest,
    /// When it was made.
    #[serde(with = "stamp")]
    pub(crate) created: SystemTime,
    /// From when on it is refused.
    #[serde(with = "stamp::optional")]
    pub(crate) expires: Option<SystemTime>,
    /// The most requests per second.
    pub(crate) rate: Option<NonZero<u32>>,
}

impl Token {
    /// Whether it is over.
    pub(crate) fn has_expired(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|end| end <= now)
    }
}

/// What a new token is to be.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// What it is for.
    pub(crate) name: String,
    /// How far it goes.
    pub(crate) role: Role,
    /// From when on it is refused.
    pub(crate) expires: Option<SystemTime>,
    /// The most requests per second.
    pub(crate) rate: Option<NonZero<u32>>,
}

/// The file, as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tokens(Vec<Token>);

/// As it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    tokens: Vec<Token>,
}

/// Why tokens cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokensError {
    /// The file is there and cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It holds something else.
    #[error(
        "{} is no list of tokens: put a copy back, or remove it, which revokes them all",
        path.display()
    )]
    Parse {
        /// Which.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// It is of another version.
    #[error(
        "{} is of version {found}, this program knows {VERSION}: use the `jackfield` that wrote it",
        path.display()
    )]
    Version {
        /// Which.
        path: PathBuf,
        /// What stands in it.
        found: u32,
    },
    /// Others could have added a token.
    #[error(
        "{} can be written by others (mode {mode:04o}): see that no token was added, then \
         `chmod 600` it",
        path.display()
    )]
    Exposed {
        /// Which.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// There are as many as there may be, or more.
    #[error("{} has {MOST_TOKENS} tokens already: revoke some", .0.display())]
    Full(PathBuf),
    /// A name that does not fit.
    #[error(
        "expected a name of at most {LONGEST_NAME} characters without control characters, found \
         {0:?}"
    )]
    Name(String),
    /// No token has that id.
    #[error(
        "there is no token {id:?}{}",
        near.as_ref().map(|near| format!(", did you mean {near}?")).unwrap_or_default()
    )]
    Unknown {
        /// What was asked for.
        id: String,
        /// One that may have been meant.
        near: Option<String>,
    },
    /// The system has no randomness.
    #[error("the system gives no random bytes")]
    Random(#[source] getrandom::Error),
    /// The file cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Tokens {
    /// The path of the file of a state directory.
    pub(crate) fn path(state: &Path) -> PathBuf {
        state.join(NAME)
    }

    /// Reads those of a state directory; where there is no file, there are none.
    ///
    /// # Errors
    ///
    /// [`TokensError`] where there is a file that nobody should go by.
    pub(crate) fn read(state: &Path) -> Result<Self, TokensError> {
        let path = Self::path(state);
        let failed = |source| TokensError::Read {
            path: path.clone(),
            source,
        };
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(failed(error)),
        };
        if let Some(mode) = exposed(&file).map_err(failed)? {
            return Err(TokensError::Exposed { path, mode });
        }
        let mut text = Vec::new();
        let limited = file.take(MOST_BYTES + 1).read_to_end(&mut text);
        limited.map_err(failed)?;
        Self::parse(&text, path)
    }

    fn parse(text: &[u8], path: PathBuf) -> Result<Self, TokensError> {
        if text.len() as u64 > MOST_BYTES {
            return Err(TokensError::Full(path));
        }
        // First the version: what follows may be of another shape.
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let parsed = serde_json::from_slice(text);
        match parsed.and_then(|Versioned { version }| match version {
            VERSION => serde_json::from_slice(text).map(Ok),
            found => Ok(Err(found)),
        }) {
            Ok(Ok(Written { tokens, .. })) if tokens.len() > MOST_TOKENS => {
                Err(TokensError::Full(path))
            }
            Ok(Ok(Written { tokens, .. })) => Ok(Self(tokens)),
            Ok(Err(found)) => Err(TokensError::Version { path, found }),
            Err(source) => Err(TokensError::Parse { path, source }),
        }
    }

    /// All of them, in the order in which they were made.
    pub(crate) fn all(&self) -> &[Token] {
        &self.0
    }

    /// Takes them, in that order.
    pub(crate) fn into_all(self) -> Vec<Token> {
        self.0
    }
}

/// Makes a token for the host of a state directory, which may run.
///
/// # Errors
///
/// [`TokensError`]; then nothing was changed.
pub(crate) fn make(state: &Path, wanted: Wanted) -> Result<(Secret, Token), TokensError> {
    let Wanted {
        name,
        role,
        expires,
        rate,
    } = wanted;
    if name.chars().count() > LONGEST_NAME || name.contains(char::is_control) {
        return Err(TokensError::Name(name));
    }
    let secret = Secret::new().map_err(TokensError::Random)?;
    change(state, |tokens, path| {
        if tokens.len() >= MOST_TOKENS {
            return Err(TokensError::Full(path.to_owned()));
        }
        let token = Token {
            id: free_id(tokens)?,
            name,
            role,
            sha256: secret.digest(),
            created: stamp::whole(SystemTime::now()),
            expires: expires.map(stamp::whole),
            rate,
        };
        tokens.push(token.clone());
        Ok((secret, token))
    })
}

/// Takes a token away.
///
/// # Errors
///
/// [`TokensError`]; then nothing was changed.
pub(crate) fn revoke(state: &Path, id: &str) -> Result<Token, TokensError> {
    change(state, |tokens, _| {
        let at = tokens.iter().position(|token| token.id == id);
        let at = at.ok_or_else(|| {
            let known = tokens.iter().map(|token| token.id.as_str());
            TokensError::Unknown {
                id: id.to_owned(),
                near: jackfield_loader::nearest(id, known).map(str::to_owned),
            }
        })?;
        Ok(tokens.remove(at))
    })
}

/// One that none of them has; it is no secret.
fn free_id(tokens: &[Token]) -> Result<String, TokensError> {
    loop {
        let mut bytes = [0; 4];
        getrandom::fill(&mut bytes).map_err(TokensError::Random)?;
        let id = hex(&bytes);
        if tokens.iter().all(|token| token.id != id) {
            return Ok(id);
        }
    }
}

fn change<R>(
    state: &Path,
    change: impl FnOnce(&mut Vec<Token>, &Path) -> Result<R, TokensError>,
) -> Result<R, TokensError> {
    let path = Tokens::path(state);
    let failed = |source| TokensError::Write {
        path: path.clone(),
        source,
    };
    create(state).map_err(failed)?;
    // Held until the end of this function.
    let lock = lock(&state.join(LOCK)).map_err(failed)?;
    let mut tokens = Tokens::read(state)?;
    let done = change(&mut tokens.0, &path)?;
    write(state, &path, tokens).map_err(failed)?;
    drop(lock);
    Ok(done)
}

fn lock(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(false);
    private(&mut options);
    let file = options.open(path)?;
    if let Some(state) = path.parent() {
        own(&file, state)?;
    }
    file.lock()?;
    Ok(file)
}

/// A reader sees the one or the other, also after a power cut.
fn write(state: &Path, path: &Path, tokens: Tokens) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(&Written {
        version: VERSION,
        tokens: tokens.0,
    })?;
    text.push(b'\n');
    // Its owner's alone from the beginning.
    let mut file = tempfile::Builder::new()
        .prefix(&format!(".{NAME}."))
        .suffix(".new")
        .tempfile_in(state)?;
    file.write_all(&text)?;
    own(file.as_file(), state)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_directory(state)
}

#[cfg(test)]
mod tests;

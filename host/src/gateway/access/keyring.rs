//! The tokens as a running host knows them: by what a client presents.

use super::{
    rate::Rate,
    secret::Digest,
    tokens::{Token, Tokens, TokensError},
    watched::{Identity, Turn, identity},
};
use crate::error::chain;
use arc_swap::ArcSwap;
use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

/// How often the file is looked at, at most: so long a token may be used that was revoked.
const LOOK: Duration = Duration::from_secs(1);

/// The same for a token that is not known: it may have been made just now.
const LOOK_EARLY: Duration = Duration::from_millis(50);

/// What came of looking for the token that a client presents.
#[derive(Debug, Clone)]
pub(crate) enum Found {
    /// It is one of this host's.
    Good(Arc<Token>),
    /// It was one of this host's.
    Expired(Arc<Token>),
    /// It is used too often.
    Limited {
        /// Which.
        token: Arc<Token>,
        /// How long until it may be used again.
        wait: Duration,
    },
    /// It is none.
    Unknown,
    /// Nobody knows: the file cannot be gone by.
    Unreadable,
}

/// All tokens of a host, as they are in the file, up to a second ago.
#[derive(Debug)]
pub(crate) struct Keyring {
    state: PathBuf,
    turn: Turn,
    early: Turn,
    /// What the last look told: nothing where not even that could be told.
    seen: Mutex<Option<Option<Identity>>>,
    known: ArcSwap<Known>,
}

/// A token, and how often it is used.
#[derive(Debug)]
struct Entry {
    token: Arc<Token>,
    rate: Option<Rate>,
}

/// By the first bytes of their digests.
type Entries = HashMap<[u8; 8], Vec<Arc<Entry>>>;

#[derive(Debug)]
enum Known {
    Entries(Entries),
    /// The reason was logged.
    Unreadable,
}

impl Keyring {
    /// That of a state directory. What is wrong with it is logged, and nobody is let in until it is
    /// repaired.
    pub(crate) fn open(state: &Path) -> Self {
        let keyring = Self {
            state: state.to_owned(),
            turn: Turn::new(LOOK),
            early: Turn::new(LOOK_EARLY),
            seen: Mutex::new(None),
            known: ArcSwap::from_pointee(Known::Unreadable),
        };
        keyring.look();
        if let Known::Entries(entries) = &**keyring.known.load()
            && entries.is_empty()
        {
            log::warn!("nobody has a token yet: make one with `jackfield token new`");
        }
        keyring
    }

    /// Looks for what a client presents, and counts that it was used.
    pub(crate) fn find(&self, presented: &str) -> Found {
        let now = Instant::now();
        self.refresh(now);
        match self.known(presented) {
            Found::Unknown if self.early.is_mine(now) => {
                self.look();
                self.known(presented)
            }
            found => found,
        }
    }

    fn known(&self, presented: &str) -> Found {
        let known = self.known.load();
        let entries = match &**known {
            Known::Entries(entries) => entries,
            Known::Unreadable => return Found::Unreadable,
        };
        match entry(entries, presented) {
            Some(entry) => entry.used(SystemTime::now()),
            None => Found::Unknown,
        }
    }

    /// Looks whether the file is another one, where that was not done just now.
    fn refresh(&self, now: Instant) {
        if self.turn.is_mine(now) {
            self.look();
        }
    }

    /// What could not be read is tried again each time: there may have been no descriptor left.
    fn look(&self) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // Before it is read: what is written in between shows at the next look.
        let now = identity(&Tokens::path(&self.state));
        let told = now.as_ref().ok().copied();
        let is_same = seen.replace(told) == Some(told);
        let is_known = matches!(**self.known.load(), Known::Entries(_));
        if is_same && is_known {
            return;
        }
        let read = match now {
            Ok(_) => Tokens::read(&self.state),
            Err(source) => Err(unreadable(&self.state, source)),
        };
        match read {
            Ok(tokens) => self.take(tokens, is_known),
            Err(error) => {
                if !is_same {
                    let error = chain(&error);
                    log::error!("{error}: whoever needs a token is refused until that is repaired");
                }
                self.known.store(Arc::new(Known::Unreadable));
            }
        }
    }

    fn take(&self, tokens: Tokens, is_change: bool) {
        let number = tokens.all().len();
        if is_change {
            log::info!("the tokens have changed: there are {number}");
        } else {
            log::info!("tokens: there are {number}");
        }
        let entries = entries(tokens, &self.known.load());
        self.known.store(Arc::new(Known::Entries(entries)));
    }
}

fn unreadable(state: &Path, source: io::Error) -> TokensError {
    TokensError::Read {
        path: Tokens::path(state),
        source,
    }
}

/// Those that are as they were keep count of how often they were used.
fn entries(tokens: Tokens, before: &Known) -> Entries {
    let old = match before {
        Known::Entries(entries) => entries,
        Known::Unreadable => &HashMap::new(),
    };
    let mut new = Entries::new();
    for token in tokens.into_all() {
        let key = token.sha256.key();
        let same = old.get(&key).and_then(|entries| {
            let mut entries = entries.iter();
            entries.find(|entry| *entry.token == token)
        });
        let entry = same.cloned().unwrap_or_else(|| {
            Arc::new(Entry {
                rate: token.rate.map(Rate::new),
                token: Arc::new(token),
            })
        });
        new.entry(key).or_default().push(entry);
    }
    new
}

fn entry<'e>(entries: &'e Entries, presented: &str) -> Option<&'e Entry> {
    let digest = Digest::of_presented(presented)?;
    let mut alike = entries.get(&digest.key())?.iter();
    alike
        .find(|entry| entry.token.sha256.is(&digest))
        .map(|entry| &**entry)
}

impl Entry {
    fn used(&self, now: SystemTime) -> Found {
        let token = Arc::clone(&self.token);
        if token.has_expired(now) {
            return Found::Expired(token);
        }
        match self.rate.as_ref().map(Rate::take) {
            Some(Err(wait)) => Found::Limited { token, wait },
            Some(Ok(())) | None => Found::Good(token),
        }
    }
}

#[cfg(test)]
mod tests;

use crate::{Error, Lease, Result, ffi::Hosted, host::StorageService};
use jackfield_abi::{Failure, FailureCode, RSlice, StorageItem, StorageObject};
use serde::{Serialize, de::DeserializeOwned};
use std::{collections::BTreeMap, ops::Deref, sync::Arc};

/// How often a transaction is tried whose keys others change at the same time.
const TRIES: usize = 1000;

/// How many entries are asked for at once.
const PAGE: usize = 1000;

/// A key and its value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// A plugin's own keys and values, kept between runs; made by [`Context::storage`](crate::Context::storage).
/// Cheap to clone, and to be used from any thread.
///
/// A key has 1 to 1,024 bytes, a value at most 1 MiB, and all of them together at most what the
/// operator allows (64 MiB where nothing else is said). What a method has written is on the disk
/// when it returns, and there after a crash.
///
/// Every method **blocks**: a read for as long as the disk takes to read, a write for as long as it
/// takes to have it for good, often milliseconds. Call them from [`blocking`](crate::blocking)
/// handlers, [`start`](crate::Plugin::start), [`stop`](crate::Plugin::stop),
/// [`event`](crate::Plugin::event), and [`run_blocking`](crate::Context::run_blocking); not from an
/// `async` or [`quick`](crate::quick) handler.
///
/// Each method fails where the file is damaged, of a later version or cannot be read (status 500,
/// 501), and once the plugin has stopped (503); where it takes a key, for one that is none (400);
/// where it writes, for a value that is too large (400), and when the limit or the disk is full
/// (429).
#[derive(Clone)]
pub struct Storage {
    object: Source,
}

/// Where the object comes from.
#[derive(Clone)]
enum Source {
    Own {
        object: Arc<StorageObject>,
        /// After the object, and kept as long: whoever has it runs code of this plugin.
        _host: Arc<Hosted>,
    },
    Leased(Arc<Lease<StorageService>>),
}

impl Deref for Source {
    type Target = StorageObject;

    fn deref(&self) -> &StorageObject {
        match self {
            Self::Own { object, .. } => object,
            Self::Leased(lease) => &lease.0,
        }
    }
}

impl Storage {
    pub(crate) fn new(host: &Arc<Hosted>) -> Result<Self> {
        let object = host.object.storage().into_result();
        let object = Source::Own {
            object: Arc::new(object.map_err(Error::from_failure)?),
            _host: Arc::clone(host),
        };
        Ok(Self { object })
    }

    pub(crate) fn leased(lease: Lease<StorageService>) -> Self {
        Self {
            object: Source::Leased(Arc::new(lease)),
        }
    }

    /// The value of a key. Blocks.
    ///
    /// # Errors
    ///
    /// As [`Storage`] says.
    pub fn get(&self, key: impl AsRef<[u8]>) -> Result<Option<Vec<u8>>> {
        let value = self.object.get(key.as_ref().into()).into_result();
        let value = value.map_err(Error::from_failure)?.into_option();
        Ok(value.map(Into::into))
    }

    /// The value of a key, read as JSON. Blocks.
    ///
    /// # Errors
    ///
    /// As [`Storage`] says, and when the value is not the JSON of a `T`.
    pub fn get_json<T: DeserializeOwned>(&self, key: impl AsRef<[u8]>) -> Result<Option<T>> {
        self.get(key)?.map(|value| from_json(&value)).transpose()
    }

    /// Gives a key a value. Blocks until it is on the disk.
    ///
    /// # Errors
    ///
    /// As [`Storage`] says.
    pub fn put(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<()> {
        let write = item(key.as_ref(), Some(value.as_ref()));
        self.commit(&[], &[write]).map(|_| ())
    }

    /// Gives a key a value, written as JSON. Blocks until it is on the disk.
    ///
    /// # Errors
    ///
    /// As [`Storage`] says, and when the value cannot be written as JSON.
    pub fn put_json(&self, key: impl AsRef<[u8]>, value: &impl Serialize) -> Result<()> {
        self.put(key, serde_json::to_vec(value)?)
    }

    /// Takes a key away, if it is there. Blocks until that is on the disk.
    ///
    /// # Errors
    ///
    /// As [`Storage`] says.
    pub fn delete(&self, key: impl AsRef<[u8]>) -> Result<()> {
        self.commit(&[], &[item(key.as_ref(), None)]).map(|_| ())
    }

    /// Gives a key a value, or takes it away for `None`, if its value is the one expected, or it has
    /// none for `None`; otherwise false. Blocks.
    ///
    /// # Errors
    ///
    /// As [`Storage`] says.
    pub fn compare_and_swap(
        &self,
        key: impl AsRef<[u8]>,
        expected: Option<&[u8]>,
        new: Option<&[u8]>,
    ) -> Result<bool> {
        let key = key.as_ref();
        self.commit(&[item(key, expected)], &[item(key, new)])
    }

    /// Entries whose keys begin with `prefix`, in the order of their bytes; all for an empty one.
    /// They are read some at a time, so what is written meanwhile may be among them or not. Blocks,
    /// also in `next`.
    pub fn scan(&self, prefix: impl Into<Vec<u8>>) -> Scan<'_> {
        Scan {
            storage: self,
            prefix: prefix.into(),
            after: Vec::new(),
            page: Vec::new().into_iter(),
            has_ended: false,
        }
    }

    /// At most `limit` entries whose keys begin with `prefix` and come after `after`, in the order of
    /// their bytes, as one moment had them. An empty `after` is before every key; the last key of an
    /// answer is the `after` of the next. Fewer than `limit` may come (1,000, or 1 MiB), none only at
    /// the end. Blocks.
    ///
    /// # Errors
    ///
    /// As [`Storage`] says.
    pub fn page(
        &self,
        prefix: impl AsRef<[u8]>,
        after: impl AsRef<[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>> {
        let (prefix, after) = (prefix.as_ref().into(), after.as_ref().into());
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        let page = self.object.scan(prefix, after, limit).into_result();
        let page = page.map_err(Error::from_failure)?;
        let entries = page.into_iter();
        Ok(entries
            .map(|entry| (entry.key.into(), entry.value.into()))
            .collect())
    }

    /// Reads and writes several keys as if nothing else happened meanwhile: all that `body` writes
    /// is written together, if nothing that it read has changed by then. Otherwise `body` runs
    /// again, so it should do nothing but read, decide and write. Returns what `body` returns; when
    /// that is an error, nothing is written. Blocks, and no lock is held while `body` runs.
    ///
    /// ```no_run
    /// # use plugin_api::prelude::*;
    /// # fn pay(storage: &plugin_api::Storage) -> Result<()> {
    /// storage.transaction(|keys| {
    ///     let left: u64 = keys.get_json("left")?.unwrap_or(10);
    ///     let paid: u64 = keys.get_json("paid")?.unwrap_or(0);
    ///     let left = left.checked_sub(1).ok_or_else(|| Error::with_status(409, "nothing is left"))?;
    ///     keys.put_json("left", &left)?;
    ///     keys.put_json("paid", &(paid + 1))
    /// })
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Storage`] says; when `body` returns one; when others changed what it read a thousand
    /// times (503); and when it read and wrote more than 10,000 keys (400).
    pub fn transaction<R>(
        &self,
        mut body: impl FnMut(&mut Transaction<'_>) -> Result<R>,
    ) -> Result<R> {
        for _ in 0..TRIES {
            let mut transaction = Transaction {
                storage: self,
                read: BTreeMap::new(),
                written: BTreeMap::new(),
            };
            let result = body(&mut transaction)?;
            if self.commit(&items(&transaction.read), &items(&transaction.written))? {
                return Ok(result);
            }
        }
        Err(Error::from_failure(Failure::new(
            FailureCode::UNAVAILABLE,
            format!(
                "expected to finish a transaction, found its keys changed by others {TRIES} times \
                 meanwhile: let fewer threads change them, or change fewer at once"
            ),
        )))
    }

    fn commit(&self, expected: &[StorageItem<'_>], writes: &[StorageItem<'_>]) -> Result<bool> {
        let (expected, writes) = (RSlice::from_slice(expected), RSlice::from_slice(writes));
        let done = self.object.commit(expected, writes).into_result();
        done.map_err(Error::from_failure)
    }
}

/// What a transaction has read and is to write; given by [`Storage::transaction`].
pub struct Transaction<'a> {
    storage: &'a Storage,
    /// As the disk had it when it was first read.
    read: Changes,
    written: Changes,
}

type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

impl Transaction<'_> {
    /// The value of a key, or the one that this transaction is to give it. Blocks.
    ///
    /// # Errors
    ///
    /// As [`Storage`] says.
    pub fn get(&mut self, key: impl AsRef<[u8]>) -> Result<Option<Vec<u8>>> {
        let key = key.as_ref();
        if let Some(value) = self.written.get(key).or_else(|| self.read.get(key)) {
            return Ok(value.clone());
        }
        let value = self.storage.get(key)?;
        self.read.insert(key.to_vec(), value.clone());
        Ok(value)
    }

    /// As [`get`](Transaction::get), read as JSON.
    ///
    /// # Errors
    ///
    /// As [`Storage`] says, and when the value is not the JSON of a `T`.
    pub fn get_json<T: DeserializeOwned>(&mut self, key: impl AsRef<[u8]>) -> Result<Option<T>> {
        self.get(key)?.map(|value| from_json(&value)).transpose()
    }

    /// Is to give a key a value.
    pub fn put(&mut self, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.written.insert(key.into(), Some(value.into()));
    }

    /// As [`put`](Transaction::put), written as JSON.
    ///
    /// # Errors
    ///
    /// When the value cannot be written as JSON.
    pub fn put_json(&mut self, key: impl Into<Vec<u8>>, value: &impl Serialize) -> Result<()> {
        self.put(key, serde_json::to_vec(value)?);
        Ok(())
    }

    /// Is to take a key away.
    pub fn delete(&mut self, key: impl Into<Vec<u8>>) {
        self.written.insert(key.into(), None);
    }
}

/// Made by [`Storage::scan`]: the entries, and after an error nothing more.
pub struct Scan<'a> {
    storage: &'a Storage,
    prefix: Vec<u8>,
    after: Vec<u8>,
    page: std::vec::IntoIter<Entry>,
    has_ended: bool,
}

impl Iterator for Scan<'_> {
    type Item = Result<Entry>;

    fn next(&mut self) -> Option<Result<Entry>> {
        if let Some(entry) = self.page.next() {
            return Some(Ok(entry));
        }
        if self.has_ended {
            return None;
        }
        match self.storage.page(&self.prefix, &self.after, PAGE) {
            Ok(page) => {
                match page.last() {
                    Some((key, _)) => self.after.clone_from(key),
                    None => self.has_ended = true,
                }
                self.page = page.into_iter();
                self.page.next().map(Ok)
            }
            Err(error) => {
                self.has_ended = true;
                Some(Err(error))
            }
        }
    }
}

fn item<'a>(key: &'a [u8], value: Option<&'a [u8]>) -> StorageItem<'a> {
    StorageItem {
        key: key.into(),
        value: value.map(RSlice::from_slice).into(),
    }
}

fn items(changes: &Changes) -> Vec<StorageItem<'_>> {
    let changes = changes.iter();
    changes
        .map(|(key, value)| item(key, value.as_deref()))
        .collect()
}

fn from_json<T: DeserializeOwned>(value: &[u8]) -> Result<T> {
    Ok(serde_json::from_slice(value)?)
}

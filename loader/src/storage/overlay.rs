use redb::StorageBackend;
use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    sync::{Mutex, MutexGuard, PoisonError},
};

const PAGE: u64 = 4096;

/// A file whose writes go into memory: reading sees them, the file does not.
#[derive(Debug)]
pub(super) struct Overlay(Mutex<Layers>);

#[derive(Debug)]
struct Layers {
    file: File,
    /// Bytes of the file that are still to be seen.
    below: u64,
    len: u64,
    /// Pages that were written, by their numbers.
    pages: BTreeMap<u64, Vec<u8>>,
}

impl Overlay {
    pub(super) fn new(file: File) -> io::Result<Self> {
        let len = file.metadata()?.len();
        Ok(Self(Mutex::new(Layers {
            file,
            below: len,
            len,
            pages: BTreeMap::new(),
        })))
    }

    fn layers(&self) -> MutexGuard<'_, Layers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.layers().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.layers().read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.layers().set_len(len);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.layers().write(offset, data)
    }
}

impl Layers {
    fn read(&mut self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if offset + out.len() as u64 > self.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut at = offset;
        for part in parts(offset, out.len()) {
            let out = &mut out[part.clone()];
            let (page, begin) = (at / PAGE, offset_in(at));
            at += out.len() as u64;
            match self.pages.get(&page) {
                Some(page) => out.copy_from_slice(&page[begin..begin + out.len()]),
                None => self.read_below(at - out.len() as u64, out)?,
            }
        }
        Ok(())
    }

    fn read_below(&mut self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let there = self.below.saturating_sub(offset).min(out.len() as u64);
        let (there, rest) = out.split_at_mut(usize::try_from(there).unwrap_or(usize::MAX));
        rest.fill(0);
        self.file.seek(SeekFrom::Start(offset))?;
        self.file.read_exact(there)
    }

    fn write(&mut self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut at = offset;
        for part in parts(offset, data.len()) {
            let data = &data[part];
            let (page, begin) = (at / PAGE, offset_in(at));
            at += data.len() as u64;
            if !self.pages.contains_key(&page) {
                let mut bytes = vec![0; offset_in(PAGE - 1) + 1];
                self.read_below(page * PAGE, &mut bytes)?;
                self.pages.insert(page, bytes);
            }
            if let Some(page) = self.pages.get_mut(&page) {
                page[begin..begin + data.len()].copy_from_slice(data);
            }
        }
        self.len = self.len.max(at);
        Ok(())
    }

    /// What is cut off reads as zeros, should it grow again.
    fn set_len(&mut self, len: u64) {
        self.len = len;
        self.below = self.below.min(len);
        self.pages.retain(|page, _| page * PAGE < len);
        if let Some(page) = self.pages.get_mut(&(len / PAGE)) {
            page[offset_in(len)..].fill(0);
        }
    }
}

fn offset_in(at: u64) -> usize {
    usize::try_from(at % PAGE).expect("a page is smaller than memory")
}

/// The parts of a buffer for the bytes from `offset` on that lie in one page each.
fn parts(offset: u64, len: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let page = offset_in(PAGE - 1) + 1;
    let first = page - offset_in(offset);
    let mut begin = 0;
    std::iter::from_fn(move || {
        let end = if begin == 0 { first } else { begin + page }.min(len);
        let part = (begin < len).then_some(begin..end);
        begin = end;
        part
    })
}

use super::BacktraceError;
use addr2line::{
    Context, demangle_auto,
    gimli::{Dwarf, EndianSlice, NativeEndian},
};
use jackfield_abi::ROOT_MODULE_SYMBOL;
use object::{
    CompressionFormat, File, Object, ObjectSection, ObjectSegment, ReadCache, ReadRef, SymbolMap,
    SymbolMapName,
    read::{ExportTarget, NameOrOrdinal},
};
use std::{borrow::Cow, convert::Infallible, ops::Range};

/// Where a frame is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// From the beginning of the library, as `addr2line` takes it.
    pub(super) offset: u64,
    /// The function's name, if the library has it.
    pub(super) function: Option<String>,
    /// File and line, if the library has them.
    pub(super) source: Option<String>,
}

/// What a library's file says of its code, and where that is mapped.
pub(super) struct Image<'data> {
    /// An address in this process less the address in the file.
    bias: u64,
    segments: Vec<Range<u64>>,
    names: SymbolMap<SymbolMapName<'data>>,
    lines: Option<Context<EndianSlice<'data, NativeEndian>>>,
}

impl<'data> Image<'data> {
    /// Reads tables of names and lines. The root module's symbol is mapped at `root`.
    pub(super) fn read(
        data: &'data ReadCache<std::fs::File>,
        root: usize,
    ) -> Result<Self, BacktraceError> {
        let file = File::parse(data)?;
        let linked = root_symbol(&file)?.ok_or(BacktraceError::NoRootModule)?;
        Ok(Self {
            bias: (root as u64).wrapping_sub(linked),
            segments: file
                .segments()
                .map(|segment| segment.address()..segment.address().saturating_add(segment.size()))
                .collect(),
            names: file.symbol_map(),
            lines: lines(&file),
        })
    }

    /// The frame of that return address, and before it those that were inlined into it; nothing
    /// when the address is not in this library.
    pub(super) fn places(&self, address: usize, places: &mut Vec<Place>) {
        // A return address is that of the next instruction, perhaps of the next function.
        let offset = (address as u64).wrapping_sub(self.bias).wrapping_sub(1);
        if !self.segments.iter().any(|range| range.contains(&offset)) {
            return;
        }
        let before = places.len();
        self.lines_at(offset, places);
        let symbol = self
            .names
            .containing(offset)
            .map(|symbol| demangle_auto(Cow::Borrowed(symbol.name()), None).into_owned());
        match places[before..].last_mut() {
            // The line table alone has shortened names.
            Some(outermost) => outermost.function = symbol.or(outermost.function.take()),
            None => places.push(Place {
                offset,
                function: symbol,
                source: None,
            }),
        }
    }

    fn lines_at(&self, offset: u64, places: &mut Vec<Place>) {
        let Some(lines) = &self.lines else { return };
        let Ok(mut frames) = lines.find_frames(offset).skip_all_loads() else {
            return;
        };
        while let Ok(Some(frame)) = frames.next() {
            let function = frame
                .function
                .as_ref()
                .and_then(|function| function.demangle().ok())
                .map(Cow::into_owned);
            let source = frame.location.and_then(|location| {
                let file = location.file?;
                Some(match location.line {
                    Some(line) => format!("{file}:{line}"),
                    None => file.to_owned(),
                })
            });
            places.push(Place {
                offset,
                function,
                source,
            });
        }
    }
}

/// Where the file has the root module's symbol.
fn root_symbol<'data>(
    file: &File<'data, impl ReadRef<'data>>,
) -> Result<Option<u64>, object::Error> {
    let wanted = ROOT_MODULE_SYMBOL.trim_end_matches('\0').as_bytes();
    for export in file.exports()? {
        let export = export?;
        let NameOrOrdinal::Name(name) = export.name() else {
            continue;
        };
        // Mach-O puts an underscore before every name.
        if name != wanted && name.strip_prefix(b"_") != Some(wanted) {
            continue;
        }
        if let ExportTarget::Address { address } = export.target() {
            return Ok(Some(address));
        }
    }
    Ok(None)
}

/// The line table, if there is one, and it is not compressed.
fn lines<'data>(
    file: &File<'data, impl ReadRef<'data>>,
) -> Option<Context<EndianSlice<'data, NativeEndian>>> {
    let dwarf = Dwarf::load(|id| {
        let section = file.section_by_name(id.name());
        let data = section
            .and_then(|section| section.compressed_data().ok())
            .filter(|data| data.format == CompressionFormat::None);
        let bytes = data.map_or(&[][..], |data| data.data);
        Ok::<_, Infallible>(EndianSlice::new(bytes, NativeEndian))
    });
    let Ok(dwarf) = dwarf;
    Context::from_dwarf(dwarf).ok()
}

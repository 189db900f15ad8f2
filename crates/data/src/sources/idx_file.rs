//! One IDX file (LeCun, Cortes and Burges, "The MNIST database"), compressed with gzip or not: two
//! zero bytes, a type code, the number of dimensions, one big-endian 32-bit length per dimension,
//! then the values, big-endian, the last dimension fastest.

use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use glassbox_train::data::error::{DataError, DataErrorCode};

use crate::files::{self, MAX_BYTES};

/// The contents of an IDX file.
#[derive(Clone, Debug)]
pub struct IdxArray {
    /// The lengths of the dimensions.
    pub dims: Vec<usize>,
    /// The values, row-major.
    pub values: Values,
    pub(super) file: PathBuf,
}

/// The values of an IDX file: unsigned bytes as they are, other types as floating point.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Unsigned bytes.
    U8(Vec<u8>),
    /// Signed bytes, 16-bit and 32-bit integers, floats and doubles.
    F32(Vec<f32>),
}

impl IdxArray {
    /// The values of a file of unsigned bytes with `rank` dimensions.
    pub(super) fn into_bytes(self, rank: usize) -> Result<Vec<u8>, DataError> {
        if self.dims.len() != rank {
            return Err(self.wrong_rank(&rank.to_string()));
        }
        match self.values {
            Values::U8(values) => Ok(values),
            Values::F32(_) => {
                let error = DataError::new(DataErrorCode::IdxHeader, "the file has the wrong type");
                Err(error.file(&self.file).offset(2).expected("unsigned bytes (type code 8)"))
            }
        }
    }

    pub(super) fn wrong_rank(&self, expected: &str) -> DataError {
        let message = "the file has the wrong number of dimensions";
        let help = "are the files of images and labels exchanged?";
        DataError::new(DataErrorCode::IdxHeader, message)
            .file(&self.file)
            .offset(3)
            .expected(expected)
            .found(self.dims.len())
            .help(help)
    }
}

/// Reads one IDX file, compressed or not: the contents decide, not the name.
///
/// # Errors
/// When the file is damaged, or larger than a data set may be.
pub fn read_file(path: &Path) -> Result<IdxArray, DataError> {
    let (file, length) = files::open(path)?;
    read(BufReader::with_capacity(1 << 16, file), length, path)
}

/// Reads IDX from `reader`, which has `length` bytes; `path` is for messages and `.gz`.
pub(super) fn read(mut reader: impl Read, length: u64, path: &Path) -> Result<IdxArray, DataError> {
    let mut start = [0; 2];
    let found = fill(&mut reader, &mut start).map_err(|error| files::unreadable(path, &error))?;
    let whole = io::Cursor::new(start).take(found as u64).chain(reader);
    if start == [0x1f, 0x8b] {
        return read_plain(MultiGzDecoder::new(whole), Length::Compressed(length), path);
    }
    if path.extension().is_some_and(|extension| extension == "gz") && start != [0, 0] {
        let error = DataError::new(DataErrorCode::Compression, "the file is not a gzip file");
        return Err(error
            .file(path)
            .offset(0)
            .expected("the bytes 1f 8b of gzip")
            .found(hex(&start[..found]))
            .help("was an error page saved in its place? Fetch the file again"));
    }
    read_plain(whole, Length::Exact(length), path)
}

/// What is known about the number of bytes before reading them.
#[derive(Clone, Copy)]
enum Length {
    Exact(u64),
    Compressed(u64),
}

impl Length {
    /// The bytes of the file itself.
    fn real(self) -> u64 {
        match self {
            Self::Exact(length) | Self::Compressed(length) => length,
        }
    }

    /// The most bytes that can come. Deflate expands at most 1032-fold.
    fn most(self) -> u64 {
        match self {
            Self::Exact(length) => length,
            Self::Compressed(length) => length.saturating_mul(1032),
        }
    }
}

fn read_plain(mut reader: impl Read, length: Length, path: &Path) -> Result<IdxArray, DataError> {
    let failed = |error: &io::Error| match length {
        Length::Exact(_) => files::unreadable(path, error),
        Length::Compressed(_) => {
            DataError::new(DataErrorCode::Compression, "the gzip file is damaged or cut off")
                .file(path)
                .expected("a whole gzip file")
                .found(error)
                .help("fetch the file again")
        }
    };
    let header_error = |message: &str| DataError::new(DataErrorCode::IdxHeader, message).file(path);
    let mut magic = [0; 4];
    let found = fill(&mut reader, &mut magic).map_err(|error| failed(&error))?;
    let width = element_width(magic[2]);
    let (0, 0, Some(width), rank @ 1..=4, 4) = (magic[0], magic[1], width, magic[3], found) else {
        return Err(header_error("the file is not an IDX file of a known type")
            .offset(0)
            .expected("00 00, a type code (08, 09, 0b to 0e), 01 to 04 dimensions")
            .found(hex(&magic[..found])));
    };
    let mut lengths = [0; 16];
    let lengths = &mut lengths[..4 * usize::from(rank)];
    let found = fill(&mut reader, lengths).map_err(|error| failed(&error))?;
    if found < lengths.len() {
        return Err(header_error("the header of the IDX file is cut off")
            .offset(4 + found as u64)
            .expected(format!("{} bytes of lengths", lengths.len()))
            .found(found));
    }
    let dims: Vec<u32> = lengths
        .chunks_exact(4)
        .map(|bytes| u32::from_be_bytes(bytes.try_into().expect("four bytes")))
        .collect();
    let product = |dims: &[u32]| dims.iter().try_fold(width, |p, &d| p.checked_mul(u64::from(d)));
    let shape = dims.iter().map(u32::to_string).collect::<Vec<_>>().join("×");
    let header = 4 + lengths.len() as u64;
    let size = product(&dims).filter(|&size| size <= MAX_BYTES);
    let Some(size) = size else {
        return Err(DataError::new(DataErrorCode::TooLarge, "the header declares too much data")
            .file(path)
            .offset(4)
            .expected(format!("at most {MAX_BYTES} bytes"))
            .found(format!("{shape} values of {width} bytes"))
            .help("the header is damaged, or this is not the file it should be"));
    };
    if size == 0 {
        let error = DataError::new(DataErrorCode::Empty, "the header declares no data");
        return Err(error.file(path).offset(4).expected("lengths above 0").found(shape));
    }
    let size_error = |found: String| {
        DataError::new(
            DataErrorCode::FileSize,
            "the file does not have the size its header declares",
        )
        .file(path)
        .expected(format!("{} bytes: a header of {header} and {shape} values", header + size))
        .found(found)
    };
    match length {
        Length::Exact(length) if length != header + size => {
            let change = if length < header + size { "cut off" } else { "continued" };
            return Err(size_error(format!("{length} bytes")).help(format!("was it {change}?")));
        }
        length if length.most() < header + size => {
            return Err(size_error(format!("at most {} bytes of contents", length.most()))
                .help("the header is damaged, or the file is cut off"));
        }
        _ => {}
    }
    let mut bytes = Vec::new();
    // Room in proportion to what is really there: a header alone allocates nothing.
    bytes.reserve_exact(size.min(length.real().saturating_mul(8)) as usize);
    reader.by_ref().take(size).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    if (bytes.len() as u64) < size {
        let found = header + bytes.len() as u64;
        return Err(size_error(format!("{found} bytes")).help("was it cut off?"));
    }
    if fill(&mut reader, &mut [0]).map_err(|error| failed(&error))? > 0 {
        return Err(size_error("more bytes after them".into()).offset(header + size));
    }
    let values = decode(magic[2], bytes);
    if let Values::F32(values) = &values
        && let Some(index) = values.iter().position(|value| !value.is_finite())
    {
        return Err(DataError::new(DataErrorCode::NotFinite, "a value is not finite")
            .file(path)
            .offset(header + width * index as u64)
            .expected("a finite number")
            .found(values[index]));
    }
    let dims = dims.into_iter().map(|length| length as usize).collect();
    Ok(IdxArray { dims, values, file: path.to_path_buf() })
}

/// Bytes of one value of a type code.
fn element_width(code: u8) -> Option<u64> {
    match code {
        0x08 | 0x09 => Some(1),
        0x0b => Some(2),
        0x0c | 0x0d => Some(4),
        0x0e => Some(8),
        _ => None,
    }
}

fn decode(code: u8, bytes: Vec<u8>) -> Values {
    fn each<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> f32) -> Values {
        let (values, _) = bytes.as_chunks::<N>();
        Values::F32(values.iter().map(|bytes| read(*bytes)).collect())
    }
    match code {
        0x09 => each(&bytes, |[byte]| f32::from(byte as i8)),
        0x0b => each(&bytes, |b| f32::from(i16::from_be_bytes(b))),
        0x0c => each(&bytes, |b| i32::from_be_bytes(b) as f32),
        0x0d => each(&bytes, f32::from_be_bytes),
        0x0e => each(&bytes, |b| f64::from_be_bytes(b) as f32),
        _ => Values::U8(bytes),
    }
}

/// Reads until `out` is full or the reader ends; how much it got.
fn fill(reader: &mut impl Read, out: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < out.len() {
        match reader.read(&mut out[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn hex(bytes: &[u8]) -> String {
    match bytes {
        [] => "nothing".into(),
        bytes => bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" "),
    }
}

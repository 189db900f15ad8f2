//! IDX files (LeCun, Cortes and Burges, "The MNIST database"), compressed with gzip or not.
//!
//! A file is two zero bytes, a type code, the number of dimensions, one big-endian 32-bit length a
//! dimension, then the values, big-endian, the last dimension fastest.

use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use serde::{Deserialize, Serialize};

use super::images::ImageFormat;
use super::{InputReader, Loaded};
use crate::data::dataset::{Dataset, InputStore, Targets};
use crate::data::error::{DataError, DataErrorCode};
use crate::data::files::{self, MAX_BYTES};
use crate::data::split::Split;

/// A folder of IDX files named as MNIST's: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`,
/// and, where there is an official test set, `t10k-images-…` and `t10k-labels-…`, each with or
/// without `.gz`. Inputs are `[height, width, channels]`, bytes read as 0 to 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IdxConfig {
    /// The folder.
    pub path: PathBuf,
    /// The names of the classes; when empty, their numbers.
    pub classes: Vec<String>,
}

impl IdxConfig {
    /// Reads the folder.
    ///
    /// # Errors
    /// When files are missing, damaged, or do not belong together.
    pub fn load(&self, base_dir: &Path) -> Result<Loaded, DataError> {
        let folder = base_dir.join(&self.path);
        let names: Vec<String> = files::list(&folder)?.into_iter().map(|(name, _)| name).collect();
        let mut train = read_part(&folder, &names, "train", self.classes.len())?;
        let trained = train.labels.len() as u32;
        let mut official = None;
        if find(&names, "t10k", "images").is_some() || find(&names, "t10k", "labels").is_some() {
            let test = read_part(&folder, &names, "t10k", self.classes.len())?;
            official = Some(train.append(test)?);
        }
        let classes = match self.classes.as_slice() {
            [] => {
                let count = train.labels.iter().copied().max().map_or(0, |label| label + 1);
                (0..count).map(|label| label.to_string()).collect()
            }
            given => given.to_vec(),
        };
        if classes.len() < 2 {
            return Err(DataError::new(DataErrorCode::Classes, "all labels are the same")
                .file(&train.labels_file)
                .expected("at least two classes")
                .found(format!("{} of {trained} items", classes.len())));
        }
        let name = folder.file_name().map_or("idx".into(), |name| name.to_string_lossy());
        let targets = Targets::Classes { labels: train.labels, names: classes };
        let dataset = Dataset::new(name, train.item_shape, train.inputs, targets)
            .map_err(|error| error.file(&train.images_file))?;
        let reader = match train.item_shape {
            [height, width, channels @ (1 | 3)] => {
                InputReader::Image(ImageFormat { height, width, channels })
            }
            _ => InputReader::None,
        };
        Ok(Loaded { dataset, official, reader, notes: Vec::new() })
    }
}

/// The images and labels of one part.
struct Pair {
    images_file: PathBuf,
    labels_file: PathBuf,
    item_shape: [usize; 3],
    inputs: InputStore,
    labels: Vec<i32>,
}

impl Pair {
    /// Adds the items of `test` and says which items are whose.
    fn append(&mut self, test: Self) -> Result<Split, DataError> {
        if test.item_shape != self.item_shape {
            let error = DataError::new(
                DataErrorCode::ImageShape,
                "test images have another size than training images",
            );
            return Err(error
                .file(&test.images_file)
                .expected(format!("{:?}", self.item_shape))
                .found(format!("{:?}", test.item_shape)));
        }
        match (&mut self.inputs, test.inputs) {
            (InputStore::U8 { values, .. }, InputStore::U8 { values: more, .. }) => {
                values.extend_from_slice(&more);
            }
            (InputStore::F32(values), InputStore::F32(more)) => values.extend_from_slice(&more),
            _ => {
                let error = DataError::new(
                    DataErrorCode::IdxHeader,
                    "test images have another type than training images",
                );
                return Err(error.file(&test.images_file));
            }
        }
        let trained = self.labels.len() as u32;
        self.labels.extend_from_slice(&test.labels);
        let all = self.labels.len() as u32;
        Ok(Split { train: (0..trained).collect(), valid: vec![], test: (trained..all).collect() })
    }
}

/// The file of `names` such as `train-images-idx3-ubyte.gz`; an uncompressed one comes first.
fn find<'a>(names: &'a [String], part: &str, what: &str) -> Option<&'a String> {
    let stem = format!("{part}-{what}");
    names.iter().find(|name| {
        name.strip_prefix(&stem).is_some_and(|rest| rest.starts_with(['-', '.']) || rest.is_empty())
    })
}

fn read_part(
    folder: &Path,
    names: &[String],
    part: &str,
    classes: usize,
) -> Result<Pair, DataError> {
    let path = |what: &str| {
        find(names, part, what).map(|name| folder.join(name)).ok_or_else(|| {
            let error = DataError::new(
                DataErrorCode::Unreadable,
                format!("the folder has no file of {part} {what}"),
            );
            let digits = if what == "images" { 3 } else { 1 };
            error
                .file(folder)
                .expected(format!("{part}-{what}-idx{digits}-ubyte, or the same with .gz"))
                .found(if names.is_empty() { "an empty folder".into() } else { names.join(", ") })
        })
    };
    let (images_file, labels_file) = (path("images")?, path("labels")?);
    let images = read_file(&images_file)?;
    let item_shape = match images.dims[..] {
        [_, height, width] => [height, width, 1],
        [_, height, width, channels] => [height, width, channels],
        _ => return Err(images.wrong_rank("3 (or 4 with channels)")),
    };
    let labels = read_file(&labels_file)?;
    let (inputs_count, labels_count) = (images.dims[0], labels.dims[0]);
    let labels = labels.into_bytes(1)?;
    if inputs_count != labels_count {
        let message = format!("there is not one {part} label for each image");
        return Err(DataError::new(DataErrorCode::CountMismatch, message)
            .file(&labels_file)
            .expected(format!("{inputs_count} labels, as many as images"))
            .found(labels_count));
    }
    if let Some(index) = labels.iter().position(|&l| classes > 0 && usize::from(l) >= classes) {
        let error = DataError::new(DataErrorCode::LabelRange, "a label is not one of the classes");
        return Err(error
            .file(&labels_file)
            .offset(8 + index as u64)
            .expected(format!("0 to {} (the recipe names {classes} classes)", classes - 1))
            .found(labels[index])
            .help("name every class, or leave `classes` out"));
    }
    let inputs = match images.values {
        Values::U8(values) => InputStore::images(values),
        Values::F32(values) => InputStore::F32(values),
    };
    let labels = labels.into_iter().map(i32::from).collect();
    Ok(Pair { images_file, labels_file, item_shape, inputs, labels })
}

/// The contents of an IDX file.
#[derive(Clone, Debug)]
pub struct IdxArray {
    /// The lengths of the dimensions.
    pub dims: Vec<usize>,
    /// The values, row-major.
    pub values: Values,
    file: PathBuf,
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

    fn wrong_rank(&self, expected: &str) -> DataError {
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

#[cfg(test)]
#[path = "idx_tests.rs"]
mod tests;

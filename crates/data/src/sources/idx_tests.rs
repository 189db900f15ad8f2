use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::*;
use crate::sources::idx_file::{IdxArray, read};

fn idx(code: u8, dims: &[u32], values: &[u8]) -> Vec<u8> {
    let lengths = dims.iter().flat_map(|length| length.to_be_bytes());
    [0, 0, code, dims.len() as u8]
        .into_iter()
        .chain(lengths)
        .chain(values.iter().copied())
        .collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn parse(bytes: &[u8]) -> Result<IdxArray, DataError> {
    read(bytes, bytes.len() as u64, Path::new("file.gz"))
}

/// A folder of training files, and perhaps others.
fn folder(files: &[(&str, Vec<u8>)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

fn load(folder: &tempfile::TempDir, classes: usize) -> Result<Loaded, DataError> {
    let classes = (0..classes).map(|class| format!("class {class}")).collect();
    IdxConfig { path: folder.path().into(), classes }.load(Path::new("."))
}

const IMAGES: &str = "train-images-idx3-ubyte";
const LABELS: &str = "train-labels-idx1-ubyte.gz";

fn images() -> (&'static str, Vec<u8>) {
    (IMAGES, idx(8, &[3, 2, 1], &[0, 51, 102, 153, 204, 255]))
}

fn labels(values: &[u8]) -> (&'static str, Vec<u8>) {
    (LABELS, gzip(&idx(8, &[values.len() as u32], values)))
}

#[test]
fn a_folder_of_training_and_test_files() {
    let test = [
        ("t10k-images-idx3-ubyte.gz", gzip(&idx(8, &[1, 2, 1], &[7, 9]))),
        ("t10k-labels-idx1-ubyte", idx(8, &[1], &[1])),
    ];
    let folder = folder(&[&[images(), labels(&[0, 1, 0])][..], &test].concat());
    let loaded = load(&folder, 2).unwrap();
    let official = loaded.official.unwrap();
    assert_eq!((official.train, official.test), (vec![0, 1, 2], vec![3]));
    assert_eq!(loaded.dataset.item_shape().dims(), [2, 1, 1]);
    let targets = loaded.dataset.targets();
    assert!(matches!(targets, Targets::Classes { labels, .. } if *labels == [0, 1, 0, 1]));
    assert_eq!(targets.class_names(), ["class 0", "class 1"]);
    let mut item = [0.0; 2];
    loaded.dataset.write_input(3, &mut item);
    assert_eq!(item, [7.0 / 255.0, 9.0 / 255.0]);
}

#[test]
fn every_type_is_read() {
    let cases: [(u8, &[u8], &[f32]); 5] = [
        (0x09, &[0xff, 0x02], &[-1.0, 2.0]),
        (0x0b, &[0xff, 0xfe, 0x01, 0x00], &[-2.0, 256.0]),
        (0x0c, &[0xff, 0xff, 0xff, 0xfd, 0, 0, 1, 1], &[-3.0, 257.0]),
        (0x0d, &[0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0], &[1.0, -2.0]),
        (0x0e, &[0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0], &[1.0, -2.0]),
    ];
    for (code, bytes, expected) in cases {
        let array = parse(&idx(code, &[2], bytes)).unwrap();
        assert_eq!((&array.dims[..], array.values), (&[2][..], Values::F32(expected.to_vec())));
    }
}

#[test]
fn damaged_files_are_refused() {
    use DataErrorCode::*;
    let whole = idx(8, &[2, 3], &[1, 2, 3, 4, 5, 6]);
    let huge = idx(8, &[u32::MAX, u32::MAX, u32::MAX], &[]);
    let large = idx(8, &[4_000_000_000], &[1]);
    let compressed = gzip(&whole);
    let (cut, mut flipped) = (&compressed[..compressed.len() - 9], compressed.clone());
    let last = flipped.len() - 6; // in the check sum
    flipped[last] ^= 1;
    let cases: Vec<(Vec<u8>, DataErrorCode, &[&str])> = vec![
        (vec![0], IdxHeader, &["found: 00", "byte 0"]),
        (vec![0, 0, 8], IdxHeader, &["00 00 08"]),
        (vec![0, 0, 7, 1, 0, 0, 0, 1, 0], IdxHeader, &["00 00 07 01"]),
        (vec![0, 0, 8, 0], IdxHeader, &["01 to 04 dimensions"]),
        (vec![0, 0, 8, 9], IdxHeader, &["00 00 08 09"]),
        (whole[..7].to_vec(), IdxHeader, &["cut off", "byte 7"]),
        (whole[..17].to_vec(), FileSize, &["18 bytes", "2×3", "found: 17 bytes", "cut off"]),
        ([&whole[..], &[0]].concat(), FileSize, &["found: 19 bytes"]),
        (huge.clone(), TooLarge, &["4294967295×4294967295", "at most"]),
        (large.clone(), FileSize, &["found: 9 bytes"]),
        (gzip(&huge), TooLarge, &["4294967295"]),
        (gzip(&large), FileSize, &["at most"]),
        (gzip(&whole[..17]), FileSize, &["found: 17 bytes"]),
        (gzip(&[&whole[..], &[0]].concat()), FileSize, &["more bytes", "byte 18"]),
        (cut.to_vec(), Compression, &["file.gz", "damaged", "fetch"]),
        (flipped, Compression, &["damaged"]),
        (b"<html>Not found</html>".to_vec(), Compression, &["3c 68", "1f 8b"]),
        (idx(8, &[0, 3], &[]), Empty, &["0×3"]),
        (idx(0x0d, &[1], &f32::NAN.to_be_bytes()), NotFinite, &["byte 8", "NaN"]),
    ];
    for (bytes, code, parts) in cases {
        let error = parse(&bytes).unwrap_err();
        assert_eq!(error.code, code, "{bytes:02x?}: {error}");
        for part in parts {
            assert!(error.to_string().contains(part), "{part:?} is not in {error}");
        }
    }
}

#[test]
fn files_that_do_not_belong_together_are_refused() {
    use DataErrorCode::*;
    type Case<'a> = (Vec<(&'a str, Vec<u8>)>, usize, DataErrorCode, &'a [&'a str]);
    let cases: Vec<Case> = vec![
        (vec![], 0, Unreadable, &["train-images-idx3-ubyte", "an empty folder"]),
        (vec![images()], 0, Unreadable, &["train-labels-idx1-ubyte", IMAGES]),
        (vec![images(), labels(&[0, 1])], 0, CountMismatch, &[LABELS, "3 labels", "found: 2"]),
        (vec![images(), labels(&[0, 1, 2])], 2, LabelRange, &["byte 10", "0 to 1", "found: 2"]),
        (vec![images(), labels(&[0, 0, 0])], 0, Classes, &["at least two"]),
        (vec![images(), (LABELS, images().1)], 0, IdxHeader, &["byte 3", "exchanged"]),
        (vec![(IMAGES, labels(&[1]).1), labels(&[0])], 0, IdxHeader, &["3 (or 4", "found: 1"]),
        (vec![images(), (LABELS, vec![])], 0, Empty, &["0 bytes"]),
        (
            vec![images(), labels(&[0, 1, 0]), ("t10k-images-idx3-ubyte", images().1)],
            0,
            Unreadable,
            &["t10k-labels"],
        ),
        (
            vec![
                images(),
                labels(&[0, 1, 0]),
                ("t10k-images-idx3-ubyte", idx(8, &[1, 1, 1], &[0])),
                ("t10k-labels-idx1-ubyte", idx(8, &[1], &[0])),
            ],
            0,
            ImageShape,
            &["[2, 1, 1]", "[1, 1, 1]"],
        ),
    ];
    for (files, classes, code, parts) in cases {
        let folder = folder(&files);
        let error = load(&folder, classes).unwrap_err();
        assert_eq!(error.code, code, "{error}");
        for part in parts {
            assert!(error.to_string().contains(part), "{part:?} is not in {error}");
        }
    }
    let file = folder(&[images()]);
    let config = IdxConfig { path: file.path().join(IMAGES), ..Default::default() };
    let error = config.load(Path::new(".")).unwrap_err();
    assert_eq!(error.code, Unreadable);
    assert!(error.to_string().contains("a file is where a folder belongs"), "{error}");
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        dims in prop::collection::vec(1..6u32, 1..4),
        seed in any::<u8>(),
        compressed in any::<bool>(),
    ) {
        let size = dims.iter().product::<u32>();
        let values: Vec<u8> = (0..size).map(|i| (i as u8).wrapping_mul(seed)).collect();
        let bytes = idx(8, &dims, &values);
        let array = parse(&if compressed { gzip(&bytes) } else { bytes }).unwrap();
        prop_assert!(array.dims.iter().zip(&dims).all(|(&a, &b)| a == b as usize));
        prop_assert_eq!(array.values, Values::U8(values));
    }

    #[test]
    fn any_damage_is_noticed_or_harmless(
        compressed in any::<bool>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        length in any::<prop::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let whole = idx(8, &[3, 2, 2], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        let mut bytes = if compressed { gzip(&whole) } else { whole };
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if cut {
            bytes.truncate(length.index(bytes.len()));
        }
        if let Ok(array) = parse(&bytes) {
            let count = match &array.values {
                Values::U8(values) => values.len(),
                Values::F32(values) => values.len(),
            };
            prop_assert_eq!(array.dims.iter().product::<usize>(), count);
        }
    }
}

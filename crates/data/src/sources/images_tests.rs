use std::io::Cursor;

use glassbox_train::data::Split;
use image::{DynamicImage, GrayImage, ImageFormat as FileFormat, Luma, Rgb, RgbImage};
use proptest::prelude::*;

use super::*;

fn encode(image: &DynamicImage, format: FileFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn gray(height: u32, width: u32, value: u8) -> Vec<u8> {
    encode(&GrayImage::from_pixel(width, height, Luma([value])).into(), FileFormat::Png)
}

fn rgb(height: u32, width: u32, value: [u8; 3]) -> Vec<u8> {
    encode(&RgbImage::from_pixel(width, height, Rgb(value)).into(), FileFormat::Bmp)
}

fn write(files: &[(&str, Vec<u8>)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    folder
}

fn load(
    files: &[(&str, Vec<u8>)],
    size: Option<[usize; 2]>,
    color: Color,
) -> Result<Loaded, DataError> {
    let folder = write(files);
    let path = folder.path().into();
    ImagesConfig { path, size, color, ..Default::default() }.load(Path::new("."))
}

fn bytes(loaded: &Loaded) -> &[u8] {
    match loaded.dataset.inputs() {
        InputStore::U8 { values, .. } => values,
        _ => panic!("bytes"),
    }
}

#[test]
fn class_folders_in_order() {
    let files = [
        ("dog/2.png", gray(1, 2, 30)),
        ("cat/1.png", gray(1, 2, 10)),
        ("dog/1.png", gray(1, 2, 20)),
        ("dog/notes.txt", b"no image".to_vec()),
        ("dog/.hidden.png", vec![]),
    ];
    let loaded = load(&files, None, Color::Auto).unwrap();
    assert_eq!(loaded.dataset.item_shape().dims(), [1, 2, 1]);
    assert_eq!(bytes(&loaded), [10, 10, 20, 20, 30, 30]);
    assert_eq!(loaded.dataset.targets().class_names(), ["cat", "dog"]);
    assert!(loaded.official.is_none());
    assert!(loaded.notes[0].contains("left out 1 file that is not an image"), "{:?}", loaded.notes);
}

#[test]
fn parts_colours_and_sizes() {
    let files = [
        ("train/a/1.bmp", rgb(2, 2, [1, 2, 3])),
        ("train/b/1.png", gray(4, 4, 9)),
        ("val/a/1.png", gray(2, 2, 7)),
        ("test/b/1.png", gray(8, 2, 5)),
    ];
    let loaded = load(&files, Some([1, 1]), Color::Auto).unwrap();
    assert_eq!(bytes(&loaded), [1, 2, 3, 9, 9, 9, 7, 7, 7, 5, 5, 5]);
    let official = Split { train: vec![0, 1], valid: vec![2], test: vec![3] };
    assert_eq!(loaded.official, Some(official));
    let gray = load(&files, Some([1, 1]), Color::Gray).unwrap();
    assert_eq!(gray.dataset.item_shape().dims(), [1, 1, 1]);
}

#[test]
fn a_file_to_predict_is_read_alike() {
    let folder = write(&[("new.png", gray(2, 6, 100))]);
    let reader = InputReader::Image(ImageFormat {
        height: 1,
        width: 3,
        channels: 3,
        background: Background::White,
    });
    let dataset = reader.read_all(&folder.path().join("new.png")).unwrap();
    assert_eq!(dataset.inputs(), &InputStore::images(vec![100; 9]));
}

/// The header of a PNG that claims to be `side` × `side`.
fn png_header(side: u32) -> Vec<u8> {
    let mut bytes = gray(1, 1, 0);
    bytes[16..20].copy_from_slice(&side.to_be_bytes());
    bytes[20..24].copy_from_slice(&side.to_be_bytes());
    let mut crc = flate2::Crc::new();
    crc.update(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.sum().to_be_bytes());
    bytes
}

#[test]
fn what_is_wrong_is_named() {
    use DataErrorCode::*;
    type Case<'a> = (Vec<(&'a str, Vec<u8>)>, Option<[usize; 2]>, DataErrorCode, &'a [&'a str]);
    let good = || ("a/1.png", gray(2, 2, 0));
    let with = |name: &'static str, bytes: Vec<u8>| vec![good(), (name, bytes)];
    let picture = RgbImage::from_fn(16, 16, |x, y| Rgb([(x * 16) as u8, (y * 16) as u8, 0]));
    let jpeg = encode(&picture.into(), FileFormat::Jpeg);
    let png = gray(20, 20, 3);
    let cases: Vec<Case> = vec![
        (vec![], None, Classes, &["at least two subfolders", "none"]),
        (vec![good()], None, Classes, &["at least two", "found: a"]),
        (vec![("1.png", png.clone())], None, Classes, &["none"]),
        (with("b/readme.txt", b"x".to_vec()), None, Empty, &["b", ".png"]),
        (with("b/1.webp", b"x".to_vec()), None, Image, &["1.webp", "convert it"]),
        (with("b/1.png", vec![]), None, Empty, &["1.png", "0 bytes"]),
        (with("b/1.png", b"not an image".to_vec()), None, Image, &["1.png", "PNG"]),
        (with("b/1.png", png[..png.len() / 2].to_vec()), None, Image, &["1.png", "replace"]),
        (with("b/1.jpg", jpeg[..200].to_vec()), Some([2, 2]), Image, &["1.jpg"]),
        (
            with("b/1.png", gray(2, 3, 0)),
            None,
            ImageShape,
            &["1.png", "found: 3×2", "size = [2, 2]"],
        ),
        (with("b/1.bmp", rgb(2, 2, [1, 2, 3])), None, ImageShape, &["1.bmp", "color"]),
        (with("b/1.png", png_header(1_000_000)), None, TooLarge, &["1.png", "16384"]),
        (with("b/1.png", png_header(16_000)), None, TooLarge, &["16000×16000"]),
        (with("b/1.png", png), Some([0, 2]), Source, &["[0, 2]"]),
        (
            vec![
                ("train/a/1.png", gray(1, 1, 0)),
                ("train/b/1.png", gray(1, 1, 0)),
                ("test/c/1.png", gray(1, 1, 0)),
            ],
            None,
            Classes,
            &["a, b", "found: c"],
        ),
    ];
    for (files, size, code, parts) in cases {
        let names: Vec<_> = files.iter().map(|(name, _)| *name).collect();
        let error = load(&files, size, Color::Auto).err().unwrap_or_else(|| panic!("{names:?}"));
        assert_eq!(error.code, code, "{names:?}: {error}");
        for part in parts {
            assert!(error.to_string().contains(part), "{part:?} is not in {error}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn damaged_images_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        kind in 0..6usize,
    ) {
        let image: DynamicImage = RgbImage::from_pixel(9, 7, Rgb([1, 99, 200])).into();
        let formats = [FileFormat::Png, FileFormat::Jpeg, FileFormat::Bmp, FileFormat::Gif];
        let mut bytes = match formats.get(kind) {
            Some(&format) => encode(&image, format),
            None => super::damage_tests::case(["progressive.jpg", "restart.jpg"][kind - 4]),
        };
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let folder = write(&[("image.png", bytes)]);
        let _ = ReadImage::of(
            &folder.path().join("image.png"),
            ImageFormat { height: 2, width: 2, channels: 3, background: Background::White },
        );
    }
}

/// Formats of earlier versions do not say what is behind transparent pixels: it was dropped.
#[test]
fn models_of_earlier_versions_go_on_without_transparency() {
    let format: ImageFormat =
        serde_json::from_str(r#"{"height": 1, "width": 1, "channels": 3}"#).unwrap();
    assert_eq!(format.background, Background::Ignore);
    let new = ImageFormat { background: Background::White, ..format };
    let text = serde_json::to_string(&new).unwrap();
    assert_eq!(serde_json::from_str::<ImageFormat>(&text).unwrap(), new);
}

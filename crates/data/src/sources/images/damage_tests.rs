//! Damaged files, transparency, and what else stands in image files.

use std::io::Cursor;
use std::path::PathBuf;

use image::{DynamicImage, ImageFormat as FileFormat, Rgb, RgbImage, Rgba, RgbaImage};

use super::*;

fn picture() -> DynamicImage {
    RgbImage::from_fn(23, 18, |x, y| Rgb([(x * 11) as u8, (y * 14) as u8, (x * y) as u8])).into()
}

fn encode(image: &DynamicImage, format: FileFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A file of `images/cases`, made by Pillow 12.
pub(super) fn case(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/sources/images/cases");
    std::fs::read(PathBuf::from(folder).join(name)).unwrap()
}

fn read(bytes: &[u8], color: Color, background: Background) -> Result<Decoded, DataError> {
    decode::decode_data(bytes, Path::new("image"), color, background)
}

fn plain(bytes: &[u8]) -> Result<Decoded, DataError> {
    read(bytes, Color::Auto, Background::White)
}

fn assert_damaged(bytes: &[u8], what: &str) {
    let error = plain(bytes).err().unwrap_or_else(|| panic!("{what} is accepted"));
    assert!(matches!(error.code, DataErrorCode::Image | DataErrorCode::Empty), "{what}: {error}");
}

fn files() -> Vec<(String, Vec<u8>)> {
    let formats =
        [FileFormat::Png, FileFormat::Jpeg, FileFormat::Bmp, FileFormat::Gif, FileFormat::Pnm];
    let made = formats.map(|format| (format!("{format:?}"), encode(&picture(), format)));
    let cases = ["progressive", "restart", "gray", "cmyk", "full", "turned"]
        .map(|name| (format!("{name}.jpg"), case(&format!("{name}.jpg"))));
    made.into_iter().chain(cases).collect()
}

#[test]
fn whole_files_are_read_and_files_cut_anywhere_are_not() {
    for (name, bytes) in files() {
        plain(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        for end in (0..bytes.len()).step_by(7).chain(bytes.len() - 8..bytes.len()) {
            assert_damaged(&bytes[..end], &format!("{name} cut at {end} of {}", bytes.len()));
        }
        // What stands behind an image is no part of it.
        let more = [&bytes[..], b"more"].concat();
        assert_eq!(plain(&more).unwrap().image, plain(&bytes).unwrap().image, "{name}");
    }
}

/// Programs that download or repair files put an end behind a part, or fill up with zeros.
#[test]
fn a_part_with_an_end_is_no_image() {
    for name in ["restart.jpg", "cmyk.jpg", "full.jpg"] {
        let bytes = case(name);
        let start = bytes.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
        for end in (start..bytes.len() - 3).step_by(9) {
            let part = &bytes[..end];
            assert_damaged(&[part, &[0xff, 0xd9]].concat(), &format!("{name} ended at {end}"));
            let zeros = vec![0; bytes.len() - end];
            assert_damaged(&[part, &zeros].concat(), &format!("{name} zero from {end}"));
        }
    }
    let png = encode(&picture(), FileFormat::Png);
    let end = [&png[..png.len() / 2], &png[png.len() - 12..]].concat();
    assert_damaged(&end, "half a PNG with its end");
}

/// Values of Pillow's `Image.alpha_composite`.
#[test]
fn transparent_pixels_show_the_background() {
    for (pixel, white, black) in [
        ([200, 100, 0, 128], [227, 177, 127], [100, 50, 0]),
        ([0, 0, 0, 0], [255, 255, 255], [0, 0, 0]),
        ([255, 255, 255, 1], [255, 255, 255], [1, 1, 1]),
        ([10, 20, 30, 255], [10, 20, 30], [10, 20, 30]),
    ] {
        let image = RgbaImage::from_pixel(1, 1, Rgba(pixel));
        let png = encode(&image.into(), FileFormat::Png);
        let over = |background| read(&png, Color::Auto, background).unwrap();
        assert_eq!(over(Background::White).image.into_bytes(), white);
        assert_eq!(over(Background::Black).image.into_bytes(), black);
        assert_eq!(over(Background::Ignore).image.into_bytes(), pixel[..3]);
        assert_eq!(over(Background::White).transparent, pixel[3] < 255);
    }
    let palette = plain(&case("palette.png")).unwrap();
    assert_eq!(palette.image.into_bytes(), [255, 191, 191, 0, 0, 255]);
    assert!(palette.transparent);
}

#[test]
fn deep_and_turned_images_are_read_as_viewers_show_them() {
    // 0, 257, 65535 and 32768 of 65535.
    assert_eq!(plain(&case("deep.png")).unwrap().image.into_bytes(), [0, 1, 255, 128]);
    // Eight rows that grow brighter to the right, turned by a quarter: ImageOps.exif_transpose.
    let turned = plain(&case("turned.jpg")).unwrap().image.into_luma8();
    assert_eq!((turned.width(), turned.height()), (8, 16));
    assert!(turned.get_pixel(0, 0).0[0] < 10 && turned.get_pixel(0, 15).0[0] > 245);
}

#[test]
fn of_an_animation_the_first_image_is_read() {
    let frame = |value| image::Frame::new(RgbaImage::from_pixel(2, 2, Rgba([value, 0, 0, 255])));
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::gif::GifEncoder::new(&mut bytes);
    encoder.encode_frames([frame(250), frame(5)]).unwrap();
    drop(encoder);
    let decoded = plain(&bytes).unwrap();
    assert!(decoded.first_of_several);
    assert_eq!(decoded.image.into_bytes()[..3], [250, 0, 0]);
    assert!(!plain(&encode(&picture(), FileFormat::Gif)).unwrap().first_of_several);
}

fn load(files: &[(&str, Vec<u8>)], damaged: Damaged) -> Result<Loaded, DataError> {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    ImagesConfig { path: folder.path().into(), damaged, ..Default::default() }.load(Path::new(""))
}

#[test]
fn damaged_files_are_errors_or_left_out_and_listed() {
    let whole =
        |value: u8| encode(&RgbImage::from_pixel(2, 2, Rgb([value; 3])).into(), FileFormat::Png);
    let cut = whole(0)[..40].to_vec();
    let files = [
        ("test/a/1.png", whole(1)),
        ("test/b/1.png", cut.clone()),
        ("test/b/2.png", whole(2)),
        ("train/a/1.png", cut.clone()),
        ("train/a/2.png", whole(3)),
        ("train/b/1.png", whole(4)),
        ("train/b/2.png", Vec::new()),
    ];
    let error = load(&files, Damaged::Error).unwrap_err();
    assert!(error.to_string().contains("1.png") && error.to_string().contains("skip"), "{error}");
    let loaded = load(&files, Damaged::Skip).unwrap();
    let InputStore::U8 { values, .. } = loaded.dataset.inputs() else { panic!("bytes") };
    assert_eq!(values.chunks(12).map(|item| item[0]).collect::<Vec<_>>(), [3, 4, 1, 2]);
    let split = loaded.official.unwrap();
    assert_eq!((split.train, split.test), (vec![0, 1], vec![2, 3]));
    assert!(loaded.notes[0].contains("3 damaged files skipped"), "{:?}", loaded.notes);
    assert!(loaded.notes.iter().any(|note| note.contains("1.png: ")), "{:?}", loaded.notes);
    let all = [("a/1.png", whole(1)), ("b/1.png", cut)];
    let error = load(&all, Damaged::Skip).unwrap_err();
    assert!(error.to_string().contains("all images of a class"), "{error}");
}

#[test]
fn folders_are_parts_only_among_parts() {
    let image = || encode(&RgbImage::new(2, 2).into(), FileFormat::Png);
    let classes = |names: &[&str]| {
        let files: Vec<_> = names.iter().map(|name| (*name, image())).collect();
        let loaded = load(&files, Damaged::Error).unwrap();
        (loaded.dataset.targets().class_names().join(" "), loaded.official.is_some())
    };
    assert_eq!(classes(&["car/1.png", "train/1.png"]), ("car train".into(), false));
    assert_eq!(classes(&["test/1.png", "train/1.png"]), ("test train".into(), false));
    let parts = ["train/a/1.png", "train/b/1.png", "val/a/1.png"];
    assert_eq!(classes(&parts), ("a b".into(), true));
    let mixed = [("car/1.png", image()), ("train/a/1.png", image()), ("train/b/1.png", image())];
    let error = load(&mixed, Damaged::Error).unwrap_err();
    assert!(error.to_string().contains("no other folders beside them"), "{error}");
    let beside =
        [("1.png", image()), ("a/1.png", image()), ("b/1.png", image()), ("b/c/1.png", image())];
    let notes = load(&beside, Damaged::Error).unwrap().notes;
    assert!(notes[0].contains("1 folder in a class folder"), "{notes:?}");
    assert!(notes[0].contains("1 image beside the class folders"), "{notes:?}");
}

#[test]
fn what_is_done_to_an_image_to_predict_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.png");
    let background = Background::Black;
    let reader = InputReader::Image(ImageFormat { height: 1, width: 2, channels: 3, background });
    std::fs::write(&path, case("palette.png")).unwrap();
    let items = reader.read_items(&path, None).unwrap();
    assert!(items.notes[0].contains("new.png: transparent pixels are laid over black"));
    std::fs::write(&path, encode(&picture(), FileFormat::Png)).unwrap();
    assert!(reader.read_items(&path, None).unwrap().notes.is_empty());
}

/// A photo that is turned by its file has the size in which it is shown, in training as when it is
/// predicted.
#[test]
fn sizes_are_those_of_the_turned_images() {
    let folder = tempfile::tempdir().unwrap();
    for class in ["a", "b"] {
        std::fs::create_dir(folder.path().join(class)).unwrap();
        for index in 0..6 {
            let path = folder.path().join(format!("{class}/{index}.jpg"));
            std::fs::write(path, case("turned.jpg")).unwrap();
        }
    }
    let text = serde_json::json!({ "kind": "images", "path": folder.path(), "size": [4, 4] });
    let config: crate::DataConfig = serde_json::from_value(text).unwrap();
    let data = config.prepare(Path::new("")).unwrap();
    let items = data.reader.read_items(&folder.path().join("a/0.jpg"), None).unwrap();
    let statistics = data.statistics.unwrap();
    assert_eq!(statistics.sizes, Some(crate::SizeRange::of([16, 8])));
    assert_eq!(items.size, Some([16, 8]));
    assert_eq!(statistics.unlike_size([16, 8], [4, 4]), None);
}

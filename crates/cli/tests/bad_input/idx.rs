//! Bad IDX files.

use super::Case;

const RECIPE: &str = r#"[run]
name = "idx"
[data]
kind = "idx"
path = "."
split = { valid = 0.0, test = 0.0 }
[model]
layers = [{ type = "flatten" }, { type = "dense", units = "classes" }]
[train]
epochs = 1
"#;

const IMAGES: &str = "train-images-idx3-ubyte";
const LABELS: &str = "train-labels-idx1-ubyte";

/// An IDX file of bytes.
fn idx(lengths: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, lengths.len() as u8];
    lengths.iter().for_each(|length| bytes.extend(length.to_be_bytes()));
    bytes.extend(values);
    bytes
}

pub fn cases() -> Vec<Case> {
    let images = || idx(&[3, 2, 1], &[1, 2, 3, 4, 5, 6]);
    let labels = || idx(&[3], &[0, 1, 0]);
    let case = |name: &'static str, images: Vec<u8>, labels: Vec<u8>, code, place, says| {
        let files = vec![(IMAGES, images), (LABELS, labels)];
        Case::of_folder(name, RECIPE, files, [code, place, says])
    };
    let gzip_magic = [&[0x1f, 0x8b, 8, 0][..], &[7; 30]].concat();
    let flipped = |at: usize| {
        let mut bytes = images();
        bytes[at] = 7;
        bytes
    };
    vec![
        case("wrong magic", flipped(2), labels(), "GB0304", IMAGES, "00 00 07 03"),
        case("a web page", b"<html>Not found".to_vec(), labels(), "GB0304", IMAGES, "3c 68"),
        case("no bytes of images", Vec::new(), labels(), "GB0302", IMAGES, "0 bytes"),
        case(
            "a header that is cut off",
            images()[..9].to_vec(),
            labels(),
            "GB0304",
            IMAGES,
            "byte 9",
        ),
        case(
            "images that are cut off",
            images()[..20].to_vec(),
            labels(),
            "GB0305",
            IMAGES,
            "20 bytes",
        ),
        case(
            "images with bytes to spare",
            [images(), vec![0]].concat(),
            labels(),
            "GB0305",
            IMAGES,
            "23 bytes",
        ),
        case(
            "4 billion images of 4 billion pixels",
            idx(&[u32::MAX; 3], &[]),
            labels(),
            "GB0308",
            IMAGES,
            "4294967295",
        ),
        case("no images", idx(&[0, 2, 1], &[]), labels(), "GB0302", IMAGES, "0×2×1"),
        case("a damaged gzip stream", gzip_magic, labels(), "GB0303", IMAGES, "damaged"),
        case(
            "fewer labels than images",
            images(),
            idx(&[2], &[0, 1]),
            "GB0306",
            LABELS,
            "3 labels",
        ),
        case("labels of one class", images(), idx(&[3], &[0, 0, 0]), "GB0322", LABELS, "two"),
        case("images for labels", images(), images(), "GB0304", LABELS, "exchanged"),
        case("labels for images", labels(), labels(), "GB0304", IMAGES, "found"),
    ]
}

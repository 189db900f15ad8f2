//! Bad images: folders to train on, and files to predict.

use super::Case;

const RECIPE: &str = r#"[run]
name = "images"
[data]
kind = "images"
path = "pictures"
split = { valid = 0.0, test = 0.0 }
[model]
layers = [{ type = "flatten" }, { type = "dense", units = "classes" }]
[train]
epochs = 1
"#;

/// A bitmap of `height` × `width` pixels, whose header claims `claimed` × `claimed` if given.
fn bitmap(height: u32, width: u32, claimed: Option<u32>) -> Vec<u8> {
    let row = (width * 3).next_multiple_of(4);
    let mut bytes = b"BM".to_vec();
    let word = |bytes: &mut Vec<u8>, value: u32| bytes.extend(value.to_le_bytes());
    word(&mut bytes, 54 + row * height);
    word(&mut bytes, 0);
    word(&mut bytes, 54);
    word(&mut bytes, 40);
    word(&mut bytes, claimed.unwrap_or(width));
    word(&mut bytes, claimed.unwrap_or(height));
    bytes.extend([1, 0, 24, 0]);
    (0..6).for_each(|_| word(&mut bytes, 0));
    bytes.resize(bytes.len() + (row * height) as usize, 128);
    bytes
}

pub fn cases() -> Vec<Case> {
    let folder =
        |name, files, code, place, says| Case::of_folder(name, RECIPE, files, [code, place, says]);
    let good = || ("pictures/a/1.bmp", bitmap(2, 2, None));
    let png: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x02\x08";
    let with = |name, file, bytes: Vec<u8>, code, says| {
        folder(name, vec![good(), (file, bytes)], code, file, says)
    };
    vec![
        folder(
            "no classes",
            vec![("pictures/1.bmp", bitmap(2, 2, None))],
            "GB0322",
            "pictures",
            "two",
        ),
        folder("one class", vec![good()], "GB0322", "pictures", "two"),
        folder(
            "a class without images",
            vec![good(), ("pictures/b/readme.txt", b"x".to_vec())],
            "GB0302",
            "pictures/b",
            ".png",
        ),
        with("an image of no bytes", "pictures/b/1.png", Vec::new(), "GB0302", "0 bytes"),
        with("text called an image", "pictures/b/1.png", b"hello".to_vec(), "GB0320", "PNG"),
        with("an image that is cut off", "pictures/b/1.png", png.to_vec(), "GB0320", "replace"),
        with(
            "a bitmap that is cut off",
            "pictures/b/1.bmp",
            bitmap(2, 2, None)[..58].to_vec(),
            "GB0320",
            "replace",
        ),
        with(
            "images of two sizes",
            "pictures/b/1.bmp",
            bitmap(3, 2, None),
            "GB0321",
            "size = [2, 2]",
        ),
        with(
            "a header of 30,000 × 30,000 pixels",
            "pictures/b/1.bmp",
            bitmap(2, 2, Some(30_000)),
            "GB0308",
            "16384",
        ),
        with(
            "a format that is not read",
            "pictures/b/1.webp",
            b"RIFF".to_vec(),
            "GB0320",
            "convert",
        ),
        Case {
            name: "a file to predict that is no image",
            files: vec![("photo.png".into(), b"hello".to_vec())],
            command: "predict last photo.png",
            status: 1,
            code: "GB0320",
            place: "photo.png",
            says: "PNG",
        },
        Case {
            name: "a file to predict that is not there",
            files: vec![],
            command: "predict last nothing.png",
            status: 1,
            code: "GB0301",
            place: "nothing.png",
            says: "No such file",
        },
    ]
}

//! Whatever the text, reading a recipe ends with an experiment or a report, never with a panic.

use std::path::Path;

use glassbox_recipe::{Recipe, Style};
use proptest::prelude::*;

const RECIPES: [&str; 3] = [
    include_str!("../../../recipes/digits-cnn.toml"),
    include_str!("../../../recipes/wine.toml"),
    include_str!("../../../recipes/cifar-resnet20.toml"),
];

fn read(text: &str, overrides: &[String]) {
    if let Err(report) = Recipe::parse("recipe.toml", text, Path::new("."), overrides) {
        assert!(!report.is_empty());
        let _ = report.render(Style::default());
        let _ = report.to_string();
    }
}

/// Pieces that recipes are made of, and pieces that they should not be made of.
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "[[",
    "]]",
    "=",
    ",",
    ".",
    "\"",
    "'''",
    "\n",
    "#",
    "type",
    "\"conv2d\"",
    "\"dense\"",
    "units",
    "-1",
    "0",
    "1e999",
    "nan",
    "true",
    "\"classes\"",
    "\u{0}",
    "é",
    "🦀",
    "layers = [",
    "{ type = ",
    "9223372036854775808",
    "1979-05-27",
    "0x",
    "\\u",
    "..",
    "model.",
    "\"residual\", layers = [{ type = ",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn mutated_recipes(which in 0..RECIPES.len(), edits in prop::collection::vec(
        (any::<prop::sample::Index>(), 0usize..12, 0..PIECES.len()), 1..6)) {
        let mut text: Vec<char> = RECIPES[which].chars().collect();
        for (at, removed, piece) in edits {
            let at = at.index(text.len().max(1)).min(text.len());
            let end = (at + removed).min(text.len());
            text.splice(at..end, PIECES[piece].chars());
        }
        read(&text.into_iter().collect::<String>(), &[]);
    }

    #[test]
    fn pieces_at_random(pieces in prop::collection::vec(0..PIECES.len(), 0..60)) {
        read(&pieces.into_iter().map(|piece| PIECES[piece]).collect::<String>(), &[]);
    }

    #[test]
    fn any_override(set in "\\PC{0,40}") {
        read(RECIPES[0], &[set]);
    }
}

#[test]
fn deep_nesting_ends() {
    for depth in [100, 10_000, 200_000] {
        read(&format!("a = {}", "[".repeat(depth)), &[]);
        read(&format!("a = {}", "{ a = ".repeat(depth)), &[]);
        read(&format!("{}b = 1", "a.".repeat(depth)), &[]);
        read(&format!("[{}b]", "a.".repeat(depth)), &[]);
        read(&format!("[{}b]", "\"a\" . ".repeat(depth)), &[]);
        read("", &[format!("{}b=1", "a.".repeat(depth))]);
        read("", &[format!("a={}", "[".repeat(depth))]);
    }
}

#[test]
fn files_that_are_no_recipes() {
    let folder = tempfile::tempdir().unwrap();
    let code = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        Recipe::open(&path, &[]).unwrap_err().problems()[0].code
    };
    assert_eq!(code("latin1.toml", b"[run]\nname = \"caf\xe9\"\n"), "GB0102");
    assert_eq!(code("huge.toml", &vec![b'#'; 2 << 20]), "GB0102");
    assert_eq!(code("png.toml", b"\x89PNG\r\n\x1a\n"), "GB0102");
    assert_eq!(code("empty.toml", b""), "GB0107");
    assert_eq!(code("nul.toml", b"\0\0\0\0"), "GB0101");
    let open = |path: &Path| Recipe::open(path, &[]).unwrap_err().problems()[0].code;
    assert_eq!(open(folder.path()), "GB0102");
    assert_eq!(open(&folder.path().join("missing.toml")), "GB0102");
}

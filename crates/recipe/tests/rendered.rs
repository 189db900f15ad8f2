//! How errors look.

use std::path::Path;

use glassbox_recipe::{Recipe, Style};

fn rendered(text: &str, style: Style) -> String {
    let result = Recipe::parse("cnn.toml", text, Path::new("."), &[]).and_then(|recipe| {
        let data = recipe.prepare()?;
        recipe.resolve(&data)
    });
    result.err().map_or("no error".into(), |report| report.render(style))
}

const RECIPE: &str = r#"[data]
kind = "digits"
[model]
layers = [
  { type = "conv2", filters = 8, kernel = 3 },
  { type = "flatten" },
  { type = "dense", units = "classes" },
]
[train]
epoch = 3
optimizer = { type = "adam", lr = 0 }
"#;

#[test]
fn several_errors() {
    insta::assert_snapshot!(rendered(RECIPE, Style::default()));
}

#[test]
fn ascii_only() {
    let text = rendered(RECIPE, Style { unicode: false, ..Style::default() });
    assert!(text.is_ascii(), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn colours() {
    let text = rendered(RECIPE, Style { color: true, ..Style::default() });
    assert!(text.contains("\u{1b}["), "{text}");
    assert!(!rendered(RECIPE, Style::default()).contains('\u{1b}'));
}

#[test]
fn a_shape_error_stands_at_its_layer() {
    let text = RECIPE
        .replace("conv2", "conv2d")
        .replace("units = \"classes\"", "inputs = 99, units = \"classes\"")
        .replace("epoch =", "epochs =")
        .replace("lr = 0", "lr = 0.1");
    insta::assert_snapshot!(rendered(&text, Style::default()));
}

#[test]
fn a_syntax_error_hides_what_is_unclear_around_it() {
    let text = RECIPE.replace("kind = \"digits\"", "kind = \"digits");
    insta::assert_snapshot!(rendered(&text, Style::default()));
}

#[test]
fn long_lines_are_not_drawn() {
    let text = format!("[run]\nname = \"{}\"\nsede = 1\n", "x".repeat(100_000));
    let told = rendered(&text, Style::default());
    assert!(told.len() < 5_000, "{} bytes", told.len());
}

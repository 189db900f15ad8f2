//! Bad recipes.

use super::{Case, TINY};

/// What to replace in a good recipe, by what, and the answer.
type Row =
    (&'static str, &'static str, &'static str, i32, &'static str, &'static str, &'static str);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("a value is missing", "seed = 3", "seed =", 2, "GB0101", "bad.toml:3", "not valid TOML"),
    ("a quote is missing", "\"tiny\"", "\"tiny", 2, "GB0101", "bad.toml:2", "not valid TOML"),
    ("a key stands twice", "seed = 3", "seed = 3\nseed = 4", 2, "GB0101", "bad.toml:4", "duplicate key"),
    ("unknown section", "[run]", "[runn]", 2, "GB0103", "bad.toml:1", "did you mean `run`?"),
    ("unknown key", "epochs", "epocks", 2, "GB0103", "bad.toml:16", "did you mean `epochs`?"),
    ("unknown key of a layer", "units = 16", "unit = 16", 2, "GB0103", "bad.toml:10", "did you mean `units`?"),
    ("unknown layer", "\"relu\"", "\"rely\"", 2, "GB0104", "bad.toml:11", "did you mean `relu`?"),
    ("a layer of another kind of network", "\"relu\"", "\"transformer\"", 2, "GB0104", "bad.toml:11", "choose one of"),
    ("unknown optimizer", "\"adam\"", "\"adamm\"", 2, "GB0104", "bad.toml:18", "did you mean `adam`?"),
    ("unknown data source", "\"digits\"", "\"dogits\"", 2, "GB0104", "bad.toml:5", "did you mean `digits`?"),
    ("text for a number", "units = 16", "units = \"many\"", 2, "GB0106", "bad.toml:10", "many"),
    ("number for text", "\"tiny\"", "12", 2, "GB0106", "bad.toml:2", "text in quotes"),
    ("fraction for a whole number", "epochs = 3", "epochs = 2.5", 2, "GB0106", "bad.toml:16", "2.5"),
    ("a list for a table", "optimizer = { type = \"adam\", lr = 1e-2 }", "optimizer = [1]", 2, "GB0106", "bad.toml:18", "a list"),
    ("missing type", "type = \"flatten\"", "", 2, "GB0107", "bad.toml:9", "needs `type`"),
    ("missing key", "units = 16", "", 2, "GB0107", "bad.toml:10", "units = 128"),
    ("probability of 1", "p = 0.1", "p = 1.0", 2, "GB0108", "bad.toml:12", "from 0 to below 1"),
    ("negative number of epochs", "epochs = 3", "epochs = -3", 2, "GB0108", "bad.toml:16", "-3"),
    ("learning rate of NaN", "1e-2", "nan", 2, "GB0109", "bad.toml:18", "finite"),
    ("a layer of a billion units", "units = 16", "units = 1000000000", 2, "GB0108", "bad.toml:10", "units"),
    ("more weights than memory", "units = 16", "units = 1000000 },\n  { type = \"dense\", units = 1000000", 2, "GB0206", "bad.toml:11", "smaller"),
    ("an integer beyond 64 bits", "seed = 3", "seed = 99999999999999999999999", 2, "GB0108", "bad.toml:3", "too large"),
    ("no layers", "  { type = \"flatten\" },\n  { type = \"dense\", units = 16 },\n  { type = \"relu\" },\n  { type = \"dropout\", p = 0.1 },\n  { type = \"dense\", units = \"classes\" },\n", "", 2, "GB0111", "bad.toml:8", "at least one layer"),
    ("a convolution over a list of numbers", "{ type = \"relu\" }", "{ type = \"conv2d\", filters = 4, kernel = 3 }", 2, "GB0202", "bad.toml:11", "layer 2 (conv2d)"),
    ("a window larger than the image", "{ type = \"flatten\" }", "{ type = \"max_pool\", size = 9 }", 2, "GB0205", "bad.toml:9", "layer 0 (max_pool)"),
    ("another number of inputs than there are", "units = 16", "units = 16, inputs = 99", 2, "GB0203", "bad.toml:10", "remove `inputs`"),
    ("another number of outputs than classes", "units = \"classes\"", "units = 11", 2, "GB0122", "bad.toml:13", "10 values"),
    ("a loss for another task", "epochs = 3", "epochs = 3\nloss = \"huber\"", 2, "GB0120", "bad.toml:17", "cross_entropy"),
    ("parts of more than everything", "train = 0.2", "train = 1.0", 1, "GB0330", "bad.toml:6", "more than all items"),
];

pub fn cases() -> Vec<Case> {
    let rows = ROWS.iter().map(|&(name, find, replace, status, code, place, says)| {
        assert!(TINY.contains(find), "{find}");
        Case {
            name,
            files: vec![("bad.toml".into(), TINY.replacen(find, replace, 1).into_bytes())],
            command: "train bad.toml",
            status,
            code,
            place,
            says,
        }
    });
    rows.chain(whole_files()).collect()
}

/// Recipes that are wrong as a whole, and overrides.
fn whole_files() -> Vec<Case> {
    let with = |name, command, content: &[u8], code, place, says| Case {
        name,
        files: vec![("bad.toml".into(), content.to_vec())],
        command,
        status: 2,
        code,
        place,
        says,
    };
    let deep = format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    vec![
        with("no such recipe", "train none.toml", b"", "GB0102", "none.toml", "glassbox new"),
        with("a folder as a recipe", "train runs", b"", "GB0102", "runs", "a folder"),
        with(
            "a recipe of bytes",
            "train bad.toml",
            &[0xff, 0xfe, 0],
            "GB0102",
            "bad.toml",
            "UTF-8",
        ),
        with("an empty recipe", "train bad.toml", b"", "GB0107", "bad.toml:1", "needs"),
        with("100,000 brackets", "train bad.toml", deep.as_bytes(), "GB0101", "bad.toml:1", "TOML"),
        with(
            "a recipe of 10 MB",
            "train bad.toml",
            &vec![b'#'; 10 << 20],
            "GB0102",
            "bad.toml",
            "KiB",
        ),
        with(
            "a wrong --set",
            "train tiny.toml --set train.epochs=many",
            b"",
            "GB0106",
            "--set",
            "a whole number",
        ),
        with(
            "--set of an unknown key",
            "train tiny.toml --set train.epoch=3",
            b"",
            "GB0103",
            "--set",
            "`epochs`",
        ),
    ]
}

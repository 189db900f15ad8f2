//! Bad tables: CSV files to train on, and to predict.

use super::Case;

const RECIPE: &str = r#"[run]
name = "table"
[data]
kind = "csv"
path = "table.csv"
split = { valid = 0.0, test = 0.0 }
[model]
layers = [{ type = "dense", units = "outputs" }]
[train]
epochs = 1
"#;

pub fn cases() -> Vec<Case> {
    let table = |name, content: &[u8], code, place, says| Case {
        name,
        files: vec![("table.toml".into(), RECIPE.into()), ("table.csv".into(), content.to_vec())],
        command: "train table.toml",
        status: 1,
        code,
        place,
        says,
    };
    let many: String = (0..103).map(|i| format!("v{i},{i}\n")).collect();
    let wide: String = format!("{}1\n", "1,".repeat(70_000));
    vec![
        table("an empty table", b"", "GB0302", "table.csv", "0 bytes"),
        table("a header alone", b"a,b\n", "GB0302", "table.csv", "at least one row"),
        table("a row that is cut off", b"a,b\n1,2\n3\n", "GB0310", "table.csv:3", "2 cells"),
        table("a row that is too long", b"a,b\n1,2\n3,4,5\n", "GB0310", "table.csv:3", "2 cells"),
        table(
            "bytes that are no text",
            b"a,b\n1,2\n\xff\xfe,3\n",
            "GB0310",
            "table.csv:3",
            "UTF-8",
        ),
        table("a word among numbers", b"a,b\n1,2\nx,4\n5,6\n", "GB0312", "table.csv:3", "\"x\""),
        table("NaN", b"a,b\n1,2\nNaN,4\n", "GB0314", "table.csv:3", "NaN"),
        table("an infinite target", b"a,b\n1,2\n3,inf\n", "GB0313", "table.csv:3", "inf"),
        table("a number beyond f32", b"a,b\n1,2\n1e39,4\n", "GB0313", "table.csv:3", "3.4e38"),
        table("an empty cell", b"a,b\n1,2\n,4\n", "GB0314", "table.csv:3", "skip_row"),
        table("two columns of one name", b"a,a,b\n1,2,3\n", "GB0311", "table.csv:1", "\"a\""),
        table("no column left to learn from", b"a\n1\n", "GB0311", "table.csv", "no columns"),
        table("a category for every row", many.as_bytes(), "GB0315", "table.csv", "at most 100"),
        table(
            "a row of 70,000 cells after one of two",
            format!("a,b\n{wide}").as_bytes(),
            "GB0310",
            "table.csv:2",
            "2 cells",
        ),
    ]
}

//! Columns are read as what they are, and it is shown as what.

use serde_json::Value;

use crate::common::Place;

const LINEAR: &str = r#"[run]
name = "t"
[data]
kind = "csv"
path = "t.csv"
[model]
layers = [{ type = "dense", units = "outputs" }]
[train]
epochs = 60
batch_size = 16
optimizer = { type = "adam", lr = 1e-1 }
"#;

fn place(table: &str, recipe: &str) -> Place {
    let place = Place::new();
    place.write("t.csv", table);
    place.write("r.toml", recipe);
    place
}

/// The scores of `eval --json` on the test items.
fn scores(place: &Place) -> Value {
    serde_json::from_str(&place.run("eval last --json").ok()).unwrap()
}

#[test]
fn decimal_commas_are_numbers() {
    // price = 2 size + 1
    let rows = (0..60).map(|row| {
        let size = f64::from(row * 7 % 60) / 10.0;
        format!("{size:.1};{:.2}\n", 2.0 * size + 1.0).replace('.', ",")
    });
    let table = format!("size;price\n{}", rows.collect::<String>());
    let place = place(&table, LINEAR);
    let checked = place.run("check r.toml").ok();
    assert!(checked.contains("target   price: numbers, decimal comma"), "{checked}");
    place.run("train r.toml").ok();
    let mae = scores(&place)["mae"].as_f64().unwrap();
    assert!(mae < 0.05, "{mae}");
    place.write("new.csv", "size\n2,5\n");
    let predicted: Value =
        serde_json::from_str(&place.run("predict last new.csv --json").ok()).unwrap();
    let price = predicted["values"]["price"].as_f64().unwrap();
    assert!((price - 6.0).abs() < 0.1, "{predicted}");
}

#[test]
fn percent_currency_and_dates_are_numbers_too() {
    for (cells, kind) in [
        (["$12.00", "$1,250.50", "$7.25"], "numbers, $"),
        (["12 %", "7.5 %", "3 %"], "numbers, percent"),
        (["31.12.2024", "1.1.2025", "2.1.2025"], "dates, as days since 1970"),
    ] {
        let rows: String =
            cells.iter().cycle().take(30).map(|cell| format!("{cell};1\n")).collect();
        let place = place(&format!("x;y\n{rows}"), LINEAR);
        let checked = place.run("check r.toml").ok();
        assert!(checked.contains(&format!("feature  x: {kind}")), "{checked}");
    }
}

#[test]
fn years_may_be_names_of_columns() {
    let rows = (0..30).map(|row| {
        let x = f64::from(row * 7 % 30) / 10.0;
        format!("{x:.3},{:.3},{}\n", 3.0 - x, if row * 7 % 30 < 15 { "no" } else { "yes" })
    });
    let recipe = LINEAR.replace("outputs", "classes");
    let table = format!("2019,2020,label\n{}", rows.collect::<String>());
    let place = place(&table, &recipe);
    let checked = place.run("check r.toml");
    assert!(checked.err.contains("the first row names the columns"), "{checked:?}");
    let out = checked.ok();
    assert!(out.contains("class    label: 2 classes"), "{out}");
    assert!(
        out.contains("20 training, 5 validation and 5 test"),
        "30 rows, none of them the header: {out}"
    );
}

#[test]
fn not_a_number_is_missing() {
    let table = "a,smoker,y\n1,yes,3\nNaN,no,5\n5,no,7\nnan,yes,1\n3,NaN,4\n2,no,2\n7,yes,7\n8,no,8\n9,no,9\n4,yes,4\n";
    let refused = place(table, LINEAR).run("check r.toml").failed(1);
    assert!(refused.contains("GB0314") && refused.contains("t.csv:3"), "{refused}");
    let recipe = LINEAR.replace("path", "missing = \"skip_row\"\npath");
    let place = place(table, &recipe);
    let checked = place.run("check r.toml");
    assert!(checked.err.contains("3 rows with missing values left out"), "{checked:?}");
    assert!(checked.ok().contains("smoker: no or yes, as 0 or 1"));
}

#[test]
fn the_task_decides_what_a_target_of_numbers_is() {
    let rows: String = (0..60).map(|row| format!("{}.5,{}\n", row % 3, row % 3 + 1)).collect();
    let recipe = |task: &str, units: &str| {
        let named = format!("name = \"t\"\ntask = \"{task}\"");
        LINEAR.replace("name = \"t\"", &named).replace("outputs", units)
    };
    let place = place(&format!("a,quality\n{rows}"), &recipe("classify", "classes"));
    let checked = place.run("check r.toml").ok();
    assert!(checked.contains("class    quality: 3 classes"), "{checked}");
    place.run("train r.toml").ok();
    assert_eq!(scores(&place)["accuracy"], 1.0);
    place.write("r.toml", &recipe("regress", "outputs"));
    assert!(place.run("check r.toml").ok().contains("target   quality: numbers"));
    // Words are no numbers, but no and yes are 0 and 1.
    place.write("t.csv", &format!("a,y\n{}", "1,yes\n2,no\n".repeat(30)));
    assert!(place.run("check r.toml").ok().contains("target   y: no or yes, as 0 or 1"));
    place.write("t.csv", &format!("a,y\n{}", "1,red\n2,blue\n".repeat(30)));
    assert!(place.run("check r.toml").failed(1).contains("GB0312"));
}

#[test]
fn seconds_since_1970_keep_their_digits() {
    // numpy: the mean absolute error of an exact line is 0; in single precision it was 109 s.
    let rows = |time_first: bool| -> String {
        (0..400)
            .map(|row| match time_first {
                true => format!("{},{row}\n", 1_700_000_000 + row),
                false => format!("{row},{}\n", 1_700_000_000 + row),
            })
            .collect()
    };
    for time_first in [true, false] {
        let place = place(&format!("x,y\n{}", rows(time_first)), LINEAR);
        place.run("train r.toml").ok();
        let mae = scores(&place)["mae"].as_f64().unwrap();
        assert!(mae < 1.0, "{mae}");
        let input = if time_first { 1_700_000_200 } else { 200 };
        place.write("new.csv", &format!("x\n{input}\n"));
        let predicted: Value =
            serde_json::from_str(&place.run("predict last new.csv --json").ok()).unwrap();
        let expected = if time_first { 200.0 } else { 1_700_000_200.0 };
        let error = (predicted["values"]["y"].as_f64().unwrap() - expected).abs();
        assert!(error < 3.0, "{error}");
    }
    // Without standardisation digits would be lost: it is said.
    let recipe = LINEAR.replace("path", "normalize = \"none\"\nstandardize_targets = false\npath");
    for time_first in [true, false] {
        let place = place(&format!("x,y\n{}", rows(time_first)), &recipe);
        let said = place.run("check r.toml").err;
        assert!(said.contains("more digits than a model computes with"), "{said}");
    }
}

#[test]
fn data_are_shown_in_full() {
    let rows = (0..40).map(|row| {
        format!(
            "{row},{},{},{}\n",
            row % 4,
            ["red", "blue"][row % 2],
            if row < 38 { "a" } else { "b" }
        )
    });
    let table = format!("id,x,colour,y\n{}", rows.collect::<String>());
    let place = place(&table, &LINEAR.replace("outputs", "classes"));
    let shown = place.run("data r.toml").ok();
    for part in [
        "40 items of 4",
        "feature  id, x: numbers",
        "feature  colour: 2 categories",
        "class    y: 2 classes",
        "duplicates: 0 in train",
        "samples of train",
        "warning: the column \"id\" numbers the rows",
    ] {
        assert!(shown.contains(part), "{part:?} is not in {shown}");
    }
    let json: Value = serde_json::from_str(&place.run("data r.toml --json").ok()).unwrap();
    assert_eq!(
        (&json["items"], &json["columns"][2]["read_as"]),
        (&40.into(), &"2 categories".into())
    );
    // numpy.arange(40).std()
    let std = json["inputs"][0]["std"].as_f64().unwrap();
    assert!((std - 11.543_396_380_615_195).abs() < 1e-9, "{std}");
    let counted: u64 = ["train", "valid", "test"]
        .iter()
        .map(|part| json["classes"][0][part].as_u64().unwrap())
        .sum();
    assert_eq!(counted, 38);
}

#[test]
fn augmented_images_are_drawn() {
    let place = Place::new();
    let recipe = format!("{}\n[[augment]]\ntype = \"rotate\"\ndegrees = 20\n", crate::common::TINY);
    place.write("r.toml", &recipe);
    let shown = place.run("data r.toml --images seen.png").ok();
    assert!(shown.contains("images: seen.png"), "{shown}");
    let bytes = std::fs::read(place.path().join("seen.png")).unwrap();
    assert_eq!(&bytes[1..4], b"PNG");
}

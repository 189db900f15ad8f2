//! Scores of a file are those of its predictions, row by row; what is read otherwise than it stands
//! is counted; help can be followed where it is given.

use std::fs;

use serde_json::Value;

use crate::common::Place;

/// What `predict` says of a file, item by item.
fn predicted(place: &Place, file: &str) -> Vec<Value> {
    place.json(&format!("predict last --json {file}"))
}

#[track_caller]
fn close(found: &Value, wanted: f64) {
    let found = found.as_f64().unwrap();
    assert!((found - wanted).abs() <= 1e-5 * wanted.abs().max(1e-3), "{found}, not {wanted}");
}

fn noise(index: usize) -> f64 {
    let mixed = (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    f64::from((mixed >> 40) as u32) / f64::from(1 << 23) - 1.0
}

/// A run on `data`, a `[data]` table, with a model of these layers.
fn train(place: &Place, data: &str, layers: &str) {
    let recipe = format!(
        "[data]\n{data}\n[model]\nlayers = [{layers}]\n[train]\nepochs = 2\nbatch_size = 8\n"
    );
    place.write("r.toml", &recipe);
    place.run("train r.toml").ok();
}

/// Compares accuracy and loss of `eval` with what `predict` says of items of these classes.
#[track_caller]
fn compare_classes(place: &Place, file: &str, classes: &[String]) {
    let scores = place.eval(file);
    let predictions = predicted(place, file);
    assert_eq!(
        (scores["n"].as_u64(), predictions.len()),
        (Some(classes.len() as u64), classes.len())
    );
    let pairs = || predictions.iter().zip(classes);
    let right = pairs().filter(|(prediction, class)| prediction["class"] == **class).count();
    close(&scores["accuracy"], right as f64 / classes.len() as f64);
    let loss: f64 = pairs()
        .map(|(prediction, class)| -prediction["probabilities"][class].as_f64().unwrap().ln())
        .sum();
    close(&scores["loss"], loss / classes.len() as f64);
}

#[test]
fn several_outputs_are_scored_as_they_are_predicted() {
    let place = Place::new();
    let numbers: Vec<[f64; 4]> = (0..90)
        .map(|row| {
            let (a, b) = (noise(row), noise(row + 500));
            // Of very different sizes.
            [a, b, 1e6 + 3e4 * (a - b), 1e-3 * (a + 2.0 * b)]
        })
        .collect();
    let rows = numbers.iter().map(|[a, b, large, small]| format!("{a},{b},{large},{small}\n"));
    place.write("t.csv", &format!("a,b,large,small\n{}", rows.collect::<String>()));
    let data = "kind = \"csv\"\npath = \"t.csv\"\ntarget = [\"large\", \"small\"]";
    train(&place, data, "{ type = \"dense\", units = \"outputs\" }");
    let (scores, predictions) = (place.eval("t.csv"), predicted(&place, "t.csv"));
    let mut mean = 0.0;
    for (name, column) in [("large", 2), ("small", 3)] {
        let errors = predictions.iter().zip(&numbers).map(|(prediction, row)| {
            (prediction["values"][name].as_f64().unwrap() - row[column]).abs()
        });
        let mae = errors.sum::<f64>() / 90.0;
        close(&scores[format!("mae.{name}")], mae);
        mean += mae / 2.0;
    }
    close(&scores["mae"], mean);
}

#[test]
fn lines_are_scored_as_they_are_predicted() {
    let place = Place::new();
    let class = |row: usize| ["good", "bad"][row % 2].to_owned();
    let text = |row: usize| format!("{} thing {}", ["fine", "poor"][row % 2], row % 7);
    let rows = (0..60).map(|row| format!("\"{}\",{}\n", text(row), class(row)));
    place.write("t.csv", &format!("text,label\n{}", rows.collect::<String>()));
    let data = "kind = \"lines\"\npath = \"t.csv\"\ntext = \"text\"\ntarget = \"label\"";
    let layers = "{ type = \"embedding\", dim = 4 }, { type = \"gru\", units = 5, return = \"last\" }, \
                  { type = \"dense\", units = \"classes\" }";
    train(&place, data, layers);
    compare_classes(&place, "t.csv", &(0..60).map(class).collect::<Vec<_>>());
}

#[test]
fn a_series_is_scored_as_it_is_predicted() {
    let place = Place::new();
    let value = |row: usize| 100.0 + 10.0 * (row as f64 / 3.0).sin() + noise(row);
    let series = |rows: usize| -> String {
        let rows = (0..rows).map(|row| format!("{row},{}\n", value(row)));
        format!("t,v\n{}", rows.collect::<String>())
    };
    place.write("t.csv", &series(120));
    let data = "kind = \"series\"\npath = \"t.csv\"\ntarget = \"v\"\ntime = \"t\"\nwindow = 6\nhorizon = 1";
    train(&place, data, "{ type = \"flatten\" }, { type = \"dense\", units = \"outputs\" }");
    // `predict` forecasts what follows the end of a file: once for every beginning.
    let ends = 30..40;
    let mut mae = 0.0;
    for end in ends.clone() {
        place.write("begin.csv", &series(end));
        let next = predicted(&place, "begin.csv");
        let (_, next) = next[0]["values"].as_object().unwrap().iter().next().unwrap();
        mae += (next.as_f64().unwrap() - value(end)).abs() / ends.len() as f64;
    }
    // Windows of the rows 24 to 40: their targets are the rows 30 to 39.
    let rows = (24..40).map(|row| format!("{row},{}\n", value(row)));
    place.write("part.csv", &format!("t,v\n{}", rows.collect::<String>()));
    let scores = place.eval("part.csv");
    assert_eq!(scores["n"], 10);
    close(&scores["mae"], mae);
}

/// Gray images in two class folders below `folder`: bright and dark ones.
fn images(place: &Place, folder: &str, size: u32) -> Vec<String> {
    let mut classes = Vec::new();
    for (class, level) in [("bright", 200u8), ("dark", 40)] {
        let path = place.path().join(folder).join(class);
        fs::create_dir_all(&path).unwrap();
        for index in 0..20usize {
            let gray = |x: u32, y: u32| {
                let spot = noise(index * 97 + (x * 31 + y) as usize);
                image::Luma([(f64::from(level) + 30.0 * spot) as u8])
            };
            let picture = image::GrayImage::from_fn(size, size, gray);
            picture.save(path.join(format!("{index:02}.png"))).unwrap();
            classes.push(class.to_owned());
        }
    }
    classes
}

const IMAGES: &str = "kind = \"images\"\npath = \"train\"\nsize = [8, 8]";
const FLAT: &str = "{ type = \"flatten\" }, { type = \"dense\", units = \"classes\" }";

#[test]
fn images_are_scored_as_they_are_predicted_and_their_sizes_compared() {
    let place = Place::new();
    images(&place, "train", 8);
    let classes = images(&place, "new", 8);
    train(&place, IMAGES, FLAT);
    compare_classes(&place, "new", &classes);
    assert!(!place.run("eval last new").err.contains("another size"));
    // Resized a hundred times: told by both.
    images(&place, "large", 800);
    let told = "the image is 800×800 pixels, 100 times larger than the training's (8×8), and is \
                resized to 8×8";
    let ended = place.run("eval last large");
    assert!(ended.err.contains("40 of 40 images have another size; item 1: "), "{ended:?}");
    assert!(ended.err.contains(told), "{ended:?}");
    assert!(place.eval("large")["warnings"].to_string().contains("another size"));
    assert!(place.run("predict last large/dark/00.png").err.contains(told));
}

#[test]
fn damaged_images_of_new_data_are_errors_or_counted() {
    let place = Place::new();
    images(&place, "train", 8);
    images(&place, "new", 8);
    train(&place, IMAGES, FLAT);
    let whole = fs::read(place.path().join("new/dark/03.png")).unwrap();
    fs::write(place.path().join("new/dark/03.png"), &whole[..whole.len() / 2]).unwrap();
    let err = place.run("eval last new").failed(1);
    assert!(err.contains("03.png") && err.contains("--set data.damaged=skip"), "{err}");
    let ended = place.run("eval last new --json --set data.damaged=skip");
    assert!(ended.err.contains("1 damaged file skipped"), "{ended:?}");
    let scores: Value = serde_json::from_str(&ended.ok()).unwrap();
    assert_eq!((&scores["n"], &scores["skipped"]), (&39.into(), &1.into()), "{scores}");
}

/// A run on a table with a category, a date of two readings and a row that may be missing.
fn table() -> Place {
    let place = Place::new();
    let row = |i: usize| format!("{},{},{}\n", i as f64 * 0.5, ["p", "q", "r"][i % 3], 2 * i);
    place.write("t.csv", &format!("a,c,y\n{}", (0..60).map(row).collect::<String>()));
    train(
        &place,
        "kind = \"csv\"\npath = \"t.csv\"\ntarget = \"y\"",
        "{ type = \"dense\", units = \"outputs\" }",
    );
    place
}

#[test]
fn what_is_read_as_none_of_the_known_ones_is_counted() {
    let place = table();
    place.write("new.csv", "sep=,\na,c,y\n1,p,3\n2,z,4\n3,w,4\n");
    for command in ["eval last new.csv", "predict last new.csv"] {
        let ended = place.run(&format!("{command} --unknown other"));
        let told = "new.csv: 2 cells of \"c\" are none of the known categories and read as none of \
                    them; the first is \"z\"";
        assert!(ended.err.contains(told), "{ended:?}");
        assert!(!place.run("eval last t.csv --unknown other").err.contains("none of the known"));
    }
}

#[test]
fn help_with_new_data_can_be_followed_there() {
    let place = table();
    for (name, rows, code) in [
        ("category", "1,z,3\n", "GB0315"),
        ("missing", ",p,3\n", "GB0314"),
        ("number", "one,p,3\n", "GB0312"),
        ("infinite", "1e999,p,3\n", "GB0313"),
    ] {
        place.write("new.csv", &format!("a,c,y\n2,p,3\n{rows}"));
        for command in ["eval last new.csv", "predict last new.csv"] {
            let err = place.run(command).failed(1);
            assert!(err.contains(code), "{name}: {err}");
            let help = err.lines().find(|line| line.contains("help: ")).expect(&err);
            // Keys of the recipe are refused there, unless one trains again.
            for key in ["missing =", "unknown =", "categorical", "[data]", "missing_values"] {
                assert!(!help.contains(key) || help.contains("train again"), "{name}: {help}");
            }
        }
    }
    // What the help says works.
    place.write("new.csv", "a,c,y\n2,z,3\n");
    place.run("eval last new.csv --unknown other").ok();
    place.run("predict last new.csv --unknown other").ok();
}

#[test]
fn a_path_is_said_to_start_where_it_does() {
    let place = table();
    let err = place.run("eval last none.csv").failed(1);
    assert!(err.contains("GB0301") && err.contains("current folder"), "{err}");
    let err = place.run("check r.toml --set data.path=none.csv").failed(1);
    assert!(err.contains("after --set starts at the current folder"), "{err}");
    fs::remove_file(place.path().join("t.csv")).unwrap();
    let err = place.run("check r.toml").failed(1);
    assert!(err.contains("starts at the folder of the recipe"), "{err}");
}

#[test]
fn what_teaches_nothing_or_is_left_out_is_said() {
    let place = Place::new();
    let notes = |data: &str, layers: &str| {
        let recipe = format!("[data]\n{data}\n[model]\nlayers = [{layers}]\n");
        place.write("r.toml", &recipe);
        place.run("check r.toml").err
    };
    let days = (1..=28).map(|day| format!("2024-01-{day:02},5\n"));
    place.write("s.csv", &format!("day,v\n{}", days.collect::<String>()));
    let series = "kind = \"series\"\npath = \"s.csv\"\ntarget = \"v\"\nwindow = 4";
    let told = notes(series, "{ type = \"flatten\" }, { type = \"dense\", units = \"outputs\" }");
    assert!(told.contains("\"v\" is 5 in every row"), "{told}");

    place.write("x.txt", &format!("{}xyz", "abc def\n".repeat(13)));
    let text = "kind = \"text\"\npath = \"x.txt\"\nseq_len = 20\n\
                split = { train = 0.6, valid = 0.2, test = 0.2 }";
    let layers = "{ type = \"embedding\", dim = 4 }, { type = \"gru\", units = 8 }, \
                  { type = \"dense\", units = \"vocab\" }";
    let told = notes(text, layers);
    assert!(told.contains("the last 6 of 107 tokens are left out"), "{told}");

    // An identifier beside columns with a decimal comma.
    let rows = (0..60).map(|i| format!("{};{},5;{},25\n", 100_000 + i * i * 83, i, 2 * i));
    place.write("c.csv", &format!("customer_no;a;y\n{}", rows.collect::<String>()));
    let csv = "kind = \"csv\"\npath = \"c.csv\"\ntarget = \"y\"";
    let told = notes(csv, "{ type = \"dense\", units = \"outputs\" }");
    assert!(told.contains("ignore = [\"customer_no\"] leaves it out"), "{told}");

    let months = (0..60).map(|i| format!("{}-{},{}\n", ["Jan", "Feb"][i % 2], 23 + i % 3, i));
    place.write("m.csv", &format!("when,y\n{}", months.collect::<String>()));
    let csv = "kind = \"csv\"\npath = \"m.csv\"\ntarget = \"y\"";
    let told = notes(csv, "{ type = \"dense\", units = \"outputs\" }");
    assert!(told.contains("\"Jan-23\", which may be a day or a year"), "{told}");
}

#[test]
fn tokens_that_cannot_be_seen_are_quoted() {
    let place = Place::new();
    place.write("x.txt", &"ab c\n".repeat(100));
    let data = "kind = \"text\"\npath = \"x.txt\"\nseq_len = 10";
    let layers = "{ type = \"embedding\", dim = 4 }, { type = \"gru\", units = 8 }, \
                  { type = \"dense\", units = \"vocab\" }";
    train(&place, data, layers);
    place.write("p.txt", "ab c");
    let out = place.run("predict last p.txt --top 5").ok();
    assert_eq!(out.lines().count(), 1, "{out}");
    assert!(out.contains("\"\\n\" ") && out.contains("\" \" "), "{out}");
}

//! What a model learned about its data belongs to the model: `eval` and `predict` read new data
//! through it and fit nothing again.

use std::fmt::Write as _;

use serde_json::Value;

use crate::common::Place;

/// A model of one number and two classes, the sign of the number.
const SIGN: &str = r#"[run]
name = "sign"
[data]
kind = "csv"
path = "train.csv"
[model]
layers = [{ type = "dense", units = "classes" }]
[train]
epochs = 40
optimizer = { type = "adam", lr = 5e-2 }
"#;

/// `count` numbers from `low` to `high` with their signs, in a mixed order.
fn signs(count: usize, low: f64, high: f64, header: &str) -> String {
    let mut table = format!("{header}\n");
    for index in 0..count {
        let at = (index * 37 % count) as f64 / count as f64;
        let x = low + (high - low) * at + 1e-3;
        let _ = writeln!(table, "{x:.5},{}", if x < 0.0 { "neg" } else { "pos" });
    }
    table
}

fn trained() -> Place {
    let place = Place::new();
    place.write("r.toml", SIGN);
    place.write("train.csv", &signs(200, -1.0, 1.0, "x,y"));
    place.run("train r.toml").ok();
    place
}

/// The predictions of a file, one object an item.
fn predict(place: &Place, arguments: &str) -> Vec<Value> {
    place.json(&format!("predict last --json {arguments}"))
}

/// The share of the rows of a labelled table that are predicted right.
fn right(table: &str, predictions: &[Value]) -> f64 {
    let labels: Vec<_> = table.lines().skip(1).map(|row| row.rsplit(',').next().unwrap()).collect();
    assert_eq!(labels.len(), predictions.len());
    let right = labels.iter().zip(predictions).filter(|(y, p)| p["class"] == **y).count();
    right as f64 / labels.len() as f64
}

#[test]
fn other_data_is_normalized_as_the_training_data_was() {
    let place = trained();
    // Of these numbers most are positive: a normalization fitted on them would put 0 elsewhere.
    let new = signs(150, -0.25, 1.0, "x,y");
    place.write("new.csv", &new);
    let share = right(&new, &predict(&place, "new.csv"));
    assert!(share > 0.95, "{share}");
    for arguments in ["new.csv", "--set data.path=new.csv"] {
        let scores = place.eval(arguments);
        assert_eq!((&scores["split"], &scores["n"]), (&"all".into(), &150.into()), "{scores}");
        assert_eq!(scores["files"], serde_json::json!(["new.csv"]));
        assert_eq!(scores["accuracy"].as_f64().unwrap(), share, "{arguments}");
    }
    // Several files are one set.
    let scores = place.eval("new.csv train.csv");
    let train = std::fs::read_to_string(place.path().join("train.csv")).unwrap();
    let both = 150.0 * share + 200.0 * right(&train, &predict(&place, "train.csv"));
    assert_eq!(scores["n"], 350);
    assert!((scores["accuracy"].as_f64().unwrap() - both / 350.0).abs() < 1e-12, "{scores}");
}

#[test]
fn columns_are_found_by_name_and_a_class_may_be_missing() {
    let place = trained();
    place.write("turned.csv", "id,y,x\n1,pos,0.9\n2,pos,0.8\n");
    let scores = place.eval("turned.csv");
    assert_eq!((&scores["n"], &scores["accuracy"]), (&2.into(), &1.0.into()), "{scores}");
}

#[test]
fn unknown_classes_are_named_with_their_place() {
    let place = trained();
    place.write("other.csv", "x,y\n0.5,pos\n0.0,zero\n");
    let err = place.run("eval last other.csv").failed(1);
    for part in ["GB0341", "other.csv:3", "\"y\"", "neg, pos", "\"zero\"", "help: "] {
        assert!(err.contains(part), "{part} is not in {err}");
    }
    place.write("column.csv", "x,class\n0.5,pos\n");
    let err = place.run("eval last column.csv").failed(1);
    assert!(err.contains("GB0311") && err.contains("\"y\""), "{err}");
}

#[test]
fn the_own_split_is_scored_only_while_the_data_is_the_same() {
    let place = trained();
    let own = place.eval("");
    assert_eq!((&own["split"], &own["n"]), (&"test".into(), &30.into()));
    let train = std::fs::read_to_string(place.path().join("train.csv")).unwrap();
    // The same values beside another column are the same data.
    let wider: String = train.lines().map(|row| format!("a,{row}\n")).collect();
    place.write("train.csv", &wider);
    assert_eq!(place.eval(""), own);
    place.write("train.csv", &format!("{train}0.5,pos\n"));
    let err = place.run("eval last").failed(1);
    for part in ["GB0516", "train.csv", "200 items", "201 items", "glassbox eval"] {
        assert!(err.contains(part), "{part} is not in {err}");
    }
    place.write("train.csv", &train.replacen("pos", "neg", 1));
    let err = place.run("eval last").failed(1);
    assert!(err.contains("GB0516") && err.contains("as many"), "{err}");
    place.write("train.csv", &train.replace("pos", "plus"));
    let err = place.run("eval last").failed(1);
    assert!(err.contains("GB0516") && err.contains("GB0341") && err.contains("plus"), "{err}");
    // Back again, and at another place.
    place.write("train.csv", &train);
    assert_eq!(place.eval(""), own);
    std::fs::rename(place.path().join("train.csv"), place.path().join("moved.csv")).unwrap();
    let err = place.run("eval last").failed(1);
    for part in ["GB0518", "train.csv", "FILE --split test"] {
        assert!(err.contains(part), "{part} is not in {err}");
    }
    let moved = place.eval("moved.csv --split test");
    assert_eq!((&moved["accuracy"], &moved["n"]), (&own["accuracy"], &own["n"]));
    place.write("other.csv", "x,y\n0.5,pos\n");
    let err = place.run("eval last other.csv --split valid").failed(2);
    assert!(err.contains("GB0516") && err.contains("leave --split out"), "{err}");
    // All items of the training data, which is said.
    let ended = place.run("eval last moved.csv");
    assert!(ended.err.contains("the data that the run was trained on"), "{ended:?}");
}

#[test]
fn what_was_learned_cannot_be_set() {
    let place = trained();
    for set in ["data.split.test=1.0", "data.normalize=none", "train.loss=mse"] {
        let err = place.run(&format!("eval last --set {set}")).failed(2);
        assert!(err.contains("GB0517") && err.contains(set.split('=').next().unwrap()), "{err}");
    }
    place.eval("--set train.threads=1");
}

#[test]
fn unknown_categories_are_errors_or_none_of_the_known_ones() {
    let place = Place::new();
    place.write("r.toml", &SIGN.replace("epochs = 40", "epochs = 2"));
    let rows: String = (0..40).map(|i| format!("{},{}\n", ["red", "blue"][i % 2], i % 2)).collect();
    place.write("train.csv", &format!("color,y\n{rows}"));
    place.write("r.toml", &SIGN.replace("\"classes\"", "\"outputs\""));
    place.run("train r.toml").ok();
    place.write("new.csv", "color,y\nred,0\ngreen,1\n");
    let err = place.run("eval last new.csv").failed(1);
    for part in ["GB0315", "new.csv:3", "\"color\"", "\"green\"", "unknown"] {
        assert!(err.contains(part), "{part} is not in {err}");
    }
    assert_eq!(place.eval("new.csv --unknown other")["n"], 2);
    assert_eq!(place.eval("new.csv --set data.unknown=other")["n"], 2);
    let ended = place.run("predict last new.csv");
    assert_eq!((ended.status, ended.out.lines().count()), (1, 1), "{ended:?}");
    assert_eq!(predict(&place, "new.csv --unknown other").len(), 2);
    // As the recipe says.
    place.run("train r.toml --set data.unknown=other").ok();
    assert_eq!(predict(&place, "new.csv").len(), 2);
    assert_eq!(place.eval("new.csv")["n"], 2);
}

#[test]
fn errors_of_eval_are_those_of_predict_row_by_row() {
    let place = Place::new();
    let rows = |from: i32, to: i32| -> String {
        let row = |i: i32| format!("{},{}\n", 1e9 + f64::from(i), 3e6 * f64::from(i % 11));
        format!("time,y\n{}", (from..to).map(row).collect::<String>())
    };
    place.write("train.csv", &rows(0, 80));
    place.write("new.csv", &rows(500, 523));
    place.write("r.toml", &SIGN.replace("\"classes\"", "\"outputs\""));
    place.run("train r.toml --set train.epochs=3").ok();
    for (file, table) in [("train.csv", rows(0, 80)), ("new.csv", rows(500, 523))] {
        let errors: Vec<f64> = predict(&place, file)
            .iter()
            .zip(table.lines().skip(1))
            .map(|(object, row)| {
                let y: f64 = row.split(',').next_back().unwrap().parse().unwrap();
                (object["values"]["y"].as_f64().unwrap() - y).abs()
            })
            .collect();
        let mae = errors.iter().sum::<f64>() / errors.len() as f64;
        let told = place.eval(file)["mae"].as_f64().unwrap();
        // Outputs of 256 items and of 23 may differ by the rounding of a sum in single precision.
        assert!((told - mae).abs() < 1e-5 * mae, "{file}: {told} {mae}");
    }
}

#[test]
fn a_folder_of_other_images_is_scored_and_predicted_whole() {
    let place = Place::new();
    let image = |value: u8| [&b"P5 4 4 255\n"[..], &[value; 16]].concat();
    for folder in ["shapes", "new"] {
        for (class, level) in [("dark", 20), ("light", 220)] {
            std::fs::create_dir_all(place.path().join(folder).join(class)).unwrap();
            for index in 0..10 {
                let path = place.path().join(format!("{folder}/{class}/{index}.pgm"));
                std::fs::write(path, image(level + index)).unwrap();
            }
        }
    }
    std::fs::remove_dir_all(place.path().join("new/dark")).unwrap();
    let recipe = SIGN.replace("\"csv\"", "\"images\"").replace("train.csv", "shapes");
    place.write("r.toml", &recipe.replace("layers = [", "layers = [{ type = \"flatten\" }, "));
    place.run("train r.toml").ok();
    // One class alone keeps its number.
    let scores = place.eval("new");
    assert_eq!((&scores["n"], &scores["accuracy"]), (&10.into(), &1.0.into()), "{scores}");
    for folder in ["new", "new/light"] {
        let predictions = predict(&place, folder);
        assert_eq!(predictions.len(), 10);
        assert!(predictions.iter().all(|object| object["class"] == "light"), "{predictions:?}");
    }
    let err = place.run("eval last new/light").failed(1);
    assert!(err.contains("GB0322") && err.contains("no class folders"), "{err}");
}

#[test]
fn texts_with_a_strange_character_keep_their_rows_too() {
    let place = Place::new();
    let rows: String = (0..30).map(|i| ["aab,p\n", "bba,q\n"][i % 2]).collect();
    place.write("train.csv", &format!("text,kind\n{rows}"));
    let recipe = SIGN.replace("\"csv\"", "\"lines\"").replace(
        "layers = [",
        "layers = [{ type = \"embedding\", dim = 4 }, { type = \"gru\", units = 4, return = \"last\" }, ",
    );
    place.write("r.toml", &recipe);
    place.run("train r.toml --set train.epochs=1").ok();
    place.write("new.csv", "text\nab\nxb\nba\n");
    let ended = place.run("predict last new.csv --json");
    let rows: Vec<_> = ended
        .out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["row"].as_u64().unwrap())
        .collect();
    assert_eq!((ended.status, rows), (1, vec![1, 3]), "{ended:?}");
    assert!(ended.err.contains("new.csv, row 2: GB0323"), "{ended:?}");
    assert!(ended.err.contains("new.csv:3") && ended.err.contains("'x'"), "{ended:?}");
    place.write("labelled.csv", "text,kind\nab,q\nba,p\n");
    assert_eq!(place.eval("labelled.csv")["n"], 2);
    place.write("strange.csv", "text,kind\nab,q\nxa,p\n");
    let err = place.run("eval last strange.csv").failed(1);
    assert!(err.contains("strange.csv:3") && err.contains("'x'"), "{err}");
}

#[test]
fn a_date_of_new_data_that_can_be_read_in_two_ways_is_an_error() {
    let place = Place::new();
    let rows: String = (1..29).map(|day| format!("2024-02-{day:02},{day}\n")).collect();
    place.write("t.csv", &format!("day,y\n{rows}"));
    let recipe = "[run]\nname = \"dates\"\n[data]\nkind = \"csv\"\npath = \"t.csv\"\n[model]\n\
                  layers = [{ type = \"dense\", units = \"outputs\" }]\n[train]\nepochs = 1\n";
    place.write("r.toml", recipe);
    place.run("train r.toml").ok();
    // 5 June or 6 May: nothing in the training shows which.
    place.write("new.csv", "day,y\n2024-02-03,3\n05/06/2024,4\n");
    let ended = place.run("predict last new.csv");
    assert_eq!((ended.status, ended.out.lines().count()), (1, 1), "{ended:?}");
    for ended in [ended, place.run("eval last new.csv")] {
        assert!(ended.err.contains("GB0346 × a date can be read in two ways"), "{ended:?}");
    }
    // Where the recipe says which, it is read so.
    place.write("s.toml", &recipe.replace("path =", "day_first = true\npath ="));
    place.run("train s.toml --runs declared").ok();
    place.write("same.csv", "day\n05/06/2024\n2024-06-05\n");
    let out = place.run("predict last same.csv --runs declared").ok();
    let values: Vec<_> = out.lines().map(|line| line.split_once("  ").unwrap().1).collect();
    assert_eq!(values[0], values[1], "{out}");
}

#[test]
fn a_column_that_is_there_twice_is_refused_in_new_data_too() {
    let place = trained();
    place.write("twice.csv", "x,x,y\n0.5,-0.5,pos\n-0.5,0.5,neg\n");
    for command in ["eval last twice.csv", "predict last twice.csv"] {
        let err = place.run(command).failed(1);
        assert!(err.contains("GB0311") && err.contains("more than once"), "{err}");
    }
}

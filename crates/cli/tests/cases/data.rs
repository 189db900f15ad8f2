//! What data is read as.

use std::fs;

use serde_json::Value;

use crate::{case, number, rows};

#[test]
fn decimal_comma() {
    let Some(place) = case("decimal-comma") else { return };
    let out = place.run("check r.toml").ok();
    assert!(out.contains("size: numbers") && out.contains("price: numbers"), "{out}");
    place.run("train r.toml --set train.epochs=2").ok();
    assert!(place.eval("")["rmse"].is_f64());
}

#[test]
fn header_numeric_names() {
    let Some(place) = case("header-numeric-names") else { return };
    let out = place.run("check r.toml").ok();
    assert!(out.contains("2019, 2020: numbers") && out.contains("2 classes"), "{out}");
}

#[test]
fn nan_as_missing() {
    let Some(place) = case("nan-as-missing") else { return };
    for file in ["t.csv", "t2.csv", "t3.csv"] {
        let ended = place.run(&format!("check r.toml --set data.path={file}"));
        assert!(ended.out.contains("numbers") && !ended.out.contains("categor"), "{ended:?}");
        assert!(ended.err.contains("left out"), "{file}: {ended:?}");
    }
}

#[test]
fn numeric_labels_classify() {
    let Some(place) = case("numeric-labels-classify") else { return };
    let out = place.run("check r.toml").ok();
    assert!(out.contains("classes"), "{out}");
    place.run("train r.toml").ok();
    assert!(place.eval("")["accuracy"].is_f64());
}

/// A row with a gap is told with its number, the others keep theirs.
#[test]
fn predict_gap_skip_row() {
    let Some(place) = case("predict-gap-skip-row") else { return };
    place.run("train r.toml").ok();
    for file in ["gap.csv", "gap2.csv"] {
        let ended = place.run(&format!("predict last {file}"));
        assert_eq!(ended.status, 1, "{ended:?}");
        let gaps: Vec<usize> = rows(&place, file)
            .iter()
            .enumerate()
            .filter(|(_, row)| row[0].trim().is_empty() || row[0] == "NA" || row[0] == "nan")
            .map(|(index, _)| index + 1)
            .collect();
        let count = fs::read_to_string(place.path().join(file)).unwrap().lines().count() - 1;
        assert_eq!(ended.out.lines().count(), count - gaps.len().max(1), "{ended:?}");
        for gap in gaps {
            assert!(ended.err.contains(&format!("row {gap}: ")), "{ended:?}");
            assert!(!ended.out.contains(&format!("{file}:{gap} ")), "{ended:?}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn predict_json_non_utf8_path() {
    use std::os::unix::ffi::OsStrExt as _;
    let Some(place) = case("predict-json-non-utf8-path") else { return };
    place.run("train r.toml").ok();
    let name = std::ffi::OsStr::from_bytes(b"b\xff.csv");
    fs::rename(place.path().join("one.csv"), place.path().join(name)).unwrap();
    let output = place.command("predict last --json").arg(name).output().unwrap();
    let out = crate::common::Ended::new(&output).ok();
    assert!(out.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{out}");
}

#[test]
fn series_newest_first() {
    let Some(place) = case("series-newest-first") else { return };
    place.run("train r.toml").ok();
    let ascending = place.eval("");
    for file in ["desc.csv", "shuffled.csv"] {
        let ended = place.run(&format!("train r.toml --set data.path={file} --runs {file}-runs"));
        assert!(ended.err.contains("sorted by \"date\""), "{ended:?}");
        ended.ok();
        let scores = &place.json(&format!("eval last --json --runs {file}-runs"))[0];
        assert_eq!(scores["rmse"], ascending["rmse"], "{file}");
    }
    let err = place.run("check r.toml --set data.path=gap.csv").failed(1);
    assert!(err.contains("gap"), "{err}");
}

#[test]
fn truncated_jpeg_shown() {
    let Some(place) = case("truncated-jpeg-shown") else { return };
    place.run("train r.toml --set train.epochs=2").ok();
    for file in ["cut.jpg", "cut.png", "cut.bmp", "cut.gif"] {
        let err = place.run(&format!("predict last {file}")).failed(1);
        assert!(err.contains("GB0320") && err.contains(file), "{err}");
    }
    for file in ["whole.png", "whole.bmp", "whole.gif"] {
        place.run(&format!("predict last {file}")).ok();
    }
    fs::copy(place.path().join("cut.jpg"), place.path().join("p/dark/cut.jpg")).unwrap();
    let err = place.run("check r.toml").failed(1);
    assert!(err.contains("cut.jpg"), "{err}");
    let ended = place.run("check r.toml --set data.damaged=skip");
    assert!(ended.err.contains("1 damaged file skipped") && ended.status == 0, "{ended:?}");
}

/// Seconds since 1970 keep their digits, as features and as targets.
#[test]
fn unix_time_feature() {
    let Some(place) = case("unix-time-feature") else { return };
    place.run("train r.toml").ok();
    let scores = place.eval("");
    let rmse = number(&scores["rmse"]);
    assert!(rmse < 30.0, "the slope is learned: {scores}");
    place.run("train r.toml --set data.path=v.csv --runs target").ok();
    let scores = place.json("eval last v.csv --json --runs target");
    let predictions = place.json("predict last v.csv --json --runs target");
    let table = rows(&place, "v.csv");
    let target = fs::read_to_string(place.path().join("v.csv")).unwrap();
    let name = target.lines().next().unwrap().split(',').next_back().unwrap().to_owned();
    let errors = predictions.iter().zip(&table).map(|(prediction, row)| {
        let wanted: f64 = row.last().unwrap().parse().unwrap();
        (number(&prediction["values"][&name]) - wanted).abs()
    });
    let mae = errors.sum::<f64>() / table.len() as f64;
    let told = number(&scores[0]["mae"]);
    assert!((told - mae).abs() < 1e-3 * mae + 1e-3, "{told} and {mae}");
}

/// A pooled or flattened sequence does not see its padding: one more bracket is another answer.
#[test]
fn lines_padding_is_a_token() {
    let Some(place) = case("lines-padding-is-a-token") else { return };
    // Padding is no bracket: flattened, too, one and two of them differ.
    place.run("train flat.toml --set train.epochs=2 --runs flat").ok();
    place.write("few.csv", "text\n(\n((\n");
    let few = place.json("predict last few.csv --json --runs flat");
    assert_ne!(few[0]["probabilities"], few[1]["probabilities"]);
    place.run("train avg.toml --set train.epochs=2").ok();
    let one = place.json("predict last p.csv --json");
    // The same text beside a longer one: its output does not change.
    let text = fs::read_to_string(place.path().join("p.csv")).unwrap();
    place.write("longer.csv", &format!("{text}{}\n", "(".repeat(60)));
    let beside = place.json("predict last longer.csv --json");
    for (alone, beside) in one.iter().zip(&beside) {
        assert_eq!(alone["probabilities"], beside["probabilities"]);
    }
    place.run("train gru.toml --runs gru").ok();
    let scores = place.json("eval last --json --split train --runs gru");
    assert!(number(&scores[0]["accuracy"]) > 0.95, "{scores:?}");
}

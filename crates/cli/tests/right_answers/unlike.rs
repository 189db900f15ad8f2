//! Inputs unlike anything in the training are told, with the figures.

use serde_json::Value;

use crate::common::{Place, TINY};

/// A gray PNM image: bright rectangle on dark ground, or the other way round.
fn image(size: usize, ground: u8, figure: u8) -> Vec<u8> {
    let mut bytes = format!("P5 {size} {size} 255\n").into_bytes();
    let inside = |at: usize| at >= size / 4 && at < size - size / 4;
    for y in 0..size {
        bytes.extend((0..size).map(|x| if inside(x) && inside(y) { figure } else { ground }));
    }
    bytes
}

#[test]
fn inverted_and_resized_images_are_told() {
    let place = Place::new();
    place.write("tiny.toml", TINY);
    place.run("train tiny.toml --set train.epochs=1").ok();
    std::fs::write(place.path().join("white.pgm"), image(8, 255, 0)).unwrap();
    std::fs::write(place.path().join("black.pgm"), image(8, 0, 200)).unwrap();
    std::fs::write(place.path().join("large.pgm"), image(800, 0, 200)).unwrap();
    let ended = place.run("predict last white.pgm black.pgm large.pgm");
    assert_eq!((ended.status, ended.out.lines().count()), (0, 3), "{ended:?}");
    let warnings: Vec<_> = ended.err.lines().collect();
    assert_eq!(warnings.len(), 2, "{ended:?}");
    assert!(warnings[0].starts_with("warning: white.pgm: the image looks inverted: "), "{ended:?}");
    assert!(
        warnings[1].contains("large.pgm: the image is 800×800 pixels, 100 times larger"),
        "{ended:?}"
    );
    let out = place.run("predict last --json white.pgm black.pgm").ok();
    let objects: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(objects[0]["warnings"][0].as_str().unwrap().contains("inverted"), "{out}");
    assert!(objects[1].get("warnings").is_none(), "{out}");
}

#[test]
fn columns_in_another_unit_are_told() {
    let place = Place::new();
    let table = |unit: f64| -> String {
        let rows =
            (0..60).map(|i| format!("{},{}\n", unit * (1.5 + 0.5 * f64::from(i % 7) / 7.0), i));
        format!("height,y\n{}", rows.collect::<String>())
    };
    place.write("meters.csv", &table(1.0));
    place.write("centimeters.csv", &table(100.0));
    let recipe = "[run]\nname = \"unit\"\n[data]\nkind = \"csv\"\npath = \"meters.csv\"\n[model]\n\
                  layers = [{ type = \"dense\", units = \"outputs\" }]\n[train]\nepochs = 1\n";
    place.write("r.toml", recipe);
    place.run("train r.toml").ok();
    for command in ["predict last", "eval last"] {
        let ended = place.run(&format!("{command} meters.csv"));
        assert!(!ended.err.contains("warning"), "{ended:?}");
        let ended = place.run(&format!("{command} centimeters.csv"));
        for part in ["height is 150 to ", "in 60 of 60 items", "in training 1.5 to 1.9", "unit"] {
            assert!(ended.err.contains(part), "{part} is not in {ended:?}");
        }
    }
    place.write("one.csv", "height\n1.7\n170\n");
    let out = place.run("predict last one.csv --json").ok();
    let objects: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told = |index: usize| objects[index]["warnings"].to_string();
    assert!(told(1).contains("height is 170, in training 1.5 to 1.9"), "{out}");
    // The other row is like the training's, and one value of many is not another unit.
    assert_eq!(told(0), "null", "{out}");
    place.write("outlier.csv", &format!("height\n{}9\n", "1.7\n".repeat(20)));
    let err = place.run("predict last outlier.csv").err;
    assert!(err.contains("height is 9 in 1 of 21 items, in training 1.5 to 1.9"), "{err}");
    assert!(!err.contains("unit?"), "{err}");
}

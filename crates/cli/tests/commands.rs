//! The commands that do not train.

mod common;

use common::{Place, TINY};

#[test]
fn new_writes_a_recipe_that_is_fine_and_never_overwrites() {
    let place = Place::new();
    for kind in ["mlp", "cnn", "rnn"] {
        let out = place.run(&format!("new {kind} nets")).ok();
        assert!(out.contains(&format!("next: glassbox train nets/{kind}.toml")), "{out}");
        let out = place.run(&format!("check nets/{kind}.toml")).ok();
        assert!(out.contains("is fine"), "{out}");
        let before = std::fs::read(place.path().join(format!("nets/{kind}.toml"))).unwrap();
        let err = place.run(&format!("new {kind} nets")).failed(2);
        assert!(err.contains("exists already"), "{err}");
        let after = std::fs::read(place.path().join(format!("nets/{kind}.toml"))).unwrap();
        assert_eq!(before, after);
    }
}

#[test]
fn check_tells_all_errors_and_the_status() {
    let place = Place::new();
    place.write("good.toml", TINY);
    assert_eq!(
        place.run("check good.toml").ok(),
        "good.toml is fine: 5 layers, 359 training, 180 validation and 180 test items\n  classes in order: 0 · 1 · 2 · 3 · 4 · 5 · 6 · 7 · 8 · 9\n  \
         best weights: those with the best valid.loss\n"
    );
    place.write("bad.toml", &TINY.replace("seed", "sede").replace("1e-2", "0"));
    let err = place.run("check bad.toml").failed(2);
    insta::assert_snapshot!(err);
    let err = place.run("check missing.toml").failed(2);
    assert!(err.contains("GB0102"), "{err}");
    place.write("data.toml", &TINY.replace("\"digits\"\n", "\"idx\"\npath = \"nowhere\"\n"));
    let err = place.run("check data.toml").failed(1);
    assert!(err.contains("GB0301") && err.contains("nowhere"), "{err}");
}

#[test]
fn the_embedded_recipe_is_fine() {
    let out = Place::new().run("check").ok();
    assert!(out.starts_with("digits-cnn.toml is fine"), "{out}");
}

#[test]
fn summary_shows_the_model() {
    insta::assert_snapshot!(Place::new().run("summary").ok());
}

#[test]
fn explain_knows_the_codes() {
    let place = Place::new();
    let out = place.run("explain gb0103").ok();
    assert!(out.starts_with("GB0103: unknown key\n\n"), "{out}");
    assert!(place.run("explain GB0301").ok().starts_with("GB0301"));
    assert!(place.run("explain GB9999").failed(2).contains("no error code"));
}

#[test]
fn wrong_usage_has_status_2() {
    let place = Place::new();
    for arguments in ["", "trian", "train --progress loud", "eval", "runs", "resume"] {
        assert_eq!(place.run(arguments).status, 2, "{arguments}");
    }
    for arguments in ["eval last", "resume last", "predict last x.png", "runs rm nothing"] {
        let err = place.run(arguments).failed(2);
        assert!(err.contains("help:"), "{arguments}: {err}");
    }
    assert!(place.run("runs ls").ok().starts_with("no runs in runs"));
}

#[test]
fn errors_have_no_colour_on_a_pipe_and_ascii_on_a_dumb_terminal() {
    let place = Place::new();
    place.write("bad.toml", "sede = 1\n");
    let plain = place.run("check bad.toml").failed(2);
    assert!(!plain.contains('\u{1b}') && plain.contains('×'), "{plain}");
    let output = place.command("check bad.toml").env("TERM", "dumb").output().unwrap();
    assert!(output.stderr.is_ascii());
}

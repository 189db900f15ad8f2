//! Numbers with which a training cannot work are refused with their range, before anything is
//! trained; what reaches the loss is judged, not the last layer's name.

use crate::common::{Ended, Place, TINY};

const RECIPE: &str = r#"[run]
name = "s"
[data]
kind = "digits"
[model]
layers = [{ type = "flatten" }, { type = "dense", units = "classes" }]
[train]
epochs = 3
"#;

/// What `check` says of the recipe with these overrides.
fn refused(place: &Place, sets: &[&str]) -> String {
    let mut command = place.command("check r.toml");
    sets.iter().for_each(|set| _ = command.args(["--set", set]));
    crate::common::Ended::new(&command.output().unwrap()).failed(2)
}

#[test]
fn schedules_that_end_in_nan_or_climb_are_refused_with_the_range() {
    let place = Place::new();
    place.write("r.toml", RECIPE);
    for (schedule, range, found) in [
        (r#"{ type = "step", every = 0 }"#, "above 0", "0"),
        (r#"{ type = "cosine_restarts", epochs = 0 }"#, "above 0", "0"),
        (r#"{ type = "cyclic", up = 0 }"#, "above 0", "0"),
        (r#"{ type = "one_cycle", div = 0 }"#, "1 or more", "0"),
        (r#"{ type = "one_cycle", final_div = 0 }"#, "1 or more", "0"),
        (r#"{ type = "exponential", gamma = -0.5 }"#, "above 0 and below 1", "-0.5"),
        (r#"{ type = "reduce_on_plateau", factor = -1 }"#, "above 0 and below 1", "-1"),
        (r#"{ type = "polynomial", power = -2.0 }"#, "above 0", "-2"),
        (r#"{ type = "cosine", min_lr = 0.5 }"#, "below the rate", "0.5"),
    ] {
        let told = refused(&place, &[&format!("train.schedule={schedule}")]);
        assert!(told.contains("GB0108") && told.contains("--set"), "{schedule}: {told}");
        let label = format!("expected {range}");
        assert!(told.contains(&label) && told.contains(&format!("found {found}")), "{told}");
    }
}

#[test]
fn settings_without_effect_are_refused_with_what_they_need() {
    let place = Place::new();
    place.write("r.toml", RECIPE);
    for (set, needs) in [
        (r#"train.optimizer={ type = "sgd", nesterov = true }"#, "a `momentum` to look ahead"),
        (r#"train.schedule={ type = "step", every = 3 }"#, "fewer than the 3 epochs"),
        (r#"train.schedule={ type = "multi_step", milestones = [2, 9] }"#, "fewer than the 3"),
        (r#"train.loss={ type = "cross_entropy", ignore_index = 10 }"#, "from 0 to 9"),
        (r#"train.loss={ type = "cross_entropy", ignore_index = -100 }"#, "from 0 to 9"),
    ] {
        let told = refused(&place, &[set]);
        assert!(told.contains("GB0132") && told.contains(needs), "{set}: {told}");
    }
    // By default the schedule moves the momentum that there is.
    let sgd = r#"train.optimizer={ type = "sgd", lr = 0.1 }"#;
    let told =
        refused(&place, &[sgd, r#"train.schedule={ type = "one_cycle", momentum = [0.8, 0.9] }"#]);
    assert!(told.contains("GB0132") && told.contains("an optimizer with momentum"), "{told}");
    let mut command = place.command("check r.toml --set train.schedule=one_cycle");
    let ended = crate::common::Ended::new(&command.args(["--set", sgd]).output().unwrap());
    assert!(ended.ok().contains("is fine"));
}

/// With `momentum = [0.0, 0.95]` the momentum stayed 0 for good once the peak had been passed.
#[test]
fn one_cycles_momentum_comes_back_from_zero() {
    let loss = |momentum: &str| {
        let place = Place::new();
        place.write("r.toml", RECIPE);
        let mut command = place.command("train r.toml --progress plain");
        command.args(["--set", r#"train.optimizer={ type = "sgd", lr = 0.05, momentum = 0.9 }"#]);
        let schedule =
            format!("train.schedule={{ type = \"one_cycle\", momentum = [{momentum}, 0.95] }}");
        crate::common::Ended::new(&command.args(["--set", &schedule]).output().unwrap()).ok();
        let name = place.run_name();
        let record = std::fs::read_to_string(place.path().join("runs").join(name).join("run.json"));
        let record: serde_json::Value = serde_json::from_str(&record.unwrap()).unwrap();
        record["valid"]["loss"].as_f64().unwrap()
    };
    let (zero, nearly) = (loss("0.0"), loss("0.000001"));
    assert!((zero - nearly).abs() < 1e-4, "{zero} and {nearly}");
}

#[test]
fn a_head_is_judged_by_what_reaches_the_loss() {
    let place = Place::new();
    for (end, words) in [
        (r#"{ type = "softmax" }"#, "applies the softmax itself"),
        (r#"{ type = "softmax" }, { type = "dropout", p = 0.1 }"#, "with only dropout between"),
        (r#"{ type = "softmax" }, { type = "relu" }, { type = "flatten" }"#, "relu, flatten"),
        (r#"{ type = "sigmoid" }, { type = "dropout", p = 0.1 }"#, "stays above 1.46"),
        (r#"{ type = "relu" }, { type = "dropout", p = 0.1 }"#, "of either sign"),
        (r#"{ type = "relu" }"#, "learns nothing"),
        (r#"{ type = "tanh" }"#, "stays above 0.797"),
    ] {
        let layers = format!("\"classes\" }}, {end}]");
        place.write("r.toml", &RECIPE.replace("\"classes\" }]", &layers));
        let told = refused(&place, &[]);
        assert!(told.contains("GB0121") && told.contains(words), "{end}: {told}");
    }
    for end in [r#"{ type = "dropout", p = 0.1 }"#, r#"{ type = "leaky_relu" }"#] {
        let layers = format!("\"classes\" }}, {end}]");
        place.write("r.toml", &RECIPE.replace("\"classes\" }]", &layers));
        assert!(place.run("check r.toml").ok().contains("is fine"));
    }
}

#[test]
fn a_regression_whose_head_cannot_reach_the_targets_is_refused() {
    let place = Place::new();
    let rows = (0..40).map(|i| format!("{},{}\n", i, 2 * i + 1));
    place.write("t.csv", &format!("x,y\n{}", rows.collect::<String>()));
    let recipe = |end: &str, standardize: bool| {
        let head = format!("{{ type = \"dense\", units = \"outputs\" }}{end}");
        format!(
            "[data]\nkind = \"csv\"\npath = \"t.csv\"\ntarget = \"y\"\n\
             standardize_targets = {standardize}\n[model]\nlayers = [{head}]\n[train]\nepochs = 2\n"
        )
    };
    for end in [
        ", { type = \"relu\" }",
        ", { type = \"relu\" }, { type = \"dropout\", p = 0.1 }",
        ", { type = \"sigmoid\" }",
        ", { type = \"softplus\" }",
        ", { type = \"softmax\" }",
    ] {
        place.write("r.toml", &recipe(end, true));
        let told = refused(&place, &[]);
        assert!(told.contains("GB0133") && told.contains("standardized, go from -"), "{told}");
    }
    // As they are, the targets go from 1 to 79: above 0, but not within a sigmoid.
    place.write("r.toml", &recipe(", { type = \"relu\" }", false));
    assert!(place.run("check r.toml").ok().contains("is fine"));
    place.write("r.toml", &recipe(", { type = \"sigmoid\" }", false));
    assert!(refused(&place, &[]).contains("GB0133"));
}

/// Each trained a whole run without learning anything, or failed after it.
#[test]
fn numbers_that_leave_nothing_to_learn_are_refused() {
    let place = Place::new();
    place.write(
        "r.toml",
        RECIPE.replace("kind = \"digits\"", "kind = \"csv\"\npath = \"t.csv\"").as_str(),
    );
    let rows: String = (0..40).map(|i| format!("{i},{}\n", ["no", "yes"][i % 2])).collect();
    place.write("t.csv", &format!("x,label\n{rows}"));
    for (set, needs) in [
        (r#"train.loss={ type = "cross_entropy", class_weights = { no = 0, yes = 0 } }"#, "GB0128"),
        (
            r#"train.loss={ type = "cross_entropy", class_weights = [1, 0], ignore_index = 0 }"#,
            "no training item counts",
        ),
        (r#"train.optimizer={ type = "sgd", lr = 0.1, weight_decay = 100 }"#, "below 1 / lr = 10"),
        (
            r#"train.early_stop={ metric = "valid.accuracy", patience = 2, min_delta = 2 }"#,
            "from 0 to below 1",
        ),
    ] {
        let told = refused(&place, &[set]);
        assert!(told.contains(needs), "{set}: {told}");
    }
    // A class without weight is fine where another one counts.
    let set = r#"train.loss={ type = "cross_entropy", class_weights = { no = 0, yes = 1 } }"#;
    let mut command = place.command("check r.toml --set");
    assert!(
        crate::common::Ended::new(&command.arg(set).output().unwrap()).ok().contains("is fine")
    );
}

#[test]
fn augmentations_that_images_have_no_room_for_are_refused_before_anything_is_written() {
    let place = Place::new();
    place.write("r.toml", TINY);
    for augment in [
        r#"{type="random_crop",padding=50}"#,
        r#"{type="cutout",size=100}"#,
        r#"{type="rotate",degrees=1e30}"#,
        r#"{type="translate",x=5}"#,
    ] {
        for command in ["check", "train"] {
            let set = format!("augment=[{augment}]");
            let mut run = place.command(&format!("{command} r.toml"));
            let ended = Ended::new(&run.arg("--set").arg(&set).output().unwrap());
            let err = ended.failed(1);
            assert!(err.contains("GB0332") && err.contains("expected"), "{err}");
        }
    }
    assert!(!place.path().join("runs").exists());
    // A resumption that cannot work leaves the run as it was.
    place.run("train r.toml").ok();
    let resolved = place.path().join("runs").join(place.run_name()).join("resolved.toml");
    let before = std::fs::read_to_string(&resolved).unwrap();
    let mut run = place.command("resume last --epochs +1 --set");
    let ended = run.arg(r#"augment=[{type="random_crop",padding=50}]"#).output().unwrap();
    assert!(Ended::new(&ended).failed(1).contains("GB0332"));
    assert_eq!(std::fs::read_to_string(&resolved).unwrap(), before);
}

#[test]
fn a_rate_beside_that_of_the_schedule_is_without_effect() {
    let place = Place::new();
    place.write("r.toml", TINY);
    let cycle = |kind: &str| format!(r#"train.schedule={{type="{kind}",max_lr=0.05}}"#);
    let run = |command: &str, sets: &[&str]| {
        let mut run = place.command(command);
        sets.iter().for_each(|set| _ = run.arg("--set").arg(set));
        Ended::new(&run.output().unwrap())
    };
    for kind in ["one_cycle", "cyclic"] {
        let err = run("check r.toml", &[&cycle(kind)]).failed(2);
        assert!(err.contains("GB0132") && err.contains("0.05") && err.contains("max_lr"), "{err}");
        run("check r.toml", &[&cycle(kind), "train.optimizer.lr=0.05"]).ok();
    }
    run("train r.toml", &[&cycle("one_cycle"), "train.optimizer.lr=0.05"]).ok();
    let err = run("resume last --epochs +1", &["train.optimizer.lr=0.01"]).failed(2);
    assert!(err.contains("GB0132"), "{err}");
    run("resume last --epochs +1", &["train.schedule.max_lr=0.01"]).ok();
}

#[test]
fn what_is_shorter_than_a_step_is_refused() {
    let place = Place::new();
    place.write("r.toml", TINY);
    for (setting, key) in [
        (r#"train.schedule={type="step",every=0.00001}"#, "every"),
        (r#"train.schedule={type="cyclic",up=0.0001}"#, "up"),
        (r#"train.schedule={type="cosine",epochs=0.0001}"#, "epochs"),
        (r#"train.schedule={type="cosine_restarts",epochs=0.001}"#, "epochs"),
        (r#"train.schedule={type="multi_step",milestones=[0.0001]}"#, "milestones"),
        (r#"train.warmup={epochs=0.001}"#, "epochs"),
    ] {
        let mut run = place.command("check r.toml --set");
        let ended = Ended::new(&run.arg(setting).output().unwrap());
        let err = ended.failed(2);
        assert!(err.contains("GB0132") && err.contains(key) && err.contains("steps"), "{err}");
    }
}

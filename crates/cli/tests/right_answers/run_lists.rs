//! Finding and listing runs: names, damaged folders, what is for programs and what is for pipes.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::{Ended, Place, TINY};

/// A run of one epoch below `runs`, and its folder.
fn train(place: &Place, arguments: &str) -> PathBuf {
    let known = folders(place);
    place.write("tiny.toml", TINY);
    place.run(&format!("train tiny.toml --set train.epochs=1 {arguments}")).ok();
    folders(place).into_iter().find(|path| !known.contains(path)).unwrap()
}

fn folders(place: &Place) -> Vec<PathBuf> {
    let entries = fs::read_dir(place.path().join("runs")).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn name(folder: &Path) -> String {
    folder.file_name().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn nothing_is_the_name_of_no_run() {
    let place = Place::new();
    let folder = train(&place, "--set run.name=run");
    for text in ["", " ", "\t", "/", "?", "."] {
        let mut command = place.command("runs rm");
        let err = Ended::new(&command.arg(text).output().unwrap()).failed(2);
        assert!(err.contains("is empty") || err.contains("there is no run"), "{text:?}: {err}");
        assert!(folder.is_dir(), "{text:?} has removed it");
    }
    assert!(place.run("runs rm run").ok().contains("removed"));
}

#[test]
fn programs_are_told_what_the_table_shows() {
    let place = Place::new();
    let (first, second) = (train(&place, ""), train(&place, "--set train.batch_size=64"));
    let damaged = place.path().join("runs/2026-01-01-old-0000");
    fs::create_dir(&damaged).unwrap();
    fs::write(damaged.join("run.json"), "{").unwrap();
    let columns = "batch_size,type,valid.loss,gap,watch.lags";
    let objects = place.json(&format!("runs ls --json --columns {columns}"));
    assert_eq!(objects.len(), 3, "{objects:?}");
    for (object, (folder, size)) in objects.iter().zip([(&first, 32), (&second, 64)]) {
        assert_eq!(object["name"], name(folder));
        let shown = &object["columns"];
        assert_eq!(shown["batch_size"], size, "{object}");
        assert_eq!(shown["valid.loss"], object["valid"]["loss"]);
        let gap =
            object["valid"]["loss"].as_f64().unwrap() - object["train"]["loss"].as_f64().unwrap();
        assert_eq!(shown["gap"].as_f64().map(f64::signum), Some(gap.signum()), "{object}");
        assert_eq!(shown["watch.lags"], Value::Null, "{object}");
    }
    assert_eq!(
        (&objects[2]["name"], &objects[2]["status"]),
        (&name(&damaged).into(), &"damaged".into())
    );
    assert!(objects[2]["error"].as_str().unwrap().contains("run.json"), "{objects:?}");
}

#[test]
fn the_epoch_of_a_killed_run_is_that_of_its_state() {
    let place = Place::new();
    let folder = train(&place, "");
    // As a kill leaves it: the record is behind the state.
    let path = folder.join("run.json");
    let text = fs::read_to_string(&path).unwrap();
    let text = text
        .replace("\"finished\"", "\"running\"")
        .replace("\"epoch\": 1,\n  \"step\"", "\"epoch\": 0,\n  \"step\"");
    fs::write(&path, &text).unwrap();
    let table = place.run("runs ls").ok();
    assert!(table.contains("killed") && table.contains("1/1"), "{table}");
    let json = &place.json("runs ls --json")[0];
    assert_eq!((&json["status"], &json["epoch"]), (&"killed".into(), &1.into()), "{text}");
}

#[test]
fn the_last_run_is_not_an_older_one_without_a_word() {
    let place = Place::new();
    let older = train(&place, "");
    std::thread::sleep(std::time::Duration::from_millis(20));
    let newer = train(&place, "");
    assert_eq!(place.run("eval last").err, "");
    let whole = fs::read(newer.join("run.json")).unwrap();
    fs::write(newer.join("run.json"), "{").unwrap();
    let ended = place.run("eval last");
    let told = format!(
        "note: {} is newer, but damaged; the last whole run is {}",
        name(&newer),
        name(&older)
    );
    assert!(ended.err.contains(&told), "{ended:?}");
    assert!(ended.ok().contains(&name(&older)));
    // An older one that is damaged is not what was meant.
    fs::write(newer.join("run.json"), whole).unwrap();
    fs::write(older.join("run.json"), "{").unwrap();
    assert_eq!(place.run("eval last").err, "");
}

#[test]
fn a_pipe_is_not_cut_to_the_terminal_beside_it() {
    let place = Place::new();
    train(&place, "");
    let wide = place.run("runs ls --columns batch_size,lr").ok();
    let mut command = place.command("runs ls --columns batch_size,lr");
    let piped = Ended::new(&command.env("COLUMNS", "40").output().unwrap()).ok();
    assert_eq!(piped, wide);
    assert!(wide.contains("batch_size") && wide.contains("epochs"), "{wide}");
}

#[cfg(unix)]
#[test]
fn data_is_found_through_a_linked_folder_of_runs() {
    let place = Place::new();
    let (project, disk) = (place.path().join("p"), place.path().join("disk/of/runs"));
    fs::create_dir_all(&disk).unwrap();
    fs::create_dir(&project).unwrap();
    std::os::unix::fs::symlink(&disk, project.join("runs")).unwrap();
    let rows: String = (1..=20).map(|i| format!("{i},{}\n", 2 * i)).collect();
    fs::write(project.join("t.csv"), format!("a,y\n{rows}")).unwrap();
    let recipe = "[data]\nkind = \"csv\"\npath = \"t.csv\"\n[model]\nlayers = [{ type = \"dense\", \
                  units = \"outputs\" }]\n[train]\nepochs = 2\n";
    fs::write(project.join("r.toml"), recipe).unwrap();
    let run = |arguments: &str| {
        Ended::new(&place.command(arguments).current_dir(&project).output().unwrap())
    };
    run("train r.toml").ok();
    for command in ["resume last --epochs +1", "eval last"] {
        let ended = run(command);
        assert!(!ended.err.contains("is not there"), "{command}: {ended:?}");
        ended.ok();
    }
}

#[test]
fn a_recipe_is_judged_for_what_it_says_not_for_where_it_is() {
    let place = Place::new();
    let folder = train(&place, "");
    // As an earlier version wrote it: a setting without effect.
    let resolved = folder.join("resolved.toml");
    let text = fs::read_to_string(&resolved).unwrap();
    let optimizer = text.lines().find(|line| line.starts_with("optimizer = ")).unwrap();
    let without_effect = "optimizer = { type = \"sgd\", lr = 0.01, nesterov = true }";
    fs::write(&resolved, text.replace(optimizer, without_effect)).unwrap();
    fs::copy(&resolved, place.path().join("copy.toml")).unwrap();
    let own = resolved.to_str().unwrap();
    for command in ["check", "train"] {
        for path in [own, "copy.toml"] {
            let err = place.run(&format!("{command} {path}")).failed(2);
            assert!(err.contains("GB0132"), "{command} {path}: {err}");
        }
    }
    // The run itself can be used.
    place.run("eval last").ok();
    place.run("resume last --epochs +1 --set train.optimizer.nesterov=false").ok();
}

#[test]
fn the_name_of_a_class_is_written_as_toml() {
    let place = Place::new();
    let rows: String = (0..30).map(|i| format!("{i},{}\n", ["a", "\u{200b}b"][i % 2])).collect();
    place.write("t.csv", &format!("x,y\n{rows}"));
    let recipe = "[data]\nkind = \"csv\"\npath = \"t.csv\"\n[model]\nlayers = [{ type = \"dense\", \
                  units = \"classes\" }]\n[train]\nloss = { type = \"cross_entropy\", class_weights = \
                  { a = 1.0 } }\n";
    place.write("r.toml", recipe);
    let err = place.run("check r.toml").failed(2);
    let (_, advice) = err.split_once("add ").unwrap();
    let advice = advice.lines().next().unwrap();
    assert!(!advice.contains("u{"), "no TOML: {advice}");
    place.write("r.toml", &recipe.replace("a = 1.0", &format!("a = 1.0, {advice}")));
    place.run("check r.toml").ok();
}

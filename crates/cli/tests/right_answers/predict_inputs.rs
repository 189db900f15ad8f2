//! `predict` takes what people have: folders, pipes, files with a bad row among good ones, and names
//! of any bytes. Rows keep their numbers.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use crate::common::{Ended, Place};

/// Twice the size; a model of few steps, of which only the rows count here.
const DOUBLE: &str = r#"[run]
name = "double"
[data]
kind = "csv"
path = "t.csv"
[model]
layers = [{ type = "dense", units = "outputs" }]
[train]
epochs = 1
"#;

fn trained(missing: &str) -> Place {
    let place = Place::new();
    let table: String = (1..30).map(|x| format!("{x},{}\n", 2 * x)).collect();
    place.write("t.csv", &format!("size,y\n{table}"));
    let path = "path = \"t.csv\"";
    place.write("r.toml", &DOUBLE.replace(path, &format!("{path}\nmissing = \"{missing}\"")));
    place.run("train r.toml").ok();
    place
}

fn rows(out: &str) -> Vec<u64> {
    let row = |line: &str| serde_json::from_str::<Value>(line).unwrap()["row"].as_u64().unwrap();
    out.lines().map(row).collect()
}

#[test]
fn rows_keep_their_numbers_whatever_is_between_them() {
    for policy in ["skip_row", "error"] {
        let place = trained(policy);
        for (name, table) in [
            ("blank.csv", "size\n3\n\n5\n"),
            ("na.csv", "size\n3\nNA\n5\n"),
            ("word.csv", "size\n3\nmany\n5\n"),
            ("infinite.csv", "size\n3\ninf\n5\n"),
            ("wide.csv", "note,size\na,3\nb,\nc,5\n"),
        ] {
            place.write(name, table);
            let ended = place.run(&format!("predict last {name} --json"));
            assert_eq!((ended.status, rows(&ended.out)), (1, vec![1, 3]), "{policy}: {ended:?}");
            assert!(ended.err.contains(&format!("{name}, row 2: GB03")), "{ended:?}");
            assert!(ended.err.contains("GB0344 × 1 of 3 rows"), "{ended:?}");
            let ended = place.run(&format!("predict last {name}"));
            let lines: Vec<_> = ended.out.lines().collect();
            assert!(lines[0].starts_with(&format!("{name}:1  y ")), "{ended:?}");
            assert!(lines[1].starts_with(&format!("{name}:3  y ")), "{ended:?}");
        }
        // What row 3 gets is what its value gets alone: nothing moved.
        place.write("five.csv", "size\n5\n");
        let value = |out: String| {
            let last: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
            last["values"]["y"].clone()
        };
        let alone = place.run("predict last five.csv --json").ok();
        assert_eq!(rows(&alone), [1]);
        assert_eq!(value(alone), value(place.run("predict last na.csv --json").out));
    }
}

/// Texts and their classes; words, so that a text may have one that the model does not know.
const LINES: &str = "[run]\nname = \"lines\"\n[data]\nkind = \"lines\"\npath = \"l.csv\"\n\
                     unit = \"word\"\n[model]\nlayers = [{ type = \"embedding\", dim = 2 }, \
                     { type = \"rnn\", units = 2, return = \"last\" }, { type = \"dense\", \
                     units = \"classes\" }]\n[train]\nepochs = 1\n";

#[test]
fn a_row_of_texts_with_another_number_of_cells_is_one_row() {
    let place = Place::new();
    place.write("l.csv", &format!("text,class\n{}", "good day,a\nbad day,b\n".repeat(10)));
    place.write("l.toml", LINES);
    place.run("train l.toml").ok();
    place.write("new.csv", "text,note\ngood,x\nbad\nday,y,z\nbad day,w\n");
    let ended = place.run("predict last new.csv --json");
    assert_eq!((ended.status, rows(&ended.out)), (1, vec![1, 4]), "{ended:?}");
    for part in ["row 2: GB0310", "row 3: GB0310", "GB0344 × 2 of 4 rows"] {
        assert!(ended.err.contains(part), "{part} is not in {ended:?}");
    }
}

#[test]
#[cfg(unix)]
fn a_name_with_an_end_of_a_line_is_one_line() {
    let place = trained("error");
    place.write("a\n\u{1b}[2Jb.csv", "size\n3\n");
    let out = place.run("predict last .").out;
    assert!(out.contains("a\\n\\u{1b}[2Jb.csv:1  y "), "{out:?}");
}

#[test]
fn a_bad_file_does_not_keep_others_from_being_predicted() {
    let place = trained("error");
    place.write("good.csv", "size\n3\n5\n");
    place.write("bad.csv", "length\n3\n");
    place.write("broken.csv", "size,y\n3,4\n5\n");
    std::fs::create_dir(place.path().join("empty")).unwrap();
    let ended = place.run("predict last bad.csv good.csv none.csv broken.csv empty");
    assert_eq!((ended.status, ended.out.lines().count()), (1, 3), "{ended:?}");
    for part in ["3 of 5 files failed", "1 of 4 rows", "broken.csv, row 2: GB0310"] {
        assert!(ended.err.contains(part), "{part} is not in {ended:?}");
    }
}

#[test]
fn the_standard_input_is_a_file_like_any_other() {
    let place = trained("error");
    let piped = |text: &str, arguments: &str| {
        let mut command = place.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        Ended::new(&child.wait_with_output().unwrap())
    };
    let ended = piped("size\n3\n5\n", "predict last -");
    assert_eq!((ended.status, ended.out.lines().count()), (0, 2), "{ended:?}");
    assert!(ended.out.starts_with("-:1  y "), "{ended:?}");
    let ended = piped("size\n3\nfive\n", "predict last - --json");
    assert_eq!((ended.status, rows(&ended.out)), (1, vec![1]), "{ended:?}");
    assert!(ended.err.contains("-:3, column \"size\""), "{ended:?}");
    let ended = piped("", "predict last -");
    assert!(ended.status == 1 && ended.err.contains("GB0302"), "{ended:?}");
}

#[test]
fn folders_are_descended_into() {
    let place = trained("error");
    std::fs::create_dir_all(place.path().join("new/a")).unwrap();
    std::fs::create_dir_all(place.path().join("new/b/c")).unwrap();
    for name in ["new/a/1.csv", "new/b/2.csv", "new/b/c/3.csv", "new/0.csv"] {
        place.write(name, "size\n3\n");
    }
    place.write("new/b/picture.png", "");
    place.write("new/.hidden.csv", "size\n3\n");
    let ended = place.run("predict last new");
    let files: Vec<_> = ended.out.lines().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(files, ["new/0.csv", "new/a/1.csv", "new/b/2.csv", "new/b/c/3.csv"]);
    assert!(ended.status == 0 && ended.err.contains("1 other file left out"), "{ended:?}");
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn names_of_any_bytes_are_shown_and_told_exactly() {
        let place = trained("error");
        let name = OsStr::from_bytes(b"b\xff.csv");
        std::fs::write(place.path().join(name), "size\n3\n").unwrap();
        let mut command = place.command("predict last --json");
        let ended = Ended::new(&command.arg(name).output().unwrap());
        let object: Value = serde_json::from_str(&ended.ok()).unwrap();
        assert_eq!(object["file"], "b\u{fffd}.csv");
        assert_eq!(object["file_escaped"], "b\\xff.csv");
        let ended = Ended::new(&place.command("predict last").arg(name).output().unwrap());
        assert!(ended.ok().starts_with("b\u{fffd}.csv:1  y "));
        // Anywhere on the command line.
        let odd = OsStr::from_bytes(b"n\xfe");
        for command in ["predict", "eval", "generate", "report", "resume", "states"] {
            let arguments = if command == "states" { " --text a" } else { "" };
            let mut command = place.command(&format!("{command}{arguments}"));
            let ended = Ended::new(&command.arg(odd).arg(name).output().unwrap());
            assert!(ended.status == 2 && !ended.err.contains("panicked"), "{ended:?}");
        }
        let mut command = place.command("eval last --json");
        std::fs::write(place.path().join(name), "size,y\n3,6\n").unwrap();
        let object: Value =
            serde_json::from_str(&Ended::new(&command.arg(name).output().unwrap()).ok()).unwrap();
        assert_eq!(object["n"], 1);
    }

    #[test]
    fn closed_pipes_end_nothing_with_a_panic() {
        let place = trained("error");
        let many: String = (0..5000).map(|x| format!("{}\n", x % 30)).collect();
        place.write("many.csv", &format!("size\nx\n{many}"));
        let mut command = place.command("predict last many.csv none.csv");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop((child.stdout.take(), child.stderr.take()));
        let status = child.wait().unwrap();
        assert!(matches!(status.code(), Some(0 | 1)), "{status:?}");
    }
}

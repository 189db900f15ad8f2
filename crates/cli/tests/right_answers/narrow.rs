//! No line is wider than the terminal.

use crate::common::{Ended, Place, TINY};

/// The cells of a line: all characters of these outputs take one.
fn cells(line: &str) -> usize {
    line.chars().count()
}

fn run(place: &Place, arguments: &str, columns: usize) -> String {
    let mut command = place.command(arguments);
    Ended::new(&command.env("GLASSBOX_COLUMNS", columns.to_string()).output().unwrap()).ok()
}

#[test]
fn tables_and_lines_fit_forty_to_sixty_cells() {
    let place = Place::new();
    place.write("tiny.toml", TINY);
    let huge = "[data]\nkind = \"csv\"\npath = \"table.csv\"\n[model]\nlayers = [{ type = \"dense\", units = \
        \"outputs\" }]\n[train]\nepochs = 2\nloss = \"mean_squared_error\"\noptimizer = { type = \"sgd\", lr = 1e-9 }\n";
    let rows: String = (0..100).map(|i| format!("{}e30,{}\n", i % 9, i)).collect();
    place.write("table.csv", &format!("a,y\n{rows}"));
    place.write(
        "huge.toml",
        &format!(
            "[run]\nname = \"a-name-that-is-rather-long-for-a-run\"\ntask = \"regress\"\n{huge}"
        ),
    );
    for columns in [40, 50, 60] {
        let out = run(&place, "train tiny.toml --set train.epochs=2", columns);
        let out = out + &run(&place, "train huge.toml", columns);
        let out = out
            + &run(&place, "runs ls --columns lr,gap,batch_size", columns)
            + &run(&place, "compare last last", columns)
            + &run(&place, "summary", columns)
            + &run(&place, "eval last", columns)
            + &run(&place, "check tiny.toml", columns)
            + &run(&place, "data huge.toml", columns)
            + &run(&place, "explain", columns)
            + &run(&place, "explain GB0402", columns);
        for line in out.lines() {
            // What is to be copied stays whole, on a line of its own.
            let is_name = !line.trim().contains(' ');
            let is_command = ["next: ", "  or: "].iter().any(|begin| line.starts_with(begin));
            assert!(cells(line) <= columns || is_name || is_command, "{columns}: {line}");
        }
    }
    let narrow = run(&place, "runs ls", 40);
    assert!(narrow.contains("not shown for want of room"), "{narrow}");
    assert!(!run(&place, "runs ls", 200).contains("not shown"), "with room nothing is left out");
}

#[test]
fn notes_and_errors_fit_and_their_commands_can_be_copied() {
    let place = Place::new();
    place.write("tiny.toml", TINY);
    let told = |arguments: &str| {
        let mut command = place.command(arguments);
        Ended::new(&command.env("GLASSBOX_COLUMNS", "40").output().unwrap())
    };
    let ended = told("train tiny.toml --set train.optimizer.lr=1e30");
    let err = told("resume last --epochs +1 --from best").err + &ended.err;
    for line in err.lines() {
        let is_command = line.trim_start().starts_with("next: ");
        assert!(cells(line) <= 40 || is_command, "{line}\n{err}");
    }
    let next = ended.err.lines().find(|line| line.contains("next: ")).expect(&ended.err);
    assert!(next.contains("glassbox train ") && next.contains(" --set "), "{next}");
    let out = told("train tiny.toml --set train.epochs=1 --runs fine").ok();
    assert!(out.lines().any(|line| line.starts_with("next: glassbox predict ")), "{out}");
    assert!(out.lines().any(|line| line.starts_with("  or: glassbox eval ")), "{out}");
}

#[test]
fn all_codes_are_listed() {
    let out = Place::new().run("explain").ok();
    assert!(out.contains("GB0103  unknown key\n"), "{out}");
    let titles: Vec<_> = out.lines().filter(|line| line.starts_with("GB03")).collect();
    assert!(titles.len() >= 24, "{out}");
    let out = Place::new().run("explain GB0312").ok();
    assert!(out.starts_with("GB0312: a cell is not a number"), "{out}");
}

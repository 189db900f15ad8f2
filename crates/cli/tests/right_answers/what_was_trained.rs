//! The report, `compare` and `runs ls` show what was trained.

use crate::common::{Place, TINY};

fn two_runs() -> (Place, Vec<String>) {
    let place = Place::new();
    place.write("tiny.toml", TINY);
    for (name, lr) in [("slow", "1e-3"), ("quick", "2e-2")] {
        let set = format!("--set run.name={name} --set train.optimizer.lr={lr}");
        place.run(&format!("train tiny.toml --set train.epochs=1 --seed 5 {set}")).ok();
    }
    let listed = place.run("runs ls").ok();
    let names = ["slow", "quick"].map(|name| {
        let line = listed.lines().find(|line| line.contains(name)).unwrap();
        line.split_whitespace().next().unwrap().to_owned()
    });
    (place, names.to_vec())
}

#[test]
fn the_report_shows_the_recipe_with_what_the_command_line_changed() {
    let (place, names) = two_runs();
    let html =
        std::fs::read_to_string(place.path().join("runs").join(&names[1]).join("report.html"))
            .unwrap();
    assert!(html.contains("<td>train.optimizer.lr</td><td>0.01</td>"), "{html}");
    let marked = html.split("<mark>").filter(|part| part.contains("lr = 0.02"));
    assert_eq!(marked.count(), 1);
    assert!(html.contains("<td>run.seed</td><td>3</td>"), "--seed is an override as well");
    assert!(html.contains("training (average while"), "{html}");
    assert!(html.contains(
        "Training scores are averages over an epoch, taken while the model learned and with dropout"
    ));
}

#[test]
fn the_report_of_a_resumed_run_shows_what_it_was_resumed_with() {
    let place = Place::new();
    place.write("tiny.toml", TINY);
    place.run("train tiny.toml --set train.epochs=1").ok();
    place.run("resume last --epochs +1 --set train.optimizer.lr=1e-3").ok();
    place.run("report last").ok();
    let run = std::fs::read_dir(place.path().join("runs")).unwrap().next().unwrap().unwrap();
    let html = std::fs::read_to_string(run.path().join("report.html")).unwrap();
    let row = "<td>train.optimizer.lr</td><td>0.01</td><td><mark>0.001</mark></td>";
    assert!(html.contains(row), "{html}");
    assert!(html.contains("after epoch 1 (step "), "{html}");
    assert!(html.contains("train.optimizer.lr = 0.01 → 0.001"), "{html}");
}

#[test]
fn compare_and_runs_ls_show_what_differs() {
    let (place, names) = two_runs();
    let out = place.run(&format!("compare {} {}", names[0], names[1])).ok();
    let row = out.lines().find(|line| line.starts_with("train.optimizer.lr")).unwrap();
    assert!(row.contains("0.001") && row.contains("0.02"), "{out}");
    assert!(!out.contains("batch_size") && out.contains("gap"), "{out}");
    let listed = place.run("runs ls --columns lr,batch_size,gap,valid.accuracy,nothing");
    assert!(listed.err.contains("no run has `nothing`"), "{listed:?}");
    assert_eq!(listed.err.matches("note:").count(), 1, "{listed:?}");
    let out = listed.ok();
    let titles: Vec<_> = out.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(titles[4..9], ["lr", "batch_size", "gap", "valid.accuracy", "nothing"]);
    let quick: Vec<_> =
        out.lines().find(|line| line.contains("quick")).unwrap().split_whitespace().collect();
    assert!(quick.contains(&"0.02") && quick.contains(&"32") && quick.contains(&"–"), "{out}");
    let out = place.run("runs ls --columns changed").ok();
    assert!(out.lines().next().unwrap().contains("train.optimizer.lr"), "{out}");
    assert!(!out.contains("run.seed") && !out.contains("run.name"), "{out}");
}

#[test]
fn plots_of_runs_say_what_they_show() {
    let (place, names) = two_runs();
    place.run(&format!("compare {} {} --plots plots", names[0], names[1])).ok();
    let svg = std::fs::read_to_string(place.path().join("plots/loss.svg")).unwrap();
    assert!(svg.contains("loss: validation, and training"), "{svg}");
}

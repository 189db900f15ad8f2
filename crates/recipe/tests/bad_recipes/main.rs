//! Bad recipes: each is answered with its code, its line, and words that help.

mod cases;

use std::path::Path;

use glassbox_recipe::{Recipe, Report};

use cases::CASES;

/// A good recipe; every case below changes one place of it.
const GOOD: &str = r#"[run]
name = "digits"
task = "classify"
seed = 7
[data]
kind = "digits"
normalize = "standard"
split = { train = 0.7, valid = 0.1, test = 0.2 }
[[augment]]
type = "random_crop"
padding = 1
[model]
layers = [
  { type = "conv2d", filters = 4, kernel = 3, padding = "same" },
  { type = "batch_norm" },
  { type = "relu" },
  { type = "residual", layers = [
    { type = "conv2d", filters = 4, kernel = 3, padding = "same" },
  ] },
  { type = "max_pool", size = 2 },
  { type = "flatten" },
  { type = "dropout", p = 0.3 },
  { type = "dense", units = "classes" },
]
[train]
epochs = 3
batch_size = 32
loss = "cross_entropy"
optimizer = { type = "adamw", lr = 2e-3, weight_decay = 1e-2 }
schedule = "cosine"
early_stop = { metric = "valid.loss", patience = 4, min_delta = 1e-3 }
clip = { type = "norm", max = 1.0 }
"#;

fn answer(text: &str, overrides: &[String]) -> Result<(), Report> {
    let recipe = Recipe::parse("recipe.toml", text, Path::new("."), overrides)?;
    let data = recipe.prepare()?;
    recipe.resolve(&data).map(|_| ())
}

#[test]
fn the_good_recipe_is_good() {
    if let Err(report) = answer(GOOD, &[]) {
        panic!("{report}");
    }
}

#[test]
fn every_bad_recipe_is_answered() {
    let mut wrong = Vec::new();
    for (find, replace, code, line, words) in CASES {
        assert!(GOOD.contains(find), "{find:?} is not in the recipe");
        let text = GOOD.replacen(find, replace, 1);
        let Err(report) = answer(&text, &[]) else {
            wrong.push(format!("{replace:?} was accepted"));
            continue;
        };
        let rendered = report.render(glassbox_recipe::Style::default());
        let at = |code: &str, line: usize| {
            report.problems().iter().any(|problem| {
                problem.code == code
                    && report.position(problem).is_some_and(|(_, found, _)| found == line)
            })
        };
        let missing: Vec<_> = words.iter().filter(|word| !rendered.contains(**word)).collect();
        if !at(code, *line) || !missing.is_empty() {
            wrong.push(format!(
                "{replace:?}: wanted {code} in line {line}, {missing:?}\n{rendered}"
            ));
        }
        // One mistake is told once, apart from what a missing bracket does to the rest.
        if report.problems().len() > 1 && *code != "GB0101" {
            wrong
                .push(format!("{replace:?} is told {} times\n{rendered}", report.problems().len()));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), CASES.len(), wrong.join("\n"));
}

#[test]
fn what_cannot_act_in_so_few_epochs_is_noted() {
    let notes = |schedule: &str, epochs: &str| {
        let text = GOOD.replace("\"cosine\"", schedule).replace("epochs = 3", epochs);
        let recipe = Recipe::parse("recipe.toml", &text, Path::new("."), &[]).unwrap();
        let experiment = recipe.resolve(&recipe.prepare().unwrap()).unwrap();
        recipe.notes(&experiment)
    };
    let told = notes("{ type = \"reduce_on_plateau\", patience = 1 }", "epochs = 3");
    assert_eq!(
        told,
        [
            "train.early_stop.patience = 4: training cannot stop early in 3 epochs",
            "train.schedule.patience = 1: the rate cannot fall in 3 epochs",
        ]
    );
    let told = notes("{ type = \"reduce_on_plateau\", patience = 1 }", "epochs = 5");
    assert_eq!(told, [""; 0]);
}

#[test]
fn bad_overrides_are_answered() {
    for (set, code, words) in [
        ("train.epochs", "GB0110", "KEY=VALUE"),
        ("train.epochs=many", "GB0106", "a whole number"),
        ("train.epochs=0", "GB0108", "from 1 to"),
        ("train.epoch=3", "GB0103", "did you mean `epochs`?"),
        ("model.layers.99.p=0.5", "GB0110", "a number from 0 to 7"),
        ("model.layers.6.p=1.5", "GB0108", "from 0 to below 1"),
        ("run.name.first=x", "GB0106", "text in quotes"),
        ("data.path=[1,", "GB0101", "not valid TOML"),
        ("=", "GB0110", "not a path"),
    ] {
        let report = answer(GOOD, &[set.to_owned()]).unwrap_err();
        let text = report.render(glassbox_recipe::Style::default());
        assert!(report.problems().iter().any(|p| p.code == code), "{set}: {text}");
        assert!(text.contains(words) && text.contains("--set"), "{set}: {text}");
    }
}

#[test]
fn all_errors_come_at_once() {
    let text = GOOD
        .replace("seed = 7", "sede = 7")
        .replace("\"batch_norm\"", "\"batchnorm\"")
        .replace("p = 0.3", "p = 2")
        .replace("epochs = 3", "epochs = \"3\"")
        .replace("lr = 2e-3", "lr = 0");
    let report = answer(&text, &[]).unwrap_err();
    let told: Vec<_> = report
        .problems()
        .iter()
        .map(|problem| (problem.code, report.position(problem).unwrap().1))
        .collect();
    let all = [("GB0103", 4), ("GB0104", 15), ("GB0108", 22), ("GB0106", 26), ("GB0108", 29)];
    assert_eq!(told, all);
}

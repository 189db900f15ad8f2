//! Bad recipes: each is answered with its code, its line, and words that help.

use std::path::Path;

use glassbox_recipe::{Recipe, Report};

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

/// What to replace, by what, the code, the line, and words of the message, the label or the help.
type Case = (&'static str, &'static str, &'static str, usize, &'static [&'static str]);

const CASES: &[Case] = &[
    // What is to be watched.
    ("max = 1.0 }", "max = 1.0 }\n[watch]\nlags = true", "GB0131", 34, &["a recurrent layer"]),
    ("max = 1.0 }", "max = 1.0 }\n[watch]\nlag = true", "GB0103", 34, &["did you mean `lags`?"]),
    (
        "max = 1.0 }",
        "max = 1.0 }\n[watch]\nsamples = { length = 20 }",
        "GB0131",
        34,
        &["writes no text", "kind \"text\""],
    ),
    (
        "max = 1.0 }",
        "max = 1.0 }\n[watch]\nsamples = { lenght = 20, temperature = 1 }",
        "GB0103",
        34,
        &["did you mean `length`?"],
    ),
    // Syntax.
    ("seed = 7", "seed = ", "GB0101", 4, &["not valid TOML"]),
    ("name = \"digits\"", "name = \"digits", "GB0101", 2, &["not valid TOML"]),
    ("seed = 7", "seed = 7\nseed = 8", "GB0101", 5, &["duplicate key"]),
    ("[train]", "[train", "GB0101", 25, &["not valid TOML"]),
    ("seed = 7", "seed 7", "GB0101", 4, &["not valid TOML"]),
    ("seed = 7", "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a = 7", "GB0101", 4, &["nested too deeply"]),
    // Unknown keys, at every depth.
    ("[run]", "[runs]", "GB0103", 1, &["a recipe has no key `runs`", "did you mean `run`?"]),
    ("epochs = 3", "epoch = 3", "GB0103", 26, &["`train` has no key `epoch`", "`epochs`"]),
    ("batch_size", "batchsize", "GB0103", 27, &["did you mean `batch_size`?"]),
    (
        "filters = 4, kernel = 3, padding = \"same\" },\n  { type = \"b",
        "filter = 4, kernel = 3 },\n  { type = \"b",
        "GB0103",
        14,
        &["`conv2d` has no key `filter`", "did you mean `filters`?"],
    ),
    ("size = 2", "size = 2, colour = 3", "GB0103", 20, &["`max_pool` has no key `colour`"]),
    ("{ type = \"relu\" }", "{ type = \"relu\", slope = 0.1 }", "GB0103", 16, &["no keys here"]),
    ("normalize =", "normalise =", "GB0103", 7, &["did you mean `normalize`?"]),
    ("lr = 2e-3", "learning_rate = 2e-3", "GB0103", 29, &["`adamw` has no key `learning_rate`"]),
    ("patience", "patients", "GB0103", 31, &["did you mean `patience`?"]),
    (
        "clip = { type = \"norm\", max = 1.0 }",
        "[watch]\nevery = 20",
        "GB0103",
        33,
        &["`watch` has no key `every`"],
    ),
    // Unknown types.
    (
        "\"batch_norm\"",
        "\"batchnorm\"",
        "GB0104",
        15,
        &["unknown layer type \"batchnorm\"", "did you mean `batch_norm`?"],
    ),
    ("\"flatten\"", "\"transformer\"", "GB0104", 21, &["`dense`", "choose one of"]),
    ("kind = \"digits\"", "kind = \"digit\"", "GB0104", 6, &["did you mean `digits`?"]),
    ("\"random_crop\"", "\"randomcrop\"", "GB0104", 10, &["augmentation", "`random_crop`"]),
    ("\"adamw\"", "\"adam_w\"", "GB0104", 29, &["did you mean `adamw`?"]),
    ("\"cross_entropy\"", "\"crossentropy\"", "GB0104", 28, &["did you mean `cross_entropy`?"]),
    ("\"cosine\"", "\"cosinus\"", "GB0104", 30, &["schedule", "did you mean `cosine`?"]),
    ("type = \"norm\"", "type = \"nrom\"", "GB0104", 32, &["did you mean `norm`?"]),
    (
        "[\n    { type = \"conv2d\"",
        "[\n    { type = \"conv2\"",
        "GB0104",
        18,
        &["did you mean `conv2d`?"],
    ),
    // Unknown values.
    (
        "task = \"classify\"",
        "task = \"clasify\"",
        "GB0105",
        3,
        &["`task` cannot be \"clasify\"", "did you mean `classify`?"],
    ),
    // Wrong types.
    ("seed = 7", "seed = \"7\"", "GB0106", 4, &["a whole number", "remove the quotes"]),
    ("epochs = 3", "epochs = 3.5", "GB0106", 26, &["a whole number", "the number 3.5"]),
    ("epochs = 3", "epochs = true", "GB0106", 26, &["found `true`"]),
    ("name = \"digits\"", "name = 12", "GB0106", 2, &["text in quotes"]),
    (
        "filters = 4, kernel = 3, padding = \"same\" },\n  { type = \"b",
        "filters = \"many\", kernel = 3 },\n  { type = \"b",
        "GB0106",
        14,
        &["\"classes\", \"outputs\" or \"vocab\""],
    ),
    ("units = \"classes\"", "units = \"clases\"", "GB0106", 23, &["did you mean \"classes\"?"]),
    ("p = 0.3", "p = \"0.3\"", "GB0106", 22, &["a number"]),
    (
        "kernel = 3, padding = \"same\" },\n  { type = \"b",
        "kernel = [3, 3, 3] },\n  { type = \"b",
        "GB0106",
        14,
        &["kernel"],
    ),
    ("split = { train = 0.7, valid = 0.1, test = 0.2 }", "split = 0.7", "GB0106", 8, &["a table"]),
    ("normalize = \"standard\"", "normalize = \"standart\"", "GB0106", 7, &["normalize"]),
    ("[[augment]]", "[augment]", "GB0106", 9, &["two brackets"]),
    ("lr = 2e-3", "lr = \"fast\"", "GB0106", 29, &["a number", "\"fast\""]),
    (
        "clip = { type = \"norm\", max = 1.0 }",
        "clip = 1.0",
        "GB0106",
        32,
        &["a table with a `type`"],
    ),
    (
        "clip = { type = \"norm\", max = 1.0 }",
        "checkpoint_every = { days = 1 }",
        "GB0106",
        32,
        &["`steps` or `epochs`"],
    ),
    // Missing keys.
    ("kind = \"digits\"", "", "GB0107", 5, &["needs `kind`"]),
    ("kind = \"digits\"", "kind = \"csv\"", "GB0107", 5, &["needs `path`"]),
    ("kind = \"digits\"", "kind = \"series\"", "GB0107", 5, &["needs `path`"]),
    ("kind = \"digits\"", "kind = \"lines\"", "GB0107", 5, &["needs `path`"]),
    (
        "type = \"dense\", units = \"classes\"",
        "type = \"dense\"",
        "GB0107",
        23,
        &["`dense` needs `units`"],
    ),
    (
        "filters = 4, kernel = 3, padding = \"same\" },\n  { type = \"b",
        "filters = 4 },\n  { type = \"b",
        "GB0107",
        14,
        &["`conv2d` needs `kernel`", "kernel = 3"],
    ),
    ("{ type = \"flatten\" }", "{ }", "GB0107", 21, &["`layer` needs `type`"]),
    ("type = \"norm\", max = 1.0", "type = \"norm\"", "GB0107", 32, &["`norm` needs `max`"]),
    // Out of range.
    (
        "kind = \"digits\"",
        "kind = \"series\"\npath = \"a.csv\"\nwindow = 0",
        "GB0108",
        8,
        &["from 1", "found 0"],
    ),
    ("lr = 2e-3", "lr = 0", "GB0108", 29, &["above 0", "found 0"]),
    ("lr = 2e-3", "lr = -1.0", "GB0108", 29, &["above 0", "found -1"]),
    ("p = 0.3", "p = 1.0", "GB0108", 22, &["from 0 to below 1"]),
    ("p = 0.3", "p = -0.1", "GB0108", 22, &["from 0 to below 1"]),
    ("batch_size = 32", "batch_size = 0", "GB0108", 27, &["from 1 to", "found 0"]),
    ("epochs = 3", "epochs = 0", "GB0108", 26, &["found 0"]),
    ("epochs = 3", "epochs = -5", "GB0108", 26, &["found -5"]),
    ("seed = 7", "seed = -1", "GB0108", 4, &["0 or more"]),
    ("seed = 7", "seed = 99999999999999999999", "GB0108", 4, &["too large"]),
    (
        "filters = 4, kernel = 3, padding = \"same\" },\n  { type = \"b",
        "filters = 0, kernel = 3 },\n  { type = \"b",
        "GB0108",
        14,
        &["filters"],
    ),
    ("units = \"classes\"", "units = 999999999", "GB0108", 23, &["units"]),
    ("lr = 2e-3", "lr = 1e99", "GB0108", 29, &["too large"]),
    ("max = 1.0", "max = 0.0", "GB0108", 32, &["above 0"]),
    ("weight_decay = 1e-2", "weight_decay = -1", "GB0108", 29, &["0 or more"]),
    ("train = 0.7", "train = 1.7", "GB0108", 8, &["from 0 to 1"]),
    ("lr = 2e-3", "lr = 1e-60", "GB0108", 29, &["too close to 0", "single precision"]),
    ("weight_decay = 1e-2", "betas = [0.9, 1.0]", "GB0108", 29, &["from 0 to below 1"]),
    ("weight_decay = 1e-2", "epsilon = 0", "GB0108", 29, &["`epsilon`", "above 0"]),
    ("weight_decay = 1e-2", "weight_decay = 1e4", "GB0108", 29, &["below 1 / lr = 500"]),
    ("\"batch_norm\"", "\"batch_norm\", epsilon = 0", "GB0108", 15, &["above 0"]),
    ("\"cosine\"", "{ type = \"step\", every = 0 }", "GB0108", 30, &["`every`", "above 0"]),
    ("\"cosine\"", "{ type = \"cosine\", min_lr = 0.1 }", "GB0108", 30, &["below the rate"]),
    ("min_delta = 1e-3", "min_delta = -1e-3", "GB0108", 31, &["`min_delta`", "0 or more"]),
    ("patience = 4", "patience = 0", "GB0108", 31, &["`patience`", "1 or more"]),
    ("epochs = 3", "epochs = 3\nwarmup = { epochs = 4 }", "GB0124", 27, &["fewer than 3 epochs"]),
    (
        "epochs = 3",
        "epochs = 3\nwarmup = { epochs = 1, start = -0.1 }",
        "GB0108",
        27,
        &["`start`", "from 0 to 1"],
    ),
    // Without effect.
    (
        "\"cosine\"",
        "{ type = \"step\", every = 10 }",
        "GB0132",
        30,
        &["`every` has no effect", "the 3 epochs there are"],
    ),
    (
        "optimizer = { type = \"adamw\", lr = 2e-3, weight_decay = 1e-2 }",
        "optimizer = { type = \"sgd\", nesterov = true }",
        "GB0132",
        29,
        &["`nesterov` has no effect", "momentum"],
    ),
    (
        "\"cross_entropy\"",
        "{ type = \"cross_entropy\", ignore_index = 10 }",
        "GB0132",
        28,
        &["`ignore_index` has no effect", "from 0 to 9"],
    ),
    // Not finite.
    ("lr = 2e-3", "lr = nan", "GB0109", 29, &["a finite number"]),
    ("p = 0.3", "p = inf", "GB0109", 22, &["a finite number"]),
    // Empty.
    ("name = \"digits\"", "name = \" \"", "GB0111", 2, &["name is empty"]),
    // What does not fit together.
    ("task = \"classify\"", "task = \"regress\"", "GB0127", 3, &["\"classify\"", "10 classes"]),
    ("\"cross_entropy\"", "\"mean_squared_error\"", "GB0120", 28, &["use cross_entropy"]),
    ("\"cross_entropy\"", "\"binary_cross_entropy\"", "GB0120", 28, &["two classes", "10"]),
    (
        "\"cross_entropy\"",
        "{ type = \"cross_entropy\", class_weights = [1.0, 2.0] }",
        "GB0128",
        28,
        &["10 numbers", "found 2"],
    ),
    (
        "\"classes\" },",
        "\"classes\" },\n  { type = \"softmax\" },",
        "GB0121",
        24,
        &["applies the softmax itself", "remove the softmax layer"],
    ),
    (
        "\"classes\" },",
        "\"classes\" },\n  { type = \"softmax\" },\n  { type = \"dropout\", p = 0.2 },",
        "GB0121",
        24,
        &["applies the softmax itself", "with only dropout between it and the loss"],
    ),
    (
        "\"classes\" },",
        "\"classes\" },\n  { type = \"relu\" },",
        "GB0121",
        24,
        &["scores of either sign", "a relu layer"],
    ),
    ("units = \"classes\"", "units = 12", "GB0122", 23, &["10 values", "units = \"classes\""]),
    ("valid.loss", "valid.los", "GB0126", 31, &["did you mean `valid.loss`?"]),
    ("valid.loss", "valid.rmse", "GB0126", 31, &["`valid.accuracy`"]),
    (
        "valid = 0.1, test = 0.2",
        "valid = 0.0, test = 0.3",
        "GB0125",
        31,
        &["needs validation data", "valid = 0.15"],
    ),
    // Shapes.
    (
        "  { type = \"flatten\" },\n",
        "",
        "GB0202",
        22,
        &["layer 6 (dense)", "a list of numbers", "flatten"],
    ),
    ("size = 2", "size = 9", "GB0205", 20, &["layer 4 (max_pool)"]),
    (
        "units = \"classes\"",
        "units = \"classes\", inputs = 99",
        "GB0203",
        23,
        &["99 inputs", "remove `inputs`"],
    ),
    (
        "  { type = \"residual\"",
        "  { type = \"flatten\" },\n  { type = \"residual\"",
        "GB0202",
        19,
        &["conv2d"],
    ),
    // Data.
    (
        "train = 0.7, valid = 0.1, test = 0.2",
        "train = 0.7, valid = 0.7, test = 0.2",
        "GB0330",
        8,
        &["more than all items"],
    ),
    (
        "kind = \"digits\"",
        "kind = \"idx\"\npath = \"no-such-folder\"",
        "GB0301",
        7,
        &["no-such-folder"],
    ),
    (
        "normalize = \"standard\"",
        "normalize = { mean = [1.0, 2.0], std = [1.0] }",
        "GB0331",
        7,
        &["1 or 1 numbers"],
    ),
];

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

//! The recipes that come with Glassbox, and what resolving them gives.

use std::path::{Path, PathBuf};

use glassbox_recipe::{Experiment, PrecisionSetting, Recipe};

fn recipes() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recipes")
}

fn resolve(path: &Path) -> Experiment {
    let recipe = Recipe::open(path, &[]).unwrap_or_else(|report| panic!("{report}"));
    let data = recipe.prepare().unwrap_or_else(|report| panic!("{report}"));
    recipe.resolve(&data).unwrap_or_else(|report| panic!("{report}"))
}

#[test]
fn every_recipe_reads() {
    let mut count = 0;
    for entry in std::fs::read_dir(recipes()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            Recipe::open(&path, &[]).unwrap_or_else(|report| panic!("{report}"));
            count += 1;
        }
    }
    assert!(count >= 12, "{count} recipes");
}

#[test]
fn resolving_the_resolved_recipe_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["digits-mlp", "digits-cnn", "spirals", "wine", "sunspots", "sine"] {
        let experiment = resolve(&recipes().join(format!("{name}.toml")));
        let path = folder.path().join("resolved.toml");
        std::fs::write(&path, experiment.to_toml_in(folder.path())).unwrap();
        let again = resolve(&path);
        assert_eq!(again, experiment, "{name}");
        assert_eq!(again.to_toml(), experiment.to_toml(), "{name}");
    }
}

#[test]
fn an_embedding_has_as_many_rows_as_lines_have_tokens() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("names.csv"), "ada,en\nkim,kr\nann,en\nbo,kr\n").unwrap();
    let text = r#"
[data]
kind = "lines"
path = "names.csv"
header = "absent"
split = { train = 1.0, valid = 0.0, test = 0.0 }
[model]
layers = [
  { type = "embedding", dim = 3 },
  { type = "gru", units = 4, return = "last" },
  { type = "dense", units = "classes" },
]
[train]
epochs = 1
"#;
    let path = folder.path().join("names.toml");
    std::fs::write(&path, text).unwrap();
    assert!(resolve(&path).to_toml().contains("size = 8"), "{}", resolve(&path).to_toml());
}

#[test]
fn overrides_and_defaults_are_written_out() {
    let path = recipes().join("digits-mlp.toml");
    let overrides = ["train.epochs=3", "train.optimizer.lr=0.5", "model.layers.1.units=7"];
    let recipe = Recipe::open(&path, &overrides.map(String::from)).unwrap();
    let experiment = recipe.resolve(&recipe.prepare().unwrap()).unwrap();
    insta::assert_snapshot!(experiment.to_toml());
}

#[test]
fn precision_reaches_the_training_and_is_written_out() {
    let path = recipes().join("digits-cnn.toml");
    for (overrides, exact) in
        [(vec![], false), (vec!["train.precision=\"exact\"".to_owned()], true)]
    {
        let recipe = Recipe::open(&path, &overrides).unwrap();
        let prepared = recipe.prepare().unwrap();
        let experiment = recipe.resolve(&prepared).unwrap();
        assert_eq!(experiment.train.precision == PrecisionSetting::Exact, exact);
        assert_eq!(experiment.to_toml().contains("precision = \"exact\""), exact);
        let precision = experiment.train_config().precision;
        assert_eq!(precision == glassbox_tensor::Precision::Exact, exact);
    }
}

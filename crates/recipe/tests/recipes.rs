//! The recipes that come with Glassbox, and what resolving them gives.

use std::path::{Path, PathBuf};

use glassbox_recipe::{Experiment, Recipe};

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
    assert!(count >= 8, "{count} recipes");
}

#[test]
fn resolving_the_resolved_recipe_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["digits-mlp", "digits-cnn", "spirals", "wine"] {
        let experiment = resolve(&recipes().join(format!("{name}.toml")));
        let path = folder.path().join("resolved.toml");
        std::fs::write(&path, experiment.to_toml()).unwrap();
        let again = resolve(&path);
        assert_eq!(again, experiment, "{name}");
        assert_eq!(again.to_toml(), experiment.to_toml(), "{name}");
    }
}

#[test]
fn overrides_and_defaults_are_written_out() {
    let path = recipes().join("digits-mlp.toml");
    let overrides = ["train.epochs=3", "train.optimizer.lr=0.5", "model.layers.1.units=7"];
    let recipe = Recipe::open(&path, &overrides.map(String::from)).unwrap();
    let experiment = recipe.resolve(&recipe.prepare().unwrap()).unwrap();
    insta::assert_snapshot!(experiment.to_toml());
}

//! Workloads that a file describes: a training step of any layers on any batch.

use std::error::Error;
use std::path::Path;

use glassbox::nn::NodeConfig;
use glassbox::nn::layers::Layer;
use glassbox::prelude::*;
use serde::Deserialize;

use crate::inputs;
use crate::workloads::Workload;

/// What stands in the file; `layers` as in a recipe.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelFile {
    /// Items of the batch.
    batch: usize,
    /// The shape of one item; of a text, how many tokens it has.
    input: Vec<usize>,
    layers: Vec<NodeConfig>,
}

impl Workload {
    /// A classifier of normal noise or, where the first layer is an embedding, of random tokens;
    /// with Adam.
    ///
    /// # Errors
    /// When the file cannot be read, is no description of a model, or its layers do not fit each
    /// other.
    pub fn of_file(path: &Path) -> Result<Self, Box<dyn Error>> {
        let text = std::fs::read_to_string(path);
        let result = text.map_err(Into::into).and_then(|text| Self::of_text(&text));
        result.map_err(|error| format!("{}: {error}", path.display()).into())
    }

    fn of_text(text: &str) -> Result<Self, Box<dyn Error>> {
        let ModelFile { batch, input, layers } = toml::from_str(text)?;
        let tokens = match layers.first().map(|node| &node.layer) {
            Some(Layer::Embedding(embedding)) => Some(
                embedding.size.ok_or("embedding: expected the size of the vocabulary, as size")?,
            ),
            _ => None,
        };
        let start = Sequential::input(input.clone());
        let model = layers.into_iter().fold(start, |model, layer| model.layer(layer));
        let output = model.clone().build(0)?.output_shape();
        let Some((&classes, leading)) = output.split_last() else {
            return Err("expected scores of classes, found a single value".into());
        };
        let mut rng = Rng::new(0);
        let dims = [&[batch], &input[..]].concat();
        let x = match tokens {
            Some(tokens) => inputs::below(tokens, &dims, &mut rng),
            None => inputs::normal(&dims, &mut rng),
        };
        let targets = inputs::below(classes, &[&[batch], leading].concat(), &mut rng);
        Ok(Self::of(model, Adam::default(), x, targets)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_and_texts() {
        let images = r#"
            batch = 3
            input = [6, 6, 1]
            layers = [{ type = "conv2d", filters = 4, kernel = 3 }, { type = "flatten" },
                      { type = "dense", units = 5 }]"#;
        let texts = r#"
            batch = 2
            input = [7]
            layers = [{ type = "embedding", size = 9, dim = 4 }, { type = "lstm", units = 3 },
                      { type = "dense", units = 9 }]"#;
        for (text, batch) in [(images, 3), (texts, 2)] {
            let mut workload = Workload::of_text(text).unwrap();
            let first = workload.step();
            let last = (0..50).map(|_| workload.step()).last().unwrap();
            assert_eq!(workload.batch(), batch);
            assert!(last < first, "{first} {last}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        let unknown = Workload::of_text("batch = 1\ninput = [2]\nlayers = []\nrate = 3");
        assert!(unknown.err().unwrap().to_string().contains("unknown field `rate`"));
        let missing = Workload::of_file(Path::new("no/such.toml")).err().unwrap();
        assert!(missing.to_string().starts_with("no/such.toml: "));
    }

    #[test]
    fn every_model_of_the_folder_makes_a_step() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        let mut count = 0;
        for entry in folder.read_dir().unwrap() {
            Workload::of_file(&entry.unwrap().path()).unwrap();
            count += 1;
        }
        assert!(count > 0);
    }
}

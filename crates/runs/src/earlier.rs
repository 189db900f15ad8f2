//! What models of earlier versions learned otherwise.

use std::path::Path;

use glassbox_data::InputReader;
use glassbox_nn::layers::layers_that_see_later_steps;
use glassbox_train::CheckpointError;

use crate::predictor::PredictorConfig;

/// Texts were padded with the first token, which counted in every layer across time that is not
/// recurrent. Such a model would give other numbers than it learned.
///
/// # Errors
/// When `config` describes one.
pub(crate) fn refuse_counted_padding(
    config: &PredictorConfig,
    path: &Path,
) -> Result<(), CheckpointError> {
    let InputReader::Lines(schema) = &config.learned.reader else { return Ok(()) };
    if !schema.padding_is_a_token() {
        return Ok(());
    }
    let recurrent = ["rnn", "gru", "lstm"];
    let mixing = layers_that_see_later_steps(&config.layers, &config.learned.input[..]);
    let Some(layer) = mixing.iter().find(|error| !recurrent.contains(&error.layer)) else {
        return Ok(());
    };
    let place = layer.path.describe(layer.layer);
    Err(CheckpointError::new(
        "GB0142",
        path,
        "a model that leaves padding out",
        format!(
            "one of an earlier version: to its {place} what follows a shorter text is the token {:?}",
            schema.vocabulary.names().first().map_or("", String::as_str)
        ),
        "train it again: `glassbox train` with the recipe in the run's folder",
    ))
}

#[cfg(test)]
mod tests {
    use glassbox_nn::layers::Layer;

    use super::*;

    /// As 796fc4b wrote it: without `padding`.
    fn config(layer: &str) -> PredictorConfig {
        let text = format!(
            r#"{{"input": [4], "layers": [{{"type": "embedding", "dim": 2, "size": 2}}, {layer},
                {{"type": "dense", "units": 2}}],
                "reader": {{"lines": {{"delimiter": ",", "header": true, "text": "text",
                "vocabulary": {{"unit": "char", "tokens": ["(", ")"]}}, "steps": 4}}}},
                "input_normalizer": {{"offset": [], "scale": []}},
                "target_normalizer": {{"offset": [], "scale": []}},
                "output": "logits", "names": ["a", "b"]}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn only_models_that_counted_padding_are_refused() {
        let path = Path::new("best.safetensors");
        let of = |layer: &str| refuse_counted_padding(&config(layer), path);
        let gru = r#"{"type": "gru", "units": 3, "return": "last", "bidirectional": true}"#;
        assert!(of(gru).is_ok());
        for layer in [r#"{"type": "global_avg_pool"}"#, r#"{"type": "flatten"}"#] {
            let error = of(layer).unwrap_err().to_string();
            for part in ["GB0142", "layer 1", "\"(\"", "train it again"] {
                assert!(error.contains(part), "{error}");
            }
            // A model of this version has a number of its own for padding.
            let mut new = config(layer);
            if let InputReader::Lines(schema) = &mut new.learned.reader {
                schema.padding = 2;
            }
            assert!(refuse_counted_padding(&new, path).is_ok());
        }
        assert!(matches!(config(gru).layers[1].layer, Layer::Gru(_)));
    }
}

//! Keeps what a language model writes, epoch by epoch.

use std::path::Path;

use glassbox_train::data::{DataError, Vocabulary};
use glassbox_train::{Event, Flow, Observer, TrainError};
use serde::{Deserialize, Serialize};

use crate::generator::Generator;
use crate::run_folder::RunFolder;
use crate::sampling::Sampling;
use crate::{RunError, atomic};

/// What is to be written after every epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SamplesConfig {
    /// The text to continue; the beginning of a line when empty.
    pub prompt: String,
    /// How many tokens.
    pub length: usize,
    /// What scores are divided by: see [`Sampling::temperature`].
    pub temperature: f32,
    /// See [`Sampling::top_k`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_k: Option<usize>,
    /// See [`Sampling::top_p`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f32>,
}

impl Default for SamplesConfig {
    fn default() -> Self {
        Self { prompt: String::new(), length: 300, temperature: 0.8, top_k: None, top_p: None }
    }
}

impl SamplesConfig {
    /// How tokens are chosen.
    pub fn sampling(&self) -> Sampling {
        let Self { temperature, top_k, top_p, .. } = *self;
        Sampling { temperature, top_k, top_p }
    }
}

/// Writes a text of the model to `samples/epoch-0003.txt` after every epoch, and one before
/// training, always with the same seed. Training itself is not changed by it.
pub struct Samples {
    folder: RunFolder,
    vocabulary: Vocabulary,
    config: SamplesConfig,
    seed: u64,
}

impl Samples {
    /// The samples of a run in `folder`.
    pub fn new(
        folder: RunFolder,
        vocabulary: Vocabulary,
        config: SamplesConfig,
        seed: u64,
    ) -> Self {
        Self { folder, vocabulary, config, seed }
    }

    fn write(&self, path: &Path, text: &[u8]) -> Result<(), TrainError> {
        let parent = path.parent().unwrap_or(path);
        std::fs::create_dir_all(parent)
            .and_then(|()| atomic::write(path, text))
            .map_err(|source| RunError::Log { path: path.into(), source }.into())
    }
}

impl Observer for Samples {
    fn on(&mut self, event: &Event<'_>) -> Result<Flow, TrainError> {
        let Event::Model { epoch, model } = event else { return Ok(Flow::Continue) };
        let Self { vocabulary, config, seed, .. } = self;
        let sampling = config.sampling();
        let mut generator = Generator::new(*model, vocabulary, &config.prompt, sampling, *seed)
            .map_err(|error: DataError| TrainError::Data(error))?;
        let mut text = config.prompt.clone().into_bytes();
        for _ in 0..config.length {
            let token = generator.next_token();
            vocabulary.decode(token, &mut text);
        }
        text.push(b'\n');
        self.write(&self.folder.sample(*epoch), &text)?;
        Ok(Flow::Continue)
    }
}

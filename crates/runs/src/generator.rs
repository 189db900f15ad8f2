//! Text made token by token.

use glassbox_data::InputReader;
use glassbox_data::sources::text::{note_on, unknown_character};
use glassbox_nn::{Cx, Module, RecurrentState};
use glassbox_tensor::{Rng, Tensor};
use glassbox_train::CheckpointError;
use glassbox_train::data::{DataError, Vocabulary};

use crate::predictor::{Output, Predictor};
use crate::sampling::Sampling;

/// Continues a text with a trained model: every token is chosen by the scores that the model
/// gives after all tokens before it, which its recurrent layers remember.
pub struct Generator<'a> {
    model: &'a dyn Module,
    vocabulary: &'a Vocabulary,
    sampling: Sampling,
    rng: Rng,
    state: RecurrentState,
    cx: Cx,
    /// The scores of the next token.
    scores: Tensor,
}

impl<'a> Generator<'a> {
    /// A generator that lets `model`, which gives scores for the tokens of `vocabulary`, continue
    /// `prompt`, its choices decided by `seed`. An empty prompt begins where a line begins.
    ///
    /// # Errors
    /// When the prompt has a character that the model does not know.
    pub fn new(
        model: &'a dyn Module,
        vocabulary: &'a Vocabulary,
        prompt: &str,
        sampling: Sampling,
        seed: u64,
    ) -> Result<Self, DataError> {
        let tokens = vocabulary.encode(prompt).map_err(unknown_character)?;
        let (state, cx, scores) = (RecurrentState::default(), Cx::eval(), Tensor::scalar(0.0));
        let rng = Rng::new(seed);
        let mut new = Self { model, vocabulary, sampling, rng, state, cx, scores };
        // As far as the model knows lines.
        let start = || vocabulary.encode("\n").unwrap_or_else(|_| vec![0]);
        new.read(&if tokens.is_empty() { start() } else { tokens });
        Ok(new)
    }

    /// The vocabulary of a model that was trained on text, which can generate.
    ///
    /// # Errors
    /// When it was trained on something else: `path`, where it was loaded from, and what it is.
    pub fn vocabulary_of(
        predictor: &'a Predictor,
        path: &std::path::Path,
    ) -> Result<&'a Vocabulary, CheckpointError> {
        let config = predictor.config();
        match (&config.learned.reader, config.output) {
            (InputReader::Text(vocabulary), Output::Tokens) => Ok(vocabulary),
            (reader, _) => Err(CheckpointError::new(
                "GB0513",
                path,
                "a model that was trained on text to say what comes next",
                "a model of other data",
                match reader {
                    InputReader::None => {
                        "train one with data.kind = \"text\"; this one was trained on made-up data: \
                         `glassbox eval` and `glassbox report` show what it learned"
                    }
                    _ => "train one with data.kind = \"text\"; `glassbox predict` uses this one",
                },
            )),
        }
    }

    /// What to tell of a text that the model is to read: how many of its words are not in the
    /// vocabulary and are read as `<unknown>`.
    ///
    /// # Errors
    /// A character that the model does not know, or a word where the recipe of the training says
    /// `unknown = "error"`.
    pub fn note_on(predictor: &'a Predictor, text: &str) -> Result<Option<String>, DataError> {
        let config = predictor.config();
        let InputReader::Text(vocabulary) = &config.learned.reader else { return Ok(None) };
        note_on(vocabulary, text, config.learned.unknown)
    }

    /// The same with recurrent weights rounded to half precision, which takes about two thirds of
    /// the time. Probabilities differ by some thousandths.
    #[must_use]
    pub fn in_half_precision(mut self) -> Self {
        self.state = self.state.in_half_precision();
        self
    }

    /// Chooses the next token.
    pub fn next_token(&mut self) -> i32 {
        let width = self.vocabulary.len();
        let scores = self.scores.as_slice();
        let last = &scores[scores.len() - width..];
        let token = self.sampling.choose(last, &mut self.rng) as i32;
        self.read(&[token]);
        token
    }

    /// Lets the model see tokens.
    fn read(&mut self, tokens: &[i32]) {
        let input = Tensor::from_i32(tokens, [1, tokens.len()]);
        self.scores = self.model.forward_with_state(&input, &mut self.state, &mut self.cx);
    }

    /// The vocabulary, to turn tokens into text.
    pub fn vocabulary(&self) -> &'a Vocabulary {
        self.vocabulary
    }
}

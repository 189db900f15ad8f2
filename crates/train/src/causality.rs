//! Whether a model that learns to say the next token can see it.

use glassbox_nn::{Cx, Module};
use glassbox_tensor::{Rng, Tensor};

use crate::TrainError;
use crate::data::{Dataset, Targets};

/// A model whose output at a step depends on later steps, though the target is the next token: its
/// loss falls to almost nothing, and it has learned nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "GB0140 × the model sees the answer\n  expected: outputs that depend on the same token and \
     earlier ones, since the target of each step is the next token\n  found: the output at step \
     {step} changes with the tokens after step {after} (steps count from 0)\n  help: leave out \
     layers that run backward in time (bidirectional = true) or mix all steps"
)]
pub struct SeesAnswer {
    /// A step whose output changes, from 0.
    pub step: usize,
    /// The last step whose token is the same.
    pub after: usize,
}

impl SeesAnswer {
    /// Runs `model` on a random sequence, changes what comes after some step, and looks for an
    /// output at or before that step which changes too. `None` where there is none, or where
    /// `data` are not sequences whose targets are their own next tokens.
    ///
    /// It costs four evaluations of one item, and finds any layer that looks ahead.
    pub fn find<M: Module + ?Sized>(model: &M, data: &Dataset) -> Option<Self> {
        let (&[steps], Some(tokens)) = (data.item_shape().dims(), data.tokens()) else {
            return None;
        };
        if steps < 2 || tokens < 2 || !targets_continue_inputs(data) {
            return None;
        }
        let mut rng = Rng::new(0);
        let plain: Vec<f32> = (0..steps).map(|_| rng.below(tokens) as f32).collect();
        let run = |sequence: &[f32]| {
            let input = Tensor::from_slice(sequence, [1, steps]);
            model.forward(&input, &mut Cx::eval())
        };
        let output = run(&plain);
        let width = match *output.dims() {
            [1, length, width] if length == steps => width,
            // Not one output a step: told elsewhere.
            _ => return None,
        };
        [0, steps / 2 - 1, steps - 2].into_iter().find_map(|after| {
            let mut changed = plain.clone();
            for token in &mut changed[after + 1..] {
                *token = (*token + 1.0) % tokens as f32;
            }
            let other = run(&changed);
            let pairs = output.as_slice().iter().zip(other.as_slice());
            let differs = |(a, b): (&f32, &f32)| a != b && !(a.is_nan() && b.is_nan());
            let at = pairs.take((after + 1) * width).position(differs)?;
            Some(Self { step: at / width, after })
        })
    }

    /// As [`SeesAnswer::find`].
    ///
    /// # Errors
    /// When the model sees the answer.
    pub(crate) fn check<M: Module + ?Sized>(model: &M, data: &Dataset) -> Result<(), TrainError> {
        Self::find(model, data).map_or(Ok(()), |found| Err(found.into()))
    }
}

/// Whether the target of each step is the token that stands at the next: a text to be continued,
/// and not, say, a tag for every token. Told by the first items.
pub fn targets_continue_inputs(data: &Dataset) -> bool {
    const TRIED: usize = 64;
    let Targets::Tokens { labels, length, .. } = data.targets() else { return false };
    if data.item_shape().dims() != [*length] || *length < 2 {
        return false;
    }
    let mut item = vec![0.0; *length];
    (0..data.len().min(TRIED)).all(|index| {
        data.write_input(index, &mut item);
        let labels = &labels[index * length..(index + 1) * length];
        item[1..].iter().zip(labels).all(|(&token, &label)| token == label as f32)
    })
}

#[cfg(test)]
mod tests {
    use glassbox_nn::layers::{GruConfig, LstmConfig};
    use glassbox_nn::{Graph, Parameters, Sequential};

    use super::*;
    use crate::data::InputStore;

    fn text() -> Dataset {
        let tokens: Vec<i32> = (0..65).map(|i| i * i % 7).collect();
        let targets = Targets::Tokens {
            labels: tokens[1..].to_vec(),
            length: 16,
            names: (0..7).map(|i| i.to_string()).collect(),
        };
        let values = tokens[..64].iter().map(|&token| token as u8).collect();
        Dataset::new("text", [16], InputStore::U8 { values, unit: 1.0 }, targets).unwrap()
    }

    fn model(bidirectional: bool) -> Graph {
        let lstm = LstmConfig { bidirectional, ..LstmConfig::new(5) };
        Sequential::input([16]).embedding(7, 4).layer(lstm).dense(7).build(3).unwrap()
    }

    #[test]
    fn a_direction_from_the_end_sees_the_answer() {
        assert_eq!(SeesAnswer::find(&model(false), &text()), None);
        let found = SeesAnswer::find(&model(true), &text()).unwrap();
        assert_eq!(found, SeesAnswer { step: 0, after: 0 });
        assert!(
            SeesAnswer::check(&model(true), &text()).unwrap_err().to_string().contains("GB0140")
        );
    }

    /// Any module may look ahead: this one gives every step the mean of all.
    #[derive(Parameters)]
    struct Mean;

    impl Module for Mean {
        fn forward(&self, input: &Tensor, _cx: &mut Cx) -> Tensor {
            input.mean_keep_dims(1).broadcast_to(input.shape())
        }
    }

    #[test]
    fn modules_of_ones_own_are_found_out() {
        let gru = GruConfig::new(7);
        let model = Sequential::input([16]).embedding(7, 4).layer(gru).build(3).unwrap();
        assert_eq!(SeesAnswer::find(&model, &text()), None);
        let model = model.with_module(Mean, [16, 7]);
        assert!(SeesAnswer::find(&model, &text()).is_some());
    }

    #[test]
    fn other_targets_may_be_read_in_both_directions() {
        assert!(targets_continue_inputs(&text()));
        // Each token is to be said again four steps later.
        let tokens: Vec<u8> = (0..64).map(|i| (i * i % 7) as u8).collect();
        let labels = (0..64).map(|i| if i < 4 { 0 } else { i32::from(tokens[i - 4]) }).collect();
        let names = (0..7).map(|i| i.to_string()).collect();
        let inputs = InputStore::U8 { values: tokens, unit: 1.0 };
        let targets = Targets::Tokens { labels, length: 16, names };
        assert!(!targets_continue_inputs(&Dataset::new("copy", [16], inputs, targets).unwrap()));
        // A tag for every token: here, whether it is odd.
        let text = text();
        let InputStore::U8 { values, .. } = text.inputs() else { unreachable!() };
        let targets = Targets::Tokens {
            labels: values.iter().map(|&token| i32::from(token % 2)).collect(),
            length: 16,
            names: vec!["even".into(), "odd".into()],
        };
        let tags = Dataset::new("tags", [16], text.inputs().clone(), targets).unwrap();
        assert_eq!(SeesAnswer::find(&model(true), &tags.with_tokens(7)), None);
    }
}

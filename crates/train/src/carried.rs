//! Whether a state that recurrent layers carried still fits.

use glassbox_nn::{Cx, Module, RecurrentState};

use crate::TrainError;
use crate::data::Loader;
use crate::progress::Progress;

/// Compares what a resumed run carried with what `model` carries on the next batch of `train`.
///
/// # Errors
/// When they have other shapes: the batch size or the model was changed, or a file is damaged.
pub(crate) fn check<M: Module>(
    model: &M,
    train: &Loader,
    progress: &Progress,
    carried: &RecurrentState,
) -> Result<(), TrainError> {
    if carried.is_start() || progress.batch == 0 || progress.batch >= train.batches() {
        return Ok(());
    }
    let mut batches = train.epoch(progress.epoch as u64, progress.batch)?;
    let Some(batch) = batches.next().transpose()? else { return Ok(()) };
    let mut fresh = RecurrentState::default();
    Cx::eval().with_state(&mut fresh, |cx| batch.forward(model, cx));
    let (expected, found) = (shapes(&fresh), shapes(carried));
    match expected == found {
        true => Ok(()),
        false => Err(TrainError::Carried { expected, found }),
    }
}

/// `[32, 256] and [32, 256]`: hidden states and cells of all layers.
fn shapes(state: &RecurrentState) -> String {
    let layers = state.layers().iter();
    let tensors = layers.flat_map(|layer| std::iter::once(&layer.hidden).chain(&layer.cell));
    let shapes: Vec<_> = tensors.map(|tensor| format!("{:?}", tensor.dims())).collect();
    if shapes.is_empty() { "none".into() } else { shapes.join(" and ") }
}

#[cfg(test)]
mod tests {
    use glassbox_nn::{LayerState, Sequential};
    use glassbox_tensor::Tensor;

    use super::*;
    use crate::data::{Dataset, InputStore, LoaderConfig, Targets, Transform};

    #[test]
    fn a_state_of_other_rows_or_units_is_refused() {
        let names = (0..10).map(|token| token.to_string()).collect();
        let targets = Targets::Tokens { labels: vec![0; 50 * 25], length: 25, names };
        let inputs = InputStore::U8 { values: vec![0; 50 * 25], unit: 1.0 };
        let data = Dataset::new("zeros", [25], inputs, targets).unwrap();
        let config = LoaderConfig { batch_size: 8, ..LoaderConfig::default() };
        let items: Vec<u32> = (0..50).collect();
        let loader = Loader::new(data.into(), items, Transform::default(), config);
        let model = Sequential::input([25]).embedding(10, 4).gru(5).dense(10).build(7).unwrap();
        let state = |rows: usize, units: usize| {
            let hidden = Tensor::zeros([rows, units]);
            RecurrentState::from_layers(vec![LayerState { hidden, cell: None }])
        };
        let progress = Progress { batch: 2, ..Progress::default() };
        let check = |state: &RecurrentState| check(&model, &loader, &progress, state);
        assert!(check(&state(8, 5)).is_ok() && check(&RecurrentState::default()).is_ok());
        for wrong in [state(9, 5), state(8, 4)] {
            let message = check(&wrong).unwrap_err().to_string();
            assert!(message.contains("GB0515") && message.contains("[8, 5]"), "{message}");
        }
        // An epoch begins with zeros, whatever was carried before.
        let start = Progress::default();
        assert!(super::check(&model, &loader, &start, &state(9, 5)).is_ok());
    }
}

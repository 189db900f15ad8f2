//! Predictions and targets, row by row.

use glassbox_tensor::{DType, Tensor};

/// Calls `each(logits, label)` for every item of a prediction of classes; see the module's
/// documentation for the forms. A single logit `z` counts as the two logits 0 and `z`.
#[track_caller]
pub(crate) fn each_class_row(
    prediction: &Tensor,
    target: &Tensor,
    mut each: impl FnMut(&[f32], usize),
) {
    let (logits, samples) = (prediction.as_slice(), target.elements());
    if target.dtype() == DType::F32 {
        assert_eq!(logits.len(), samples, "one logit for every target");
        for (&logit, &target) in logits.iter().zip(target.as_slice()) {
            each(&[0.0, logit], usize::from(target > 0.5));
        }
        return;
    }
    let classes = logits.len() / samples.max(1);
    assert!(classes * samples == logits.len(), "logits for {samples} labels");
    for (row, &label) in logits.chunks_exact(classes.max(1)).zip(target.as_i32()) {
        let Ok(label) = usize::try_from(label) else { continue };
        if let &[logit] = row {
            each(&[0.0, logit], label);
        } else {
            assert!(label < classes, "label {label} of {classes} classes");
            each(row, label);
        }
    }
}

/// Calls `each(output, prediction, target)` for every number that was predicted; `output` is its
/// column.
#[track_caller]
pub(crate) fn each_value(
    prediction: &Tensor,
    target: &Tensor,
    mut each: impl FnMut(usize, f64, f64),
) {
    let (predicted, wanted) = (prediction.as_slice(), target.as_slice());
    assert_eq!(predicted.len(), wanted.len(), "as many predictions as targets");
    let outputs = outputs(target);
    for (index, (&y, &t)) in predicted.iter().zip(wanted).enumerate() {
        each(index % outputs, f64::from(y), f64::from(t));
    }
}

/// How many numbers are predicted for an item.
pub(crate) fn outputs(target: &Tensor) -> usize {
    target.dims().iter().skip(1).product::<usize>().max(1)
}

/// The logarithms of the softmax, in double precision.
pub(super) fn log_softmax(logits: &[f32]) -> impl Iterator<Item = f64> {
    let largest = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let sum: f64 = logits.iter().map(|&z| (f64::from(z) - largest).exp()).sum();
    let log_sum = sum.ln();
    logits.iter().map(move |&z| f64::from(z) - largest - log_sum)
}

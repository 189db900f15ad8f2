//! Digits that single precision does not hold.

use glassbox_train::data::{Dataset, InputStore, Normalizer, Targets};

/// A note where numbers go to a model as they are and lose digits that tell them apart: those of
/// seconds since 1970, say, which single precision rounds to two minutes.
pub(super) fn lost(dataset: &Dataset, inputs: &Normalizer, targets: &Normalizer) -> Vec<String> {
    let mut notes = Vec::new();
    if let (InputStore::F64(values), true) = (dataset.inputs(), inputs.is_identity()) {
        let width = dataset.item_shape().last().copied().unwrap_or(1);
        let name = |index: usize| dataset.features().get(index).map(|feature| feature.name.clone());
        if let Some((index, value)) = first_lost(values, width) {
            let name = name(index).map_or(String::new(), |name| format!(" of {name:?}"));
            notes.push(format!(
                "values{name} such as {value} have more digits than a model computes with, and \
                 normalize = \"none\" loses them; normalize = \"standard\" does not"
            ));
        }
    }
    if let (Targets::Values { values, width, names }, true) =
        (dataset.targets(), targets.is_identity())
        && let Some((index, value)) = first_lost(values, *width)
    {
        let name = names.get(index).map_or("", String::as_str);
        notes.push(format!(
            "targets {name:?} such as {value} have more digits than a model computes with, and \
             standardize_targets = false loses them"
        ));
    }
    notes
}

/// The first of `width` columns in which values differ by less than single precision can tell,
/// and a value of it.
fn first_lost(values: &[f64], width: usize) -> Option<(usize, f64)> {
    /// Values of a column whose range is a smaller share of their size keep fewer than ten bits of
    /// what tells them apart.
    const SHARE: f64 = 1.0 / 16_384.0;
    let width = width.max(1);
    let mut bounds = vec![(f64::INFINITY, f64::NEG_INFINITY); width];
    for row in values.chunks_exact(width) {
        for (bounds, &value) in bounds.iter_mut().zip(row) {
            *bounds = (bounds.0.min(value), bounds.1.max(value));
        }
    }
    let narrow =
        |&(min, max): &(f64, f64)| max > min && max - min < SHARE * min.abs().max(max.abs());
    if let Some(index) = bounds.iter().position(narrow) {
        return Some((index, bounds[index].0));
    }
    let whole = |value: f64| value.fract() == 0.0 && f64::from(value as f32) != value;
    let at = values.iter().position(|&value| whole(value))?;
    Some((at % width, values[at]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_beyond_single_precision_are_found() {
        assert_eq!(first_lost(&[1.7e9, 1.7e9 + 1.0], 1), Some((0, 1.7e9)));
        assert_eq!(first_lost(&[0.0, 16_777_217.0, 0.0, 5.0], 2), Some((1, 16_777_217.0)));
        assert_eq!(first_lost(&[0.5, 20_000.1, 0.25, 20_000.2], 2), Some((1, 20_000.1)));
        assert_eq!(first_lost(&[0.5, 1000.1, 0.25, 1000.2], 2), None);
        assert_eq!(first_lost(&[0.1, 0.2, 0.3, 1e6], 1), None);
        assert_eq!(first_lost(&[5.0, 5.0], 1), None, "a constant");
    }
}

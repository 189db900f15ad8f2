//! Made-up sequences on which recurrent layers are measured.

use std::f32::consts::TAU;

use glassbox_tensor::Rng;
use glassbox_train::data::error::DataError;
use glassbox_train::data::{Baseline, Dataset, InputStore, Naive, Targets};

/// The symbols to remember in the copy task, and how many there are to choose from.
const REMEMBERED: usize = 10;
const ALPHABET: usize = 8;
const BLANK: u8 = 0;
const GO: u8 = ALPHABET as u8 + 1;

/// The adding problem (Hochreiter and Schmidhuber 1997): `[length, 2]`, numbers uniform in 0 to 1
/// beside marks, of which there is one in each half. The target is the sum of the two marked
/// numbers. Always saying 1 has a mean squared error of 1/6.
pub(super) fn adding(samples: usize, length: usize, seed: u64) -> Result<Dataset, DataError> {
    let mut inputs = Vec::with_capacity(2 * samples * length);
    let mut values = Vec::with_capacity(samples);
    for index in 0..samples {
        let rng = &mut Rng::new(seed).fork(index as u64);
        let numbers: Vec<f32> = (0..length).map(|_| rng.uniform()).collect();
        let marked = [rng.below(length / 2), length / 2 + rng.below(length - length / 2)];
        values.push(f64::from(numbers[marked[0]] + numbers[marked[1]]));
        for (step, number) in numbers.into_iter().enumerate() {
            inputs.extend([number, f32::from(marked.contains(&step))]);
        }
    }
    let targets = Targets::Values { values, width: 1, names: vec!["sum".into()] };
    Dataset::new("adding", [length, 2], InputStore::F32(inputs), targets)
}

/// The copy task (Hochreiter and Schmidhuber 1997, in the form of Arjovsky et al. 2016): ten
/// symbols of an alphabet of eight, `length` blanks the last of which is a sign to go, and ten
/// blanks more. The targets are blanks up to the sign, after it the ten symbols. Blanks and then
/// guesses have a cross-entropy of `10 ln 8 / (length + 20)`.
pub(super) fn copy(samples: usize, length: usize, seed: u64) -> Result<Dataset, DataError> {
    let steps = length + 2 * REMEMBERED;
    let mut inputs = vec![BLANK; samples * steps];
    let mut labels = vec![i32::from(BLANK); samples * steps];
    let items = inputs.chunks_exact_mut(steps).zip(labels.chunks_exact_mut(steps));
    for (index, (input, target)) in items.enumerate() {
        let rng = &mut Rng::new(seed).fork(index as u64);
        for place in 0..REMEMBERED {
            let symbol = 1 + rng.below(ALPHABET);
            input[place] = symbol as u8;
            target[steps - REMEMBERED + place] = symbol as i32;
        }
        input[steps - REMEMBERED - 1] = GO;
    }
    let symbols = (1..=ALPHABET).map(|symbol| symbol.to_string());
    let names = std::iter::once("blank".into()).chain(symbols).chain(["go".into()]).collect();
    let targets = Targets::Tokens { labels, length: steps, names };
    Dataset::new("copy", [steps], InputStore::U8 { values: inputs, unit: 1.0 }, targets)
}

/// Sines of amplitude 1 with any phase and 10 to 30 steps a period, noise of standard deviation
/// `noise` on every value seen: `[length, 1]`. The target is the next value, without noise.
pub(super) fn sine(
    samples: usize,
    length: usize,
    noise: f32,
    seed: u64,
) -> Result<Dataset, DataError> {
    let mut inputs = Vec::with_capacity(samples * length);
    let (mut values, mut last) = (Vec::new(), Vec::new());
    for index in 0..samples {
        let rng = &mut Rng::new(seed).fork(index as u64);
        let (phase, period) = (rng.range(0.0, TAU), rng.range(10.0, 30.0));
        let at = |step: usize| (phase + TAU * step as f32 / period).sin();
        inputs.extend((0..length).map(|step| at(step) + noise * rng.normal()));
        values.push(f64::from(at(length)));
        last.extend(inputs.last().copied().map(f64::from));
    }
    let targets = Targets::Values { values, width: 1, names: vec!["next".into()] };
    let dataset = Dataset::new("sine", [length, 1], InputStore::F32(inputs), targets)?;
    Ok(dataset.with_baseline(Baseline { naive: Naive::Last, values: last }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marked_numbers_add_up() {
        let dataset = adding(50, 21, 3).unwrap();
        let Targets::Values { values, .. } = dataset.targets() else { panic!("numbers") };
        let (mut item, mut firsts) = (vec![0.0; 42], std::collections::BTreeSet::new());
        for (index, sum) in values.iter().enumerate() {
            dataset.write_input(index, &mut item);
            let marks: Vec<_> = (0..21).filter(|step| item[2 * step + 1] == 1.0).collect();
            assert!(marks.len() == 2 && marks[0] < 10 && marks[1] >= 10, "{marks:?}");
            assert_eq!(f64::from(item[2 * marks[0]] + item[2 * marks[1]]), *sum);
            firsts.insert(marks[0]);
        }
        assert!(firsts.len() > 5, "marks stand anywhere");
    }

    #[test]
    fn symbols_are_to_be_said_after_the_sign() {
        let dataset = copy(4, 30, 0).unwrap();
        let Targets::Tokens { labels, length: 50, names } = dataset.targets() else { panic!() };
        assert_eq!((names.len(), dataset.tokens()), (10, Some(10)));
        let mut item = vec![0.0; 50];
        for (index, labels) in labels.chunks_exact(50).enumerate() {
            dataset.write_input(index, &mut item);
            assert!(item[..10].iter().all(|symbol| (1.0..=8.0).contains(symbol)));
            assert!(item[10..39].iter().chain(&item[40..]).all(|&symbol| symbol == 0.0));
            assert_eq!(item[39], 9.0);
            assert!(labels[..40].iter().all(|&symbol| symbol == 0));
            assert!(labels[40..].iter().zip(&item).all(|(&label, &symbol)| label as f32 == symbol));
        }
    }

    #[test]
    fn sines_go_on() {
        let dataset = sine(20, 40, 0.0, 1).unwrap();
        let Targets::Values { values, .. } = dataset.targets() else { panic!("numbers") };
        let mut item = vec![0.0; 40];
        for (index, &next) in values.iter().enumerate() {
            dataset.write_input(index, &mut item);
            // sin(a + d) + sin(a − d) = 2 cos(d) sin(a), at every step.
            let item: Vec<f64> = item.iter().copied().map(f64::from).collect();
            let twice = (item[37] + item[39]) / item[38];
            if item[38].abs() > 0.1 {
                assert!((next - (twice * item[39] - item[38])).abs() < 1e-3);
            }
            assert_eq!(dataset.baselines()[0].values[index], item[39]);
        }
    }
}

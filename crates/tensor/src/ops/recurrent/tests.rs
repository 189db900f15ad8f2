use glassbox_kernels::Activation;
use glassbox_kernels::Rng;

use super::*;
use crate::ops::check::Sample;

mod recompute;

/// The inputs' shapes of a layer with everything: input, weights, biases, projection, states.
fn shapes(cell: RecurrentCell, [batch, time, inputs, units]: [usize; 4]) -> Vec<Vec<usize>> {
    let width = cell.gates() * units;
    vec![
        vec![batch, time, inputs],
        vec![inputs, width],
        vec![units, width],
        vec![width],
        vec![width],
        vec![batch, units],
        vec![batch, units],
    ]
}

/// Sequence and last states side by side, so that gradients flow through all of them.
fn joined(output: &RecurrentOutput) -> Tensor {
    let flat = |x: &Tensor| x.reshape([x.elements()]);
    let mut parts = vec![flat(&output.sequence), flat(&output.hidden)];
    parts.extend(output.cell.as_ref().map(flat));
    Tensor::concat(&parts.iter().collect::<Vec<_>>(), 0)
}

fn run(
    cell: RecurrentCell,
    reverse: bool,
    lengths: Option<Tensor>,
) -> impl Fn(&[Tensor]) -> Tensor {
    move |x| {
        let weights = RecurrentWeights {
            input: RecurrentInput::Weight(&x[1]),
            hidden: &x[2],
            input_bias: Some(&x[3]),
            hidden_bias: Some(&x[4]),
            projection: None,
        };
        let options = RecurrentOptions {
            reverse,
            lengths: lengths.as_ref(),
            hidden: Some(&x[5]),
            cell: cell.has_cell().then_some(&x[6]),
            differentiable_state: true,
            ..RecurrentOptions::default()
        };
        joined(&x[0].recurrent(cell, &weights, &options))
    }
}

pub(super) fn samples() -> Vec<Sample> {
    use RecurrentCell::{Gru, Lstm, RnnRelu, RnnTanh};
    let small = |x: f32| 0.5 * x;
    let mut samples = Vec::new();
    for (name, cell) in [("rnn", RnnTanh), ("gru", Gru), ("lstm", Lstm)] {
        let lengths = || Some(Tensor::from_i32(&[4, 1, 2], [3]));
        let shapes = shapes(cell, [3, 4, 2, 5]);
        samples.push(Sample::new(name, shapes.clone(), run(cell, false, None)).map(small));
        samples.push(Sample::new(name, shapes.clone(), run(cell, true, None)).map(small));
        samples.push(Sample::new(name, shapes.clone(), run(cell, false, lengths())).map(small));
        samples.push(Sample::new(name, shapes, run(cell, true, lengths())).map(small));
    }
    for cell in [RnnTanh, Gru, Lstm] {
        for (reverse, lengths) in [(false, None), (true, Some([4, 1, 2]))] {
            let width = cell.gates() * 5;
            let of_rows = move |x: &[Tensor]| of_rows(cell, reverse, lengths, x).sequence;
            let shapes = [vec![4, width], vec![5, width], vec![width]];
            samples.push(Sample::new("rows of a table", shapes, of_rows).map(small));
        }
    }
    // Positive weights and inputs keep clear of the kink.
    let positive = |x: f32| 0.3 * x.abs() + 0.1;
    let relu = run(RnnRelu, false, None);
    samples.push(Sample::new("relu", shapes(RnnRelu, [2, 3, 2, 3]), relu).map(positive));
    let large = run(Lstm, false, None);
    let tiny = |x: f32| 0.05 * x;
    samples.push(Sample::new("large", shapes(Lstm, [13, 6, 20, 40]), large).map(tiny));
    samples.push(Sample::new("one step", shapes(Gru, [3, 1, 4, 6]), run(Gru, false, None)));
    let projected = [vec![3, 4, 2], vec![2, 20], vec![3, 20], vec![5, 3]];
    samples.push(
        Sample::new("projection, the sequence alone", projected, |x| {
            let lengths = Tensor::from_i32(&[3, 4, 1], [3]);
            let weights = RecurrentWeights {
                input: RecurrentInput::Weight(&x[1]),
                hidden: &x[2],
                input_bias: None,
                hidden_bias: None,
                projection: Some(&x[3]),
            };
            let options = RecurrentOptions {
                lengths: Some(&lengths),
                reverse: true,
                ..RecurrentOptions::default()
            };
            x[0].recurrent(Lstm, &weights, &options).sequence
        })
        .map(small),
    );
    samples
}

/// A layer whose steps take rows of a table of products, one of them never.
fn of_rows(
    cell: RecurrentCell,
    reverse: bool,
    lengths: Option<[i32; 3]>,
    x: &[Tensor],
) -> RecurrentOutput {
    let rows = Tensor::from_i32(&[0, 3, 0, 1, 1, 1, 0, 3, 3, 0, 0, 1], [3, 4]);
    let weights = RecurrentWeights {
        input: RecurrentInput::Rows(&rows),
        hidden: &x[1],
        input_bias: None,
        hidden_bias: Some(&x[2]),
        projection: None,
    };
    let lengths = lengths.map(|lengths| Tensor::from_i32(&lengths, [3]));
    let options =
        RecurrentOptions { reverse, lengths: lengths.as_ref(), ..RecurrentOptions::default() };
    x[0].recurrent(cell, &weights, &options)
}

/// With the product of a table in the graph, rows give what each token's product gives.
#[test]
fn rows_of_a_table_are_the_steps_products() {
    for cell in [RecurrentCell::RnnTanh, RecurrentCell::Gru, RecurrentCell::Lstm] {
        for (recompute, time) in [(false, 9), (true, 700)] {
            let mut x: Vec<_> = random(cell, [3, 1, 4, 9]).iter().map(Tensor::with_grad).collect();
            x[0] = random(cell, [1, 6, 4, 1])[0].reshape([6, 4]).with_grad();
            let places: Vec<_> = (0..3 * time).map(|i| i * i % 5).collect();
            let rows = Tensor::from_i32(&places, [3, time as usize]);
            let options = RecurrentOptions { recompute, ..RecurrentOptions::default() };
            let each = x[0].index_select(0, &rows).recurrent(cell, &plain(&x), &options).sequence;
            let table = x[0].linear(&x[1], Some(&x[3]), Activation::Identity);
            let input = RecurrentInput::Rows(&rows);
            let weights = RecurrentWeights { input, input_bias: None, ..plain(&x) };
            let taken = table.recurrent(cell, &weights, &options).sequence;
            let close = |a: &Tensor, b: &Tensor, what: &str| {
                for (a, b) in a.as_slice().iter().zip(b.as_slice()) {
                    assert!((a - b).abs() < 1e-4 * (1.0 + a.abs()), "{cell:?} {what}: {a} {b}");
                }
            };
            close(&each, &taken, "output");
            let [each, taken] = [each, taken].map(|y| (&y * &y).sum(..).backward());
            for (index, leaf) in x[..5].iter().enumerate() {
                let gradients = [&each, &taken].map(|all| all.get(leaf).unwrap().clone());
                close(&gradients[0], &gradients[1], &format!("gradient {index}"));
            }
        }
    }
}

#[test]
#[should_panic(expected = "row 7 of 6 rows")]
fn a_row_is_of_the_table() {
    let (table, hidden) = (Tensor::zeros([6, 4]), Tensor::zeros([1, 4]));
    let rows = Tensor::from_i32(&[0, 7], [1, 2]);
    let weights = RecurrentWeights {
        input: RecurrentInput::Rows(&rows),
        hidden: &hidden,
        input_bias: None,
        hidden_bias: None,
        projection: None,
    };
    let _ = table.recurrent(RecurrentCell::Lstm, &weights, &RecurrentOptions::default());
}

/// A layer of random weights over a random input.
fn random(cell: RecurrentCell, sizes: [usize; 4]) -> Vec<Tensor> {
    let mut rng = Rng::new(3);
    let mut normal = |shape: Vec<usize>| {
        Tensor::build(shape.as_slice(), |out| out.fill_with(|| 0.3 * rng.normal()))
    };
    shapes(cell, sizes).into_iter().map(&mut normal).collect()
}

fn plain<'a>(x: &'a [Tensor]) -> RecurrentWeights<'a> {
    RecurrentWeights {
        input: RecurrentInput::Weight(&x[1]),
        hidden: &x[2],
        input_bias: Some(&x[3]),
        hidden_bias: Some(&x[4]),
        projection: None,
    }
}

#[test]
fn windows_in_turn_are_the_whole_sequence() {
    for cell in [RecurrentCell::RnnTanh, RecurrentCell::Gru, RecurrentCell::Lstm] {
        let x = random(cell, [3, 7, 4, 9]);
        let whole = x[0].recurrent(cell, &plain(&x), &RecurrentOptions::default());
        let (mut hidden, mut state): (Option<Tensor>, Option<Tensor>) = (None, None);
        for range in [0..3, 3..4, 4..7] {
            let options = RecurrentOptions {
                hidden: hidden.as_ref(),
                cell: state.as_ref(),
                ..RecurrentOptions::default()
            };
            let window = x[0].slice(1, range.clone());
            let part = window.recurrent(cell, &plain(&x), &options);
            let expected = whole.sequence.slice(1, range);
            for (got, want) in part.sequence.as_slice().iter().zip(expected.as_slice()) {
                assert!((got - want).abs() < 1e-6, "{cell:?}: {got} {want}");
            }
            (hidden, state) = (Some(part.hidden), part.cell);
        }
        let (got, want) = (hidden.unwrap().to_vec(), whole.hidden.to_vec());
        assert!(got.iter().zip(&want).all(|(a, b)| (a - b).abs() < 1e-6), "{cell:?}");
    }
}

#[test]
fn prepared_steps_are_the_steps_of_a_window() {
    for cell in [RecurrentCell::RnnTanh, RecurrentCell::Gru, RecurrentCell::Lstm] {
        for units in [9, 40] {
            let mut x = random(cell, [1, 5, 20, units]);
            let whole = x[0].recurrent(cell, &plain(&x), &RecurrentOptions::default());
            let prepared = PreparedRecurrent::new(&plain(&x));
            // The same inputs again give what is known of them.
            let repeats = |step: usize| if step < 5 { step } else { step - 5 };
            let (mut hidden, mut state): (Option<Tensor>, Option<Tensor>) = (None, None);
            for step in (0..10).map(repeats) {
                if step == 0 {
                    (hidden, state) = (None, None);
                }
                let options = RecurrentOptions {
                    hidden: hidden.as_ref(),
                    cell: state.as_ref(),
                    prepared: Some(&prepared),
                    ..RecurrentOptions::default()
                };
                let window = x[0].slice(1, step..step + 1);
                let part = window.recurrent(cell, &plain(&x), &options);
                assert_eq!(
                    part.sequence.to_vec(),
                    whole.sequence.slice(1, step..step + 1).to_vec()
                );
                (hidden, state) = (Some(part.hidden), part.cell);
            }
            // Weights that change are others.
            assert!(prepared.is_of(&plain(&x)));
            x[2].make_mut()[0] += 1.0;
            assert!(!prepared.is_of(&plain(&x)));
        }
    }
}

/// A weight that is large enough for threads to share, and too few items for each to have some.
#[test]
fn threads_that_share_a_weight_change_no_bit() {
    use glassbox_kernels::threads::with_count;
    let lengths = Tensor::from_i32(&[6, 2, 4], [3]);
    for cell in [RecurrentCell::RnnTanh, RecurrentCell::Gru, RecurrentCell::Lstm] {
        // 256 units are whole panels of a weight, 260 are not.
        for (batch, units) in [(1, 260), (3, 260), (1, 256), (3, 256)] {
            let bits = || {
                let x: Vec<_> =
                    random(cell, [batch, 6, 20, units]).iter().map(Tensor::with_grad).collect();
                let lengths = (batch == 3).then_some(&lengths);
                let options = RecurrentOptions { lengths, ..RecurrentOptions::default() };
                let output = x[0].recurrent(cell, &plain(&x), &options);
                let gradients = output.sequence.square().sum(..).backward();
                let mut all = output.sequence.to_vec();
                all.extend(output.hidden.to_vec());
                all.extend(x[..3].iter().flat_map(|leaf| gradients.get(leaf).unwrap().to_vec()));
                all.into_iter().map(f32::to_bits).collect::<Vec<_>>()
            };
            let expected = with_count(1, bits);
            for count in [2, 5] {
                assert!(with_count(count, bits) == expected, "{cell:?} {batch} {units} {count}");
            }
        }
    }
}

#[test]
fn what_stands_after_an_items_end_does_not_matter() {
    let cell = RecurrentCell::Lstm;
    let mut x = random(cell, [2, 4, 3, 5]);
    let alone = x[0].slice(0, 1..2).slice(1, 0..2);
    let options = RecurrentOptions { reverse: true, ..RecurrentOptions::default() };
    let alone = alone.recurrent(cell, &plain(&x), &options);
    x[0].make_mut()[4 * 3 + 2 * 3..].fill(f32::NAN);
    let lengths = Tensor::from_i32(&[4, 2], [2]);
    let options = RecurrentOptions { lengths: Some(&lengths), ..options };
    let leaf = x[0].with_grad();
    let together = leaf.recurrent(cell, &plain(&x), &options);
    let item = together.sequence.slice(0, 1..2);
    assert_eq!(item.slice(1, 0..2).to_vec(), alone.sequence.to_vec());
    assert_eq!(item.slice(1, 2..4).to_vec(), [0.0; 10]);
    assert_eq!(together.hidden.slice(0, 1..2).to_vec(), alone.hidden.to_vec());
    let gradients = together.sequence.sum(..).backward();
    assert_eq!(gradients.get(&leaf).unwrap().as_slice()[4 * 3 + 2 * 3..], [0.0; 6]);
}

#[test]
#[should_panic(expected = "length 5 is not between 1 and 4")]
fn lengths_are_checked() {
    let x = random(RecurrentCell::Gru, [2, 4, 3, 5]);
    let lengths = Tensor::from_i32(&[1, 5], [2]);
    let options = RecurrentOptions { lengths: Some(&lengths), ..RecurrentOptions::default() };
    let _ = x[0].recurrent(RecurrentCell::Gru, &plain(&x), &options);
}

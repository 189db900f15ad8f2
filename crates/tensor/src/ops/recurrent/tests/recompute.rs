//! Computing the steps anew changes no bit.

use super::*;
use crate::threads;

/// What a layer is tried with.
#[derive(Clone, Copy, Debug)]
struct Case {
    cell: RecurrentCell,
    reverse: bool,
    lengths: bool,
    projection: bool,
    states: bool,
}

fn cases() -> impl Iterator<Item = Case> {
    use RecurrentCell::{Gru, Lstm, RnnRelu, RnnTanh};
    [RnnTanh, RnnRelu, Gru, Lstm].into_iter().flat_map(|cell| {
        (0..16).filter_map(move |flags| {
            let [reverse, lengths, projection, states] = [1, 2, 4, 8].map(|flag| flags & flag > 0);
            (!projection || cell.has_cell()).then_some(Case {
                cell,
                reverse,
                lengths,
                projection,
                states,
            })
        })
    })
}

/// The bits of the results and of all gradients.
fn bits(case: Case, [batch, time]: [usize; 2], recompute: bool) -> Vec<Vec<u32>> {
    let Case { cell, reverse, lengths, projection, states } = case;
    let (inputs, units) = (3, 6);
    let outputs = if projection { 4 } else { units };
    let width = cell.gates() * units;
    let shapes = [
        vec![batch, time, inputs],
        vec![inputs, width],
        vec![outputs, width],
        vec![width],
        vec![width],
        vec![units, outputs],
        vec![batch, outputs],
        vec![batch, units],
    ];
    let mut rng = Rng::new(11);
    let mut leaf = |shape: Vec<usize>| {
        Tensor::build(shape.as_slice(), |out| out.fill_with(|| 0.4 * rng.normal())).with_grad()
    };
    let x = shapes.map(&mut leaf);
    let ends: Vec<i32> = (0..batch).map(|item| (1 + item * 211 % time) as i32).collect();
    let ends = Tensor::from_i32(&ends, [batch]);
    let weights = RecurrentWeights {
        input: RecurrentInput::Weight(&x[1]),
        hidden: &x[2],
        input_bias: Some(&x[3]),
        hidden_bias: Some(&x[4]),
        projection: projection.then_some(&x[5]),
    };
    let options = RecurrentOptions {
        reverse,
        lengths: lengths.then_some(&ends),
        hidden: states.then_some(&x[6]),
        cell: (states && cell.has_cell()).then_some(&x[7]),
        differentiable_state: states,
        recompute,
        ..RecurrentOptions::default()
    };
    let output = x[0].recurrent(cell, &weights, &options);
    let result = if states { joined(&output) } else { output.sequence };
    let factors = Tensor::build(result.shape(), |out| out.fill_with(|| rng.normal()));
    let gradients = (&result * &factors).sum(..).backward();
    let to_bits = |x: &Tensor| x.as_slice().iter().map(|value| value.to_bits()).collect();
    let mut bits: Vec<Vec<u32>> = vec![to_bits(&result)];
    bits.extend(x.iter().filter_map(|leaf| gradients.get(leaf).map(to_bits)));
    bits
}

#[test]
fn computing_anew_changes_no_bit() {
    for case in cases() {
        // Groups of items; segments, of which some items see only the first.
        for sizes in [[21, 17], [5, 700]] {
            let saved = threads::with_count(1, || bits(case, sizes, false));
            assert!(saved.len() >= 6 && saved.iter().flatten().any(|&bits| bits != 0));
            for count in [1, 3] {
                threads::with_count(count, || {
                    assert!(bits(case, sizes, false) == saved, "{case:?} {sizes:?} {count}");
                    assert!(bits(case, sizes, true) == saved, "{case:?} {sizes:?} {count} anew");
                });
            }
        }
    }
}

#[test]
fn windows_that_are_not_recorded_are_alike() {
    for cell in [RecurrentCell::Gru, RecurrentCell::Lstm] {
        for sizes in [[3, 40, 4, 9], [2, 650, 4, 9]] {
            let x = random(cell, sizes);
            let run = |recompute| {
                let options = RecurrentOptions { recompute, ..RecurrentOptions::default() };
                let output = x[0].recurrent(cell, &plain(&x), &options);
                (output.sequence.to_vec(), output.hidden.to_vec(), output.cell.map(|x| x.to_vec()))
            };
            assert!(run(true) == run(false), "{cell:?} {sizes:?}");
        }
    }
}

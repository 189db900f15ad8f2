//! Computing steps anew takes a fraction of the memory: alone in its process, for the pool of
//! buffers counts for all of it.

use glassbox_tensor::{
    RecurrentCell, RecurrentInput, RecurrentOptions, RecurrentWeights, Tensor, pool,
};

/// The most bytes that the pool held in a pass forward and back.
fn held(cell: RecurrentCell, recompute: bool) -> usize {
    pool::trim();
    let (batch, time, inputs, units) = (4, 2000, 4, 32);
    let width = cell.gates() * units;
    let leaf = |shape: &[usize]| Tensor::full(shape, 0.01).with_grad();
    let (x, input) = (leaf(&[batch, time, inputs]), leaf(&[inputs, width]));
    let (hidden, bias) = (leaf(&[units, width]), leaf(&[width]));
    let weights = RecurrentWeights {
        input: RecurrentInput::Weight(&input),
        hidden: &hidden,
        input_bias: Some(&bias),
        hidden_bias: None,
        projection: None,
    };
    let options = RecurrentOptions { recompute, ..RecurrentOptions::default() };
    let output = x.recurrent(cell, &weights, &options);
    let gradients = output.sequence.sum(..).backward();
    assert!(gradients.get(&hidden).is_some());
    drop(gradients);
    pool::held_bytes()
}

#[test]
fn long_sequences_take_less() {
    for cell in [RecurrentCell::Lstm, RecurrentCell::Gru] {
        let (saved, anew) = (held(cell, false), held(cell, true));
        // What remains is mostly the output and its gradient.
        assert!(5 * anew < 3 * saved, "{cell:?}: {anew} bytes anew, {saved} saved");
    }
}

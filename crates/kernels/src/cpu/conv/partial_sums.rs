//! Sums of partial sums, in one order.

use crate::storage::Storage;
use crate::threads::parallel_chunks;

/// Fills `sum` with the sum of `chunks` partial sums of its length, which `run` writes one after
/// the other.
pub(super) fn add_up(chunks: usize, sum: &mut [f32], run: impl Fn(&mut [f32])) {
    if chunks == 1 {
        return run(sum);
    }
    let length = sum.len();
    let mut partials = Storage::new(chunks * length);
    let partials = partials.unique_f32s().expect("a new buffer is not shared");
    run(partials);
    let partials = &*partials;
    parallel_chunks(sum, 4096, length * chunks / 4, |start, sum| {
        sum.copy_from_slice(&partials[start..][..sum.len()]);
        for chunk in 1..chunks {
            let terms = &partials[chunk * length + start..][..sum.len()];
            sum.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
        }
    });
}

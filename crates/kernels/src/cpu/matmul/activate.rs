//! An activation that comes after the sums, while they are in the cache.

use crate::activation::Activation;
use crate::cpu::activate_run::activate_run;
use crate::cpu::isa::RawKernel;
use crate::cpu::vector::Vector;
use crate::shared_mut::SharedMut;

/// Applies an activation to a block of outputs in place, while it is in the cache: `rows` rows of
/// `columns` values, the first at the start of `out`, which nothing else may touch meanwhile.
pub(super) struct Activate<'a> {
    pub(super) activation: Activation,
    pub(super) out: SharedMut<'a, f32>,
    pub(super) out_stride: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
}

impl RawKernel for Activate<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        if self.activation == Activation::Identity {
            return;
        }
        // Rows without gaps are one long row.
        let (rows, columns) = match self.out_stride == self.columns {
            true => (1, self.rows * self.columns),
            false => (self.rows, self.columns),
        };
        for row in 0..rows {
            let out = self.out.pointer(row * self.out_stride);
            // SAFETY: a row of the block, by this method's contract.
            unsafe { activate_run::<V>(out, columns, self.activation) };
        }
    }
}

//! An activation that comes after the sums, while they are in the cache.

use crate::activation::{Activation, FusedActivation};
use crate::cpu::isa::RawKernel;
use crate::cpu::several::Several;
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
            // SAFETY: the block's rows and columns are writable by this method's contract.
            unsafe {
                let out = self.out.pointer(row * self.out_stride);
                let mut column = 0;
                while column + TOGETHER * V::LANES <= columns {
                    self.activate::<Several<V, TOGETHER>>(out.add(column));
                    column += TOGETHER * V::LANES;
                }
                while column + V::LANES <= columns {
                    self.activate::<V>(out.add(column));
                    column += V::LANES;
                }
                if column < columns {
                    let x = V::load_part(out.add(column), columns - column);
                    let y = self.activation.apply_vector(x);
                    y.store_part(out.add(column), columns - column);
                }
            }
        }
    }
}

/// Vectors that an activation is applied to side by side.
const TOGETHER: usize = 4;

impl Activate<'_> {
    /// Applies the activation to a vector in place.
    ///
    /// # Safety
    /// As many values as it has lanes must be readable and writable at `at`.
    #[inline(always)]
    unsafe fn activate<V: Vector>(&self, at: *mut f32) {
        // SAFETY: by this method's contract.
        unsafe { self.activation.apply_vector(V::load(at)).store(at) };
    }
}

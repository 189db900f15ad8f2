//! Pixels transformed on their way into a block.

use super::grid::Addresses;
use super::transform::{Ends, INPUT, Input, OutputGrad, Transform, position};
use crate::cpu::at::At;
use crate::cpu::vector::Vector;

/// Writes `Bᵀ d B` of the pixels at `pixels`, vector by vector, zeros beyond the last channel.
///
/// # Safety
/// `channels` values must be readable from each address; whole vectors from `target` on must be
/// writable for each position.
#[inline(always)]
pub(super) unsafe fn input_tile<V: Vector>(
    pixels: &impl Addresses,
    channels: usize,
    target: *mut f32,
    stride: usize,
) {
    let whole = channels - channels % V::LANES;
    // SAFETY: whole vectors end within the channels, the part is what is left of them.
    unsafe {
        for channel in (0..whole).step_by(V::LANES) {
            let target = target.wrapping_add(channel);
            Input::both::<V>(&Pixels { pixels, at: At::Whole(channel), target, stride });
        }
        if whole < channels {
            let (at, target) = (At::Part(whole, channels - whole), target.wrapping_add(whole));
            Input::both::<V>(&Pixels { pixels, at, target, stride });
        }
    }
}

/// Writes `A dy Aᵀ` of `columns` values of the pixels at `pixels`, from `first` on, zeros in what
/// is left of the last vector.
///
/// # Safety
/// The values must be readable; a panel's row must be writable at `target` for each position.
#[inline(always)]
pub(super) unsafe fn output_grad_tile<V: Vector, const O: usize>(
    pixels: &impl Addresses,
    first: usize,
    columns: usize,
    target: *mut f32,
    stride: usize,
) where
    OutputGrad: Transform<O, INPUT>,
{
    let whole = columns - columns % V::LANES;
    // SAFETY: whole vectors end within the columns, the part is what is left of them.
    unsafe {
        for column in (0..whole).step_by(V::LANES) {
            let (at, target) = (At::Whole(first + column), target.wrapping_add(column));
            OutputGrad::both::<V>(&Pixels { pixels, at, target, stride });
        }
        if whole < columns {
            let at = At::Part(first + whole, columns - whole);
            let target = target.wrapping_add(whole);
            OutputGrad::both::<V>(&Pixels { pixels, at, target, stride });
        }
    }
}

/// From a vector of each pixel to a vector of each position.
struct Pixels<'a, A> {
    pixels: &'a A,
    at: At,
    target: *mut f32,
    stride: usize,
}

impl<V: Vector, A: Addresses> Ends<V> for Pixels<'_, A> {
    #[inline(always)]
    unsafe fn load(&self, row: usize, column: usize) -> V {
        match self.pixels.at(row, column) {
            // SAFETY: by this method's contract.
            Some(pixel) => unsafe { self.at.load(pixel) },
            None => V::zero(),
        }
    }

    #[inline(always)]
    unsafe fn store(&self, row: usize, column: usize, value: V) {
        // SAFETY: by this method's contract.
        unsafe { value.store(self.target.add(position(row, column, self.stride))) };
    }
}

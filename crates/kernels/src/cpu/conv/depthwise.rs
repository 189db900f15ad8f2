//! Depthwise convolution: every channel by itself, side by side in the lanes of a vector.

use smallvec::SmallVec;

use super::epilogue::ConvEpilogue;
use super::field::{Field, Layout};
use super::geometry::Geometry;
use super::pixel_chunk::{Piece, PixelChunk};
use super::places::{Places, Walk, activate, rows_per_task};
use super::sweep::Sweep;
use crate::activation::Activation;
use crate::cpu::isa::{RawKernel, dispatch_raw};
use crate::cpu::tuning::conv::PRODUCTS_PER_NS;
use crate::cpu::vector::Vector;
use crate::shared_mut::SharedMut;
use crate::threads::parallel_for;

/// Places computed together: that many sums hide the latency of multiply-add.
const PLACES: usize = 8;
/// Taps whose gradients are summed together.
const TAPS: usize = 9;

/// One sweep over all images; weight `[taps, channels]`.
pub(super) fn apply(
    g: &Geometry,
    sweep: &Sweep,
    source: &[f32],
    weight: &[f32],
    finish: ConvEpilogue,
    target: &mut [f32],
) {
    let channels = g.channels;
    let rows = g.batch * sweep.places[0];
    if rows * sweep.places[1] * channels == 0 {
        return;
    }
    let layout = Layout::new(sweep, channels);
    let offsets = sweep.tap_offsets(channels, layout.row_stride);
    let taps: SmallVec<[Factor; 16]> = offsets
        .zip(&sweep.taps)
        .map(|(offset, tap)| Factor { offset, weight: tap.position * channels })
        .collect();
    let row_work = sweep.places[1] * channels * (taps.len() + 2) * 2;
    let task_rows = rows_per_task(g.batch, sweep, row_work);
    let shared = SharedMut::new(target);
    parallel_for(rows.div_ceil(task_rows), rows * row_work / PRODUCTS_PER_NS, |task| {
        let range = task * task_rows..rows.min((task + 1) * task_rows);
        let field = Field::new(sweep, &layout, source, range.clone());
        let walk = Walk::new(sweep, &field, range, [channels; 2], shared);
        // SAFETY: the field holds what these rows read, and every task has its own rows.
        unsafe { dispatch_raw(DepthwiseRows { walk, channels, taps: &taps, weight, finish }) };
    });
}

/// Where a tap reads in a window, and where its weights begin.
#[derive(Clone, Copy)]
struct Factor {
    offset: usize,
    weight: usize,
}

/// Some rows of places. Their windows hold a pixel for each tap, `weight` has a value for each tap
/// and channel, and nothing else may touch their targets meanwhile.
struct DepthwiseRows<'a> {
    walk: Walk<'a>,
    channels: usize,
    taps: &'a [Factor],
    weight: &'a [f32],
    finish: ConvEpilogue<'a>,
}

impl RawKernel for DepthwiseRows<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector>(mut self) {
        let mut places = Places::new();
        loop {
            self.walk.next(&mut places, usize::MAX);
            if places.count == 0 {
                break;
            }
            let mut first = 0;
            while first < places.count {
                // SAFETY: the places from `first` on are set.
                first += unsafe {
                    match places.count - first {
                        PLACES.. => self.tiles::<V, PLACES>(&places, first),
                        4.. => self.tiles::<V, 4>(&places, first),
                        _ => self.tiles::<V, 1>(&places, first),
                    }
                };
            }
            // SAFETY: these places' targets, by this method's contract.
            unsafe { activate::<V>(&places, self.channels, self.finish.activation) };
        }
    }
}

impl DepthwiseRows<'_> {
    /// `M` places; returns `M`.
    ///
    /// # Safety
    /// Places `first .. first + M` must be set.
    #[inline(always)]
    unsafe fn tiles<V: Vector, const M: usize>(&self, places: &Places, first: usize) -> usize {
        let mut channel = 0;
        while channel < self.channels {
            // SAFETY: by this method's contract; `channel` is a channel.
            unsafe { self.tile::<V, M>(places, first, channel) };
            channel += V::LANES;
        }
        M
    }

    /// `M` places of a vector of channels.
    ///
    /// # Safety
    /// Places `first .. first + M` must be set, and `channel` below the number of channels.
    #[inline(always)]
    unsafe fn tile<V: Vector, const M: usize>(
        &self,
        places: &Places,
        first: usize,
        channel: usize,
    ) {
        let count = V::LANES.min(self.channels - channel);
        let mut windows = [std::ptr::null(); M];
        windows.copy_from_slice(&places.windows[first..first + M]);
        let mut sums = [V::zero(); M];
        for tap in self.taps {
            // SAFETY: `count` channels from `channel` on exist in the tap's weights and in the
            // source pixel that it reads in each window.
            unsafe {
                let weight = self.weight.as_ptr().add(tap.weight + channel);
                let weight = V::load_up_to(weight, count);
                for (sum, window) in sums.iter_mut().zip(windows) {
                    let source = window.wrapping_add(tap.offset + channel);
                    *sum = V::load_up_to(source, count).mul_add(weight, *sum);
                }
            }
        }
        let bias = match self.finish.bias {
            // SAFETY: the bias has a value for each channel.
            Some(bias) => unsafe { V::load_up_to(bias[channel..].as_ptr(), count) },
            None => V::zero(),
        };
        let relu = self.finish.activation == Activation::Relu;
        for (sum, target) in sums.into_iter().zip(&places.targets[first..first + M]) {
            let mut sum = sum.add(bias);
            if relu {
                sum = V::zero().max(sum); // keeps NaN
            }
            // SAFETY: the target is a pixel with these channels.
            unsafe { sum.store_up_to(target.add(channel), count) };
        }
    }
}

/// Adds the products of some pieces, whose output gradients begin at pixel `first`, to the
/// weight's gradient `[taps, channels]` (or overwrites it).
///
/// # Safety
/// `chunk` as for its [`RawKernel`]; each piece's windows hold a pixel for each tap.
#[inline(always)]
pub(super) unsafe fn add_weight_grad<V: Vector>(
    chunk: &PixelChunk,
    pieces: &[Piece],
    first: usize,
    accumulate: bool,
) {
    let channels = chunk.g.channels;
    let mut channel = 0;
    while channel < channels {
        let mut tap = 0;
        while tap < chunk.offsets.len() {
            let at = Position { first, tap, channel };
            // SAFETY: this function's contract; the taps and the channel exist.
            tap += unsafe {
                match chunk.offsets.len() - tap {
                    TAPS.. => taps_grad::<V, TAPS>(chunk, pieces, at, accumulate),
                    3.. => taps_grad::<V, 3>(chunk, pieces, at, accumulate),
                    _ => taps_grad::<V, 1>(chunk, pieces, at, accumulate),
                }
            };
        }
        channel += V::LANES;
    }
}

/// The first pixel, tap and channel.
#[derive(Clone, Copy)]
struct Position {
    first: usize,
    tap: usize,
    channel: usize,
}

/// `T` taps of a vector of channels; returns `T`.
///
/// # Safety
/// As for [`add_weight_grad`], from an existing tap and channel on.
#[inline(always)]
unsafe fn taps_grad<V: Vector, const T: usize>(
    chunk: &PixelChunk,
    pieces: &[Piece],
    at: Position,
    accumulate: bool,
) -> usize {
    let (channels, step) = (chunk.g.channels, chunk.step());
    let count = V::LANES.min(channels - at.channel);
    let mut offsets = [0; T];
    offsets.copy_from_slice(&chunk.offsets[at.tap..at.tap + T]);
    let mut sums = [V::zero(); T];
    let places: usize = pieces.iter().map(|piece| piece.places).sum();
    let grads = &chunk.output_grad[at.first * channels..(at.first + places) * channels];
    let mut grad = grads.as_ptr().wrapping_add(at.channel);
    for piece in pieces {
        let mut window = piece.window.wrapping_add(at.channel);
        for _ in 0..piece.places {
            // SAFETY: `grads` has a pixel for each place, each window a pixel for each tap, and a
            // pixel has `count` channels from `at.channel` on.
            unsafe {
                let factor = V::load_up_to(grad, count);
                for (sum, offset) in sums.iter_mut().zip(offsets) {
                    let source = V::load_up_to(window.wrapping_add(offset), count);
                    *sum = source.mul_add(factor, *sum);
                }
            }
            grad = grad.wrapping_add(channels);
            window = window.wrapping_add(step);
        }
    }
    for (i, sum) in sums.into_iter().enumerate() {
        let target = chunk.grad.pointer((at.tap + i) * channels + at.channel);
        // SAFETY: the gradient has a row of channels for each tap, and this task owns it.
        unsafe {
            let old = if accumulate { V::load_up_to(target, count) } else { V::zero() };
            old.add(sum).store_up_to(target, count);
        }
    }
    T
}

//! Some output pixels and what they read, for the gradient of the weight.

use std::ops::Range;

use smallvec::SmallVec;

use super::field::{Field, Layout};
use super::geometry::Geometry;
use super::sweep::Sweep;
use crate::shared_mut::SharedMut;

/// The sum over some rows of places, for some rows of the weight, which nothing else may touch in
/// `grad` meanwhile.
pub(super) struct PixelChunk<'a> {
    pub(super) g: &'a Geometry,
    pub(super) sweep: &'a Sweep,
    pub(super) layout: &'a Layout,
    /// Where each tap's values begin in a window.
    pub(super) offsets: &'a [usize],
    pub(super) input: &'a [f32],
    pub(super) output_grad: &'a [f32],
    pub(super) rows: Range<usize>,
    pub(super) weight_rows: Range<usize>,
    /// From the first value of a whole gradient on.
    pub(super) grad: SharedMut<'a, f32>,
}

/// Places side by side in one row: the first one's window, and how many.
#[derive(Clone, Copy)]
pub(super) struct Piece {
    pub(super) window: *const f32,
    pub(super) places: usize,
    /// The source row that a tap of row 0 reads.
    pub(super) source_row: isize,
}

impl PixelChunk<'_> {
    /// The parts of rows that make up the output pixels `block`.
    pub(super) fn pieces(&self, field: &Field, block: Range<usize>) -> SmallVec<[Piece; 32]> {
        let [height, width] = self.g.output;
        let step = self.step();
        let mut pieces: SmallVec<[Piece; 32]> = SmallVec::new();
        let mut pixel = block.start;
        while pixel < block.end {
            let (line, column) = (pixel / width, pixel % width);
            let (image, row) = (line / height, line % height);
            let source_row = (row * self.sweep.step[0]) as isize;
            let places = (width - column).min(block.end - pixel);
            let window = field.window(image, row).wrapping_add(column * step);
            match pieces.last_mut() {
                Some(last)
                    if last.window.wrapping_add(last.places * step) == window
                        && (last.source_row == source_row || !self.layout.padded) =>
                {
                    last.places += places;
                }
                _ => pieces.push(Piece { window, places, source_row }),
            }
            pixel += places;
        }
        pieces
    }

    /// Values from a place's window to the next one's.
    pub(super) fn step(&self) -> usize {
        self.sweep.step[1] * self.g.channels
    }
}

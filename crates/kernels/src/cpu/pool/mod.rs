//! Pooling over images `[batch, height, width, channels]`, vectors along the channels.
//!
//! Forward runs over output rows, backward over bands of input rows: a band adds up what all the
//! windows that reach it contribute, in the order of the windows, so tasks never write the same
//! element and sums do not depend on the bands.

mod average;
mod max;

use smallvec::SmallVec;

use crate::threads::parallel_for;

pub use average::{average, average_backward};
pub use max::{TapIndex, max, max_backward};

/// Where a window lies along one axis: its taps from `first_tap` on, `taps` of them, fall on
/// inputs, the first on `first`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowPlace {
    /// The input under the first of the taps.
    pub first: usize,
    /// The first tap that falls on an input.
    pub first_tap: usize,
    /// How many taps fall on inputs.
    pub taps: usize,
    /// How many elements an average counts: those within the padding too, where they count.
    pub count: usize,
}

/// All windows along one axis.
#[derive(Clone, Debug)]
pub struct Windows {
    /// Where each window lies.
    pub places: SmallVec<[WindowPlace; 64]>,
    /// The length of the axis.
    pub input: usize,
    /// Inputs from one tap to the next.
    pub dilation: usize,
    /// The number of taps of the largest window.
    pub taps: usize,
}

impl Windows {
    /// `output` windows, `stride` apart, the first `padding.0` before the input.
    pub fn sliding(
        input: usize,
        output: usize,
        window: usize,
        stride: usize,
        dilation: usize,
        padding: (usize, usize),
    ) -> Self {
        let place = |index: usize| {
            let start = (index * stride) as isize - padding.0 as isize;
            let first_tap = start.min(0).unsigned_abs().div_ceil(dilation);
            let first = start + (first_tap * dilation) as isize;
            let inside = (input as isize - first).max(0) as usize;
            let taps = inside.div_ceil(dilation).min(window.saturating_sub(first_tap));
            let end = (input + padding.1) as isize;
            let count = (end - start).clamp(0, window as isize) as usize;
            WindowPlace { first: first as usize, first_tap, taps, count }
        };
        Self { places: (0..output).map(place).collect(), input, dilation, taps: window }
    }

    /// `output` windows that cover the input evenly: from `floor(i input / output)` to
    /// `ceil((i + 1) input / output)`.
    pub fn adaptive(input: usize, output: usize) -> Self {
        let place = |index: usize| {
            let first = index * input / output;
            let taps = ((index + 1) * input).div_ceil(output) - first;
            WindowPlace { first, first_tap: 0, taps, count: taps }
        };
        let places: SmallVec<[WindowPlace; 64]> = (0..output).map(place).collect();
        let taps = places.iter().map(|place| place.taps).max().unwrap_or(0);
        Self { places, input, dilation: 1, taps }
    }

    /// Whether every input belongs to one window at most.
    fn are_apart(&self) -> bool {
        self.dilation == 1 && self.places.windows(2).all(|w| w[0].first + w[0].taps <= w[1].first)
    }
}

/// The windows over a batch of images.
#[derive(Clone, Debug)]
pub struct Planes {
    /// Images.
    pub batch: usize,
    /// Channels of each image.
    pub channels: usize,
    /// The windows along the height.
    pub rows: Windows,
    /// The windows along the width.
    pub columns: Windows,
}

/// About how many elements a parallel task handles.
const TASK_ELEMENTS: usize = 16 * 1024;

impl Planes {
    pub(crate) fn input(&self) -> [usize; 4] {
        [self.batch, self.rows.input, self.columns.input, self.channels]
    }

    /// The shape of the result, `[batch, height, width, channels]`.
    pub fn output(&self) -> [usize; 4] {
        [self.batch, self.rows.places.len(), self.columns.places.len(), self.channels]
    }

    fn input_elements(&self) -> usize {
        self.input().iter().product()
    }

    fn output_elements(&self) -> usize {
        self.output().iter().product()
    }

    /// Whether every input belongs to one window at most.
    fn are_apart(&self) -> bool {
        self.rows.are_apart() && self.columns.are_apart()
    }

    /// Elements of an input row.
    fn input_row(&self) -> usize {
        self.columns.input * self.channels
    }

    /// Elements of an output row.
    fn output_row(&self) -> usize {
        self.columns.places.len() * self.channels
    }

    /// Nanoseconds, about, that a pass takes on one core.
    fn work(&self) -> usize {
        self.output_elements().saturating_mul(self.rows.taps * self.columns.taps) / 8
    }

    /// Calls `task(first row, rows)` for runs of output rows, numbered through the batch.
    fn each_output_rows(&self, task: impl Fn(usize, usize) + Sync) {
        let rows = self.batch * self.rows.places.len();
        let run = (TASK_ELEMENTS / self.output_row().max(1)).max(1);
        parallel_for(rows.div_ceil(run), self.work(), |index| {
            task(index * run, run.min(rows - index * run));
        });
    }

    /// Calls `task(image, first row, rows)` for bands of every image's input rows.
    fn each_band(&self, task: impl Fn(usize, usize, usize) + Sync) {
        let band = (TASK_ELEMENTS / self.input_row().max(1)).max(1);
        let bands = self.rows.input.div_ceil(band);
        parallel_for(self.batch * bands, self.work(), |index| {
            let first = index % bands * band;
            task(index / bands, first, band.min(self.rows.input - first));
        });
    }

    /// `(output row, tap, input row)` of all taps that fall on a band.
    fn taps_on(
        &self,
        first: usize,
        rows: usize,
    ) -> impl Iterator<Item = (usize, usize, usize)> + '_ {
        self.rows.places.iter().enumerate().flat_map(move |(output_row, place)| {
            let taps = (0..place.taps).map(move |tap| {
                (output_row, place.first_tap + tap, place.first + tap * self.rows.dilation)
            });
            taps.filter(move |(_, _, input_row)| (first..first + rows).contains(input_row))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_cut_at_the_borders() {
        let place = |first, first_tap, taps, count| WindowPlace { first, first_tap, taps, count };
        // Window 3, stride 2, padding 1 over 4 inputs, and one window more by rounding up.
        let windows = Windows::sliding(4, 3, 3, 2, 1, (1, 1));
        assert_eq!(windows.places[..], [place(0, 1, 2, 3), place(1, 0, 3, 3), place(3, 0, 1, 2)]);
        // Dilation 2 skips the border.
        let windows = Windows::sliding(3, 1, 2, 1, 2, (1, 0));
        assert_eq!(windows.places[..], [place(1, 1, 1, 2)]);
        assert!(!Windows::sliding(4, 3, 2, 1, 1, (0, 0)).are_apart());
        assert!(Windows::sliding(4, 2, 2, 2, 1, (0, 0)).are_apart());
    }

    #[test]
    fn adaptive_windows_cover_the_input() {
        let windows = Windows::adaptive(7, 3);
        let ends = |place: &WindowPlace| (place.first, place.first + place.taps);
        let ends: Vec<_> = windows.places.iter().map(ends).collect();
        assert_eq!(ends, [(0, 3), (2, 5), (4, 7)]);
        assert_eq!(Windows::adaptive(2, 4).taps, 1);
    }
}

//! Which source pixels each target pixel is computed from.

use smallvec::SmallVec;

use super::geometry::Geometry;

/// A source pixel relative to a place, and the kernel position that multiplies it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tap {
    pub(super) row: isize,
    pub(super) column: isize,
    /// Kernel row times kernel width plus kernel column.
    pub(super) position: usize,
}

/// Places on a grid of target pixels, each the sum of the same taps around a source pixel.
#[derive(Clone, Debug)]
pub(super) struct Sweep {
    /// Rows and columns of places in one image.
    pub(super) places: [usize; 2],
    /// Source pixels from one place to the next.
    pub(super) step: [usize; 2],
    /// In the order in which they lie in the source.
    pub(super) taps: SmallVec<[Tap; 16]>,
    /// Height and width of the source image.
    pub(super) source: [usize; 2],
    /// Height and width of the target image.
    pub(super) target: [usize; 2],
    /// The target pixel of the first place.
    pub(super) target_start: [usize; 2],
    /// Target pixels from one place to the next.
    pub(super) target_step: [usize; 2],
}

/// A run of source values that are contiguous and meet contiguous rows of the packed weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) offset: usize,
    pub(super) run: usize,
    /// The taps' row.
    pub(super) row: isize,
}

impl Sweep {
    /// Input pixels to output pixels.
    pub(super) fn forward(g: &Geometry) -> Self {
        let mut taps = SmallVec::new();
        for y in 0..g.kernel[0] {
            for x in 0..g.kernel[1] {
                let offset = |axis: usize, k: usize| {
                    (k * g.dilation[axis]) as isize - g.padding[axis] as isize
                };
                let position = y * g.kernel[1] + x;
                taps.push(Tap { row: offset(0, y), column: offset(1, x), position });
            }
        }
        let (source, target) = (g.input, g.output);
        let (target_start, target_step) = ([0; 2], [1; 2]);
        Self { places: target, step: g.stride, taps, source, target, target_start, target_step }
    }

    /// Output pixels back to the input pixels with coordinates `phase` modulo the stride. The
    /// output pixel `o` reads the input pixel `o * stride - padding + k * dilation`, so an input
    /// pixel `i` is read through the taps `k` where `i + padding - k * dilation` divides.
    pub(super) fn backward(g: &Geometry, phase: [usize; 2]) -> Self {
        let offset = |axis: usize, k: usize| {
            let distance =
                (phase[axis] + g.padding[axis]) as isize - (k * g.dilation[axis]) as isize;
            let stride = g.stride[axis] as isize;
            (distance % stride == 0).then_some(distance / stride)
        };
        let mut taps = SmallVec::new();
        for y in 0..g.kernel[0] {
            for x in 0..g.kernel[1] {
                if let (Some(row), Some(column)) = (offset(0, y), offset(1, x)) {
                    taps.push(Tap { row, column, position: y * g.kernel[1] + x });
                }
            }
        }
        taps.sort_unstable();
        let (source, target) = (g.output, g.input);
        let places =
            [0, 1].map(|a: usize| target[a].saturating_sub(phase[a]).div_ceil(g.stride[a]));
        let (target_start, target_step) = (phase, g.stride);
        Self { places, step: [1; 2], taps, source, target, target_start, target_step }
    }

    /// The first row and column that the taps reach from place 0, and how many rows and columns
    /// they span.
    pub(super) fn window(&self) -> [(isize, usize); 2] {
        let along = |coordinate: fn(&Tap) -> isize| {
            let first = self.taps.iter().map(coordinate).min().unwrap_or(0);
            let last = self.taps.iter().map(coordinate).max().unwrap_or(0);
            (first, (last - first + 1) as usize)
        };
        [along(|t| t.row), along(|t| t.column)]
    }

    /// Whether some place reads beyond the source image.
    pub(super) fn leaves_source(&self) -> bool {
        let window = self.window();
        (0..2).any(|a| {
            let (first, span) = window[a];
            let last = (self.places[a].max(1) - 1) * self.step[a] + span;
            first < 0 || last as isize + first > self.source[a] as isize
        })
    }

    /// The taps as runs of values, in a source with `channels` values a pixel and `row_stride` a
    /// row. Taps side by side make one run where the whole pixel takes part.
    pub(super) fn segments(
        &self,
        channels: usize,
        group_channels: usize,
        row_stride: usize,
    ) -> SmallVec<[Segment; 16]> {
        let mut segments: SmallVec<[Segment; 16]> = SmallVec::new();
        let offsets = self.tap_offsets(channels, row_stride);
        for (offset, row) in offsets.zip(self.taps.iter().map(|tap| tap.row)) {
            match segments.last_mut() {
                Some(last)
                    if channels == group_channels
                        && last.row == row
                        && last.offset + last.run == offset =>
                {
                    last.run += channels;
                }
                _ => segments.push(Segment { offset, run: group_channels, row }),
            }
        }
        segments
    }

    /// Where each tap's values begin, from the first value of the window.
    pub(super) fn tap_offsets(
        &self,
        channels: usize,
        row_stride: usize,
    ) -> impl Iterator<Item = usize> {
        let [(top, _), (left, _)] = self.window();
        self.taps.iter().map(move |tap| {
            (tap.row - top) as usize * row_stride + (tap.column - left) as usize * channels
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn geometry(stride: usize, dilation: usize) -> Geometry {
        Geometry {
            batch: 1,
            input: [9, 9],
            channels: 4,
            output: [5, 5],
            filters: 8,
            kernel: [3, 3],
            stride: [stride; 2],
            dilation: [dilation; 2],
            padding: [1; 2],
            groups: 1,
            precision: Default::default(),
        }
    }

    #[test]
    fn kernel_rows_are_one_segment_each() {
        let sweep = Sweep::forward(&geometry(2, 1));
        let segments = sweep.segments(4, 4, 44);
        assert_eq!(segments.len(), 3);
        assert_eq!(segments[1], Segment { offset: 44, run: 12, row: 0 });
        assert!(sweep.leaves_source());
        assert_eq!(Sweep::forward(&geometry(2, 2)).segments(4, 4, 44).len(), 9);
        assert_eq!(sweep.segments(4, 2, 44).len(), 9);
    }

    /// Every pair of an input and an output pixel that the kernel joins is in exactly one phase.
    #[test]
    fn phases_cover_every_product_once() {
        let pairs = [(2, 1), (1, 1), (3, 1), (2, 2), (3, 2)];
        for (stride, dilation) in pairs.into_iter().take(if cfg!(miri) { 1 } else { 5 }) {
            let g = geometry(stride, dilation);
            let pairs = |sweep: Sweep, source_is_input: bool| {
                let mut pairs = Vec::new();
                for y in 0..sweep.places[0] {
                    for x in 0..sweep.places[1] {
                        for tap in &sweep.taps {
                            let row = (y * sweep.step[0]) as isize + tap.row;
                            let column = (x * sweep.step[1]) as isize + tap.column;
                            let inside = (0..sweep.source[0] as isize).contains(&row)
                                && (0..sweep.source[1] as isize).contains(&column);
                            let target = [0, 1].map(|a| {
                                (sweep.target_start[a] + [y, x][a] * sweep.target_step[a]) as isize
                            });
                            let source = [row, column];
                            if inside && source_is_input {
                                pairs.push((source, target, tap.position));
                            } else if inside {
                                pairs.push((target, source, tap.position));
                            }
                        }
                    }
                }
                pairs
            };
            let mut expected = pairs(Sweep::forward(&g), true);
            let mut found = Vec::new();
            for y in 0..stride {
                for x in 0..stride {
                    found.extend(pairs(Sweep::backward(&g, [y, x]), false));
                }
            }
            expected.sort_unstable();
            found.sort_unstable();
            assert_eq!(expected, found, "stride {stride}, dilation {dilation}");
        }
    }
}

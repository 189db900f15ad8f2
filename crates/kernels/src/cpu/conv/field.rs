//! The source pixels that a task reads: the image itself, or a copy with zeros around it.

use std::ops::Range;

use super::sweep::Sweep;
use crate::storage::Storage;

/// How the rows that a sweep reads lie in memory, the same for all tasks.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    /// Zeros are needed around the image, so tasks copy the rows that they read.
    pub(super) padded: bool,
    /// Values from one source row to the next.
    pub(super) row_stride: usize,
    channels: usize,
    /// First source row and column of place 0, rows and columns of the window.
    window: [(isize, usize); 2],
}

impl Layout {
    pub(super) fn new(sweep: &Sweep, channels: usize) -> Self {
        let (padded, window) = (sweep.leaves_source(), sweep.window());
        let columns = match padded {
            true => (sweep.places[1].max(1) - 1) * sweep.step[1] + window[1].1,
            false => sweep.source[1],
        };
        Self { padded, row_stride: columns * channels, channels, window }
    }
}

/// Consecutive rows of places, possibly of several images; row `r` is row `r % places` of image
/// `r / places`.
pub(super) struct Field {
    first_image: usize,
    first_row: usize,
    places: usize,
    /// The window of the first row's first place.
    base: *const f32,
    /// Values from there to the first row of the next image.
    lead: usize,
    image_stride: usize,
    step_stride: usize,
    /// Keeps the copy that `base` points into.
    _copy: Option<Storage>,
}

impl Field {
    /// The rows `rows` of places over `images`, whose rows lie as `layout` says.
    pub(super) fn new(sweep: &Sweep, layout: &Layout, images: &[f32], rows: Range<usize>) -> Self {
        match layout.padded {
            true => Self::copied(sweep, layout, images, rows),
            false => Self::in_place(sweep, layout, images, rows),
        }
    }

    fn in_place(sweep: &Sweep, layout: &Layout, images: &[f32], rows: Range<usize>) -> Self {
        let ([height, width], channels) = (sweep.source, layout.channels);
        let [(top, _), (left, _)] = layout.window;
        let (first_image, first_row) = (rows.start / sweep.places[0], rows.start % sweep.places[0]);
        let step_stride = sweep.step[0] * layout.row_stride;
        let image_stride = height * width * channels;
        let row = first_row * sweep.step[0] + top as usize;
        let start = first_image * image_stride + row * layout.row_stride;
        Self {
            first_image,
            first_row,
            places: sweep.places[0],
            base: images[start + left as usize * channels..].as_ptr(),
            lead: image_stride - first_row * step_stride,
            image_stride,
            step_stride,
            _copy: None,
        }
    }

    /// A copy with zeros around the images.
    fn copied(sweep: &Sweep, layout: &Layout, images: &[f32], rows: Range<usize>) -> Self {
        let [height, width] = sweep.source;
        let [(top, span), (left, _)] = layout.window;
        let (channels, places) = (layout.channels, sweep.places[0]);
        let (first_image, first_row) = (rows.start / places, rows.start % places);
        // Source rows under `count` rows of places.
        let covered = |count: usize| match count {
            0 => 0,
            _ => (count - 1) * sweep.step[0] + span,
        };
        let first_count = rows.len().min(places - first_row);
        let after = rows.len() - first_count;
        let (lead_rows, image_rows) = (covered(first_count), covered(places));
        let total = lead_rows + after / places * image_rows + covered(after % places);
        let mut copy = Storage::new(total * layout.row_stride);
        let target = &mut copy.unique_f32s().expect("a new buffer is not shared");
        let (mut row, mut written) = (rows.start, 0);
        while row < rows.end {
            let (image, place) = (row / places, row % places);
            let count = (places - place).min(rows.end - row);
            let image = &images[image * height * width * channels..][..height * width * channels];
            for i in 0..covered(count) {
                let line = &mut target[written..written + layout.row_stride];
                let source_row = (place * sweep.step[0] + i) as isize + top;
                match usize::try_from(source_row).ok().filter(|&y| y < height) {
                    Some(y) => copy_row(line, &image[y * width * channels..], left, layout, width),
                    None => line.fill(0.0),
                }
                written += layout.row_stride;
            }
            row += count;
        }
        Self {
            first_image,
            first_row,
            places,
            base: target.as_ptr(),
            lead: lead_rows * layout.row_stride,
            image_stride: image_rows * layout.row_stride,
            step_stride: sweep.step[0] * layout.row_stride,
            _copy: Some(copy),
        }
    }

    /// The window of the first place of row `row` of image `image`, one of the field's rows.
    pub(super) fn window(&self, image: usize, row: usize) -> *const f32 {
        debug_assert!(row < self.places);
        let offset = if image == self.first_image {
            (row - self.first_row) * self.step_stride
        } else {
            self.lead + (image - self.first_image - 1) * self.image_stride + row * self.step_stride
        };
        self.base.wrapping_add(offset)
    }
}

/// Copies a source row that begins `left` columns after the line does (before, where negative),
/// with zeros where there is no source.
fn copy_row(line: &mut [f32], row: &[f32], left: isize, layout: &Layout, width: usize) {
    let channels = layout.channels;
    let before = ((-left).max(0) as usize * channels).min(line.len());
    let skipped = (left.max(0) as usize).min(width);
    let count = ((width - skipped) * channels).min(line.len() - before);
    line[..before].fill(0.0);
    line[before..before + count].copy_from_slice(&row[skipped * channels..][..count]);
    line[before + count..].fill(0.0);
}

//! Images cut into tiles.

use super::super::geometry::Geometry;
use super::transform::{INPUT, KERNEL, OUTPUT};
use crate::kernels::cpu::vector::prefetch;

/// How many tiles before its turn a tile is asked for.
const AHEAD: usize = 2;
/// Values of a cache line.
const LINE: usize = 16;
/// Lines of a row of a tile that are asked for.
const PREFETCHED_LINES: usize = 8;

/// All target images of one pass as tiles of 4 × 4, one image after the other, each tile computed
/// from the 6 × 6 source pixels around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    batch: usize,
    /// Height and width of the source images.
    source: [usize; 2],
    /// Height and width of the target images.
    target: [usize; 2],
    /// Zeros above and left of the source; negative where the target begins within it.
    padding: [isize; 2],
}

/// A tile's place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) image: usize,
    /// The first target row and column.
    pub(super) target: [usize; 2],
}

impl Grid {
    /// Input pixels to output pixels.
    pub(super) fn forward(g: &Geometry) -> Self {
        let padding = g.padding.map(|p| p as isize);
        Self { batch: g.batch, source: g.input, target: g.output, padding }
    }

    /// Output pixels back to input pixels, through the kernel turned by half a turn.
    pub(super) fn backward(g: &Geometry) -> Self {
        let padding = g.padding.map(|p| (KERNEL - 1) as isize - p as isize);
        Self { batch: g.batch, source: g.output, target: g.input, padding }
    }

    /// Rows and columns of tiles in one image.
    fn shape(&self) -> [usize; 2] {
        self.target.map(|size| size.div_ceil(OUTPUT))
    }

    /// Tiles in one image.
    pub(super) fn image_tiles(&self) -> usize {
        self.shape().iter().product()
    }

    /// Target pixels in one image.
    pub(super) fn image_pixels(&self) -> usize {
        self.target.iter().product()
    }

    /// Tiles in all images.
    pub(super) fn tiles(&self) -> usize {
        self.batch * self.image_tiles()
    }

    pub(super) fn place(&self, tile: usize) -> Place {
        let [_, columns] = self.shape();
        let (image, tile) = (tile / self.image_tiles(), tile % self.image_tiles());
        Place { image, target: [tile / columns * OUTPUT, tile % columns * OUTPUT] }
    }

    /// The addresses of the source pixels under a tile; pixels outside are `zeros`.
    #[inline(always)]
    pub(super) fn source_pixels(
        &self,
        place: Place,
        images: *const f32,
        channels: usize,
        zeros: *const f32,
    ) -> [[*const f32; INPUT]; INPUT] {
        let first = [0, 1].map(|a: usize| place.target[a] as isize - self.padding[a]);
        pixels(images, self.source, channels, place.image, first, zeros)
    }

    /// The addresses of a tile's own pixels in `images` of the target's size.
    #[inline(always)]
    pub(super) fn target_pixels(
        &self,
        place: Place,
        images: *const f32,
        channels: usize,
        zeros: *const f32,
    ) -> [[*const f32; OUTPUT]; OUTPUT] {
        let first = place.target.map(|x| x as isize);
        pixels(images, self.target, channels, place.image, first, zeros)
    }

    /// Asks for the source pixels of a tile some places on, except the columns that it shares with
    /// the one before.
    #[inline(always)]
    pub(super) fn prefetch_source(&self, tile: usize, images: *const f32, channels: usize) {
        let place = self.place(tile + AHEAD);
        let [top, left] = [0, 1].map(|a: usize| place.target[a] as isize - self.padding[a]);
        let first = [top, left + (INPUT - OUTPUT) as isize];
        prefetch_rows(images, self.source, channels, place.image, first, INPUT);
    }

    /// Asks for the pixels of a tile some places on.
    #[inline(always)]
    pub(super) fn prefetch_target(&self, tile: usize, images: *const f32, channels: usize) {
        let place = self.place(tile + AHEAD);
        let first = place.target.map(|x| x as isize);
        prefetch_rows(images, self.target, channels, place.image, first, OUTPUT);
    }

    /// The index of a tile's first target pixel, the pixels of a row, and how many rows and
    /// columns of the tile lie in the image.
    #[inline(always)]
    pub(super) fn target_part(&self, place: Place) -> (usize, usize, [usize; 2]) {
        let [row, column] = place.target;
        let pixel = (place.image * self.target[0] + row) * self.target[1] + column;
        let inside = [0, 1].map(|a: usize| OUTPUT.min(self.target[a] - place.target[a]));
        (pixel, self.target[1], inside)
    }
}

/// The addresses of a square of pixels of one image, whose first row and column are `first`;
/// those outside the image are `zeros`.
#[inline(always)]
fn pixels<const N: usize>(
    images: *const f32,
    [height, width]: [usize; 2],
    channels: usize,
    image: usize,
    [top, left]: [isize; 2],
    zeros: *const f32,
) -> [[*const f32; N]; N] {
    let inside = |first: isize, size: usize| first >= 0 && first as usize + N <= size;
    let image = images.wrapping_add(image * height * width * channels);
    let row = (width * channels) as isize;
    let first = image.wrapping_offset(top * row + left * channels as isize);
    let mut addresses = [[zeros; N]; N];
    if inside(top, height) && inside(left, width) {
        for (i, line) in addresses.iter_mut().enumerate() {
            let first = first.wrapping_offset(i as isize * row);
            for (j, address) in line.iter_mut().enumerate() {
                *address = first.wrapping_add(j * channels);
            }
        }
        return addresses;
    }
    for (i, line) in addresses.iter_mut().enumerate() {
        if !(0..height as isize).contains(&(top + i as isize)) {
            continue;
        }
        let first = first.wrapping_offset(i as isize * row);
        for (j, address) in line.iter_mut().enumerate() {
            if (0..width as isize).contains(&(left + j as isize)) {
                *address = first.wrapping_add(j * channels);
            }
        }
    }
    addresses
}

/// Asks for the first lines of a tile's width of pixels in each of some rows. With more channels a
/// tile takes long enough for the processor to see itself what comes next. The addresses need not
/// lie in the images.
#[inline(always)]
fn prefetch_rows(
    images: *const f32,
    [height, width]: [usize; 2],
    channels: usize,
    image: usize,
    [top, left]: [isize; 2],
    rows: usize,
) {
    let row = (width * channels) as isize;
    let image = images.wrapping_add(image * height * width * channels);
    let first = image.wrapping_offset(top * row + left * channels as isize);
    let lines = (OUTPUT * channels).div_ceil(LINE).min(PREFETCHED_LINES);
    for i in 0..rows {
        let first = first.wrapping_offset(i as isize * row);
        for line in 0..lines {
            prefetch(first.wrapping_add(line * LINE));
        }
    }
}

//! Images cut into tiles.

use super::super::geometry::Geometry;
use super::transform::INPUT;
use crate::cpu::vector::{LINE, prefetch};

/// How many tiles before its turn a tile is asked for.
const AHEAD: usize = 2;
/// Lines of a row of a tile that are asked for.
const PREFETCHED_LINES: usize = 8;

/// All target images of one pass as tiles, one image after the other, each tile computed from the
/// 6 × 6 source pixels around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct TileGrid {
    batch: usize,
    /// Rows and columns of a tile.
    pub(super) tile: usize,
    /// Height and width of the source images.
    source: [usize; 2],
    /// Height and width of the target images.
    target: [usize; 2],
    /// Zeros above and left of the source; negative where the target begins within it.
    padding: [isize; 2],
}

/// Rows and columns of a tile of a convolution's outputs.
fn tile_of(g: &Geometry) -> usize {
    INPUT + 1 - g.kernel[0]
}

/// A tile's place.
#[derive(Clone, Copy, Debug)]
pub(super) struct TilePlace {
    pub(super) image: usize,
    /// The first target row and column.
    pub(super) target: [usize; 2],
}

impl TileGrid {
    /// Input pixels to output pixels.
    pub(super) fn forward(g: &Geometry) -> Self {
        let padding = g.padding.map(|p| p as isize);
        Self { batch: g.batch, tile: tile_of(g), source: g.input, target: g.output, padding }
    }

    /// Output pixels back to input pixels, through the kernel turned by half a turn.
    pub(super) fn backward(g: &Geometry) -> Self {
        let padding = [0, 1].map(|a: usize| g.kernel[a] as isize - 1 - g.padding[a] as isize);
        Self { batch: g.batch, tile: tile_of(g), source: g.output, target: g.input, padding }
    }

    /// Rows and columns of tiles in one image.
    fn shape(&self) -> [usize; 2] {
        self.target.map(|size| size.div_ceil(self.tile))
    }

    /// Pixels in a row of the target.
    pub(super) fn row_pixels(&self) -> usize {
        self.target[1]
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

    pub(super) fn place(&self, tile: usize) -> TilePlace {
        let [_, columns] = self.shape();
        let (image, tile) = (tile / self.image_tiles(), tile % self.image_tiles());
        TilePlace { image, target: [tile / columns, tile % columns].map(|x| x * self.tile) }
    }

    /// The place after `place`, without the divisions of [`TileGrid::place`].
    #[inline(always)]
    pub(super) fn after(&self, place: TilePlace) -> TilePlace {
        let TilePlace { image, target: [row, column] } = place;
        if column + self.tile < self.target[1] {
            TilePlace { image, target: [row, column + self.tile] }
        } else if row + self.tile < self.target[0] {
            TilePlace { image, target: [row + self.tile, 0] }
        } else {
            TilePlace { image: image + 1, target: [0, 0] }
        }
    }

    /// The source pixels under a tile.
    #[inline(always)]
    pub(super) fn source_square(&self, place: TilePlace) -> Square<INPUT> {
        let first = [0, 1].map(|a: usize| place.target[a] as isize - self.padding[a]);
        Square { size: self.source, image: place.image, first }
    }

    /// A tile's own `N` × `N` pixels in images of the target's size.
    #[inline(always)]
    pub(super) fn target_square<const N: usize>(&self, place: TilePlace) -> Square<N> {
        debug_assert_eq!(N, self.tile);
        let first = place.target.map(|x| x as isize);
        Square { size: self.target, image: place.image, first }
    }

    /// The place whose pixels are asked for while `tile` has its turn.
    #[inline(always)]
    pub(super) fn ahead(&self, tile: usize) -> TilePlace {
        self.place(tile + AHEAD)
    }

    /// Asks for the source pixels of a tile, except the columns that it shares with the one before.
    #[inline(always)]
    pub(super) fn prefetch_source(&self, place: TilePlace, images: *const f32, channels: usize) {
        let [top, left] = [0, 1].map(|a: usize| place.target[a] as isize - self.padding[a]);
        let first = [top, left + (INPUT - self.tile) as isize];
        self.prefetch_rows(images, self.source, channels, place.image, first, INPUT);
    }

    /// Asks for the pixels of a tile.
    #[inline(always)]
    pub(super) fn prefetch_target(&self, place: TilePlace, images: *const f32, channels: usize) {
        let first = place.target.map(|x| x as isize);
        self.prefetch_rows(images, self.target, channels, place.image, first, self.tile);
    }

    /// The index of a tile's first target pixel, the pixels of a row, and how many rows and
    /// columns of the tile lie in the image.
    #[inline(always)]
    pub(super) fn target_part(&self, place: TilePlace) -> (usize, usize, [usize; 2]) {
        let [row, column] = place.target;
        let pixel = (place.image * self.target[0] + row) * self.target[1] + column;
        let inside = [0, 1].map(|a: usize| self.tile.min(self.target[a] - place.target[a]));
        (pixel, self.target[1], inside)
    }

    /// Asks for the first lines of a tile's width of pixels in each of some rows. With more
    /// channels a tile takes long enough for the processor to see itself what comes next. The
    /// addresses need not lie in the images.
    #[inline(always)]
    fn prefetch_rows(
        &self,
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
        let lines = (self.tile * channels).div_ceil(LINE).min(PREFETCHED_LINES);
        for i in 0..rows {
            let first = first.wrapping_offset(i as isize * row);
            for line in 0..lines {
                prefetch(first.wrapping_add(line * LINE));
            }
        }
    }
}

/// A square of `N` × `N` pixels, parts of which may lie outside of their image.
#[derive(Clone, Copy, Debug)]
pub(super) struct Square<const N: usize> {
    /// Height and width of the image.
    size: [usize; 2],
    image: usize,
    /// The first row and column.
    first: [isize; 2],
}

/// The addresses of a square's pixels. Must be `#[inline(always)]`.
pub(super) trait Addresses {
    /// `None` for columns outside of the image.
    fn at(&self, row: usize, column: usize) -> Option<*const f32>;
}

/// A square that lies in its image.
pub(super) struct Inside {
    first: *const f32,
    /// From one row and one column to the next.
    steps: [usize; 2],
}

impl Addresses for Inside {
    #[inline(always)]
    fn at(&self, row: usize, column: usize) -> Option<*const f32> {
        Some(self.first.wrapping_add(row * self.steps[0] + column * self.steps[1]))
    }
}

/// A square of which some rows may be zeros and some columns missing.
pub(super) struct Across<const N: usize> {
    rows: [*const f32; N],
    step: usize,
    /// The columns in the image, from and to.
    columns: [usize; 2],
}

impl<const N: usize> Addresses for Across<N> {
    #[inline(always)]
    fn at(&self, row: usize, column: usize) -> Option<*const f32> {
        let inside = column >= self.columns[0] && column < self.columns[1];
        inside.then_some(self.rows[row].wrapping_add(column * self.step))
    }
}

impl<const N: usize> Square<N> {
    /// The first pixel, which need not lie in the image, and the values of a row.
    #[inline(always)]
    fn start(&self, images: *const f32, channels: usize) -> (*const f32, usize) {
        let ([height, width], [top, left]) = (self.size, self.first);
        let (image, row) = (self.image * height * width * channels, width * channels);
        let offset = top * row as isize + left * channels as isize;
        (images.wrapping_add(image).wrapping_offset(offset), row)
    }

    /// The addresses where the whole square lies in the image.
    #[inline(always)]
    pub(super) fn inside(&self, images: *const f32, channels: usize) -> Option<Inside> {
        let inside = |a: usize| self.first[a] >= 0 && self.first[a] as usize + N <= self.size[a];
        let (first, row) = self.start(images, channels);
        (inside(0) && inside(1)).then_some(Inside { first, steps: [row, channels] })
    }

    /// The addresses, where `zeros` are `N` pixels of zeros.
    #[inline(always)]
    pub(super) fn across(
        &self,
        images: *const f32,
        channels: usize,
        zeros: *const f32,
    ) -> Across<N> {
        let (first, row) = self.start(images, channels);
        let mut rows = [zeros; N];
        for (i, address) in rows.iter_mut().enumerate() {
            let at = self.first[0] + i as isize;
            if at >= 0 && at < self.size[0] as isize {
                *address = first.wrapping_add(i * row);
            }
        }
        let left = self.first[1];
        let columns = [-left, self.size[1] as isize - left].map(|x| x.max(0) as usize);
        Across { rows, step: channels, columns }
    }
}

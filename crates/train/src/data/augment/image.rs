//! The image that augmentations change.

use super::affine::Affine;

/// An image being changed: `[height, width, channels]`, row-major.
#[derive(Debug)]
pub struct ImageMut<'a> {
    pixels: &'a mut [f32],
    scratch: &'a mut [f32],
    shape: [usize; 3],
    bounded: bool,
}

impl<'a> ImageMut<'a> {
    /// An image of `shape` (`[height, width, channels]`) with room for a copy. `bounded` keeps
    /// values in 0 to 1, as they are for images of bytes.
    ///
    /// # Panics
    /// When a length does not fit the shape.
    #[track_caller]
    pub fn new(
        pixels: &'a mut [f32],
        scratch: &'a mut [f32],
        shape: [usize; 3],
        bounded: bool,
    ) -> Self {
        let size = shape.iter().product::<usize>();
        assert!(pixels.len() == size && scratch.len() == size, "an image of shape {shape:?}");
        Self { pixels, scratch, shape, bounded }
    }

    /// The number of rows.
    pub fn height(&self) -> usize {
        self.shape[0]
    }

    /// The number of pixels in a row.
    pub fn width(&self) -> usize {
        self.shape[1]
    }

    /// The number of values of a pixel.
    pub fn channels(&self) -> usize {
        self.shape[2]
    }

    /// All values.
    pub fn pixels(&mut self) -> &mut [f32] {
        self.pixels
    }

    /// Replaces every value, kept in 0 to 1 where the image is.
    pub fn map(&mut self, mut f: impl FnMut(f32) -> f32) {
        if self.bounded {
            self.pixels.iter_mut().for_each(|value| *value = f(*value).clamp(0.0, 1.0));
        } else {
            self.pixels.iter_mut().for_each(|value| *value = f(*value));
        }
    }

    /// Moves everything `down` and `right` (up and left where negative) by whole pixels; what
    /// comes in is `fill`.
    pub fn shift(&mut self, down: isize, right: isize, fill: f32) {
        let [height, width, channels] = self.shape;
        let row_size = width * channels;
        self.scratch.copy_from_slice(self.pixels);
        let right = right.clamp(-(width as isize), width as isize);
        let (to, from) = (right.max(0) as usize, (-right).max(0) as usize);
        let kept = (width - to - from) * channels;
        for (y, row) in self.pixels.chunks_exact_mut(row_size).enumerate() {
            let source =
                (y as isize - down).try_into().ok().filter(|&source: &usize| source < height);
            let Some(source) = source else {
                row.fill(fill);
                continue;
            };
            let (to, from) = (to * channels, from * channels);
            row[..to].fill(fill);
            row[to..to + kept].copy_from_slice(&self.scratch[source * row_size + from..][..kept]);
            row[to + kept..].fill(fill);
        }
    }

    /// Samples the image again, bilinearly, where `affine` says; outside it is `fill`.
    pub fn warp(&mut self, affine: &Affine, fill: f32) {
        self.scratch.copy_from_slice(self.pixels);
        match self.shape[2] {
            1 => self.sample::<1>(affine, fill),
            3 => self.sample::<3>(affine, fill),
            _ => self.sample_any(affine, fill),
        }
    }

    /// With the number of channels known to the compiler. Places move along a line: the pixels
    /// whose four sources are all in the image are one run in each row, which needs no checks.
    fn sample<const CHANNELS: usize>(&mut self, affine: &Affine, fill: f32) {
        let [height, width, _] = self.shape;
        let (source, _) = self.scratch.as_chunks::<CHANNELS>();
        let (pixels, _) = self.pixels.as_chunks_mut::<CHANNELS>();
        for (y, row) in pixels.chunks_exact_mut(width).enumerate() {
            let places = affine.row(y, height, width);
            let inside = |x: &usize| Taps::at(places.get(*x)).inside(height, width);
            let start = (0..width).find(inside).unwrap_or(width);
            let end = (start..width).rev().find(inside).map_or(start, |last| last + 1);
            for x in (0..start).chain(end..width) {
                let taps = Taps::at(places.get(x));
                for channel in 0..CHANNELS {
                    let value = |index: usize| source[index][channel];
                    row[x][channel] = taps.blend(taps.corners(height, width, fill, value));
                }
            }
            for (x, pixel) in row[..end].iter_mut().enumerate().skip(start) {
                let (from_x, from_y) = places.get(x);
                let (left, top) = (from_x as u32, from_y as u32);
                let (right, down) = (from_x - left as f32, from_y - top as f32);
                let first = top as usize * width + left as usize;
                let (above, below) = (&source[first..first + 2], &source[first + width..][..2]);
                for channel in 0..CHANNELS {
                    let corner = [above[0], above[1], below[0], below[1]].map(|c| c[channel]);
                    pixel[channel] = blend(corner, right, down);
                }
            }
        }
    }

    fn sample_any(&mut self, affine: &Affine, fill: f32) {
        let [height, width, channels] = self.shape;
        for (y, row) in self.pixels.chunks_exact_mut(width * channels).enumerate() {
            let places = affine.row(y, height, width);
            for (x, pixel) in row.chunks_exact_mut(channels).enumerate() {
                let taps = Taps::at(places.get(x));
                for (channel, out) in pixel.iter_mut().enumerate() {
                    let value = |index: usize| self.scratch[index * channels + channel];
                    *out = taps.blend(taps.corners(height, width, fill, value));
                }
            }
        }
    }
}

/// `a` and `b` above, `c` and `d` below, weighted by how far right and down a place is.
#[inline]
fn blend([a, b, c, d]: [f32; 4], right: f32, down: f32) -> f32 {
    let above = a + (b - a) * right;
    let below = c + (d - c) * right;
    above + (below - above) * down
}

/// The four pixels around a place, and how far it is from the first.
struct Taps {
    x: i32,
    y: i32,
    right: f32,
    down: f32,
}

impl Taps {
    #[inline]
    fn at((x, y): (f32, f32)) -> Self {
        // A cast and a comparison: `floor` is a function call on older processors.
        let floor = |value: f32| value as i32 - i32::from((value as i32) as f32 > value);
        let (left, top) = (floor(x), floor(y));
        Self { x: left, y: top, right: x - left as f32, down: y - top as f32 }
    }

    /// Whether all four pixels are in the image.
    #[inline]
    fn inside(&self, height: usize, width: usize) -> bool {
        let below = |place: i32, length: usize| {
            usize::try_from(place).is_ok_and(|place| place + 1 < length)
        };
        below(self.x, width) && below(self.y, height)
    }

    /// The four values, `fill` outside the image.
    fn corners(
        &self,
        height: usize,
        width: usize,
        fill: f32,
        value: impl Fn(usize) -> f32,
    ) -> [f32; 4] {
        [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(down, right)| {
            let x = usize::try_from(self.x + right).ok().filter(|&x| x < width);
            let y = usize::try_from(self.y + down).ok().filter(|&y| y < height);
            x.zip(y).map_or(fill, |(x, y)| value(y * width + x))
        })
    }

    fn blend(&self, corners: [f32; 4]) -> f32 {
        blend(corners, self.right, self.down)
    }
}

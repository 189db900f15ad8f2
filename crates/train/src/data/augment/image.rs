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

    /// Samples the image anew, bilinearly, where `affine` says; outside it is `fill`.
    pub fn warp(&mut self, affine: &Affine, fill: f32) {
        self.scratch.copy_from_slice(self.pixels);
        match self.shape[2] {
            1 => self.sample::<1>(affine, fill),
            3 => self.sample::<3>(affine, fill),
            _ => self.sample_any(affine, fill),
        }
    }

    /// With the number of channels known to the compiler.
    fn sample<const CHANNELS: usize>(&mut self, affine: &Affine, fill: f32) {
        let [height, width, _] = self.shape;
        let (source, _) = self.scratch.as_chunks::<CHANNELS>();
        let (pixels, _) = self.pixels.as_chunks_mut::<CHANNELS>();
        for (y, row) in pixels.chunks_exact_mut(width).enumerate() {
            let mut place = affine.row(y, height, width);
            for pixel in row {
                let taps = Taps::at(place.0, place.1);
                (place.0, place.1) = (place.0 + affine.x[0], place.1 + affine.y[0]);
                if let Some(first) = taps.inside(height, width) {
                    let (top, bottom) = (&source[first..first + 2], &source[first + width..][..2]);
                    for channel in 0..CHANNELS {
                        let corners = [top[0], top[1], bottom[0], bottom[1]];
                        pixel[channel] = taps.blend(corners.map(|corner| corner[channel]));
                    }
                } else {
                    for channel in 0..CHANNELS {
                        let value = |index: usize| source[index][channel];
                        pixel[channel] = taps.blend(taps.corners(height, width, fill, value));
                    }
                }
            }
        }
    }

    fn sample_any(&mut self, affine: &Affine, fill: f32) {
        let [height, width, channels] = self.shape;
        for (y, row) in self.pixels.chunks_exact_mut(width * channels).enumerate() {
            let mut place = affine.row(y, height, width);
            for pixel in row.chunks_exact_mut(channels) {
                let taps = Taps::at(place.0, place.1);
                (place.0, place.1) = (place.0 + affine.x[0], place.1 + affine.y[0]);
                for (channel, out) in pixel.iter_mut().enumerate() {
                    let value = |index: usize| self.scratch[index * channels + channel];
                    *out = taps.blend(taps.corners(height, width, fill, value));
                }
            }
        }
    }
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
    fn at(x: f32, y: f32) -> Self {
        // A cast and a comparison: `floor` is a function call on older processors.
        let floor = |value: f32| value as i32 - i32::from((value as i32) as f32 > value);
        let (left, top) = (floor(x), floor(y));
        Self { x: left, y: top, right: x - left as f32, down: y - top as f32 }
    }

    /// The first pixel's index, when all four are in the image.
    #[inline]
    fn inside(&self, height: usize, width: usize) -> Option<usize> {
        let (x, y) = (usize::try_from(self.x).ok()?, usize::try_from(self.y).ok()?);
        (x + 1 < width && y + 1 < height).then_some(y * width + x)
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

    #[inline]
    fn blend(&self, [a, b, c, d]: [f32; 4]) -> f32 {
        let top = a + (b - a) * self.right;
        let bottom = c + (d - c) * self.right;
        top + (bottom - top) * self.down
    }
}

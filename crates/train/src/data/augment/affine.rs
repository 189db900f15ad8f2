//! Affine maps of the plane, by which geometric augmentations say where each pixel comes from.

/// `source = matrix · place + offset`, in pixels relative to the centre of the image, x to the
/// right and y down: where in the old image a place of the new one comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    /// The factors of x and y and the offset that give the source's x.
    pub x: [f32; 3],
    /// The factors of x and y and the offset that give the source's y.
    pub y: [f32; 3],
}

impl Affine {
    /// The map that changes the image by this one first, then by `next`.
    #[must_use]
    pub fn then(&self, next: &Self) -> Self {
        let row = |row: [f32; 3]| {
            let along = |column: usize| row[0] * next.x[column] + row[1] * next.y[column];
            [along(0), along(1), along(2) + row[2]]
        };
        Self { x: row(self.x), y: row(self.y) }
    }

    /// Where the pixels of row `y` come from.
    pub(super) fn row(&self, y: usize, height: usize, width: usize) -> Places {
        let (centre_x, centre_y) = ((width - 1) as f32 / 2.0, (height - 1) as f32 / 2.0);
        let (x, y) = (-centre_x, y as f32 - centre_y);
        let first_x = self.x[0] * x + self.x[1] * y + self.x[2] + centre_x;
        let first_y = self.y[0] * x + self.y[1] * y + self.y[2] + centre_y;
        Places { first: (first_x, first_y), step: (self.x[0], self.y[0]) }
    }
}

/// Where the pixels of one row come from: evenly spaced places.
#[derive(Clone, Copy)]
pub(super) struct Places {
    first: (f32, f32),
    step: (f32, f32),
}

impl Places {
    /// The source of pixel `x`, as column and row indices. Rounding keeps the order of places.
    #[inline]
    pub(super) fn get(self, x: usize) -> (f32, f32) {
        (self.first.0 + x as f32 * self.step.0, self.first.1 + x as f32 * self.step.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_composed_map_is_one_map_after_the_other() {
        let quarter_turn = Affine { x: [0.0, -1.0, 0.0], y: [1.0, 0.0, 0.0] };
        let move_right = Affine { x: [1.0, 0.0, -3.0], y: [0.0, 1.0, 0.0] };
        // Turned, then moved: the place (3, 1) comes from (0, 1) before the move, which the turn
        // took from (-1, 0).
        let both = quarter_turn.then(&move_right);
        let at = |row: [f32; 3]| row[0] * 3.0 + row[1] * 1.0 + row[2];
        assert_eq!((at(both.x), at(both.y)), (-1.0, 0.0));
    }
}

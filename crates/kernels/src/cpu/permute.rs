//! Copies into another order of axes.

use crate::MAX_RANK;
use crate::shared_mut::SharedMut;
use crate::threads::parallel_for;

/// Edge of the square blocks in which a transposition stays within the cache.
const BLOCK: usize = 16;
/// Elements of one task.
const TASK: usize = 32 * 1024;

/// Writes `source`, of lengths `dims`, with its axes in the given order: axis `k` of `target` is
/// axis `order[k]` of `source`.
pub fn permute<T: Copy + Send + Sync>(
    source: &[T],
    dims: &[usize],
    order: &[usize],
    target: &mut [T],
) {
    assert_eq!(source.len(), dims.iter().product());
    assert_eq!(source.len(), target.len());
    if source.is_empty() {
        return;
    }
    let mut axes = Axes::new(dims, order);
    let count = axes.count;
    if count == 0 {
        target.copy_from_slice(source);
        return;
    }
    // The innermost axis of the target, and of those before it the one adjacent in the source.
    let columns = axes.lengths[count - 1];
    let column_stride = axes.strides[count - 1];
    let adjacent = if column_stride == 1 { None } else { axes.take_adjacent() };
    let outer = axes.count - 1;
    let (rows, row_step) = adjacent.unwrap_or((1, 0));
    let band = (TASK / columns).clamp(1, rows.max(1)).next_multiple_of(BLOCK).min(rows.max(1));
    let bands = rows.div_ceil(band);
    let tiles: usize = axes.lengths[..outer].iter().product();
    let group = if bands == 1 { (TASK / (rows * columns)).max(1) } else { 1 };
    let shared = SharedMut::new(target);
    parallel_for(tiles.div_ceil(group) * bands, source.len() / 4, |task| {
        let (first, start) = (task / bands * group, task % bands * band);
        for tile in first..(first + group).min(tiles) {
            let (from, to) = axes.place(tile, outer);
            for row_block in (start..rows.min(start + band)).step_by(BLOCK) {
                let row_end = rows.min(start + band).min(row_block + BLOCK);
                let column_step = if adjacent.is_some() { BLOCK } else { columns };
                for column in (0..columns).step_by(column_step) {
                    let length = column_step.min(columns - column);
                    for row in row_block..row_end {
                        let from = from + row + column * column_stride;
                        // SAFETY: each row of each tile belongs to one task; its columns are
                        // contiguous in the target and within it.
                        let out = unsafe { shared.slice(to + row * row_step + column, length) };
                        if column_stride == 1 {
                            out.copy_from_slice(&source[from..from + length]);
                        } else {
                            let column = source[from..].iter().step_by(column_stride);
                            out.iter_mut().zip(column).for_each(|(out, &x)| *out = x);
                        }
                    }
                }
            }
        }
    });
}

/// The target's axes, outermost first, neighbours in both orders merged, those of length 1 left
/// out: length, stride in the source, stride in the target.
struct Axes {
    count: usize,
    lengths: [usize; MAX_RANK],
    strides: [usize; MAX_RANK],
    steps: [usize; MAX_RANK],
}

impl Axes {
    fn new(dims: &[usize], order: &[usize]) -> Self {
        let mut source_strides = [1; MAX_RANK];
        for axis in (1..dims.len()).rev() {
            source_strides[axis - 1] = source_strides[axis] * dims[axis];
        }
        let empty = [0; MAX_RANK];
        let mut axes = Self { count: 0, lengths: empty, strides: empty, steps: empty };
        for &axis in order {
            let (length, stride) = (dims[axis], source_strides[axis]);
            if length == 1 {
                continue;
            }
            if axes.count > 0 && axes.strides[axes.count - 1] == stride * length {
                axes.lengths[axes.count - 1] *= length;
                axes.strides[axes.count - 1] = stride;
            } else {
                axes.lengths[axes.count] = length;
                axes.strides[axes.count] = stride;
                axes.count += 1;
            }
        }
        let mut step = 1;
        for axis in (0..axes.count).rev() {
            axes.steps[axis] = step;
            step *= axes.lengths[axis];
        }
        axes
    }

    /// Takes out the axis whose elements are adjacent in the source: its length and step.
    fn take_adjacent(&mut self) -> Option<(usize, usize)> {
        let axis = (0..self.count).find(|&axis| self.strides[axis] == 1)?;
        let taken = (self.lengths[axis], self.steps[axis]);
        self.lengths.copy_within(axis + 1..self.count, axis);
        self.strides.copy_within(axis + 1..self.count, axis);
        self.steps.copy_within(axis + 1..self.count, axis);
        self.count -= 1;
        Some(taken)
    }

    /// Where tile number `tile` of the first `outer` axes begins in the source and the target.
    fn place(&self, mut tile: usize, outer: usize) -> (usize, usize) {
        let (mut from, mut to) = (0, 0);
        for axis in (0..outer).rev() {
            let index = tile % self.lengths[axis];
            tile /= self.lengths[axis];
            from += index * self.strides[axis];
            to += index * self.steps[axis];
        }
        (from, to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_of_four_axes() {
        for dims in [[2, 3, 4, 5], [1, 17, 1, 33], [40, 2, 50, 3], [3, 1, 1, 2]] {
            if cfg!(miri) && dims[0] != 2 {
                continue;
            }
            let source: Vec<u32> = (0..dims.iter().product::<usize>() as u32).collect();
            for code in 0..256 {
                let order = [code & 3, code >> 2 & 3, code >> 4 & 3, code >> 6];
                if (0..4).any(|axis| !order.contains(&axis)) {
                    continue;
                }
                let mut target = vec![u32::MAX; source.len()];
                permute(&source, &dims, &order, &mut target);
                let mut index = [0; 4];
                for got in target {
                    let flat = (0..4).fold(0, |flat, axis| flat * dims[axis] + index[axis]);
                    assert_eq!(got, source[flat], "{dims:?} {order:?}");
                    for &axis in order.iter().rev() {
                        index[axis] += 1;
                        if index[axis] < dims[axis] {
                            break;
                        }
                        index[axis] = 0;
                    }
                }
            }
        }
    }
}

//! Copies a box out of one row-major array into a box of another.

use crate::MAX_RANK;
use crate::shared_mut::SharedMut;
use crate::threads::parallel_for;

/// Elements of one task.
const TASK: usize = 64 * 1024;

/// A row-major array and where in it a box begins.
#[derive(Clone, Copy)]
pub struct Corner<'a> {
    /// The lengths of the array's axes.
    pub dims: &'a [usize],
    /// The box's first element along each axis.
    pub start: &'a [usize],
}

impl Corner<'_> {
    #[track_caller]
    fn check(&self, lengths: &[usize], elements: usize) {
        assert_eq!(self.dims.iter().product::<usize>(), elements);
        for ((&length, &start), &dim) in lengths.iter().zip(self.start).zip(self.dims) {
            assert!(start + length <= dim, "a box of {length} from {start} in {dim}");
        }
    }

    /// Where the run at `coordinates` of the box begins.
    fn place(&self, coordinates: &[usize; MAX_RANK]) -> usize {
        let each = self.dims.iter().zip(self.start).zip(coordinates);
        each.fold(0, |flat, ((dim, start), coordinate)| flat * dim + start + coordinate)
    }

    /// The distance between neighbours along `axis`.
    fn stride(&self, axis: usize) -> usize {
        self.dims.iter().skip(axis + 1).product()
    }
}

/// Copies a box of the given lengths.
pub fn copy_box<T: Copy + Send + Sync>(
    lengths: &[usize],
    source: &[T],
    from: Corner,
    target: &mut [T],
    to: Corner,
) {
    from.check(lengths, source.len());
    to.check(lengths, target.len());
    let elements: usize = lengths.iter().product();
    if elements == 0 {
        return;
    }
    // Axes after `axes` are contiguous in both arrays: a run.
    let (mut axes, mut run) = (lengths.len(), 1);
    while axes > 0 {
        axes -= 1;
        run *= lengths[axes];
        if lengths[axes] != from.dims[axes] || lengths[axes] != to.dims[axes] {
            break;
        }
    }
    let runs = elements / run;
    let group = (TASK / run).max(1);
    let shared = SharedMut::new(target);
    let last = axes.saturating_sub(1);
    let (from_stride, to_stride) = (from.stride(last), to.stride(last));
    parallel_for(runs.div_ceil(group), elements / 4, |task| {
        let (mut index, end) = (task * group, runs.min((task + 1) * group));
        while index < end {
            // Runs that follow each other along the last axis of the box.
            let (mut coordinates, mut rest) = ([0; MAX_RANK], index);
            for axis in (0..axes).rev() {
                coordinates[axis] = rest % lengths[axis];
                rest /= lengths[axis];
            }
            let left = if axes == 0 { 1 } else { lengths[last] - coordinates[last] };
            let count = left.min(end - index);
            let (first, place) = (from.place(&coordinates), to.place(&coordinates));
            for step in 0..count {
                let source = &source[first + step * from_stride..][..run];
                // SAFETY: the box lies within the target, as `check` saw; its runs do not overlap
                // and each belongs to one task.
                let target = unsafe { shared.slice(place + step * to_stride, run) };
                target.copy_from_slice(source);
            }
            index += count;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_land_where_they_should() {
        let source: Vec<u32> = (0..3 * 4 * 5).collect();
        let (from, to) = ([3, 4, 5], [2, 6, 7]);
        for lengths in [[2, 3, 4], [1, 4, 5], [2, 4, 5], [2, 0, 1], [1, 1, 1]] {
            let mut target = vec![u32::MAX; 84];
            let (source_start, target_start) = ([1, 0, 0], [0, 2, 1]);
            let source_corner = Corner { dims: &from, start: &source_start };
            let target_corner = Corner { dims: &to, start: &target_start };
            copy_box(&lengths, &source, source_corner, &mut target, target_corner);
            let mut copied = 0;
            for (i, &value) in target.iter().enumerate() {
                let at = [i / 42, i / 7 % 6, i % 7];
                let inside = (0..3)
                    .all(|a| (target_start[a]..target_start[a] + lengths[a]).contains(&at[a]));
                if inside {
                    let at: Vec<_> =
                        (0..3).map(|a| at[a] - target_start[a] + source_start[a]).collect();
                    assert_eq!(value, source[(at[0] * 4 + at[1]) * 5 + at[2]]);
                    copied += 1;
                } else {
                    assert_eq!(value, u32::MAX);
                }
            }
            assert_eq!(copied, lengths.iter().product::<usize>());
        }
    }
}

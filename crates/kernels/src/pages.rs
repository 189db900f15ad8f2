//! The pages of memory behind large buffers.
//!
//! Huge pages: 2 MiB behind one entry of the processor's table. An allocator that asks for them
//! everywhere makes whole huge pages resident for the sake of a few values in each: a quarter to a
//! half of a small training's memory. Asked for inside of large buffers alone, they hold nothing
//! else.
//!
//! Small pages in one go: each page that is met for the first time interrupts the program, which
//! costs more than making the page. A buffer that is about to be filled asks for all of them.

/// Prepares the pages of new `values` that are about to be written. A wish: nothing changes where
/// it is not granted.
#[cfg(all(target_os = "linux", not(miri)))]
pub(crate) fn prepare<T>(values: &mut [T]) {
    const HUGE: usize = 2 << 20;
    const SMALL: usize = 4 << 10;
    /// Less is not worth a call.
    const LEAST: usize = 64 << 10;
    let (start, bytes) = (values.as_mut_ptr().cast::<u8>(), size_of_val(values));
    if bytes < LEAST {
        return;
    }
    let advise = |from: usize, to: usize, advice| {
        if from < to {
            // SAFETY: whole pages that this process owns, all within `values`; the advice changes
            // what backs them and no value.
            unsafe { libc::madvise(start.add(from).cast(), to - from, advice) };
        }
    };
    let first = start.align_offset(SMALL);
    let end = first + bytes.saturating_sub(first) / SMALL * SMALL;
    let first_huge = start.align_offset(HUGE).min(end);
    let end_huge = first_huge + (end - first_huge) / HUGE * HUGE;
    advise(first, first_huge, libc::MADV_POPULATE_WRITE);
    advise(first_huge, end_huge, libc::MADV_HUGEPAGE);
    advise(end_huge, end, libc::MADV_POPULATE_WRITE);
}

#[cfg(any(not(target_os = "linux"), miri))]
pub(crate) fn prepare<T>(_: &mut [T]) {}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg_attr(miri, ignore = "too much work for an interpreter")]
    fn values_stay() {
        let mut values: Vec<usize> = (0..1 << 20).collect();
        for length in [0, 3, 10_000, 100_000, 1 << 20] {
            super::prepare(&mut values[..length]);
        }
        assert!(values.into_iter().eq(0..1 << 20));
    }
}

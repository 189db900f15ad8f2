//! Huge pages for large buffers: 2 MiB of memory behind one entry of the processor's table of pages.
//!
//! An allocator that asks for them everywhere makes whole huge pages resident for the sake of a
//! few values in each: a quarter to a half of a small training's memory. Asked for inside of large
//! buffers alone, they hold nothing else.

/// Asks for huge pages where `values` fill them. A wish: nothing changes where it is not granted.
#[cfg(target_os = "linux")]
pub(crate) fn ask_for<T>(values: &mut [T]) {
    const HUGE: usize = 2 << 20;
    let (start, bytes) = (values.as_mut_ptr().cast::<u8>(), size_of_val(values));
    let skip = start.align_offset(HUGE);
    let length = bytes.saturating_sub(skip) / HUGE * HUGE;
    if length > 0 {
        // SAFETY: whole pages that this process owns, all within `values`; the advice changes what
        // backs them and no value.
        unsafe { libc::madvise(start.add(skip).cast(), length, libc::MADV_HUGEPAGE) };
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn ask_for<T>(_: &mut [T]) {}

#[cfg(test)]
mod tests {
    #[test]
    fn values_stay() {
        let mut values: Vec<usize> = (0..1 << 20).collect();
        super::ask_for(&mut values);
        super::ask_for(&mut values[..3]);
        super::ask_for::<usize>(&mut []);
        assert!(values.into_iter().eq(0..1 << 20));
    }
}

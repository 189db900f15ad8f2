//! How the system backs large buffers: with huge pages, 2 MiB of memory behind one entry of the
//! processor's table of pages, and all at once rather than page by page as they are touched.
//!
//! An allocator that asks for huge pages everywhere makes whole huge pages resident for the sake of a
//! few values in each: a quarter to a half of a small training's memory. Asked for inside of large
//! buffers alone, they hold nothing else.

#[cfg(target_os = "linux")]
const HUGE: usize = 2 << 20;

/// Asks for huge pages where `values` fill them. A wish: nothing changes where it is not granted.
#[cfg(target_os = "linux")]
pub(crate) fn ask_for_huge<T>(values: &mut [T]) {
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
pub(crate) fn ask_for_huge<T>(_: &mut [T]) {}

/// Backs `values`, which are about to be written, with memory: a page that waits to be touched costs
/// twice that. Left out where they are few, and where huge pages back most of them. A wish, as above
/// (Linux 5.14).
#[cfg(target_os = "linux")]
pub(crate) fn back<T>(values: &mut [T]) {
    const PAGE: usize = 4 << 10;
    let (start, bytes) = (values.as_mut_ptr().cast::<u8>(), size_of_val(values));
    let skip = start.align_offset(PAGE);
    let length = bytes.saturating_sub(skip) / PAGE * PAGE;
    if (16 * PAGE..2 * HUGE).contains(&length) {
        // SAFETY: whole pages that this process owns, all within `values`; no value changes.
        unsafe { libc::madvise(start.add(skip).cast(), length, libc::MADV_POPULATE_WRITE) };
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn back<T>(_: &mut [T]) {}

#[cfg(test)]
mod tests {
    #[test]
    fn values_stay() {
        let mut values: Vec<usize> = (0..1 << 20).collect();
        super::ask_for_huge(&mut values);
        super::ask_for_huge(&mut values[..3]);
        super::ask_for_huge::<usize>(&mut []);
        super::back(&mut values);
        super::back(&mut values[5..100_000]);
        super::back::<usize>(&mut []);
        assert!(values.into_iter().eq(0..1 << 20));
    }
}

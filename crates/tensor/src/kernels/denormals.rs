//! Flushing denormals (magnitudes below 1.2e-38) to zero: they cost arithmetic several times the
//! normal time, and training gains nothing from them.

/// While it lives, this thread, and workers that run its loops, treat denormals as zero.
#[derive(Debug)]
pub struct Flush {
    before: u32,
    /// The control register belongs to one thread: not `Send`.
    _thread: std::marker::PhantomData<*const ()>,
}

/// Starts flushing denormals to zero on this thread until the guard is dropped.
#[must_use = "flushing ends when the guard is dropped"]
pub fn flush() -> Flush {
    let before = control();
    set_control(before | FLUSH_BITS);
    Flush { before, _thread: std::marker::PhantomData }
}

impl Drop for Flush {
    fn drop(&mut self) {
        set_control(self.before);
    }
}

/// Flush-to-zero (bit 15) and denormals-are-zero (bit 6) of MXCSR.
#[cfg(target_arch = "x86_64")]
const FLUSH_BITS: u32 = 0x8040;
#[cfg(not(target_arch = "x86_64"))]
const FLUSH_BITS: u32 = 0;

/// This thread's floating-point control register, which a parallel loop hands to its workers.
#[cfg(target_arch = "x86_64")]
pub(super) fn control() -> u32 {
    let mut value = 0u32;
    // SAFETY: STMXCSR writes four bytes to the given, valid address; SSE is part of x86-64.
    unsafe { std::arch::asm!("stmxcsr [{}]", in(reg) &mut value, options(nostack)) };
    value
}

/// Sets this thread's floating-point control register.
#[cfg(target_arch = "x86_64")]
pub(super) fn set_control(value: u32) {
    // SAFETY: LDMXCSR reads four bytes of the given address. Values come from `control()` with at
    // most the two flush bits added, so no reserved bit is set and exceptions stay masked.
    unsafe { std::arch::asm!("ldmxcsr [{}]", in(reg) &value, options(nostack, readonly)) };
}

#[cfg(not(target_arch = "x86_64"))]
pub(super) fn control() -> u32 {
    0
}

#[cfg(not(target_arch = "x86_64"))]
pub(super) fn set_control(_: u32) {}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use std::hint::black_box;

    #[test]
    fn denormals_vanish_while_the_guard_lives() {
        let tiny = black_box(1e-30f32);
        assert_ne!(black_box(tiny * 1e-10), 0.0);
        let guard = super::flush();
        assert_eq!(black_box(black_box(1e-30f32) * black_box(1e-10)), 0.0);
        drop(guard);
        assert_ne!(black_box(black_box(1e-30f32) * black_box(1e-10)), 0.0);
    }
}

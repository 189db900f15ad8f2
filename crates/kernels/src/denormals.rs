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

/// MXCSR of x86-64, of which flush-to-zero (bit 15) and denormals-are-zero (bit 6) are used.
#[cfg(all(target_arch = "x86_64", not(miri)))]
mod register {
    pub(super) const FLUSH_BITS: u32 = 0x8040;

    pub(in super::super) fn control() -> u32 {
        let mut value = 0u32;
        // SAFETY: STMXCSR writes four bytes to the given, valid address; SSE is part of x86-64.
        unsafe { std::arch::asm!("stmxcsr [{}]", in(reg) &mut value, options(nostack)) };
        value
    }

    pub(in super::super) fn set_control(value: u32) {
        // SAFETY: LDMXCSR reads four bytes of the given address. Values come from `control()` with
        // at most the flush bits added, so no reserved bit is set and exceptions stay masked.
        unsafe { std::arch::asm!("ldmxcsr [{}]", in(reg) &value, options(nostack, readonly)) };
    }
}

/// FPCR of AArch64, of which flush-to-zero (bit 24) is used: it covers operands and results.
#[cfg(all(target_arch = "aarch64", not(miri)))]
mod register {
    pub(super) const FLUSH_BITS: u32 = 1 << 24;

    pub(in super::super) fn control() -> u32 {
        let value: u64;
        // SAFETY: reads a register that every program may read; its upper half is zero.
        unsafe { std::arch::asm!("mrs {}, fpcr", out(reg) value, options(nostack)) };
        value as u32
    }

    pub(in super::super) fn set_control(value: u32) {
        // SAFETY: values come from `control()` with at most the flush bit added, so no reserved bit
        // is set and exceptions stay masked.
        unsafe { std::arch::asm!("msr fpcr, {}", in(reg) u64::from(value), options(nostack)) };
    }
}

/// Elsewhere nothing is flushed; nor under Miri, which runs no assembly.
#[cfg(any(miri, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod register {
    pub(super) const FLUSH_BITS: u32 = 0;

    pub(in super::super) fn control() -> u32 {
        0
    }

    pub(in super::super) fn set_control(_: u32) {}
}

use register::FLUSH_BITS;
/// This thread's floating-point control register, which a parallel loop hands to its workers.
pub(super) use register::{control, set_control};

#[cfg(all(test, not(miri), any(target_arch = "x86_64", target_arch = "aarch64")))]
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

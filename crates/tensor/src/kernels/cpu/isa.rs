//! Choosing the instruction set at run time, once, for one binary that runs everywhere.
//!
//! This file is the whole table: an instruction set is a row in [`Isa`], a [`Vector`] type and an
//! arm in [`dispatch`]. Kernels are generic over the vector type and compiled once for each row.

use std::sync::OnceLock;

#[cfg(target_arch = "x86_64")]
use super::avx2::Avx2;
#[cfg(target_arch = "aarch64")]
use super::neon::Neon;
use super::portable::Portable;
use super::vector::Vector;

/// The instruction sets with kernels, best last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Isa {
    /// Arrays that the compiler vectorises for the build's baseline.
    Portable,
    /// 256-bit vectors with fused multiply-add, and half precision in memory.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Pairs of 128-bit vectors with fused multiply-add.
    #[cfg(target_arch = "aarch64")]
    Neon,
}

/// The instruction set in use. The environment's `GLASSBOX_ISA=portable` forces the portable one.
pub(crate) fn isa() -> Isa {
    #[cfg(test)]
    if PORTABLE.get() {
        return Isa::Portable;
    }
    static ISA: OnceLock<Isa> = OnceLock::new();
    *ISA.get_or_init(|| {
        if std::env::var("GLASSBOX_ISA").is_ok_and(|name| name == "portable") {
            return Isa::Portable;
        }
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("f16c")
        {
            return Isa::Avx2;
        }
        #[cfg(target_arch = "aarch64")]
        if std::arch::is_aarch64_feature_detected!("neon") {
            return Isa::Neon;
        }
        Isa::Portable
    })
}

/// The instruction set that kernels use on this machine, for reports.
pub fn cpu_name() -> &'static str {
    match isa() {
        Isa::Portable => "portable",
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => "AVX2+FMA",
        #[cfg(target_arch = "aarch64")]
        Isa::Neon => "NEON",
    }
}

/// A kernel with its arguments. `run` must be `#[inline(always)]`, as must everything it calls
/// that uses `V`, so that it is compiled with the instruction set of `V` enabled.
pub(crate) trait Kernel {
    type Output;
    fn run<V: Vector>(self) -> Self::Output;
}

/// Runs `kernel` with the best vectors that this machine has.
#[inline]
pub(crate) fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    match isa() {
        Isa::Portable => kernel.run::<Portable>(),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `isa()` answers `Avx2` only where AVX2, FMA and F16C were detected.
        Isa::Avx2 => unsafe { run_avx2(kernel) },
        // NEON is part of the target's baseline, so that no function has to enable it.
        #[cfg(target_arch = "aarch64")]
        Isa::Neon => kernel.run::<Neon>(),
    }
}

/// Runs `kernel` with the portable vectors, for tests that compare the paths.
#[cfg(test)]
pub(crate) fn dispatch_portable<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Portable>()
}

#[cfg(test)]
thread_local! {
    static PORTABLE: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Runs `f` with the portable vectors for every kernel that this thread runs in it, for tests.
#[cfg(test)]
pub(crate) fn with_portable<R>(f: impl FnOnce() -> R) -> R {
    PORTABLE.set(true);
    let result = crate::threads::with_count(1, f);
    PORTABLE.set(false);
    result
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,f16c")]
fn run_avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx2>()
}

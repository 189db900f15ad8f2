//! Choosing the instruction set at run time, once, for one binary that runs everywhere.
//!
//! This file is the whole table: an instruction set is a row in [`Isa`], a [`Vector`] type and an
//! arm in [`dispatch`]. Kernels are generic over the vector type and compiled once for each row.

use std::sync::OnceLock;

#[cfg(target_arch = "x86_64")]
use super::avx2::Avx2;
#[cfg(target_arch = "x86_64")]
use super::avx512::Avx512;
#[cfg(target_arch = "aarch64")]
use super::neon::Neon;
use super::portable::Portable;
use super::vector::Vector;

/// The instruction sets with kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Isa {
    /// Arrays that the compiler vectorises for the build's baseline.
    Portable,
    /// 256-bit vectors with fused multiply-add, and half precision in memory.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 512-bit vectors and twice the registers.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// Pairs of 128-bit vectors with fused multiply-add.
    #[cfg(target_arch = "aarch64")]
    Neon,
}

impl Isa {
    const ALL: &[Self] = &[
        Self::Portable,
        #[cfg(target_arch = "x86_64")]
        Self::Avx2,
        #[cfg(target_arch = "x86_64")]
        Self::Avx512,
        #[cfg(target_arch = "aarch64")]
        Self::Neon,
    ];

    /// Those that this machine has, best last.
    pub(crate) fn available() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|isa| isa.is_available())
    }

    fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("fma")
                    && is_x86_feature_detected!("f16c")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
            }
            #[cfg(target_arch = "aarch64")]
            Self::Neon => std::arch::is_aarch64_feature_detected!("neon"),
        }
    }

    /// As `GLASSBOX_ISA` names it.
    fn variable(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => "avx512",
            #[cfg(target_arch = "aarch64")]
            Self::Neon => "neon",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "AVX2+FMA",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => "AVX-512",
            #[cfg(target_arch = "aarch64")]
            Self::Neon => "NEON",
        }
    }
}

/// The instruction set in use: the best that the machine has, or the one of them that the
/// environment's `GLASSBOX_ISA` names (`portable`, `avx2`, `avx512`, `neon`).
#[inline]
pub(crate) fn isa() -> Isa {
    #[cfg(any(test, debug_assertions))]
    if let Some(isa) = CHOSEN.get() {
        return isa;
    }
    static ISA: OnceLock<Isa> = OnceLock::new();
    *ISA.get_or_init(|| {
        let wanted = std::env::var("GLASSBOX_ISA").ok();
        let named = Isa::available().find(|isa| wanted.as_deref() == Some(isa.variable()));
        named.or_else(|| Isa::available().last()).unwrap_or(Isa::Portable)
    })
}

/// The instruction set that kernels use on this machine, for reports.
pub fn cpu_name() -> &'static str {
    isa().name()
}

/// A kernel with its arguments. `run` must be `#[inline(always)]`, as must everything it calls
/// that uses `V`, so that it is compiled with the instruction set of `V` enabled.
///
/// The methods that enable one are the kernel's own rather than functions here, so that the
/// compiler puts each kernel's code into a unit of its own module, and compiles them beside each
/// other: a function's instances are all where the function is.
pub(crate) trait Kernel: Sized {
    type Output;
    fn run<V: Vector>(self) -> Self::Output;

    /// Apart where it is never the best, or its code would be in the way of what calls it.
    #[cfg_attr(any(target_arch = "x86_64", target_arch = "aarch64"), cold, inline(never))]
    fn run_portable(self) -> Self::Output {
        self.run::<Portable>()
    }

    /// # Safety
    /// The machine has these instructions.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn run_avx2(self) -> Self::Output {
        self.run::<Avx2>()
    }

    /// # Safety
    /// The machine has these instructions.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn run_avx512(self) -> Self::Output {
        self.run::<Avx512>()
    }
}

/// Runs `kernel` with the best vectors that this machine has.
#[inline]
pub(crate) fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    match isa() {
        Isa::Portable => kernel.run_portable(),
        // SAFETY: `isa()` returns only what was detected.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => unsafe { kernel.run_avx2() },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => unsafe { kernel.run_avx512() },
        // NEON is part of the target's baseline, so that no function has to enable it.
        #[cfg(target_arch = "aarch64")]
        Isa::Neon => kernel.run::<Neon>(),
    }
}

/// A kernel that reads or writes through raw pointers or a [`SharedMut`](crate::shared_mut::SharedMut):
/// anybody can make one, so that only its caller can know that its fields say the truth (see
/// docs/decisions/0020). As [`Kernel`] in all else.
pub(crate) trait RawKernel: Sized {
    type Output;

    /// # Safety
    /// What the kernel's fields say of memory must be true: each pointer is valid for what its
    /// field describes, and nothing else touches what is written while the kernel runs.
    unsafe fn run<V: Vector>(self) -> Self::Output;

    /// # Safety
    /// As [`RawKernel::run`].
    #[cfg_attr(any(target_arch = "x86_64", target_arch = "aarch64"), cold, inline(never))]
    unsafe fn run_portable(self) -> Self::Output {
        // SAFETY: by this method's contract.
        unsafe { self.run::<Portable>() }
    }

    /// # Safety
    /// As [`RawKernel::run`], and the machine has these instructions.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn run_avx2(self) -> Self::Output {
        // SAFETY: by this method's contract.
        unsafe { self.run::<Avx2>() }
    }

    /// # Safety
    /// As [`RawKernel::run`], and the machine has these instructions.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn run_avx512(self) -> Self::Output {
        // SAFETY: by this method's contract.
        unsafe { self.run::<Avx512>() }
    }
}

/// As [`dispatch`], for a kernel with raw pointers.
///
/// # Safety
/// As for [`RawKernel::run`].
#[inline]
pub(crate) unsafe fn dispatch_raw<K: RawKernel>(kernel: K) -> K::Output {
    // SAFETY: this function's contract; `isa()` returns only what was detected.
    unsafe {
        match isa() {
            Isa::Portable => kernel.run_portable(),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => kernel.run_avx2(),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => kernel.run_avx512(),
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => kernel.run::<Neon>(),
        }
    }
}

#[cfg(any(test, debug_assertions))]
thread_local! {
    static CHOSEN: std::cell::Cell<Option<Isa>> = const { std::cell::Cell::new(None) };
}

/// What `f` returns on each instruction set that this machine has, best last, for tests. Kernels
/// that `f` runs must run on this thread: it has one thread.
#[cfg(any(test, debug_assertions))]
pub fn on_each_isa<R>(mut f: impl FnMut() -> R) -> Vec<R> {
    let run = |isa| {
        CHOSEN.set(Some(isa));
        let result = crate::threads::with_count(1, &mut f);
        CHOSEN.set(None);
        result
    };
    Isa::available().map(run).collect()
}

/// What `f` returns on the instruction set in use. A library without debug assertions asks no
/// thread for its choice: that would cost every call of a kernel.
#[cfg(not(any(test, debug_assertions)))]
pub fn on_each_isa<R>(mut f: impl FnMut() -> R) -> Vec<R> {
    vec![crate::threads::with_count(1, &mut f)]
}

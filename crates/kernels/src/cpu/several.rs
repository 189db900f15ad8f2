//! Several vectors that go through the same function side by side.
//!
//! A function such as the hyperbolic tangent is a chain of some thirty instructions, each of which
//! waits for the one before. A processor looks ahead far enough to keep a few such chains going,
//! but not enough of them to fill its units; code that advances all chains by one step at a time
//! needs no looking ahead.

use super::vector::Vector;

/// `N` vectors as one, for functions of single values: [`Vector::to_array`] has no room for it.
#[derive(Clone, Copy)]
pub(crate) struct Several<V, const N: usize>([V; N]);

/// Methods that do the same to each vector.
macro_rules! each {
    ($($name:ident($($other:ident),*);)*) => {
        $(#[inline(always)]
        fn $name(mut self $(, $other: Self)*) -> Self {
            for i in 0..N {
                self.0[i] = self.0[i].$name($($other.0[i]),*);
            }
            self
        })*
    };
}

impl<V: Vector, const N: usize> Several<V, N> {
    /// How many of `count` values the vector with this index has.
    #[inline(always)]
    fn share(count: usize, index: usize) -> usize {
        count.saturating_sub(index * V::LANES).min(V::LANES)
    }
}

impl<V: Vector, const N: usize> Vector for Several<V, N> {
    const LANES: usize = N * V::LANES;
    const TILE_ROWS: usize = 1;

    #[inline(always)]
    fn splat(x: f32) -> Self {
        Self([V::splat(x); N])
    }

    #[inline(always)]
    unsafe fn load(source: *const f32) -> Self {
        let mut all = Self::zero();
        for (i, x) in all.0.iter_mut().enumerate() {
            // SAFETY: a part of the values of this method's contract.
            *x = unsafe { V::load(source.add(i * V::LANES)) };
        }
        all
    }

    #[inline(always)]
    unsafe fn store(self, target: *mut f32) {
        for (i, x) in self.0.into_iter().enumerate() {
            // SAFETY: as for `load`.
            unsafe { x.store(target.add(i * V::LANES)) };
        }
    }

    #[inline(always)]
    unsafe fn load_part(source: *const f32, count: usize) -> Self {
        let mut all = Self::zero();
        for (i, x) in all.0.iter_mut().enumerate() {
            // SAFETY: as for `load`; a vector without a share reads nothing.
            *x = unsafe { V::load_part(source.wrapping_add(i * V::LANES), Self::share(count, i)) };
        }
        all
    }

    #[inline(always)]
    unsafe fn store_part(self, target: *mut f32, count: usize) {
        for (i, x) in self.0.into_iter().enumerate() {
            // SAFETY: as for `load_part`.
            unsafe { x.store_part(target.wrapping_add(i * V::LANES), Self::share(count, i)) };
        }
    }

    #[inline(always)]
    unsafe fn load_strided(source: *const f32, stride: usize, count: usize) -> Self {
        let mut all = Self::zero();
        for (i, x) in all.0.iter_mut().enumerate() {
            let source = source.wrapping_add(i * V::LANES * stride);
            // SAFETY: as for `load_part`.
            *x = unsafe { V::load_strided(source, stride, Self::share(count, i)) };
        }
        all
    }

    #[inline(always)]
    unsafe fn store_strided(self, target: *mut f32, stride: usize, count: usize) {
        for (i, x) in self.0.into_iter().enumerate() {
            let target = target.wrapping_add(i * V::LANES * stride);
            // SAFETY: as for `load_part`.
            unsafe { x.store_strided(target, stride, Self::share(count, i)) };
        }
    }

    #[inline(always)]
    unsafe fn load_integers(source: *const i32, count: usize) -> Self {
        let mut all = Self::zero();
        for (i, x) in all.0.iter_mut().enumerate() {
            let source = source.wrapping_add(i * V::LANES);
            // SAFETY: as for `load_part`.
            *x = unsafe { V::load_integers(source, Self::share(count, i)) };
        }
        all
    }

    #[inline(always)]
    unsafe fn load_bytes(source: *const u8) -> Self {
        let mut all = Self::zero();
        for (i, x) in all.0.iter_mut().enumerate() {
            // SAFETY: as for `load`.
            *x = unsafe { V::load_bytes(source.add(i * V::LANES)) };
        }
        all
    }

    #[inline(always)]
    unsafe fn store_bytes(self, target: *mut u8) {
        for (i, x) in self.0.into_iter().enumerate() {
            // SAFETY: as for `load`.
            unsafe { x.store_bytes(target.add(i * V::LANES)) };
        }
    }

    #[inline(always)]
    unsafe fn load_half(source: *const u16) -> Self {
        let mut all = Self::zero();
        for (i, x) in all.0.iter_mut().enumerate() {
            // SAFETY: as for `load`.
            *x = unsafe { V::load_half(source.add(i * V::LANES)) };
        }
        all
    }

    each! {
        add(other);
        sub(other);
        mul(other);
        div(other);
        mul_add(factor, term);
        quotient(divisor);
        sqrt();
        round();
        floor();
        max(other);
        min(other);
        lt(other);
        le(other);
        eq(other);
        and(other);
        or(other);
        xor(other);
        and_not(other);
        exponent_from_lowest_bits();
        neg();
        abs();
    }

    #[inline(always)]
    fn select(mask: Self, yes: Self, no: Self) -> Self {
        let mut all = yes;
        for i in 0..N {
            all.0[i] = V::select(mask.0[i], yes.0[i], no.0[i]);
        }
        all
    }

    #[inline(always)]
    fn split_exponent(self) -> (Self, Self) {
        let (mut exponent, mut fraction) = (self, self);
        for i in 0..N {
            (exponent.0[i], fraction.0[i]) = self.0[i].split_exponent();
        }
        (exponent, fraction)
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        let mut total = self.0[0];
        for x in &self.0[1..] {
            total = total.add(*x);
        }
        total.sum()
    }

    fn to_array(self) -> [f32; 16] {
        unreachable!("only functions of single values are computed for several vectors")
    }
}

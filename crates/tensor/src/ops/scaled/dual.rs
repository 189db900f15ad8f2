//! Numbers of double precision with a derivative: what single precision is compared with.

use std::iter::Sum;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A value and its derivative in one direction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dual {
    pub(super) value: f64,
    pub(super) slope: f64,
}

impl Dual {
    pub(super) const fn new(value: f64) -> Self {
        Self { value, slope: 0.0 }
    }

    /// `f` of this, whose derivative is `df`. Where nothing moves, an infinite derivative (that of
    /// the root at 0) does not count.
    fn through(self, f: f64, df: f64) -> Self {
        Self { value: f, slope: if self.slope == 0.0 { 0.0 } else { df * self.slope } }
    }

    pub(super) fn exp(self) -> Self {
        self.through(self.value.exp(), self.value.exp())
    }

    pub(super) fn ln(self) -> Self {
        self.through(self.value.ln(), 1.0 / self.value)
    }

    pub(super) fn sqrt(self) -> Self {
        self.through(self.value.sqrt(), 0.5 / self.value.sqrt())
    }

    pub(super) fn tanh(self) -> Self {
        let y = self.value.tanh();
        // Not `1 - y²`, of which nothing is left far out.
        self.through(y, 1.0 / self.value.cosh().powi(2))
    }

    pub(super) fn sigmoid(self) -> Self {
        let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
        let (y, rest) = (logistic(self.value), logistic(-self.value));
        self.through(y, y * rest)
    }

    /// `ln(1 + e^x)`.
    pub(super) fn softplus(self) -> Self {
        let value = self.value.max(0.0) + (-self.value.abs()).exp().ln_1p();
        self.through(value, self.sigmoid().value)
    }

    pub(super) fn max(self, other: Self) -> Self {
        if self.value >= other.value { self } else { other }
    }
}

impl Add for Dual {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { value: self.value + other.value, slope: self.slope + other.slope }
    }
}

impl Sub for Dual {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Neg for Dual {
    type Output = Self;

    fn neg(self) -> Self {
        Self { value: -self.value, slope: -self.slope }
    }
}

impl Mul for Dual {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let slope = self.slope * other.value + self.value * other.slope;
        Self { value: self.value * other.value, slope }
    }
}

impl Mul<f64> for Dual {
    type Output = Self;

    fn mul(self, factor: f64) -> Self {
        Self { value: self.value * factor, slope: self.slope * factor }
    }
}

impl Div for Dual {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        let value = self.value / other.value;
        Self { value, slope: (self.slope - value * other.slope) / other.value }
    }
}

impl Sum for Dual {
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        terms.fold(Self::new(0.0), Add::add)
    }
}

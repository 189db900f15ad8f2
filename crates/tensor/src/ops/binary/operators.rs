//! The operators `+ - * /` between tensors, and between a tensor and a number.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::tensor::Tensor;

/// Between tensors, owned or borrowed, with broadcasting.
macro_rules! between_tensors {
    ($($operator:ident::$method:ident;)*) => {
        $(
            between_tensors!($operator::$method, &Tensor, &Tensor);
            between_tensors!($operator::$method, &Tensor, Tensor);
            between_tensors!($operator::$method, Tensor, &Tensor);
            between_tensors!($operator::$method, Tensor, Tensor);
        )*
    };
    ($operator:ident::$method:ident, $left:ty, $right:ty) => {
        impl $operator<$right> for $left {
            type Output = Tensor;
            #[track_caller]
            fn $method(self, other: $right) -> Tensor {
                Tensor::$method(&self, &other)
            }
        }
    };
}

between_tensors! {
    Add::add;
    Sub::sub;
    Mul::mul;
    Div::div;
}

/// Between a tensor and a number, on both sides.
macro_rules! with_numbers {
    ($($tensor:ty),*) => {
        $(
            with_numbers!($tensor, f32, Add::add, |x, number| x.affine(1.0, number));
            with_numbers!($tensor, f32, Sub::sub, |x, number| x.affine(1.0, -number));
            with_numbers!($tensor, f32, Mul::mul, |x, number| x.affine(number, 0.0));
            with_numbers!($tensor, f32, Div::div, |x, number| x.div_number(number));
            with_numbers!(f32, $tensor, Add::add, |number, x| x.affine(1.0, number));
            with_numbers!(f32, $tensor, Sub::sub, |number, x| x.affine(-1.0, number));
            with_numbers!(f32, $tensor, Mul::mul, |number, x| x.affine(number, 0.0));
            with_numbers!(f32, $tensor, Div::div, |number, x| x.reciprocal().affine(number, 0.0));

            impl Neg for $tensor {
                type Output = Tensor;
                #[track_caller]
                fn neg(self) -> Tensor {
                    Tensor::neg(&self)
                }
            }
        )*
    };
    ($left:ty, $right:ty, $operator:ident::$method:ident, |$a:ident, $b:ident| $body:expr) => {
        impl $operator<$right> for $left {
            type Output = Tensor;
            #[track_caller]
            fn $method(self, other: $right) -> Tensor {
                let ($a, $b) = (self, other);
                $body
            }
        }
    };
}

with_numbers!(Tensor, &Tensor);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_compute_what_they_say() {
        let a = Tensor::from_slice(&[1.0, 2.0, -4.0], [3]);
        let b = Tensor::from_slice(&[3.0, -1.0, 0.5], [3]);
        assert_eq!((&a + &b).to_vec(), [4.0, 1.0, -3.5]);
        assert_eq!((&a - b.clone()).to_vec(), [-2.0, 3.0, -4.5]);
        assert_eq!((a.clone() * &b).to_vec(), [3.0, -2.0, -2.0]);
        assert_eq!((&a / &b).to_vec(), [1.0 / 3.0, -2.0, -8.0]);
        assert_eq!((&a + 0.5).to_vec(), [1.5, 2.5, -3.5]);
        assert_eq!((&a - 0.5).to_vec(), [0.5, 1.5, -4.5]);
        assert_eq!((&a * 3.0).to_vec(), [3.0, 6.0, -12.0]);
        assert_eq!((&a / 3.0).to_vec(), [1.0 / 3.0, 2.0 / 3.0, -4.0 / 3.0]);
        assert_eq!((0.5 + &a).to_vec(), [1.5, 2.5, -3.5]);
        assert_eq!((0.5 - &a).to_vec(), [-0.5, -1.5, 4.5]);
        assert_eq!((3.0 * a.clone()).to_vec(), [3.0, 6.0, -12.0]);
        assert_eq!((2.0 / &a).to_vec(), [2.0, 1.0, -0.5]);
        assert_eq!((-&a).to_vec(), [-1.0, -2.0, 4.0]);
    }
}

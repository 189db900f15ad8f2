//! The small matrices of F(4×4, 3×3) and F(2×2, 5×5), one dimension at a time, on vectors of
//! channels. Both have the points 0, ±1, ±2 and infinity, and so the same matrix for the input.

use crate::cpu::vector::Vector;

/// Rows and columns of the input under a tile of outputs, and of everything transformed: those of
/// the tile and of the kernel together, less one.
pub(super) const INPUT: usize = 6;
/// Products for each tile, channel and filter.
pub(super) const POSITIONS: usize = INPUT * INPUT;

/// One of the algorithm's matrices.
pub(super) trait Transform<const FROM: usize, const TO: usize> {
    /// `M x`. Must be `#[inline(always)]`, see [`crate::cpu::isa::Kernel`].
    fn along<V: Vector>(x: [V; FROM]) -> [V; TO];

    /// `M x Mᵀ` for each vector of one tile: columns first, then rows.
    ///
    /// # Safety
    /// Every place of the ends must be valid.
    #[inline(always)]
    unsafe fn both<V: Vector>(ends: &impl Ends<V>) {
        let mut half = [[V::zero(); FROM]; TO];
        for x in 0..FROM {
            let mut column = [V::zero(); FROM];
            for (y, value) in column.iter_mut().enumerate() {
                // SAFETY: by this method's contract.
                *value = unsafe { ends.load(y, x) };
            }
            for (line, value) in half.iter_mut().zip(Self::along(column)) {
                line[x] = value;
            }
        }
        for (y, line) in half.into_iter().enumerate() {
            for (x, value) in Self::along(line).into_iter().enumerate() {
                // SAFETY: by this method's contract.
                unsafe { ends.store(y, x, value) };
            }
        }
    }
}

/// Where the values of one tile and one vector of channels come from and go to. Methods must be
/// `#[inline(always)]`. Reading and writing one by one keeps few of them in registers.
pub(super) trait Ends<V> {
    /// # Safety
    /// The place must be valid.
    unsafe fn load(&self, row: usize, column: usize) -> V;
    /// # Safety
    /// The place must be valid.
    unsafe fn store(&self, row: usize, column: usize, value: V);
}

/// The address of a position, where each has `stride` values.
#[inline(always)]
pub(super) fn position(row: usize, column: usize, stride: usize) -> usize {
    (row * INPUT + column) * stride
}

/// `Bᵀ`, for input pixels.
pub(super) struct Input;

impl Transform<INPUT, INPUT> for Input {
    #[inline(always)]
    fn along<V: Vector>(d: [V; INPUT]) -> [V; INPUT] {
        let (four, minus_four, minus_five) = (V::splat(4.0), V::splat(-4.0), V::splat(-5.0));
        let even = d[2].mul_add(minus_four, d[4]);
        let odd = d[1].mul_add(minus_four, d[3]);
        let outer_even = d[4].sub(d[2]);
        let outer_odd = d[3].sub(d[1]);
        let outer_odd = outer_odd.add(outer_odd);
        [
            d[0].mul_add(four, d[2].mul_add(minus_five, d[4])),
            even.add(odd),
            even.sub(odd),
            outer_even.add(outer_odd),
            outer_even.sub(outer_odd),
            d[1].mul_add(four, d[3].mul_add(minus_five, d[5])),
        ]
    }
}

/// `Aᵀ`, for sums on their way to the output.
pub(super) struct Output;

impl Transform<INPUT, 2> for Output {
    #[inline(always)]
    fn along<V: Vector>(m: [V; INPUT]) -> [V; 2] {
        let (sum, difference) = (m[1].add(m[2]), m[1].sub(m[2]));
        let (outer_sum, outer_difference) = (m[3].add(m[4]), m[3].sub(m[4]));
        [
            m[0].add(sum).add(outer_sum),
            outer_difference.mul_add(V::splat(2.0), difference).add(m[5]),
        ]
    }
}

impl Transform<INPUT, 4> for Output {
    #[inline(always)]
    fn along<V: Vector>(m: [V; INPUT]) -> [V; 4] {
        let (two, four, eight) = (V::splat(2.0), V::splat(4.0), V::splat(8.0));
        let (sum, difference) = (m[1].add(m[2]), m[1].sub(m[2]));
        let (outer_sum, outer_difference) = (m[3].add(m[4]), m[3].sub(m[4]));
        [
            m[0].add(sum).add(outer_sum),
            outer_difference.mul_add(two, difference),
            outer_sum.mul_add(four, sum),
            outer_difference.mul_add(eight, difference).add(m[5]),
        ]
    }
}

/// `A`, for gradients of the output.
pub(super) struct OutputGrad;

impl Transform<2, INPUT> for OutputGrad {
    #[inline(always)]
    fn along<V: Vector>([even, odd]: [V; 2]) -> [V; INPUT] {
        let outer_odd = odd.add(odd);
        [even, even.add(odd), even.sub(odd), even.add(outer_odd), even.sub(outer_odd), odd]
    }
}

impl Transform<4, INPUT> for OutputGrad {
    #[inline(always)]
    fn along<V: Vector>(y: [V; 4]) -> [V; INPUT] {
        let (two, four) = (V::splat(2.0), V::splat(4.0));
        let (even, odd) = (y[0].add(y[2]), y[1].add(y[3]));
        let outer_even = y[2].mul_add(four, y[0]);
        let outer_odd = y[3].mul_add(four, y[1]).mul(two);
        [
            y[0],
            even.add(odd),
            even.sub(odd),
            outer_even.add(outer_odd),
            outer_even.sub(outer_odd),
            y[3],
        ]
    }
}

/// `G`, for weights.
pub(super) struct Weight;

impl Transform<3, INPUT> for Weight {
    #[inline(always)]
    fn along<V: Vector>(w: [V; 3]) -> [V; INPUT] {
        let (sixth, twelfth) = (V::splat(1.0 / 6.0), V::splat(1.0 / 12.0));
        let outer = w[0].add(w[2]).mul(sixth).neg();
        let middle = w[1].mul(sixth);
        let near = w[0].mul(V::splat(1.0 / 24.0));
        let outer_even = w[2].mul_add(sixth, near);
        let outer_odd = w[1].mul(twelfth);
        [
            w[0].mul(V::splat(0.25)),
            outer.sub(middle),
            outer.add(middle),
            outer_even.add(outer_odd),
            outer_even.sub(outer_odd),
            w[2],
        ]
    }
}

impl Transform<5, INPUT> for Weight {
    #[inline(always)]
    fn along<V: Vector>(w: [V; 5]) -> [V; INPUT] {
        let (sixth, twelfth) = (V::splat(1.0 / 6.0), V::splat(1.0 / 12.0));
        let (two_thirds, third) = (V::splat(2.0 / 3.0), V::splat(1.0 / 3.0));
        let outer = w[0].add(w[2]).add(w[4]).mul(sixth).neg();
        let middle = w[1].add(w[3]).mul(sixth);
        let near = w[2].mul_add(sixth, w[0].mul(V::splat(1.0 / 24.0)));
        let outer_even = w[4].mul_add(two_thirds, near);
        let outer_odd = w[3].mul_add(third, w[1].mul(twelfth));
        [
            w[0].mul(V::splat(0.25)),
            outer.sub(middle),
            outer.add(middle),
            outer_even.add(outer_odd),
            outer_even.sub(outer_odd),
            w[4],
        ]
    }
}

/// `Gᵀ`, for sums on their way to the gradient of the weights.
pub(super) struct WeightGrad;

impl Transform<INPUT, 5> for WeightGrad {
    #[inline(always)]
    fn along<V: Vector>(u: [V; INPUT]) -> [V; 5] {
        let (sixth, twelfth) = (V::splat(1.0 / 6.0), V::splat(1.0 / 12.0));
        let (two_thirds, third) = (V::splat(2.0 / 3.0), V::splat(1.0 / 3.0));
        let sum = u[1].add(u[2]).mul(sixth);
        let difference = u[2].sub(u[1]).mul(sixth);
        let (outer_sum, outer_difference) = (u[3].add(u[4]), u[3].sub(u[4]));
        [
            outer_sum.mul_add(V::splat(1.0 / 24.0), u[0].mul_add(V::splat(0.25), sum.neg())),
            outer_difference.mul_add(twelfth, difference),
            outer_sum.mul_add(sixth, sum.neg()),
            outer_difference.mul_add(third, difference),
            outer_sum.mul_add(two_thirds, u[5]).sub(sum),
        ]
    }
}

impl Transform<INPUT, 3> for WeightGrad {
    #[inline(always)]
    fn along<V: Vector>(u: [V; INPUT]) -> [V; 3] {
        let (sixth, twelfth) = (V::splat(1.0 / 6.0), V::splat(1.0 / 12.0));
        let (sum, difference) = (u[1].add(u[2]), u[2].sub(u[1]));
        let (outer_sum, outer_difference) = (u[3].add(u[4]), u[3].sub(u[4]));
        let sum = sum.mul(sixth);
        [
            outer_sum.mul_add(V::splat(1.0 / 24.0), u[0].mul_add(V::splat(0.25), sum.neg())),
            outer_difference.mul_add(twelfth, difference.mul(sixth)),
            outer_sum.mul_add(sixth, u[5]).sub(sum),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::portable::Portable;

    /// The matrix behind a transform.
    fn matrix<T: Transform<N, M>, const M: usize, const N: usize>(_: T) -> [[f64; N]; M] {
        let mut matrix = [[0.0; N]; M];
        for j in 0..N {
            let mut unit = [Portable::zero(); N];
            unit[j] = Portable::splat(1.0);
            for (row, value) in matrix.iter_mut().zip(T::along(unit)) {
                row[j] = f64::from(value.to_array()[0]);
            }
        }
        matrix
    }

    fn transforms_of_gradients_are_transposed<const O: usize, const K: usize>()
    where
        Output: Transform<INPUT, O>,
        OutputGrad: Transform<O, INPUT>,
        Weight: Transform<K, INPUT>,
        WeightGrad: Transform<INPUT, K>,
    {
        let (weight, weight_grad) =
            (matrix::<_, INPUT, K>(Weight), matrix::<_, K, INPUT>(WeightGrad));
        let (output, output_grad) =
            (matrix::<_, O, INPUT>(Output), matrix::<_, INPUT, O>(OutputGrad));
        for i in 0..INPUT {
            for k in 0..K {
                assert_eq!(weight[i][k], weight_grad[k][i]);
            }
            for o in 0..O {
                assert_eq!(output[o][i], output_grad[i][o]);
            }
        }
    }

    /// `Aᵀ ((G w) ⊙ (Bᵀ d))` is the convolution: output `o` is the sum of `w[k] d[o + k]`.
    fn the_transforms_make_a_convolution<const O: usize, const K: usize>()
    where
        Output: Transform<INPUT, O>,
        Weight: Transform<K, INPUT>,
    {
        let input = matrix::<_, INPUT, INPUT>(Input);
        let (weight, output) = (matrix::<_, INPUT, K>(Weight), matrix::<_, O, INPUT>(Output));
        // The coefficient of `w[k] d[j]` in output `o`.
        let coefficient = |o: usize, k: usize, j: usize| -> f64 {
            (0..INPUT).map(|i| output[o][i] * weight[i][k] * input[i][j]).sum()
        };
        for place in 0..O * K * INPUT {
            let (o, k, j) = (place / K / INPUT, place / INPUT % K, place % INPUT);
            let expected = if j == o + k { 1.0 } else { 0.0 };
            assert!((coefficient(o, k, j) - expected).abs() < 1e-6, "{o} {k} {j}");
        }
    }

    #[test]
    fn of_three_by_three_kernels() {
        transforms_of_gradients_are_transposed::<4, 3>();
        the_transforms_make_a_convolution::<4, 3>();
    }

    #[test]
    fn of_five_by_five_kernels() {
        transforms_of_gradients_are_transposed::<2, 5>();
        the_transforms_make_a_convolution::<2, 5>();
    }
}

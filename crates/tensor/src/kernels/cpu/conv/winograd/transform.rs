//! The small matrices of F(4×4, 3×3), one dimension at a time, on vectors of channels; points 0,
//! ±1, ±2 and infinity.

use crate::kernels::cpu::vector::Vector;

/// Rows and columns of an output tile.
pub(super) const OUTPUT: usize = 4;
/// Rows and columns of the input under it, and of everything transformed.
pub(super) const INPUT: usize = 6;
/// Rows and columns of the kernel.
pub(super) const KERNEL: usize = 3;
/// Products for each tile, channel and filter.
pub(super) const POSITIONS: usize = INPUT * INPUT;

/// One of the algorithm's matrices.
pub(super) trait Transform<const FROM: usize, const TO: usize> {
    /// `M x`. Must be `#[inline(always)]`, see [`crate::kernels::cpu::isa::Kernel`].
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

impl Transform<INPUT, OUTPUT> for Output {
    #[inline(always)]
    fn along<V: Vector>(m: [V; INPUT]) -> [V; OUTPUT] {
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

impl Transform<OUTPUT, INPUT> for OutputGrad {
    #[inline(always)]
    fn along<V: Vector>(y: [V; OUTPUT]) -> [V; INPUT] {
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

impl Transform<KERNEL, INPUT> for Weight {
    #[inline(always)]
    fn along<V: Vector>(w: [V; KERNEL]) -> [V; INPUT] {
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

/// `Gᵀ`, for sums on their way to the gradient of the weights.
pub(super) struct WeightGrad;

impl Transform<INPUT, KERNEL> for WeightGrad {
    #[inline(always)]
    fn along<V: Vector>(u: [V; INPUT]) -> [V; KERNEL] {
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
    use crate::kernels::cpu::portable::Portable;

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

    #[test]
    fn transforms_of_gradients_are_transposed() {
        let (weight, weight_grad) = (matrix(Weight), matrix(WeightGrad));
        let (output, output_grad) = (matrix(Output), matrix(OutputGrad));
        for i in 0..INPUT {
            for k in 0..KERNEL {
                assert_eq!(weight[i][k], weight_grad[k][i]);
            }
            for o in 0..OUTPUT {
                assert_eq!(output[o][i], output_grad[i][o]);
            }
        }
    }

    /// `Aᵀ ((G w) ⊙ (Bᵀ d))` is the convolution: output `o` is the sum of `w[k] d[o + k]`.
    #[test]
    fn the_transforms_make_a_convolution() {
        let (input, weight, output) = (matrix(Input), matrix(Weight), matrix(Output));
        // The coefficient of `w[k] d[j]` in output `o`.
        let coefficient = |o: usize, k: usize, j: usize| -> f64 {
            (0..INPUT).map(|i| output[o][i] * weight[i][k] * input[i][j]).sum()
        };
        for place in 0..OUTPUT * KERNEL * INPUT {
            let (o, k, j) = (place / KERNEL / INPUT, place / INPUT % KERNEL, place % INPUT);
            let expected = if j == o + k { 1.0 } else { 0.0 };
            assert!((coefficient(o, k, j) - expected).abs() < 1e-6, "{o} {k} {j}");
        }
    }
}

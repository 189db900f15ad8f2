//! Initial weights that are more than independent draws.

use glassbox_tensor::{Rng, Shape, Tensor};

/// Gram and Schmidt on normal vectors, each orthogonalised twice, which is enough in double
/// precision (Giraud, Langou and Rozložník 2005).
pub(super) fn orthogonal(shape: Shape, gain: f32, rng: &mut Rng) -> Tensor {
    let columns = shape.dims().last().copied().unwrap_or(1).max(1);
    let rows = shape.elements() / columns;
    let (count, length) = (rows.min(columns), rows.max(columns));
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(count);
    while basis.len() < count {
        let mut vector: Vec<f64> = (0..length).map(|_| f64::from(rng.normal())).collect();
        for _ in 0..2 {
            for other in &basis {
                let along = dot(&vector, other);
                vector.iter_mut().zip(other).for_each(|(x, o)| *x -= along * o);
            }
        }
        let norm = dot(&vector, &vector).sqrt();
        vector.iter_mut().for_each(|x| *x /= norm);
        basis.push(vector);
    }
    Tensor::build(shape, |out| {
        for (i, out) in out.iter_mut().enumerate() {
            let (row, column) = (i / columns, i % columns);
            let value = if rows < columns { basis[row][column] } else { basis[column][row] };
            *out = gain * value as f32;
        }
    })
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    // Several sums at a time, which the machine can add side by side.
    let mut sums = [0.0; 8];
    let (a, b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a.zip(b) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// Ones from input channel `i` to output channel `i` of each group, at the window's centre.
pub(super) fn diagonal(shape: Shape, groups: usize) -> Tensor {
    let mut weight = Tensor::zeros(shape);
    let &[ref window @ .., inputs, outputs] = shape.dims() else { return weight };
    let centre = window.iter().fold(0, |index, length| index * length + length / 2);
    let values = weight.make_mut();
    let of_group = outputs / groups;
    for group in 0..groups {
        for channel in 0..of_group.min(inputs) {
            values[(centre * inputs + channel) * outputs + group * of_group + channel] = 1.0;
        }
    }
    weight
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Init;

    #[test]
    fn orthogonal_weights_preserve_lengths() {
        for shape in [[6, 4], [4, 6], [5, 5]] {
            let weight = Init::Orthogonal { gain: 1.0 }.weight(shape, &mut Rng::new(1));
            let [rows, columns] = shape;
            let at = |i: usize, j: usize| f64::from(weight.as_slice()[i * columns + j]);
            let wide = rows < columns;
            for a in 0..rows.min(columns) {
                for b in 0..rows.min(columns) {
                    let product: f64 = (0..rows.max(columns))
                        .map(|k| if wide { at(a, k) * at(b, k) } else { at(k, a) * at(k, b) })
                        .sum();
                    let expected = f64::from(u8::from(a == b));
                    assert!((product - expected).abs() < 1e-6, "{shape:?} {a} {b}: {product}");
                }
            }
        }
    }

    #[test]
    fn identities() {
        let mut rng = Rng::new(0);
        assert_eq!(Init::Eye.weight([2, 3], &mut rng).to_vec(), [1., 0., 0., 0., 1., 0.]);
        let dirac = Init::Dirac { groups: 2 }.weight([3, 1, 2, 4], &mut rng);
        let ones: Vec<_> = dirac
            .as_slice()
            .iter()
            .enumerate()
            .filter(|(_, w)| **w == 1.0)
            .map(|(i, _)| i)
            .collect();
        // Window row 1; (input 0 → outputs 0 and 2), (input 1 → outputs 1 and 3).
        assert_eq!(ones, [8, 10, 13, 15]);
    }
}

//! Operations from their definitions, over rows of numbers.

use super::dual::Dual;

pub(super) fn largest(row: &[Dual]) -> Dual {
    row.iter().copied().reduce(Dual::max).expect("a row is not empty")
}

pub(super) fn mean(row: &[Dual]) -> Dual {
    row.iter().copied().sum::<Dual>() * (1.0 / row.len() as f64)
}

/// `Σ(x - mean)² / (n - correction)`.
pub(super) fn variance(row: &[Dual], correction: f64) -> Dual {
    let mean = mean(row);
    let squares = row.iter().map(|&x| (x - mean) * (x - mean));
    squares.sum::<Dual>() * (1.0 / (row.len() as f64 - correction))
}

pub(super) fn log_softmax(row: &[Dual]) -> Vec<Dual> {
    let largest = largest(row);
    let total: Dual = row.iter().map(|&x| (x - largest).exp()).sum();
    row.iter().map(|&x| (x - largest) - total.ln()).collect()
}

pub(super) fn softmax(row: &[Dual]) -> Vec<Dual> {
    log_softmax(row).into_iter().map(Dual::exp).collect()
}

pub(super) fn logsumexp(row: &[Dual]) -> Dual {
    let largest = largest(row);
    largest + row.iter().map(|&x| (x - largest).exp()).sum::<Dual>().ln()
}

/// The columns of a matrix of so many columns, each as a row.
pub(super) fn columns(x: &[Dual], count: usize) -> Vec<Vec<Dual>> {
    (0..count).map(|column| x.iter().skip(column).step_by(count).copied().collect()).collect()
}

/// `[rows, inner] · [inner, columns]`.
pub(super) fn matmul(a: &[Dual], b: &[Dual], inner: usize) -> Vec<Dual> {
    let columns = columns(b, b.len() / inner);
    let row = |row: &[Dual]| -> Vec<Dual> {
        let dot = |column: &Vec<Dual>| row.iter().zip(column).map(|(&a, &b)| a * b).sum();
        columns.iter().map(dot).collect()
    };
    a.chunks(inner).flat_map(row).collect()
}

/// A kernel of `size` × `size` over one image of `side` × `side` pixels and one channel, without
/// padding.
pub(super) fn convolution(x: &[Dual], w: &[Dual], side: usize, size: usize) -> Vec<Dual> {
    let places = side - size + 1;
    let at = |place: usize| -> Dual {
        let (top, left) = (place / places, place % places);
        (0..size * size).map(|k| x[(top + k / size) * side + left + k % size] * w[k]).sum()
    };
    (0..places * places).map(at).collect()
}

/// Which cell.
#[derive(Clone, Copy)]
pub(super) enum Cell {
    Rnn,
    Gru,
    Lstm,
}

/// The sequence of a recurrent layer for one item `[time, inputs]`, from a state of 0, without
/// biases: weights `[inputs, gates · units]` and `[units, gates · units]`, gates in PyTorch's order.
pub(super) fn recurrent(
    cell: Cell,
    x: &[Dual],
    input: &[Dual],
    hidden: &[Dual],
    [inputs, units]: [usize; 2],
) -> Vec<Dual> {
    let mut h = vec![Dual::new(0.0); units];
    let mut c = h.clone();
    let mut sequence = Vec::new();
    for x in x.chunks(inputs) {
        let (a, b) = (matmul(x, input, inputs), matmul(&h, hidden, units));
        let sum = |gate: usize, unit: usize| a[gate * units + unit] + b[gate * units + unit];
        let before = h.clone();
        for unit in 0..units {
            h[unit] = match cell {
                Cell::Rnn => sum(0, unit).tanh(),
                Cell::Gru => {
                    let (reset, keep) = (sum(0, unit).sigmoid(), sum(1, unit).sigmoid());
                    let at = 2 * units + unit;
                    let new = (a[at] + reset * b[at]).tanh();
                    (Dual::new(1.0) - keep) * new + keep * before[unit]
                }
                Cell::Lstm => {
                    let (enter, keep) = (sum(0, unit).sigmoid(), sum(1, unit).sigmoid());
                    c[unit] = keep * c[unit] + enter * sum(2, unit).tanh();
                    sum(3, unit).sigmoid() * c[unit].tanh()
                }
            };
        }
        sequence.extend(&h);
    }
    sequence
}

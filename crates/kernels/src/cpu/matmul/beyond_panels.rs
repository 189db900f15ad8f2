//! Products with a few columns more than whole panels: those are computed one by one, where a tile
//! would leave most of its lanes idle. (The 65 characters of a text, for instance.)

use super::{Epilogue, Matrix, Right, any_product, plan, with_vector};
use crate::cpu::tile::panel_columns;
use crate::storage::Storage;

/// How many of `columns` are computed apart, if that pays.
pub(super) fn columns(left: Matrix<'_>, columns: usize) -> Option<usize> {
    let beyond = columns % panel_columns();
    let pays = beyond < columns
        && plan::is_worth_one_by_one(left.rows, left.columns, beyond)
        && with_vector::takes_column(left);
    pays.then_some(beyond)
}

/// The product, of whose columns the last `beyond` are computed apart.
pub(super) fn product(
    beyond: usize,
    left: Matrix<'_>,
    right: Matrix<'_>,
    epilogue: Epilogue<'_>,
    out: &mut [f32],
    out_stride: usize,
) {
    let (rows, depth, whole) = (left.rows, right.rows, right.columns - beyond);
    let of = |first: usize, columns: usize| Epilogue {
        bias: epilogue.bias.map(|bias| &bias[first..first + columns]),
        ..epilogue
    };
    let panels = Right::Plain(right.part(0, depth, 0, whole));
    any_product(left, panels, of(0, whole), out, out_stride);
    let mut storage = Storage::new(rows);
    let values = &mut storage.unique_f32s().expect("a new buffer is not shared")[..rows];
    for column in whole..right.columns {
        let places = || (0..rows).map(|row| row * out_stride + column);
        if epilogue.accumulate {
            places().zip(&mut *values).for_each(|(at, value)| *value = out[at]);
        }
        let vector = Right::Plain(right.part(0, depth, column, 1));
        let done = with_vector::product(left, vector, of(column, 1), values, 1);
        assert!(done, "a product with a vector");
        places().zip(&*values).for_each(|(at, value)| out[at] = *value);
    }
}

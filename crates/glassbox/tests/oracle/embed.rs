//! `nn.Embedding`: rows of a table. Those at `padding_idx` get no gradient.

use glassbox::Tensor;

use crate::case::{Case, Computed};

pub fn compute(case: &Case) -> Computed {
    let (ids, table) = (case.input("in.0")?, case.input("param.weight")?);
    let padding = case.ctor("padding_idx").as_i64();
    let mask = Tensor::build([table.dims()[0], 1], |out| {
        for (row, out) in out.iter_mut().enumerate() {
            *out = if padding == Some(row as i64) { 0.0 } else { 1.0 };
        }
    });
    // A constant where nothing may flow, the table elsewhere.
    let fixed = &table.detach() * &mask.affine(-1.0, 1.0);
    case.outputs(&[(&(&table * &mask) + &fixed).index_select(0, &ids)])
}

//! Rows of a table, taken and added to: `rows[i] = table[places[i]]` and
//! `table[places[i]] += rows[i]`, the latter in the order of `i`.

use crate::cpu::at::Vectors;
use crate::cpu::isa::{RawKernel, dispatch_raw};
use crate::cpu::vector::Vector;
use crate::shared_mut::SharedMut;
use crate::threads::{parallel_chunks, parallel_for};

/// Values that a task copies, by whole rows.
const TASK_VALUES: usize = 8192;

/// Writes to `rows`, each `width` values long, the rows of `table` that `places` names for them.
///
/// # Panics
/// When sizes do not fit each other, or a place lies outside of the table.
pub fn take_rows<T: Copy + Send + Sync>(table: &[T], places: &[i32], width: usize, rows: &mut [T]) {
    assert_eq!(rows.len(), places.len() * width);
    if rows.is_empty() {
        return;
    }
    let each = (TASK_VALUES / width).max(1);
    let work = rows.len() / 8;
    parallel_chunks(rows, each * width, work, |start, rows| {
        for (row, &place) in rows.chunks_exact_mut(width).zip(&places[start / width..]) {
            row.copy_from_slice(&table[place as usize * width..][..width]);
        }
    });
}

/// Columns of a task that adds: threads share columns, so that each sum keeps its order.
const TASK_COLUMNS: usize = 256;

/// Adds each of `rows`, `width` values long, to the row of `table` that `places` names for it.
///
/// # Panics
/// When sizes do not fit each other, or a place lies outside of the table.
pub fn add_rows(places: &[i32], width: usize, rows: &[f32], table: &mut [f32]) {
    assert_eq!(rows.len(), places.len() * width);
    if rows.is_empty() {
        return;
    }
    let count = table.len() / width;
    assert!(places.iter().all(|&place| (place as usize) < count), "a row outside of the table");
    let shared = SharedMut::new(table);
    parallel_for(width.div_ceil(TASK_COLUMNS), rows.len() / 8, |task| {
        let first = task * TASK_COLUMNS;
        let columns = TASK_COLUMNS.min(width - first);
        let add =
            AddRows { places, width, rows: &rows[first..], table: shared.from(first), columns };
        // SAFETY: every place is a row of the table, and every task has its own columns.
        unsafe { dispatch_raw(add) };
    });
}

/// Some columns, from the first of each operand on, of rows that are `width` values apart. The table
/// has a row for every place, and nothing else may touch these columns of it meanwhile.
struct AddRows<'a> {
    places: &'a [i32],
    width: usize,
    rows: &'a [f32],
    table: SharedMut<'a, f32>,
    columns: usize,
}

impl RawKernel for AddRows<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        for (row, &place) in self.places.iter().enumerate() {
            let terms = self.rows[row * self.width..][..self.columns].as_ptr();
            let sums = self.table.pointer(place as usize * self.width);
            for at in Vectors::<V>::new(self.columns) {
                // SAFETY: `columns` values of a row of each operand, by this method's contract.
                unsafe { at.store(at.load::<V>(sums).add(at.load(terms)), sums) };
            }
        }
    }
}

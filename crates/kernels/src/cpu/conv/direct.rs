//! Forward pass and input gradient as sums of products: a sweep's places times packed weights.

use super::epilogue::ConvEpilogue;
use super::field::{Field, Layout};
use super::geometry::Geometry;
use super::pack::Panels;
use super::places::{Places, Walk, activate, rows_per_task};
use super::sweep::{Segment, Sweep};
use crate::activation::Activation;
use crate::cpu::isa::{RawKernel, dispatch_raw};
use crate::cpu::tile::{Finish, TILE_ROWS, Tile, TileTask, next_tile_rows, panel_width, with_tile};
use crate::cpu::tuning::conv::{PLACES_LONG, PLACES_SHORT, PRODUCTS_PER_NS, SHORT_ROWS};
use crate::cpu::vector::Vector;
use crate::shared_mut::SharedMut;
use crate::threads::parallel_for;

/// The output as sums of products.
pub(super) fn sums_of_products(
    g: &Geometry,
    input: &[f32],
    weight: &[f32],
    finish: ConvEpilogue<'_>,
    output: &mut [f32],
) {
    let sweep = Sweep::forward(g);
    let panels = Panels::forward(g, &sweep.taps, weight);
    run(g, &sweep, [g.channels, g.filters], input, &panels, finish, output);
}

/// The input gradient as sums of products: a sweep for each phase of the stride.
pub(super) fn input_grad(
    g: &Geometry,
    output_grad: &[f32],
    weight: &[f32],
    finish: ConvEpilogue<'_>,
    grad: &mut [f32],
) {
    each_phase(g, finish, |sweep| {
        let panels = Panels::backward(g, &sweep.taps, weight);
        run(g, sweep, [g.filters, g.channels], output_grad, &panels, finish, grad);
    });
}

/// Calls `apply` with the sweeps that together give the input gradient.
pub(super) fn each_phase(g: &Geometry, finish: ConvEpilogue<'_>, mut apply: impl FnMut(&Sweep)) {
    for y in 0..g.stride[0] {
        for x in 0..g.stride[1] {
            let sweep = Sweep::backward(g, [y, x]);
            // Nothing is nothing to add.
            if !(finish.accumulate && sweep.taps.is_empty()) {
                apply(&sweep);
            }
        }
    }
}

/// One sweep over all images; `[source, target] channels`.
fn run(
    g: &Geometry,
    sweep: &Sweep,
    [channels, target_channels]: [usize; 2],
    source: &[f32],
    panels: &Panels,
    finish: ConvEpilogue,
    target: &mut [f32],
) {
    let rows = g.batch * sweep.places[0];
    if rows * sweep.places[1] * target_channels == 0 {
        return;
    }
    let layout = Layout::new(sweep, channels);
    let segments = sweep.segments(channels, channels / g.groups, layout.row_stride);
    let products = sweep.taps.len() * channels / g.groups * target_channels;
    let row_work = sweep.places[1] * (products + target_channels);
    let task_rows = rows_per_task(g.batch, sweep, row_work);
    let shared = SharedMut::new(target);
    parallel_for(rows.div_ceil(task_rows), rows * row_work / PRODUCTS_PER_NS, |task| {
        let range = task * task_rows..rows.min((task + 1) * task_rows);
        let field = Field::new(sweep, &layout, source, range.clone());
        let task = SweepRows {
            sweep,
            segments: &segments,
            field: &field,
            rows: range,
            groups: g.groups,
            group_channels: channels / g.groups,
            target_channels,
            panels,
            finish,
            target: shared,
        };
        // SAFETY: the field holds what these rows read, and every task has its own rows.
        unsafe { dispatch_raw(task) };
    });
}

/// Some rows of places. The field holds what they read, and nothing else may touch their targets
/// meanwhile.
struct SweepRows<'a> {
    sweep: &'a Sweep,
    segments: &'a [Segment],
    field: &'a Field,
    rows: std::ops::Range<usize>,
    groups: usize,
    group_channels: usize,
    target_channels: usize,
    panels: &'a Panels,
    finish: ConvEpilogue<'a>,
    target: SharedMut<'a, f32>,
}

impl RawKernel for SweepRows<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let group_targets = self.target_channels / self.groups;
        let width = panel_width::<V>();
        let short = self.panels.stride <= SHORT_ROWS * width;
        let channels = [self.group_channels * self.groups, self.target_channels];
        let mut walk = Walk::new(self.sweep, self.field, self.rows.clone(), channels, self.target);
        let mut places = Places::new();
        loop {
            walk.next(&mut places, if short { PLACES_SHORT } else { PLACES_LONG });
            if places.count == 0 {
                break;
            }
            for group in 0..self.groups {
                for index in 0..self.panels.count {
                    let panel = (group * self.panels.count + index) * self.panels.stride;
                    let panel = self.panels.values()[panel..].as_ptr();
                    let column = group * group_targets + index * width;
                    let columns = width.min(group_targets - index * width);
                    let bias = self.finish.bias.map_or(std::ptr::null(), |b| b[column..].as_ptr());
                    let relu = self.finish.activation == Activation::Relu;
                    let finish = Finish { accumulate: self.finish.accumulate, bias, relu };
                    let mut first = 0;
                    while first < places.count {
                        let rows = next_tile_rows::<V>(places.count - first);
                        let (segments, skipped) =
                            self.inside(&places.source_rows[first..first + rows]);
                        let tile = PlaceTile {
                            windows: &places.windows[first..first + rows],
                            targets: &places.targets[first..first + rows],
                            skip: group * self.group_channels,
                            segments,
                            panel: panel.wrapping_add(skipped * width),
                            column,
                            columns,
                            finish,
                        };
                        // SAFETY: windows and targets of these places, by this method's contract;
                        // the panel has a row for each value of the segments.
                        unsafe { with_tile::<V, _>(rows, columns, tile) };
                        first += rows;
                    }
                }
            }
            // SAFETY: these places' targets, by this method's contract.
            unsafe { activate::<V>(&places, self.target_channels, self.finish.activation) };
        }
    }
}

impl SweepRows<'_> {
    /// The segments that reach into the image from any of these source rows, and how many rows of
    /// the panel belong to segments before them: rows of zeros above and below the image are
    /// skipped.
    #[inline(always)]
    fn inside(&self, source_rows: &[isize]) -> (&[Segment], usize) {
        let (mut first, mut last) = (isize::MAX, isize::MIN);
        for &row in source_rows {
            (first, last) = (first.min(row), last.max(row));
        }
        let (mut from, mut to, mut skipped) = (0, self.segments.len(), 0);
        while from < to && last + self.segments[from].row < 0 {
            skipped += self.segments[from].run;
            from += 1;
        }
        while from < to && first + self.segments[to - 1].row >= self.sweep.source[0] as isize {
            to -= 1;
        }
        (&self.segments[from..to], skipped)
    }
}

/// Some places times one panel.
struct PlaceTile<'a> {
    /// Of each place, where `skip` and a segment's offset and length lead to readable values.
    windows: &'a [*const f32],
    /// Each a pixel of the target.
    targets: &'a [*mut f32],
    /// The group's first channel.
    skip: usize,
    segments: &'a [Segment],
    /// A row of whole vectors for each value of each segment.
    panel: *const f32,
    /// The panel's first column in the target.
    column: usize,
    columns: usize,
    /// With `columns` values of bias, or none.
    finish: Finish,
}

impl TileTask for PlaceTile<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector, const M: usize, const N: usize>(self) {
        const { assert!(M <= TILE_ROWS) };
        let mut tile = Tile::<V, M, N>::zero();
        let (width, mut panel) = (panel_width::<V>(), self.panel);
        for segment in self.segments {
            let mut rows = [std::ptr::null(); M];
            for (row, window) in rows.iter_mut().zip(self.windows) {
                *row = window.wrapping_add(self.skip + segment.offset);
            }
            // SAFETY: a segment's values lie in the field for every place's window, and a panel
            // has one row for each value of each segment.
            unsafe { tile.add_runs(segment.run, rows, panel, width) };
            panel = panel.wrapping_add(segment.run * width);
        }
        let mut targets = [std::ptr::null_mut(); M];
        for (row, target) in targets.iter_mut().zip(self.targets) {
            *row = target.wrapping_add(self.column);
        }
        // SAFETY: each target is a pixel of which the panel's columns are `columns` channels, and
        // the bias has a value for each.
        unsafe { tile.store_rows(targets, self.columns, self.finish) };
    }
}

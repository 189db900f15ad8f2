//! Forward pass and input gradient: a sweep's places times packed weights.

use super::depthwise;
use super::field::{Field, Layout};
use super::geometry::Geometry;
use super::pack::Panels;
use super::side_by_side::{SideBySide, adjoint, adjoint_weight};
use super::sweep::{Segment, Sweep};
use super::winograd::{self, TransformedWeight};
use crate::activation::{Activation, FusedActivation};
use crate::cpu::isa::{RawKernel, dispatch_raw};
use crate::cpu::tile::{Finish, TILE_ROWS, Tile, TileTask, next_tile_rows, panel_width, with_tile};
use crate::cpu::vector::Vector;
use crate::threads::{SharedMut, parallel_for};

/// Places computed together, so that a panel of weights is read once for several tiles.
const BLOCK: usize = 96;
/// The same where a panel does not fit the first-level cache beside the sources.
const BLOCK_LONG: usize = 24;
/// Rows of a panel up to which it fits.
const SHORT_ROWS: usize = 384;
/// Work of a task in multiply-adds: some tens of microseconds.
const TASK_WORK: usize = 1 << 20;
/// Tasks from which on they are larger instead of more.
const ENOUGH_TASKS: usize = 64;

/// The weight of a forward pass.
#[derive(Clone, Copy)]
pub struct ForwardWeight<'a> {
    /// As [`Geometry`] describes it.
    pub values: &'a [f32],
    /// What was made of these values before.
    pub transformed: Option<&'a TransformedWeight>,
}

/// `output = activation(conv(input, weight) + bias)`; shapes as in [`Geometry`].
pub fn forward(
    g: &Geometry,
    input: &[f32],
    weight: ForwardWeight<'_>,
    bias: Option<&[f32]>,
    activation: Activation,
    output: &mut [f32],
) {
    let finish = Epilogue { bias, activation, accumulate: false };
    if winograd::suits_forward(g) {
        return winograd::forward(g, input, weight, finish, output);
    }
    let weight = weight.values;
    if g.is_depthwise() {
        return depthwise::apply(g, &Sweep::forward(g), input, weight, finish, output);
    }
    if let Some(wide) = SideBySide::of(g) {
        return wide.forward(input, weight, finish, output);
    }
    sums_of_products(g, input, weight, finish, output);
}

/// [`forward`] without any other algorithm.
pub(super) fn sums_of_products(
    g: &Geometry,
    input: &[f32],
    weight: &[f32],
    finish: Epilogue<'_>,
    output: &mut [f32],
) {
    let sweep = Sweep::forward(g);
    let panels = Panels::forward(g, &sweep.taps, weight);
    run(g, &sweep, [g.channels, g.filters], input, &panels, finish, output);
}

/// Whether [`input_grad`] can add.
pub fn input_grad_adds(g: &Geometry) -> bool {
    !g.is_depthwise()
}

/// The gradient of the input from that of the convolution's result before bias and activation;
/// where [`input_grad_adds`], it is added to `grad` on demand.
pub fn input_grad(
    g: &Geometry,
    output_grad: &[f32],
    weight: &[f32],
    accumulate: bool,
    grad: &mut [f32],
) {
    let finish = Epilogue { bias: None, activation: Activation::Identity, accumulate };
    if winograd::suits_input_grad(g) {
        return winograd::input_grad(g, output_grad, weight, finish, grad);
    }
    if let Some(wide) = adjoint(g).as_ref().and_then(SideBySide::of) {
        let turned = adjoint_weight(g, weight);
        return wide.forward(output_grad, turned.f32s(), finish, grad);
    }
    for y in 0..g.stride[0] {
        for x in 0..g.stride[1] {
            let sweep = Sweep::backward(g, [y, x]);
            if accumulate && sweep.taps.is_empty() {
                continue;
            }
            if g.is_depthwise() {
                depthwise::apply(g, &sweep, output_grad, weight, finish, grad);
            } else {
                let panels = Panels::backward(g, &sweep.taps, weight);
                run(g, &sweep, [g.filters, g.channels], output_grad, &panels, finish, grad);
            }
        }
    }
}

/// What is done to sums before they are the result.
#[derive(Clone, Copy)]
pub(super) struct Epilogue<'a> {
    pub(super) bias: Option<&'a [f32]>,
    pub(super) activation: Activation,
    /// Adds to the target; only without bias and activation.
    pub(super) accumulate: bool,
}

/// Rows of places in each task, from sizes alone: enough work each, few tasks otherwise, and not
/// beyond one image where that holds enough.
pub(super) fn rows_per_task(batch: usize, sweep: &Sweep, row_work: usize) -> usize {
    let worthwhile = TASK_WORK.div_ceil(row_work.max(1));
    let shared = (batch * sweep.places[0]).div_ceil(ENOUGH_TASKS).min(sweep.places[0]);
    worthwhile.max(shared).max(1)
}

/// One sweep over all images; `[source, target] channels`.
fn run(
    g: &Geometry,
    sweep: &Sweep,
    [channels, target_channels]: [usize; 2],
    source: &[f32],
    panels: &Panels,
    finish: Epilogue,
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
    parallel_for(rows.div_ceil(task_rows), rows * row_work / 40, |task| {
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
    finish: Epilogue<'a>,
    target: SharedMut<'a, f32>,
}

/// Where the places of a block read and write.
pub(super) struct Places {
    pub(super) windows: [*const f32; BLOCK],
    /// The source row that a tap of row 0 reads.
    source_rows: [isize; BLOCK],
    pub(super) targets: [*mut f32; BLOCK],
    pub(super) count: usize,
}

/// Walks over the places of some rows.
pub(super) struct Walk<'a> {
    sweep: &'a Sweep,
    field: &'a Field,
    step: usize,
    target: SharedMut<'a, f32>,
    target_channels: usize,
    rows: std::ops::Range<usize>,
    column: usize,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        sweep: &'a Sweep,
        field: &'a Field,
        rows: std::ops::Range<usize>,
        [channels, target_channels]: [usize; 2],
        target: SharedMut<'a, f32>,
    ) -> Self {
        let step = sweep.step[1] * channels;
        Self { sweep, field, step, target, target_channels, rows, column: 0 }
    }

    /// The next places, at most `limit` and [`BLOCK`]; `count` is 0 at the end.
    pub(super) fn next(&mut self, places: &mut Places, limit: usize) {
        let sweep = self.sweep;
        let limit = limit.min(BLOCK);
        places.count = 0;
        while places.count < limit && !self.rows.is_empty() {
            let (image, row) =
                (self.rows.start / sweep.places[0], self.rows.start % sweep.places[0]);
            let window = self.field.window(image, row).wrapping_add(self.column * self.step);
            let line = image * sweep.target[0] + sweep.target_start[0] + row * sweep.target_step[0];
            let column = sweep.target_start[1] + self.column * sweep.target_step[1];
            let pixel = line * sweep.target[1] + column;
            let target = self.target.pointer(pixel * self.target_channels);
            let count = (sweep.places[1] - self.column).min(limit - places.count);
            let target_step = sweep.target_step[1] * self.target_channels;
            for i in 0..count {
                places.windows[places.count + i] = window.wrapping_add(i * self.step);
                places.source_rows[places.count + i] = (row * sweep.step[0]) as isize;
                places.targets[places.count + i] = target.wrapping_add(i * target_step);
            }
            places.count += count;
            self.column += count;
            if self.column == sweep.places[1] {
                self.column = 0;
                self.rows.start += 1;
            }
        }
    }
}

impl Places {
    pub(super) fn new() -> Self {
        Self {
            windows: [std::ptr::null(); BLOCK],
            source_rows: [0; BLOCK],
            targets: [std::ptr::null_mut(); BLOCK],
            count: 0,
        }
    }
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
            walk.next(&mut places, if short { BLOCK } else { BLOCK_LONG });
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

/// Applies an activation that is not fused into the store, while the block is in cache.
///
/// # Safety
/// Each target must be a whole pixel of `channels` values, which nothing else may touch meanwhile.
#[inline(always)]
pub(super) unsafe fn activate<V: Vector>(places: &Places, channels: usize, activation: Activation) {
    if matches!(activation, Activation::Identity | Activation::Relu) {
        return;
    }
    for &target in &places.targets[..places.count] {
        // SAFETY: by this function's contract.
        unsafe { activate_run::<V>(target, channels, activation) };
    }
}

/// Applies an activation to `length` values.
///
/// # Safety
/// They must be valid, and nothing else may touch them meanwhile.
#[inline(always)]
pub(super) unsafe fn activate_run<V: Vector>(
    values: *mut f32,
    length: usize,
    activation: Activation,
) {
    let mut start = 0;
    while start < length {
        let count = V::LANES.min(length - start);
        // SAFETY: so many values are left, by this function's contract.
        unsafe {
            let values = values.add(start);
            if count == V::LANES {
                activation.apply_vector(V::load(values)).store(values);
            } else {
                activation.apply_vector(V::load_part(values, count)).store_part(values, count);
            }
        }
        start += count;
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

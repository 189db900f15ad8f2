//! Weights as panels of a tile's columns, in the order in which a sweep's taps read them.

use super::geometry::Geometry;
use super::sweep::Tap;
use crate::cpu::tile::panel_columns;
use crate::storage::Storage;
use crate::threads::parallel_chunks;

/// Panels of one group after the other: `[groups, panels, taps * source channels, width]`, zeros
/// in the columns beyond a group's last.
pub(super) struct Panels {
    values: Storage,
    /// Values from one panel to the next.
    pub(super) stride: usize,
    /// Panels in a group.
    pub(super) count: usize,
}

impl Panels {
    /// Rows are (tap, channel), columns are filters.
    pub(super) fn forward(g: &Geometry, taps: &[Tap], weight: &[f32]) -> Self {
        let (channels, filters) = (g.group_channels(), g.group_filters());
        Self::build(g, taps.len() * channels, filters, |group, column, width, panel| {
            let mut lines = panel.chunks_exact_mut(panel_columns());
            for tap in taps {
                let matrix = &weight[tap.position * channels * g.filters..];
                for (channel, line) in (0..channels).zip(&mut lines) {
                    let start = channel * g.filters + group * filters + column;
                    line[..width].copy_from_slice(&matrix[start..start + width]);
                    line[width..].fill(0.0);
                }
            }
        })
    }

    /// Rows are (tap, filter), columns are channels.
    pub(super) fn backward(g: &Geometry, taps: &[Tap], weight: &[f32]) -> Self {
        let (channels, filters) = (g.group_channels(), g.group_filters());
        Self::build(g, taps.len() * filters, channels, |group, column, width, panel| {
            let mut lines = panel.chunks_exact_mut(panel_columns());
            for tap in taps {
                let matrix = &weight[(tap.position * channels + column) * g.filters..];
                for (filter, line) in (0..filters).zip(&mut lines) {
                    for (channel, value) in line[..width].iter_mut().enumerate() {
                        *value = matrix[channel * g.filters + group * filters + filter];
                    }
                    line[width..].fill(0.0);
                }
            }
        })
    }

    /// `fill(group, first column, columns, panel)` writes one panel.
    fn build(
        g: &Geometry,
        rows: usize,
        columns: usize,
        fill: impl Fn(usize, usize, usize, &mut [f32]) + Sync,
    ) -> Self {
        let width = panel_columns();
        let (stride, count) = (rows * width, columns.div_ceil(width));
        let length = g.groups * count * stride;
        let mut values = Storage::new(length);
        if let (Some(values), true) = (values.unique_f32s(), stride > 0) {
            parallel_chunks(&mut values[..length], stride, length, |start, panel| {
                let index = start / stride;
                let column = index % count * width;
                fill(index / count, column, width.min(columns - column), panel);
            });
        }
        Self { values, stride, count }
    }

    /// All panels; panel `p` of group `g` begins at `(g * count + p) * stride`.
    pub(super) fn values(&self) -> &[f32] {
        self.values.f32s()
    }
}

//! Plots as SVG. The library that draws them is used in this folder only.

mod chart;
mod heat_map;
mod line;
mod panels;
mod scale;

pub use heat_map::HeatMap;
pub use line::{Line, LinePlot, Mark, Meaning};
pub use panels::panels;

use plotters::style::RGBColor;

/// The colors of lines, told apart by people with any kind of color vision (Okabe and Ito 2008).
const PALETTE: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];

/// The color of what needs no learning.
const BASELINE: RGBColor = RGBColor(110, 110, 110);
/// The color of axes and words.
const INK: RGBColor = RGBColor(60, 60, 60);
const GRID: RGBColor = RGBColor(225, 225, 225);

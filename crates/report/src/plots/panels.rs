//! Several plots as one picture.

use plotters::prelude::*;

use super::chart::{self, Drawn};
use super::line::LinePlot;
use crate::ReportError;

/// Pixels of a panel, of the names above all panels, and of one of these.
const PANEL: (u32, u32) = (440, 300);
const LEGEND: u32 = 32;
const NAME: i32 = 180;

/// `plots` side by side, `columns` in a row, as one SVG. Their lines are alike: the names of the
/// first plot's stand above all.
///
/// # Errors
/// When they cannot be drawn.
pub fn panels(plots: &[LinePlot], columns: usize) -> Result<String, ReportError> {
    let mut svg = String::new();
    draw(plots, columns.max(1), &mut svg).map_err(|error| ReportError::Plot(error.to_string()))?;
    Ok(svg)
}

fn draw(plots: &[LinePlot], columns: usize, svg: &mut String) -> Drawn {
    let rows = plots.len().div_ceil(columns).max(1);
    let size = (PANEL.0 * columns as u32, LEGEND + PANEL.1 * rows as u32);
    let root = SVGBackend::with_string(svg, size).into_drawing_area();
    root.fill(&WHITE)?;
    let (names, below) = root.split_vertically(LEGEND);
    let lines = plots.first().map_or(&[][..], |plot| &plot.lines);
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| !line.name.is_empty()) {
        let at = (16 + NAME * index as i32, LEGEND as i32 / 2);
        chart::draw_name(line, index, std::slice::from_ref(&line.name), at, &names)?;
    }
    let areas = below.split_evenly((rows, columns));
    for (plot, area) in plots.iter().zip(&areas) {
        chart::draw_chart(plot, area)?;
    }
    root.present()?;
    drop((names, below, areas, root));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Line;

    #[test]
    fn panels_share_their_names() {
        let plot = |title| {
            let line = |name| Line::new(name, vec![(1.0, 1.0), (8.0, 3.0)]);
            LinePlot::new(title, "size", "ms", vec![line("one"), line("two")]).log().log_x()
        };
        let svg = panels(&[plot("width"), plot("depth"), plot("batch")], 2).unwrap();
        for (word, count) in [("width", 1), ("batch", 1), ("one", 1), ("two", 1), ("size", 3)] {
            let found = svg.lines().filter(|line| line.trim() == word).count();
            assert_eq!(found, count, "{word} in {svg}");
        }
    }
}

//! A plot of lines as a picture.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::line::{Line, LinePlot, Meaning};
use super::scale::Scale;
use super::{BASELINE, GRID, INK, PALETTE};

/// What a plot is drawn on.
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// Done, or why not.
pub(super) type Drawn = Result<(), Box<dyn std::error::Error>>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Scale, Scale>>;

/// Pixels of the plot, and of the names beside it.
const SIZE: (u32, u32) = (700, 340);
const LEGEND: u32 = 210;
/// Characters of a line of a name, and pixels between its lines.
const NAME: usize = 28;
const LINE: i32 = 15;
/// Pixels of the line before a name.
const NAME_LINE: i32 = 20;
/// Characters of a title.
const TITLE: usize = 84;
/// Pixels of a character beside the vertical axis, and of what else stands there.
const CHARACTER: usize = 7;
const BESIDE: usize = 30;

/// Draws `plot`, with the names of its lines beside it, where they cover none.
pub(super) fn draw(plot: &LinePlot, svg: &mut String) -> Drawn {
    let names: Vec<_> = plot.lines.iter().filter(|line| !line.name.is_empty()).collect();
    let legend = if names.is_empty() { 0 } else { LEGEND };
    let rows: usize = names.iter().map(|line| wrapped(&line.name).len()).sum();
    let needed = 64 + (LINE as usize) * rows + 6 * names.len();
    let height = SIZE.1.max(needed as u32);
    let root = SVGBackend::with_string(svg, (SIZE.0 + legend, height)).into_drawing_area();
    root.fill(&WHITE)?;
    let (area, beside) = root.split_horizontally(SIZE.0);
    draw_chart(plot, &area)?;
    let mut y = 48;
    for (index, line) in plot.lines.iter().enumerate().filter(|(_, line)| !line.name.is_empty()) {
        let rows = wrapped(&line.name);
        draw_name(line, index, &rows, (4, y), &beside)?;
        y += LINE * rows.len() as i32 + 6;
    }
    root.present()?;
    drop((area, beside, root));
    Ok(())
}

/// The axes and the lines.
pub(super) fn draw_chart(plot: &LinePlot, area: &Area<'_>) -> Drawn {
    let (x, y) = (plot.x_scale(), plot.y_scale());
    let beside = (CHARACTER * y.label_width() + BESIDE).max(64);
    let caption = ("sans-serif", 16).into_font().color(&INK);
    let mut chart = ChartBuilder::on(area)
        .caption(shortened(&plot.title, TITLE), caption)
        .margin(12)
        .x_label_area_size(42)
        .y_label_area_size(beside as u32)
        .build_cartesian_2d(x, y)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(INK)
        .x_desc(&plot.x_label)
        .y_desc(&plot.y_label)
        .axis_desc_style(("sans-serif", 13).into_font().color(&INK))
        .label_style(("sans-serif", 12).into_font().color(&INK))
        .draw()?;
    draw_marks(plot, &mut chart)?;
    for (index, line) in plot.lines.iter().enumerate() {
        draw_line(plot, line, index, &mut chart)?;
    }
    if let Some(note) = &plot.note {
        let (width, height) = chart.plotting_area().dim_in_pixel();
        let at = Pos::new(HPos::Right, VPos::Bottom);
        let style = ("sans-serif", 11).into_font().color(&INK).pos(at);
        let corner = (width as i32 - 6, height as i32 - 4);
        chart.plotting_area().strip_coord_spec().draw(&Text::new(note.clone(), corner, style))?;
    }
    Ok(())
}

fn draw_line(plot: &LinePlot, line: &Line, index: usize, chart: &mut Chart<'_, '_>) -> Drawn {
    let style = style(line, index);
    for piece in line.pieces() {
        let points = piece.iter().map(|&(x, y)| (plot.right(x), plot.height(y)));
        match piece {
            // A line of one point would not be seen.
            [_] => {
                chart.draw_series(points.map(|at| Circle::new(at, 3, style.color.filled())))?;
            }
            _ => match line.dashes {
                Some((dash, gap)) => {
                    let points = points.collect::<Vec<_>>();
                    chart.draw_series(DashedLineSeries::new(points, dash, gap, style))?;
                }
                None => {
                    chart.draw_series(LineSeries::new(points, style))?;
                }
            },
        }
    }
    Ok(())
}

/// The places that have a name: a dotted line each, the names one below the other.
fn draw_marks(plot: &LinePlot, chart: &mut Chart<'_, '_>) -> Drawn {
    let range = chart.y_range();
    let width = chart.plotting_area().dim_in_pixel().0 as i32;
    let left = chart.plotting_area().get_pixel_range().0.start;
    for (index, mark) in plot.marks.iter().enumerate().filter(|(_, mark)| mark.x.is_finite()) {
        let x = plot.right(mark.x);
        let ends = [(x, range.start), (x, range.end)];
        let style = ShapeStyle { color: INK.mix(0.6), filled: false, stroke_width: 1 };
        chart.draw_series(DashedLineSeries::new(ends, 2, 3, style))?;
        let at = chart.backend_coord(&ends[1]).0 - left;
        let (anchor, shift) = if at > width / 2 { (HPos::Right, -4) } else { (HPos::Left, 4) };
        let style = ("sans-serif", 11).into_font().color(&INK).pos(Pos::new(anchor, VPos::Top));
        let place = (at + shift, 2 + 13 * index as i32);
        let area = chart.plotting_area().strip_coord_spec();
        area.draw(&Text::new(mark.name.clone(), place, style))?;
    }
    Ok(())
}

/// What a line is called, in rows from a corner on.
pub(super) fn draw_name(
    line: &Line,
    index: usize,
    rows: &[String],
    (x, y): (i32, i32),
    area: &Area<'_>,
) -> Drawn {
    let label = ("sans-serif", 12).into_font().color(&INK);
    let (dash, gap) = line.dashes.unwrap_or((NAME_LINE, 0));
    for from in (0..NAME_LINE).step_by((dash + gap).max(1) as usize) {
        let to = (from + dash).min(NAME_LINE);
        let ends = vec![(x + from, y), (x + to, y)];
        area.draw(&PathElement::new(ends, style(line, index)))?;
    }
    for (row, text) in rows.iter().enumerate() {
        let at = (x + 26, y - 6 + LINE * row as i32);
        area.draw(&Text::new(text.clone(), at, label.clone()))?;
    }
    Ok(())
}

/// How line number `index` of a plot is drawn.
fn style(line: &Line, index: usize) -> ShapeStyle {
    let color = match line.meaning.unwrap_or(Meaning::Number(index)) {
        Meaning::Training => PALETTE[0],
        Meaning::Validation => PALETTE[1],
        Meaning::Baseline => BASELINE,
        Meaning::Alone => INK,
        Meaning::Number(number) => PALETTE[number % PALETTE.len()],
    };
    match line.thin {
        true => color.mix(0.35).stroke_width(1),
        false => color.stroke_width(2),
    }
}

/// A name in lines that fit beside a plot, broken at spaces and hyphens where there are some.
fn wrapped(name: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in name.split_inclusive([' ', '-', '_']) {
        let characters: Vec<char> = word.chars().collect();
        for part in characters.chunks(NAME) {
            let used = lines.last().map_or(0, |line| line.chars().count());
            if used > 0 && used + part.len() > NAME {
                lines.push(String::new());
            }
            if let Some(line) = lines.last_mut() {
                line.extend(part);
            }
        }
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

/// The beginning of a text that is too long.
fn shortened(text: &str, most: usize) -> String {
    match text.chars().count() {
        count if count <= most => text.to_owned(),
        _ => text.chars().take(most - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_broken() {
        assert_eq!(wrapped("validation"), ["validation"]);
        let name = "training (average while learning, with dropout)";
        assert_eq!(wrapped(name), ["training (average while", "learning, with dropout)"]);
        let long = "x".repeat(70);
        let lines = wrapped(&long);
        assert_eq!(lines.concat(), long);
        assert!(lines.iter().all(|line| line.chars().count() <= NAME));
        assert_eq!(shortened("abcdef", 4), "abc…");
    }
}

//! Values in a grid as colours.

use plotters::prelude::*;

use super::INK;
use crate::ReportError;

/// A grid of values, drawn from blue (−limit) over white (0) to orange (limit).
#[derive(Clone, Debug)]
pub struct HeatMap {
    /// What it shows.
    pub title: String,
    /// The values, row by row, each as long as `columns`.
    pub rows: Vec<Vec<f64>>,
    /// What each row is called.
    pub row_names: Vec<String>,
    /// What each column is called.
    pub columns: Vec<String>,
    /// The value of the deepest colours.
    pub limit: f64,
}

const CELL: (i32, i32) = (13, 9);
const LEFT: i32 = 64;
const TOP: i32 = 44;
const BOTTOM: i32 = 44;

impl HeatMap {
    /// The map as SVG.
    ///
    /// # Errors
    /// When it cannot be drawn.
    pub fn svg(&self) -> Result<String, ReportError> {
        let mut svg = String::new();
        self.draw(&mut svg).map_err(|error| ReportError::Plot(error.to_string()))?;
        Ok(svg)
    }

    fn draw(&self, svg: &mut String) -> Result<(), Box<dyn std::error::Error>> {
        let (width, height) = (CELL.0 * self.columns.len() as i32, CELL.1 * self.rows.len() as i32);
        let size = ((LEFT + width + 16).max(420) as u32, (TOP + height + BOTTOM) as u32);
        let root = SVGBackend::with_string(svg, size).into_drawing_area();
        root.fill(&WHITE)?;
        let words = |size: u32| ("sans-serif", size).into_font().color(&INK);
        root.draw(&Text::new(self.title.clone(), (LEFT, 8), words(15)))?;
        for (index, values) in self.rows.iter().enumerate() {
            let y = TOP + CELL.1 * index as i32;
            for (column, &value) in values.iter().enumerate() {
                let x = LEFT + CELL.0 * column as i32;
                let corners = [(x, y), (x + CELL.0, y + CELL.1)];
                root.draw(&Rectangle::new(corners, self.color(value).filled()))?;
            }
            if let Some(name) = self.row_names.get(index)
                && (index % 2 == 0 || self.rows.len() < 12)
            {
                root.draw(&Text::new(name.clone(), (8, y - 1), words(10)))?;
            }
        }
        for (column, name) in self.columns.iter().enumerate() {
            let x = LEFT + CELL.0 * column as i32 + 3;
            root.draw(&Text::new(name.clone(), (x, TOP + height + 4), words(12)))?;
        }
        // The scale.
        for step in 0..40 {
            let value = self.limit * (f64::from(step) / 19.5 - 1.0);
            let corners = [
                (LEFT + 40 + 3 * step, TOP + height + 26),
                (LEFT + 43 + 3 * step, TOP + height + 36),
            ];
            root.draw(&Rectangle::new(corners, self.color(value).filled()))?;
        }
        let y = TOP + height + 25;
        root.draw(&Text::new(format!("{:.2}", -self.limit), (LEFT, y), words(11)))?;
        root.draw(&Text::new(format!("{:.2}", self.limit), (LEFT + 166, y), words(11)))?;
        root.present()?;
        drop(root);
        Ok(())
    }

    fn color(&self, value: f64) -> RGBColor {
        let share = (value / self.limit).clamp(-1.0, 1.0);
        if share.is_nan() {
            return RGBColor(128, 128, 128);
        }
        let (red, green, blue) = if share < 0.0 { (0, 114, 178) } else { (213, 94, 0) };
        let mix = |full: u8| (255.0 - share.abs() * (255.0 - f64::from(full))).round() as u8;
        RGBColor(mix(red), mix(green), mix(blue))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_have_the_colours_of_their_values() {
        let map = HeatMap {
            title: "states".into(),
            rows: vec![vec![-2.0, 0.0, 2.0], vec![f64::NAN, 1.0, 5.0]],
            row_names: vec!["unit 0".into(), "unit 1".into()],
            columns: ["a", "<", "⏎"].map(String::from).to_vec(),
            limit: 2.0,
        };
        let svg = map.svg().unwrap();
        for part in ["#0072B2", "#D55E00", "#FFFFFF", "#808080", "unit 1", "&lt;", "⏎", "-2.00"] {
            assert!(svg.contains(part), "{part} in {svg}");
        }
        assert_eq!(map.color(5.0), map.color(2.0));
    }
}

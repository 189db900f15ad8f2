//! How far back the error reaches, drawn.

use glassbox_runs::RunFolder;
use glassbox_runs::observers::EpochLags;
use glassbox_train::LayerLags;

use crate::ReportError;
use crate::curves::lines;
use crate::plots::{Line, LinePlot, Meaning};

/// The most epochs drawn in one plot.
const EPOCHS: usize = 5;
/// The colors of training and validation are not those of epochs.
const COLOR: usize = 2;

/// The gradient norms by time lag that a run kept; none when it was not asked to.
///
/// # Errors
/// When they cannot be read.
pub fn lags_of(folder: &RunFolder) -> Result<Vec<EpochLags>, ReportError> {
    lines(&folder.lags())
}

/// One plot for each recurrent layer: a line for the model before training, one for the last
/// epoch, and some between.
pub fn lag_plots(lags: &[EpochLags]) -> Vec<LinePlot> {
    let layers = lags.iter().map(|epoch| epoch.layers.len()).max().unwrap_or(0);
    (0..layers)
        .filter_map(|layer| {
            let title = &lags.iter().find_map(|epoch| epoch.layers.get(layer))?.layer;
            let shown = spread(lags.len(), EPOCHS).into_iter().enumerate();
            let lines = shown.filter_map(|(number, index)| {
                let epoch = &lags[index];
                let name = match epoch.epoch {
                    0 => "before training".to_owned(),
                    epoch => format!("after epoch {epoch}"),
                };
                let meaning = Meaning::Number(COLOR + number);
                Some(lag_line(&name, epoch.layers.get(layer)?).of(meaning))
            });
            Some(lag_plot(&format!("how far back the error reaches: {title}"), lines.collect()))
        })
        .collect()
}

/// A plot of norms by lag.
pub(crate) fn lag_plot(title: &str, lines: Vec<Line>) -> LinePlot {
    LinePlot::new(title, "steps back in time", "gradient norm", lines).log()
}

/// The norms of one layer.
pub(crate) fn lag_line(name: &str, lags: &LayerLags) -> Line {
    let points = lags.norms.iter().enumerate().map(|(lag, norm)| (lag as f64, *norm));
    Line::new(name, points.collect())
}

/// At most `most` of `count` indices, the first and the last among them.
fn spread(count: usize, most: usize) -> Vec<usize> {
    match count.min(most) {
        0 => Vec::new(),
        1 => vec![0],
        shown => (0..shown).map(|index| index * (count - 1) / (shown - 1)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_last_are_shown() {
        assert_eq!(spread(0, 5), [0; 0]);
        assert_eq!(spread(1, 5), [0]);
        assert_eq!(spread(3, 5), [0, 1, 2]);
        assert_eq!(spread(31, 5), [0, 7, 15, 22, 30]);
    }

    #[test]
    fn each_layer_has_a_plot() {
        let layer = |name: &str| LayerLags { layer: name.into(), norms: vec![1.0, 0.1, 0.01] };
        let epoch = |epoch| EpochLags { epoch, layers: vec![layer("layer 0 (rnn)"), layer("b")] };
        let plots = lag_plots(&[epoch(0), epoch(1), epoch(2)]);
        let names: Vec<_> = plots[0].lines.iter().map(|line| line.name.as_str()).collect();
        assert_eq!(names, ["before training", "after epoch 1", "after epoch 2"]);
        assert_eq!((plots.len(), plots[1].lines[2].points[2]), (2, (2.0, 0.01)));
        assert!(plots[0].title.ends_with("layer 0 (rnn)"));
    }
}

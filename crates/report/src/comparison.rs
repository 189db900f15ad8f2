//! Several runs in one plot.

use glassbox_runs::observers::EpochLags;
use glassbox_runs::{RunFolder, RunRecord};

use crate::ReportError;
use crate::curves::Curves;
use crate::lag_plot::{lag_line, lag_plot, lags_of};
use crate::plots::{Line, LinePlot, Meaning};

/// The plots of runs beside each other with the names of their files: each score on the validation
/// items, and dashed on the training items; and how far back the error reaches in each run's first
/// recurrent layer, before training and at its end. A run has one color in all of them.
///
/// # Errors
/// When a file of a run cannot be read.
pub fn compare_plots(
    runs: &[(RunFolder, RunRecord)],
) -> Result<Vec<(String, LinePlot)>, ReportError> {
    let names: Vec<String> =
        runs.iter().map(|(folder, _)| RunFolder::without_date(&folder.name()).to_owned()).collect();
    let curves = runs.iter().map(|(folder, _)| Curves::read(folder));
    let curves = curves.collect::<Result<Vec<_>, _>>()?;
    let mut scores: Vec<String> = Vec::new();
    for name in curves.iter().flat_map(Curves::score_names) {
        if !scores.contains(&name) {
            scores.push(name);
        }
    }
    let mut plots: Vec<_> =
        scores.iter().map(|score| (score.clone(), score_plot(score, &curves, &names))).collect();
    let lags = runs.iter().map(|(folder, _)| lags_of(folder)).collect::<Result<Vec<_>, _>>()?;
    type Pick = fn(&[EpochLags]) -> Option<&EpochLags>;
    let moments: [(&str, &str, Pick); 2] = [
        ("lags-before", "how far back the error reaches before training", |all| all.first()),
        ("lags-after", "how far back the error reaches after training", |all| all.last()),
    ];
    for (file, title, pick) in moments {
        let lines = lags.iter().zip(&names).enumerate().filter_map(|(run, (lags, name))| {
            Some(lag_line(name, pick(lags)?.layers.first()?).of(Meaning::Number(run)))
        });
        plots.push((file.to_owned(), lag_plot(title, lines.collect())));
    }
    plots.retain(|(_, plot)| !plot.is_empty());
    Ok(plots)
}

/// One score of all runs.
fn score_plot(score: &str, curves: &[Curves], names: &[String]) -> LinePlot {
    let (mut lines, mut parts) = (Vec::new(), [false; 2]);
    for (run, (curves, name)) in curves.iter().zip(names).enumerate() {
        let scores = curves.score(score);
        parts = [parts[0] || !scores.valid.is_empty(), parts[1] || !scores.train.is_empty()];
        let line = |part: &str, points| {
            Line::new(&format!("{name}: {part}"), points).of(Meaning::Number(run))
        };
        lines.push(line("validation", scores.valid));
        lines.push(line("training", scores.train).dashed(6, 4));
    }
    let title = match parts {
        [true, true] => {
            format!("{score}: validation, and training (average while learning) dashed")
        }
        [true, false] => format!("{score}: validation"),
        _ => format!("{score}: training (average while learning)"),
    };
    LinePlot::new(&title, "epochs", score, lines).log_where_it_helps()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_share_their_plots() {
        let runs = tempfile::tempdir().unwrap();
        let run = |name: &str, loss: f64| {
            let folder = RunFolder::create(runs.path(), name).unwrap();
            let line = format!(
                "{{\"event\":\"epoch\",\"epoch\":1,\"step\":9,\"train\":{{\"loss\":9.0}},\"valid\":\
                 {{\"loss\":{loss}}},\"learning_rate\":0.1,\"best\":true,\"duration\":1.0}}\n"
            );
            std::fs::write(folder.metrics(), line).unwrap();
            (folder, RunRecord::default())
        };
        let found = [run("rnn", 2.0), run("lstm", 1.0)];
        let lags = "{\"epoch\":0,\"layers\":[{\"layer\":\"a\",\"norms\":[1.0,0.5]}]}\n\
                    {\"epoch\":1,\"layers\":[{\"layer\":\"a\",\"norms\":[2.0,0.1]}]}\n";
        std::fs::write(found[1].0.lags(), lags).unwrap();
        let plots = compare_plots(&found).unwrap();
        let files: Vec<_> = plots.iter().map(|(file, _)| file.as_str()).collect();
        assert_eq!(files, ["loss", "lags-before", "lags-after"]);
        let lines = &plots[0].1.lines;
        assert_eq!(
            (lines.len(), lines[0].points[0], lines[2].points[0]),
            (4, (1.0, 2.0), (1.0, 1.0))
        );
        assert_eq!((lines[1].points[0], lines[1].dashes), ((0.5, 9.0), Some((6, 4))));
        assert!(plots[0].1.title.starts_with("loss: validation"), "{}", plots[0].1.title);
        // The second run has the same color where the first has no line.
        assert_eq!(plots[1].1.lines[0].meaning, lines[2].meaning);
        assert_eq!(plots[2].1.lines[0].points, [(0.0, 2.0), (1.0, 0.1)]);
    }
}

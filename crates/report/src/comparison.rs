//! Several runs in one plot.

use glassbox_train::observers::EpochLags;
use glassbox_train::{RunFolder, RunRecord};

use crate::ReportError;
use crate::curves::Curves;
use crate::lag_plot::{lag_line, lag_plot, lags_of};
use crate::plots::{Line, LinePlot};

/// The plots of runs beside each other with the names of their files: each score on the validation
/// items (on the training items where there are none), and how far back the error reaches in each
/// run's first recurrent layer, before training and at its end.
///
/// # Errors
/// When a file of a run cannot be read.
pub fn compare_plots(
    runs: &[(RunFolder, RunRecord)],
) -> Result<Vec<(String, LinePlot)>, ReportError> {
    let names: Vec<String> = runs.iter().map(|(folder, _)| short(&folder.name())).collect();
    let curves = runs.iter().map(|(folder, _)| Curves::read(folder));
    let curves = curves.collect::<Result<Vec<_>, _>>()?;
    let mut scores: Vec<String> = Vec::new();
    for name in curves.iter().flat_map(Curves::score_names) {
        if !scores.contains(&name) {
            scores.push(name);
        }
    }
    let mut plots = Vec::new();
    for score in &scores {
        let lines = curves.iter().zip(&names).map(|(curves, name)| {
            let scores = curves.score(score);
            Line::new(name, if scores.valid.is_empty() { scores.train } else { scores.valid })
        });
        plots.push((score.clone(), LinePlot::new(score, "epochs", score, lines.collect())));
    }
    let lags = runs.iter().map(|(folder, _)| lags_of(folder)).collect::<Result<Vec<_>, _>>()?;
    type Pick = fn(&[EpochLags]) -> Option<&EpochLags>;
    let moments: [(&str, &str, Pick); 2] = [
        ("lags-before", "how far back the error reaches before training", |all| all.first()),
        ("lags-after", "how far back the error reaches after training", |all| all.last()),
    ];
    for (file, title, pick) in moments {
        let lines = lags
            .iter()
            .zip(&names)
            .filter_map(|(lags, name)| Some(lag_line(name, pick(lags)?.layers.first()?)));
        plots.push((file.to_owned(), lag_plot(title, lines.collect())));
    }
    plots.retain(|(_, plot)| !plot.is_empty());
    Ok(plots)
}

/// The name of a run without its date.
fn short(name: &str) -> String {
    let date = |c: char| c.is_ascii_digit() || c == '-';
    let rest = name.trim_start_matches(date);
    if name.len() - rest.len() == "2026-11-23-".len() { rest.into() } else { name.into() }
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
        assert_eq!(["2026-11-23-rnn-3f2a", "3f2a"].map(short), ["rnn-3f2a", "3f2a"]);
        let lines = &plots[0].1.lines;
        assert_eq!(
            (lines.len(), lines[0].points[0], lines[1].points[0]),
            (2, (1.0, 2.0), (1.0, 1.0))
        );
        assert_eq!(plots[2].1.lines[0].points, [(0.0, 2.0), (1.0, 0.1)]);
    }
}

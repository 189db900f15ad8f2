//! The report of a run: one page without anything from elsewhere.

use glassbox_train::{RunFolder, RunRecord, Scores, Status, clock};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::ReportError;
use crate::curves::Curves;
use crate::lag_plot::{lag_plots, lags_of};
use crate::plots::{HeatMap, LinePlot};

/// Everything a report shows.
pub struct Page {
    record: RunRecord,
    curves: Curves,
    lag_plots: Vec<LinePlot>,
    /// How far the last epoch's error reached, in words.
    lag_notes: Vec<String>,
    samples: Vec<SampleText>,
    recipe: String,
    /// What the units do while they read a text, drawn where there is one.
    pub states: Option<HeatMap>,
}

/// What a language model wrote.
pub struct SampleText {
    /// Epochs trained before.
    pub epoch: usize,
    /// The text.
    pub text: String,
}

/// The share of the gradient at lag 0 below which nothing is learned from a step.
const ARRIVES: f64 = 1e-4;

impl Page {
    /// Reads what the run in `folder` has kept.
    ///
    /// # Errors
    /// When a file that is there cannot be read.
    pub fn read(folder: &RunFolder, record: RunRecord) -> Result<Self, ReportError> {
        let lags = lags_of(folder)?;
        let notes = lags.last().map(|last| {
            let note = |lags: &glassbox_train::LayerLags| {
                let steps = lags.norms.len().saturating_sub(1);
                let reach = lags.reach(ARRIVES);
                let arrives = match lags.decades() {
                    Some(decades) => format!("{:.1e} of it", 10f64.powf(decades)),
                    None => "nothing".into(),
                };
                format!(
                    "{}: of the gradient at the last step, {arrives} arrives {steps} steps back; \
                     at least 1/10,000 arrives up to {reach} steps back",
                    lags.layer
                )
            };
            last.layers.iter().map(note).collect()
        });
        Ok(Self {
            record,
            curves: Curves::read(folder)?,
            lag_plots: lag_plots(&lags),
            lag_notes: notes.unwrap_or_default(),
            samples: SampleText::all(folder),
            recipe: std::fs::read_to_string(folder.recipe()).unwrap_or_default(),
            states: None,
        })
    }

    /// The texts that were written, by epoch.
    pub fn samples(&self) -> &[SampleText] {
        &self.samples
    }

    /// The page as HTML.
    ///
    /// # Errors
    /// When a plot cannot be drawn.
    pub fn html(&self) -> Result<String, ReportError> {
        let plots = |plots: &[LinePlot]| {
            plots.iter().map(|plot| plot.svg().map(PreEscaped)).collect::<Result<Vec<_>, _>>()
        };
        let (curves, lags) = (plots(&self.curves.plots())?, plots(&self.lag_plots)?);
        let states = self.states.as_ref().map(|map| map.svg().map(PreEscaped)).transpose()?;
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (self.record.name) " · Glassbox" }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    h1 { (self.record.name) }
                    (self.facts())
                    h2 { "Curves" }
                    @if curves.is_empty() { p { "No epoch is over yet." } }
                    div.plots { @for plot in &curves { figure { (plot) } } }
                    @if !lags.is_empty() {
                        h2 { "How far back the error reaches" }
                        p {
                            "The gradient of the loss at the last step with respect to the layer's \
                             input so many steps before. A line that falls is a gradient that \
                             vanishes on its way back through time; one that rises explodes."
                        }
                        ul { @for note in &self.lag_notes { li { (note) } } }
                        div.plots { @for plot in &lags { figure { (plot) } } }
                    }
                    @if let Some(map) = states {
                        h2 { "What the units do" }
                        p { "The hidden state after each token of the last sample." }
                        figure.wide { (map) }
                    }
                    @if !self.samples.is_empty() {
                        h2 { "What the model writes" }
                        @for sample in spread(&self.samples) {
                            h3 { (sample.title()) }
                            pre { (sample.text) }
                        }
                    }
                    h2 { "Recipe" }
                    pre { (self.recipe) }
                }
            }
        };
        Ok(page.into_string())
    }

    fn facts(&self) -> Markup {
        let record = &self.record;
        let status = match record.status {
            Status::Running => "running",
            Status::Finished => "finished",
            Status::Interrupted => "interrupted",
            Status::Failed => "failed",
        };
        let time = clock(std::time::Duration::from_secs_f64(record.seconds.max(0.0)));
        let best = record
            .best
            .as_ref()
            .map(|best| format!("{} {:.4} after epoch {}", best.metric, best.value, best.epoch));
        let facts = [
            ("status", status.to_owned()),
            ("epochs", format!("{} of {}", record.epoch, record.epochs)),
            ("steps", record.step.to_string()),
            ("parameters", record.parameters.to_string()),
            ("best", best.unwrap_or_else(|| "–".into())),
            ("time", time),
            ("seed", record.seed.to_string()),
            ("threads", record.threads.to_string()),
            ("processor", record.cpu.clone()),
            ("version", record.version.clone()),
        ];
        html! {
            table {
                @for (name, value) in facts { tr { th { (name) } td { (value) } } }
                (score_rows("train", record.train.as_ref()))
                (score_rows("valid", record.valid.as_ref()))
                (score_rows("test", record.test.as_ref()))
                @if let Some(error) = &record.error { tr { th { "error" } td { pre { (error) } } } }
            }
        }
    }
}

fn score_rows(part: &str, scores: Option<&Scores>) -> Markup {
    let text = |scores: &Scores| {
        let texts: Vec<_> =
            scores.iter().map(|(name, value)| format!("{name} {value:.4}")).collect();
        texts.join(" · ")
    };
    html! {
        @if let Some(scores) = scores { tr { th { (part) } td { (text(scores)) } } }
    }
}

impl SampleText {
    /// All that a run has kept, by epoch.
    fn all(folder: &RunFolder) -> Vec<Self> {
        let any = folder.sample(0);
        let Some(parent) = any.parent() else { return Vec::new() };
        let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
        let mut samples: Vec<Self> = entries
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let epoch = name.strip_prefix("epoch-")?.strip_suffix(".txt")?.parse().ok()?;
                let bytes = std::fs::read(entry.path()).ok()?;
                Some(Self { epoch, text: String::from_utf8_lossy(&bytes).into_owned() })
            })
            .collect();
        samples.sort_by_key(|sample| sample.epoch);
        samples
    }

    fn title(&self) -> String {
        match self.epoch {
            0 => "before training".into(),
            epoch => format!("after epoch {epoch}"),
        }
    }
}

/// The first samples, when most happens, and the last.
fn spread(samples: &[SampleText]) -> Vec<&SampleText> {
    let last = samples.len().saturating_sub(1);
    let shown = |index: usize| index < 4 || index == last || index == last / 2;
    samples.iter().enumerate().filter(|(index, _)| shown(*index)).map(|(_, s)| s).collect()
}

const STYLE: &str = "\
body{font:15px/1.5 system-ui,sans-serif;color:#222;max-width:1600px;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}h3{font-size:1rem;margin-bottom:.2rem}\
table{border-collapse:collapse}th{text-align:left;font-weight:600;padding:.1rem 1.2rem .1rem 0;\
vertical-align:top}td{padding:.1rem 0}\
.plots{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0}figure svg{max-width:100%;height:auto}\
.wide{overflow-x:auto}.wide svg{max-width:none}\
pre{background:#f6f6f6;padding:.7rem;overflow-x:auto;white-space:pre-wrap}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_shows_what_the_run_kept() {
        let runs = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(runs.path(), "demo").unwrap();
        let write = |path: std::path::PathBuf, text: &str| {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write(folder.recipe(), "name = \"<demo>\"");
        write(
            folder.metrics(),
            "{\"event\":\"step\",\"step\":1,\"epoch\":1,\"loss\":2.0,\"learning_rate\":0.1,\
             \"gradient_norm\":3.0}\n\
             {\"event\":\"epoch\",\"epoch\":1,\"step\":1,\"train\":{\"loss\":2.0,\"accuracy\":0.5},\
             \"valid\":{\"loss\":1.5,\"accuracy\":0.6},\"learning_rate\":0.1,\"best\":true,\
             \"duration\":1.0}\n{\"event\":\"step\",\"st",
        );
        write(
            folder.lags(),
            "{\"epoch\":0,\"layers\":[{\"layer\":\"layer 1 (rnn)\",\"norms\":[1.0,0.5,1e-6]}]}\n",
        );
        write(folder.sample(0), "xq<b>z\n");
        write(folder.sample(10), "to be\n");
        write(folder.sample(2), "too bee\n");
        let page = Page::read(&folder, RunRecord { name: "demo".into(), ..Default::default() });
        let page = page.unwrap();
        let epochs: Vec<_> = page.samples().iter().map(|sample| sample.epoch).collect();
        assert_eq!(epochs, [0, 2, 10]);
        let html = page.html().unwrap();
        for part in [
            "<title>demo · Glassbox",
            "accuracy",
            "learning rate",
            "gradient norm before clipping",
            "How far back the error reaches",
            "1.0e-6 of it arrives 2 steps back",
            "up to 1 steps back",
            "xq&lt;b&gt;z",
            "after epoch 10",
            "name = &quot;&lt;demo&gt;&quot;",
        ] {
            assert!(html.contains(part), "{part}");
        }
        assert!(!html.contains("http://") || html.contains("http://www.w3.org/2000/svg"));
        assert!(!html.contains("<script") && !html.contains("src="), "nothing from elsewhere");
    }

    #[test]
    fn a_run_that_has_just_begun_has_a_page() {
        let runs = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(runs.path(), "demo").unwrap();
        let html = Page::read(&folder, RunRecord::default()).unwrap().html().unwrap();
        assert!(html.contains("No epoch is over yet"));
    }
}

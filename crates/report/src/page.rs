//! The report of a run: one page without anything from elsewhere.

use glassbox_runs::{RunFolder, RunRecord, Status};
use glassbox_train::{Scores, StopReason, baseline_of, clock, score_text};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::ReportError;
use crate::curves::{Context, Curves, baseline_title};
use crate::lag_plot::{lag_plots, lags_of};
use crate::plots::{HeatMap, LinePlot, Mark};
use crate::recipe_view::RecipeView;
use crate::settings::Settings;

/// Everything a report shows.
pub struct Page {
    record: RunRecord,
    curves: Curves,
    lag_plots: Vec<LinePlot>,
    /// How far the last epoch's error reached, in words.
    lag_notes: Vec<String>,
    samples: Vec<SampleText>,
    recipe: RecipeView,
    /// What made training scores worse while learning.
    noise: &'static str,
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
                let back = |steps| match steps {
                    1 => "1 step back".to_owned(),
                    steps => format!("{steps} steps back"),
                };
                format!(
                    "{}: of the gradient at the last step, {arrives} arrives {}; at least 1/10,000 \
                     arrives up to {}",
                    lags.layer,
                    back(steps),
                    back(reach)
                )
            };
            last.layers.iter().map(note).collect()
        });
        Ok(Self {
            curves: Curves::read(folder)?,
            lag_plots: lag_plots(&lags),
            lag_notes: notes.unwrap_or_default(),
            samples: SampleText::all(folder),
            recipe: RecipeView::read(folder, &record),
            noise: Settings::of(folder).noise(),
            states: None,
            record,
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
                    @if let Some(error) = &self.record.error {
                        p { strong { "This run failed." } " " (self.reached()) }
                        pre.error { (error) }
                    }
                    @if let Some(verdict) = &self.record.verdict {
                        p { strong { "Nothing learned: " } (verdict) }
                    }
                    @if let Some(warning) = &self.record.warning {
                        pre.error { (warning) }
                    }
                    (self.facts())
                    (self.curves_part()?)
                    (self.lags_part()?)
                    (self.states_part()?)
                    @if !self.samples.is_empty() {
                        h2 { "What the model writes" }
                        @for sample in spread(&self.samples) {
                            h3 { (sample.title()) }
                            pre { (sample.text) }
                        }
                    }
                    h2 { "Recipe" }
                    (self.recipe.markup())
                }
            }
        };
        Ok(page.into_string())
    }

    fn curves_part(&self) -> Result<Markup, ReportError> {
        let curves = self.curves.plots(&self.context());
        Ok(html! {
            h2 { "Curves" }
            @if curves.is_empty() {
                p { "No step was made yet." }
            } @else {
                p { (self.how_to_read()) }
            }
            (pictures(&curves)?)
        })
    }

    fn lags_part(&self) -> Result<Markup, ReportError> {
        Ok(html! {
            @if !self.lag_plots.is_empty() {
                h2 { "How far back the error reaches" }
                p {
                    "The gradient of the loss at the last step with respect to the layer's input so \
                     many steps before. A line that falls is a gradient that vanishes on its way \
                     back through time; one that rises explodes."
                }
                ul { @for note in &self.lag_notes { li { (note) } } }
                (pictures(&self.lag_plots)?)
            }
        })
    }

    fn states_part(&self) -> Result<Markup, ReportError> {
        Ok(match &self.states {
            Some(map) => html! {
                h2 { "What the units do" }
                p { "The hidden state after each token of the last sample." }
                figure.wide { (PreEscaped(map.svg()?)) }
            },
            None => html! {},
        })
    }

    /// What is drawn besides the curves.
    fn context(&self) -> Context {
        let mut marks = Vec::new();
        if let Some(epoch) = self.best_epoch() {
            marks.push(Mark { x: epoch as f64, name: format!("best: epoch {epoch}") });
        }
        let name = match (self.record.status, &self.record.stopped) {
            (Status::Failed, _) => Some("failed"),
            (_, Some(StopReason::NoImprovement(_))) => Some("stopped early"),
            (Status::Interrupted, _) => Some("interrupted"),
            _ => None,
        };
        marks.extend(name.zip(self.curves.end()).map(|(name, x)| Mark { x, name: name.into() }));
        let baseline = self.record.baseline.clone().unwrap_or_default();
        Context { noise: self.noise, baseline, marks }
    }

    fn best_epoch(&self) -> Option<usize> {
        let noted = self.record.best.as_ref().map(|best| best.epoch);
        noted.or_else(|| self.curves.best_epoch())
    }

    fn how_to_read(&self) -> String {
        let noise = self.noise.trim_start_matches(", ");
        let made_worse = if noise.is_empty() { "" } else { " and " };
        format!(
            "Training scores are averages over an epoch, taken while the model learned{made_worse}\
             {noise}; they are drawn in the middle of the epoch. Validation scores are those of \
             the weights at its end."
        )
    }

    /// How far the run came, whichever of its files knows most.
    fn reached(&self) -> String {
        let (epoch, step) = self.position();
        format!("It reached epoch {epoch} of {} and step {step}.", self.record.epochs)
    }

    /// Epochs and steps that are over.
    fn position(&self) -> (usize, u64) {
        let epoch = self.curves.epochs.last().map_or(0, |report| report.epoch);
        let step = self.curves.steps.last().map_or(0, |step| step.step);
        (self.record.epoch.max(epoch), self.record.step.max(step))
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
        let best = match &record.best {
            Some(best) => Some(format!(
                "{} {} after epoch {}",
                best.metric,
                score_text(best.value),
                best.epoch
            )),
            None => self.best_epoch().map(|epoch| format!("after epoch {epoch}")),
        };
        let stopped = match &record.stopped {
            Some(StopReason::NoImprovement(why)) => format!("{status}, stopped early: {why}"),
            _ => status.to_owned(),
        };
        let (epoch, step) = self.position();
        let facts = [
            ("status", stopped),
            ("epochs", format!("{epoch} of {}", record.epochs)),
            ("steps", step.to_string()),
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
                (baseline_rows(if record.valid.is_some() { "valid" } else { "train" }, record.baseline.as_ref()))
            }
        }
    }
}

/// Plots below and beside each other.
fn pictures(plots: &[LinePlot]) -> Result<Markup, ReportError> {
    let drawn = plots.iter().map(|plot| plot.svg().map(PreEscaped));
    let drawn = drawn.collect::<Result<Vec<_>, _>>()?;
    Ok(html! { div.plots { @for plot in &drawn { figure { (plot) } } } })
}

/// A model's scores on a part, and below them what needs no learning there.
fn score_rows(part: &str, scores: Option<&Scores>) -> Markup {
    let texts =
        |scores: &Scores| joined(scores.iter().filter(|(name, _)| baseline_of(name).is_none()));
    html! {
        @if let Some(scores) = scores {
            tr { th { (part) } td { (texts(scores)) } }
            (baseline_rows(part, Some(scores)))
        }
    }
}

/// `mae 1.2000 · rmse 3.4000`.
fn joined<'a>(scores: impl IntoIterator<Item = (&'a str, f64)>) -> String {
    let scores = scores.into_iter();
    let texts: Vec<_> =
        scores.map(|(name, value)| format!("{name} {}", score_text(value))).collect();
    texts.join(" · ")
}

/// What needs no learning on a part, a row for each.
fn baseline_rows(part: &str, scores: Option<&Scores>) -> Markup {
    let rows = scores.map(Scores::baselines).unwrap_or_default();
    html! {
        @for (kind, scores) in rows {
            tr { th { (part) ", " (baseline_title(kind)) } td { (joined(scores)) } }
        }
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
pre{background:#f6f6f6;padding:.7rem;overflow-x:auto;white-space:pre-wrap}\
.error{border-left:4px solid #d55e00}mark{background:#ffe9a8;color:#222}td{padding-right:1.2rem}";

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;

//! The recipe that was trained, with what the command line changed of it marked.

use glassbox_runs::{Resumption, RunFolder, RunRecord};
use maud::{Markup, html};

use crate::settings::{ChangedSetting, changes};

/// The recipe of a run as it was trained.
pub(crate) struct RecipeView {
    given: String,
    resolved: String,
    changes: Vec<ChangedSetting>,
    /// What was changed when the run was resumed.
    history: Vec<Resumption>,
}

impl RecipeView {
    /// Reads it from the run's folder; what is not there is left out.
    pub(crate) fn read(folder: &RunFolder, record: &RunRecord) -> Self {
        let text = |path| std::fs::read_to_string(path).unwrap_or_default();
        let (given, resolved) = (text(folder.recipe()), text(folder.resolved()));
        Self { given, resolved, changes: changes(folder, record), history: record.history.clone() }
    }

    pub(crate) fn markup(&self) -> Markup {
        html! {
            @if !self.changes.is_empty() {
                p { "The command line changed the recipe; the lines are marked:" }
                table {
                    tr { th { "key" } th { "in recipe.toml" } th { "trained with" } }
                    @for change in &self.changes {
                        tr {
                            td { (change.key) }
                            td { (change.recipe.as_deref().unwrap_or("–")) }
                            td { mark { (change.trained.as_deref().unwrap_or("–")) } }
                        }
                    }
                }
            }
            @if !self.history.is_empty() {
                p { "When it was resumed:" }
                ul { @for resumption in &self.history { li { (told(resumption)) } } }
            }
            @if self.resolved.is_empty() {
                p { "As given; the run did not get as far as to write every default out." }
                pre { (self.given) }
            } @else {
                p { "As it was trained, every default written out:" }
                pre { (self.marked()) }
                details { summary { "recipe.toml as given" } pre { (self.given) } }
            }
        }
    }

    /// The resolved recipe, its changed lines marked.
    fn marked(&self) -> Markup {
        let mut place = LinePath::default();
        let lines: Vec<_> = self.resolved.lines().map(|line| (line, place.of(line))).collect();
        html! {
            @for (line, path) in lines {
                @if path.is_some_and(|path| self.is_changed(&path)) {
                    mark { (line) } "\n"
                } @else {
                    (line) "\n"
                }
            }
        }
    }

    fn is_changed(&self, path: &str) -> bool {
        let within = |inner: &str, outer: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.changes.iter().any(|change| within(&change.key, path) || within(path, &change.key))
    }
}

/// `after epoch 6 (step 30), from last: train.epochs = 6 → 10`.
fn told(resumption: &Resumption) -> String {
    let Resumption { step, epoch, from, after, changes, .. } = resumption;
    let changes: Vec<_> = changes.iter().map(ToString::to_string).collect();
    let changes = if changes.is_empty() { "nothing changed".into() } else { changes.join(", ") };
    let failure = after.as_deref().and_then(|failure| failure.lines().next());
    let failure = failure.map_or(String::new(), |failure| format!(" (it had failed: {failure})"));
    format!("after epoch {epoch} (step {step}), from {from}{failure}: {changes}")
}

/// Which setting a line of `resolved.toml` holds: its sections, and lists of tables a line each.
#[derive(Default)]
struct LinePath {
    section: String,
    /// The name of the list that is open, and the number of its next item.
    list: Option<(String, usize)>,
    /// How many tables of a repeated section there were.
    repeated: usize,
}

impl LinePath {
    /// The path of the next line, where it has one.
    fn of(&mut self, line: &str) -> Option<String> {
        if let Some((name, next)) = &mut self.list {
            if line.starts_with(']') {
                self.list = None;
                return None;
            }
            *next += 1;
            return Some(format!("{name}.{}", *next - 1));
        }
        if let Some(name) = line.strip_prefix("[[").and_then(|rest| rest.strip_suffix("]]")) {
            self.section = format!("{name}.{}", self.repeated);
            self.repeated += 1;
            return None;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            self.section = name.into();
            return None;
        }
        let (key, value) = line.split_once(" = ").filter(|_| !line.starts_with('#'))?;
        let path = format!("{}.{key}", self.section);
        if value == "[" {
            self.list = Some((path, 0));
            return None;
        }
        Some(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESOLVED: &str = "# Every default is written out.\n\n[data]\nkind = \"digits\"\n\n\
        [[augment]]\ntype = \"flip_h\"\np = 0.5\n\n[[augment]]\ntype = \"zoom\"\np = 0.25\n\n[model]\n\
        layers = [\n  { type = \"flatten\" },\n  { type = \"dropout\", p = 0.3 },\n]\n\n[train]\n\
        epochs = 3\noptimizer = { type = \"adam\", lr = 10.0 }\n";

    fn marked(keys: &[&str]) -> Vec<String> {
        let change =
            |key: &&str| ChangedSetting { key: (*key).into(), recipe: None, trained: None };
        let changes = keys.iter().map(change).collect();
        let view = RecipeView {
            given: String::new(),
            resolved: RESOLVED.into(),
            changes,
            history: Vec::new(),
        };
        let html = view.markup().into_string();
        let text = html.split_once("<pre>").unwrap().1;
        let pieces = text.split("<mark>").skip(1);
        pieces.map(|piece| piece.split_once("</mark>").unwrap().0.trim().to_owned()).collect()
    }

    #[test]
    fn a_resumption_tells_from_where_it_resumed_and_what_it_changed() {
        let change = glassbox_runs::Change {
            key: "train.optimizer.lr".into(),
            old: Some("30.0".into()),
            new: Some("0.01".into()),
        };
        let mut resumption = Resumption {
            step: 5,
            epoch: 1,
            from: "best".into(),
            after: Some("GB0402 × loss became infinite\n  help: …".into()),
            changes: vec![change],
            ..Resumption::default()
        };
        assert_eq!(
            told(&resumption),
            "after epoch 1 (step 5), from best (it had failed: GB0402 × loss became infinite): \
             train.optimizer.lr = 30.0 → 0.01"
        );
        (resumption.after, resumption.changes) = (None, Vec::new());
        assert_eq!(told(&resumption), "after epoch 1 (step 5), from best: nothing changed");
    }

    #[test]
    fn changed_lines_are_marked() {
        assert_eq!(
            marked(&["train.optimizer.lr"]),
            ["optimizer = { type = &quot;adam&quot;, lr = 10.0 }"]
        );
        assert_eq!(marked(&["model.layers.1.p"]), ["{ type = &quot;dropout&quot;, p = 0.3 },"]);
        assert_eq!(marked(&["augment.1.p", "train.epochs"]), ["p = 0.25", "epochs = 3"]);
        assert_eq!(marked(&["model"]).len(), 2);
        assert_eq!(marked(&[]), [""; 0]);
    }
}

//! `[run]`: the name, the task and the seed.

use glassbox_nn::settings::Range;
use glassbox_train::Task;

use super::Section;
use crate::codes;
use crate::diagnostic::Problem;
use crate::read::Fields;

/// What `[run]` says; what it leaves open follows from the data or the recipe's file name.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// The run's name.
    pub name: Option<String>,
    /// What is learned.
    pub task: Option<Task>,
    /// The seed.
    pub seed: u64,
}

/// Reads the section.
pub fn read(section: &Section<'_>, problems: &mut Vec<Problem>) -> Run {
    let mut fields = Fields::new(section.table, &section.place, "run", problems);
    let name = fields.text("name").map(str::to_owned);
    if let (Some(text), Some(entry)) = (&name, section.table.get("name"))
        && text.trim().is_empty()
    {
        let problem = Problem::new(codes::EMPTY, "the run's name is empty").at(&entry.node.place);
        fields.problems.push(problem.expected("a name").found("an empty text"));
    }
    let task = fields.choice("task", &["classify", "regress", "generate"]).map(|task| match task {
        "regress" => Task::Regress,
        "generate" => Task::Generate,
        _ => Task::Classify,
    });
    let seed = fields.integer("seed", Range::at_least(0.0)).unwrap_or(0);
    fields.finish();
    Run { name, task, seed: seed.unsigned_abs() }
}

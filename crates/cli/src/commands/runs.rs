//! `glassbox runs`: list and remove runs.

use std::fs;

use glassbox_report::{Curves, Settings, differing};
use glassbox_runs::{FoundRuns, RunError, RunFolder, RunLock, RunRecord};
use serde_json::{Map, Value, json};

use crate::arguments::{ListRuns, RemoveRuns, Runs, RunsAction};
use crate::failure::Failure;
use crate::fit::Fit;
use crate::format::{NOTHING, named_score, score};
use crate::layout::{Column, Table};
use crate::run_facts::{epochs, main_score, status};
use crate::run_names;
use crate::terminal::{complain, say};

pub fn run(arguments: &Runs) -> Result<(), Failure> {
    match &arguments.action {
        RunsAction::Ls(arguments) => list(arguments),
        RunsAction::Rm(arguments) => remove(arguments),
    }
}

fn list(arguments: &ListRuns) -> Result<(), Failure> {
    let FoundRuns { whole: runs, damaged } = RunFolder::scan(&arguments.runs.path);
    let extra = extra_columns(&arguments.columns, &runs)?;
    if arguments.json {
        return objects(&runs, &damaged, &extra);
    }
    if runs.is_empty() && damaged.is_empty() {
        say!("no runs in {}", arguments.runs.path.display());
        say!("next: glassbox train");
        return Ok(());
    }
    show(&runs, &damaged, &extra);
    Ok(())
}

/// One object per run, with what the table shows.
fn objects(
    runs: &[(RunFolder, RunRecord)],
    damaged: &[(RunFolder, RunError)],
    extra: &[Extra],
) -> Result<(), Failure> {
    for (index, (folder, record)) in runs.iter().enumerate() {
        let mut object = serde_json::to_value(record).map_err(std::io::Error::from)?;
        let status = status(folder, record);
        object["status"] = status.into();
        object["epoch"] = epochs(folder, record, status).into();
        if !extra.is_empty() {
            let values = extra
                .iter()
                .map(|Extra { title, cells }| (title.clone(), cells[index].value.clone()));
            object["columns"] = values.collect::<Map<_, _>>().into();
        }
        say!("{object}");
    }
    for (folder, error) in damaged {
        let (name, error) = (folder.name(), error.to_string());
        say!("{}", json!({ "name": name, "status": "damaged", "error": error }));
    }
    Ok(())
}

fn show(runs: &[(RunFolder, RunRecord)], damaged: &[(RunFolder, RunError)], extra: &[Extra]) {
    let mut columns = vec![
        Column::words("run"),
        Column::words("status").whole().rank(2),
        Column::numbers("epochs").rank(1),
        Column::numbers("best").rank(3),
    ];
    columns.extend(extra.iter().map(|extra| Column::numbers(&extra.title)));
    columns.push(Column::words("test").whole());
    let mut table = Table::new(columns);
    for (index, (folder, record)) in runs.iter().enumerate() {
        let best = record.best.as_ref().map_or(NOTHING.into(), |best| {
            format!("{} {}", best.metric.trim_start_matches("valid."), score(best.value))
        });
        let status = status(folder, record);
        let epochs = format!("{}/{}", epochs(folder, record, status), record.epochs);
        let mut row = vec![folder.name(), status.to_string(), epochs, best];
        row.extend(extra.iter().map(|extra| extra.cells[index].text.clone()));
        row.push(record.test.as_ref().map_or(NOTHING.into(), main_score));
        table.push(row);
    }
    for (folder, _) in damaged {
        table.push(vec![folder.name(), "damaged: run.json cannot be read".into()]);
    }
    table.print();
}

/// A column that was asked for, with a cell for each run.
struct Extra {
    title: String,
    cells: Vec<Cell>,
}

/// A value, for people and for programs.
struct Cell {
    text: String,
    value: Value,
}

impl Cell {
    /// A score, which is no number where it is not defined; nothing where there is none.
    fn of_score(name: &str, score: Option<f64>) -> Self {
        let text = score.map_or(NOTHING.into(), |score| named_score(name, score));
        Self { text, value: score.into() }
    }

    /// A setting, as the recipe has it.
    fn of_setting(setting: Option<&str>) -> Self {
        let value = setting.map(|text| match text.parse::<Value>() {
            Ok(value @ (Value::Number(_) | Value::Bool(_))) => value,
            _ => text.into(),
        });
        Self { text: setting.unwrap_or(NOTHING).into(), value: value.into() }
    }
}

/// The columns that were asked for.
fn extra_columns(names: &[String], runs: &[(RunFolder, RunRecord)]) -> Result<Vec<Extra>, Failure> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let settings: Vec<_> = runs.iter().map(|(folder, _)| Settings::of(folder)).collect();
    let mut columns = Vec::new();
    for name in names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
        if name == "changed" {
            for key in differing(&settings) {
                let cells = settings.iter().map(|run| Cell::of_setting(run.get(&key))).collect();
                columns.push(Extra { title: key, cells });
            }
            continue;
        }
        let cells = runs.iter().zip(&settings).map(|((folder, record), run)| {
            Ok(match (name, score_of(record, name)) {
                ("gap", _) => Cell::of_score(name, Fit::of(record, &Curves::read(folder)?).gap()),
                (_, Some((name, value))) => Cell::of_score(name, Some(value)),
                _ => Cell::of_setting(setting(run, name)),
            })
        });
        let cells = cells.collect::<Result<Vec<_>, Failure>>()?;
        if !runs.is_empty() && name != "gap" && cells.iter().all(|cell| cell.text == NOTHING) {
            complain!(
                "note: no run has `{name}`\n  help: gap, changed, a score such as test.loss, or a \
                 setting such as train.optimizer.lr or lr"
            );
        }
        columns.push(Extra { title: name.to_owned(), cells });
    }
    Ok(columns)
}

/// The value of the setting with this path, or with a path that ends so.
fn setting<'a>(run: &'a Settings, name: &str) -> Option<&'a str> {
    run.get(name).or_else(|| match run.ending(name).as_slice() {
        [key] => run.get(key),
        _ => None,
    })
}

/// A score such as `valid.loss`, from `run.json`, and its name.
fn score_of<'a>(record: &RunRecord, name: &'a str) -> Option<(&'a str, f64)> {
    let (part, score_name) = name.split_once('.')?;
    let scores = match part {
        "train" => record.train.as_ref(),
        "valid" => record.valid.as_ref(),
        "test" => record.test.as_ref(),
        "baseline" => record.baseline.as_ref(),
        _ => None,
    };
    scores?.get(score_name).map(|value| (score_name, value))
}

fn remove(arguments: &RemoveRuns) -> Result<(), Failure> {
    // All names first: nothing is removed when one of them is wrong.
    let mut found = Vec::new();
    for name in &arguments.names {
        let (folder, _) = run_names::find(name, &arguments.runs.path)?;
        if let (Some(writer), false) = (RunLock::writer(&folder), arguments.force) {
            return Err(Failure::Usage(format!(
                "{} is being trained by {writer}\n  help: stop it first, or use --force",
                folder.name()
            )));
        }
        found.push(folder);
    }
    for folder in found {
        fs::remove_dir_all(folder.path()).map_err(|error| {
            Failure::Failed(format!("error: {} cannot be removed: {error}", folder.name()))
        })?;
        say!("removed {}", folder.name());
    }
    Ok(())
}

//! `glassbox compare`: runs beside each other.

use std::ffi::OsString;
use std::path::Path;

use glassbox_report::{Curves, Settings, compare_plots, differing};
use glassbox_runs::{RunFolder, RunRecord};

use crate::arguments::Compare;
use crate::failure::{Failure, write_file};
use crate::format::{NOTHING, clock, score, thousands};
use crate::layout::{Column, Table, width};
use crate::run_facts::{epochs, main_score, status};
use crate::terminal::{self, say, say_wrapped};
use crate::{fit, run_names};

pub fn run(arguments: &Compare) -> Result<(), Failure> {
    let find = |name: &OsString| run_names::find(name, &arguments.runs.path);
    let found = arguments.names.iter().map(find).collect::<Result<Vec<_>, _>>()?;
    scores(&found)?.print();
    if found.len() > 1 {
        say!();
        differences(&found);
    }
    match &arguments.plots {
        Some(folder) => draw(&found, folder),
        None => Ok(()),
    }
}

fn draw(found: &[(RunFolder, RunRecord)], folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(|error| Failure::file(folder, &error))?;
    for (name, plot) in compare_plots(found)? {
        let path = folder.join(format!("{name}.svg"));
        write_file(&path, &plot.svg()?)?;
        say!("wrote {}", path.display());
    }
    Ok(())
}

/// What came of each run.
fn scores(found: &[(RunFolder, RunRecord)]) -> Result<Table, Failure> {
    let mut table = Table::new(vec![
        Column::words("run"),
        Column::words("status").whole().rank(6),
        Column::numbers("params").rank(2),
        Column::numbers("epochs").rank(4),
        Column::numbers("steps").rank(1),
        Column::numbers("best").rank(8),
        Column::numbers("train loss").rank(5),
        Column::numbers("valid loss").rank(7),
        Column::numbers("gap").rank(9),
        Column::numbers("time").rank(3),
        Column::numbers("test"),
    ]);
    for (folder, record) in found {
        let curves = Curves::read(folder)?;
        let best = record.best.as_ref().map_or(NOTHING.into(), |best| {
            format!("{} {} @ {}", best.metric, score(best.value), best.epoch)
        });
        // A run that is killed does not tell how long it took; its epochs do.
        let seconds = match record.seconds {
            0.0 => curves.epochs.iter().map(|epoch| epoch.duration.as_secs_f64()).sum(),
            seconds => seconds,
        };
        let fit = fit::Fit::of(record, &curves);
        let status = status(folder, record);
        let shown = |value: Option<f64>| value.map_or(NOTHING.into(), score);
        table.push(vec![
            folder.name(),
            status.into(),
            thousands(record.parameters as u64),
            epochs(folder, record, status).to_string(),
            thousands(record.step),
            best,
            shown(fit.train),
            shown(fit.valid),
            shown(fit.gap()),
            clock(std::time::Duration::from_secs_f64(seconds)),
            record.test.as_ref().map_or(NOTHING.into(), main_score),
        ]);
    }
    Ok(table)
}

/// The settings that are not the same in all runs.
fn differences(found: &[(RunFolder, RunRecord)]) {
    let settings: Vec<_> = found.iter().map(|(folder, _)| Settings::of(folder)).collect();
    let keys = differing(&settings);
    if keys.is_empty() {
        say!("the recipes do not differ");
        return;
    }
    let names: Vec<_> = found.iter().map(|(folder, _)| folder.name()).collect();
    let mut columns = vec![Column::words("what differs")];
    columns.extend(names.iter().map(|name| Column::numbers(name)));
    let mut table = Table::new(columns);
    let value = |key: &str, run: &Settings| run.get(key).unwrap_or(NOTHING).to_owned();
    for key in &keys {
        let values = settings.iter().map(|run| value(key, run));
        table.push(std::iter::once(key.clone()).chain(values).collect());
    }
    let text = table.render(None);
    let room = terminal::width();
    if room.is_none_or(|room| text.lines().all(|line| width(line) <= room)) {
        return table.print();
    }
    // Too many or too long for columns: the values of each key below each other.
    say!("what differs:");
    for key in &keys {
        say_wrapped(key);
        for (name, run) in names.iter().zip(&settings) {
            say_wrapped(&format!("  {name}: {}", value(key, run)));
        }
    }
}

//! `glassbox compare`: runs beside each other.

use glassbox_report::{Curves, compare_plots};
use glassbox_train::{RunFolder, RunRecord};

use crate::arguments::Compare;
use crate::commands::runs::main_score;
use crate::failure::{Failure, write_file};
use crate::format::{clock, score, thousands};
use crate::run_names;
use crate::terminal::say;

pub fn run(arguments: &Compare) -> Result<(), Failure> {
    let find = |name: &String| run_names::find(name, &arguments.runs.path);
    let found = arguments.names.iter().map(find).collect::<Result<Vec<_>, _>>()?;
    table(&found)?;
    let Some(folder) = &arguments.plots else { return Ok(()) };
    std::fs::create_dir_all(folder).map_err(|error| Failure::file(folder, &error))?;
    for (name, plot) in compare_plots(&found)? {
        let path = folder.join(format!("{name}.svg"));
        write_file(&path, &plot.svg()?)?;
        say!("wrote {}", path.display());
    }
    Ok(())
}

fn table(found: &[(RunFolder, RunRecord)]) -> Result<(), Failure> {
    let width = found.iter().map(|(folder, _)| folder.name().chars().count()).max().unwrap_or(0);
    say!(
        "{:width$}  {:>11}  {:>7}  {:>7}  {:>24}  {:>9}  test",
        "run",
        "params",
        "epochs",
        "steps",
        "best",
        "time"
    );
    for (folder, record) in found {
        let best = record.best.as_ref().map_or("–".into(), |best| {
            format!("{} {} @ {}", best.metric, score(best.value), best.epoch)
        });
        // A run that is killed does not tell how long it took; its epochs do.
        let seconds = match record.seconds {
            0.0 => {
                Curves::read(folder)?.epochs.iter().map(|epoch| epoch.duration.as_secs_f64()).sum()
            }
            seconds => seconds,
        };
        say!(
            "{:width$}  {:>11}  {:>7}  {:>7}  {best:>24}  {:>9}  {}",
            folder.name(),
            thousands(record.parameters as u64),
            record.epoch,
            thousands(record.step),
            clock(std::time::Duration::from_secs_f64(seconds)),
            record.test.as_ref().map_or("–".into(), main_score),
        );
    }
    Ok(())
}

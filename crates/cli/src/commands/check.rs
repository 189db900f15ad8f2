//! `glassbox check`: every error of a recipe at once, without training.

use super::decided;
use crate::arguments::Check;
use crate::columns;
use crate::embedded;
use crate::failure::Failure;
use crate::format::counted;
use crate::preparation;
use crate::terminal::say_wrapped;

pub fn run(arguments: &Check) -> Result<(), Failure> {
    let path = arguments.recipe.as_deref();
    let prepared = preparation::prepare(path, &arguments.overrides.set)?;
    let (experiment, data) = (&prepared.experiment, &prepared.data);
    let name = path.map_or(embedded::DIGITS_CNN_NAME.into(), |path| path.display().to_string());
    say_wrapped(&format!(
        "{name} is fine: {}, {} training, {} validation and {} test items",
        counted(experiment.layers.len(), "layer"),
        data.split.train.len(),
        data.split.valid.len(),
        data.split.test.len(),
    ));
    columns::lines(data).iter().for_each(|line| say_wrapped(line));
    decided::lines(experiment, data).iter().for_each(|line| say_wrapped(&format!("  {line}")));
    Ok(())
}

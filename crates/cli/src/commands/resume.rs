//! `glassbox resume`: go on with a run that was interrupted, or train longer.

use glassbox_train::checkpoint::SavedState;
use glassbox_train::{Status, atomic};

use crate::arguments::Resume;
use crate::failure::Failure;
use crate::preparation::{self, Preparation};
use crate::run_names;
use crate::session::Session;
use crate::terminal::say;

pub fn run(arguments: &Resume) -> Result<(), Failure> {
    let (folder, mut record) = run_names::find(&arguments.run, &arguments.runs.path)?;
    let mut overrides = Vec::new();
    if let Some(epochs) = &arguments.epochs {
        let epochs = wanted_epochs(epochs, record.epochs)?;
        if epochs < record.epoch {
            return Err(Failure::Usage(format!(
                "{} has {} epochs already, more than {epochs}\n  help: --epochs +5 trains 5 more",
                folder.name(),
                record.epoch
            )));
        }
        overrides.push(format!("train.epochs={epochs}"));
    }
    let prepared = preparation::prepare(Some(&folder.resolved()), &overrides)?;
    let Preparation { experiment, data, .. } = &prepared;
    preparation::set_threads(arguments.output.threads, experiment);
    let hash = format!("{:016x}", data.dataset.fingerprint());
    let same = u64::from_str_radix(&record.data_hash, 16).is_ok_and(|h| data.dataset.matches(h));
    if !same {
        return Err(Failure::Failed(format!(
            "GB0512 × the data of {} has changed\n  expected: a data set with the hash {}\n  \
             found: {hash}\n  help: put the data back, or train anew with `glassbox train {}`",
            folder.name(),
            record.data_hash,
            folder.recipe().display()
        )));
    }
    // Killed before its first checkpoint a run begins again, which comes to the same.
    let path = folder.training_state();
    let state = if path.exists() { Some(SavedState::read(&path)?) } else { None };
    let done = state.as_ref().map_or(0, |state| state.progress.epoch);
    if done >= experiment.train.epochs && record.status == Status::Finished {
        say!("{} has trained its {done} epochs", folder.name());
        say!("next: glassbox resume {} --epochs +5", folder.name());
        return Ok(());
    }
    if !overrides.is_empty() {
        atomic::write(&folder.resolved(), experiment.to_toml().as_bytes())
            .map_err(|error| Failure::Failed(format!("error: {}: {error}", folder.name())))?;
    }
    record.epochs = experiment.train.epochs;
    record.error = None;
    record.stopped = None;
    Session { experiment, data, folder, record, state }.run(&arguments.output)
}

/// `N` epochs in all, or `+N` more than now.
fn wanted_epochs(text: &str, now: usize) -> Result<usize, Failure> {
    let (more, number) = match text.strip_prefix('+') {
        Some(number) => (now, number),
        None => (0, text),
    };
    let number = number.parse::<usize>().ok().filter(|number| *number > 0);
    number.and_then(|number| more.checked_add(number)).ok_or_else(|| {
        Failure::Usage(format!("--epochs is a number, or +N for N more, not \"{text}\""))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_are_absolute_or_more() {
        assert_eq!(wanted_epochs("12", 10).unwrap(), 12);
        assert_eq!(wanted_epochs("+5", 10).unwrap(), 15);
        for wrong in ["0", "+0", "-3", "five", "+", "", "99999999999999999999"] {
            assert!(matches!(wanted_epochs(wrong, 10), Err(Failure::Usage(_))), "{wrong}");
        }
    }
}

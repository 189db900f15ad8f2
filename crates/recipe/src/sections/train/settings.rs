//! What the settings of training say of themselves, told at their places.

use glassbox_nn::{BadSetting, BadSettings, Settings};
use glassbox_train::TrainConfig;
use glassbox_train::schedule::Schedule;

use super::Train;
use crate::codes;
use crate::diagnostic::{Place, Problem};
use crate::sections::Section;
use crate::tree::{Table, Value};

/// The settings that cannot work. Whether they work together is asked only when the section
/// `is_whole`: what could not be read of it is a default here.
pub fn check(section: &Section<'_>, train: &Train, is_whole: bool) -> Vec<Problem> {
    let mut bad = BadSettings::default();
    if let Some(loss) = &train.loss {
        bad.extend_within("loss", loss.check());
    }
    bad.extend_within("optimizer", train.optimizer.check());
    bad.extend_within("schedule", train.schedule.check());
    if let Some(warmup) = &train.warmup {
        bad.extend_within("warmup", warmup.check());
    }
    if let Some(clip) = &train.clip {
        bad.extend_within("clip", clip.check());
    }
    if let Some(early_stop) = &train.early_stop {
        bad.extend_within("early_stop", early_stop.check());
    }
    if bad.0.is_empty() && is_whole {
        bad = together(section, train);
    }
    bad.0.into_iter().map(|bad| problem(section, bad)).collect()
}

fn together(section: &Section<'_>, train: &Train) -> BadSettings {
    let config = TrainConfig {
        epochs: train.epochs,
        optimizer: train.optimizer.clone(),
        schedule: train.schedule.clone(),
        warmup: train.warmup.clone(),
        ..TrainConfig::default()
    };
    let mut bad = config.check_together();
    if !train.optimizer.has_momentum()
        && let Some(key) = moved_momentum(section, &train.schedule)
    {
        bad.no_effect(
            &format!("schedule.{key}"),
            "an optimizer with momentum, for the schedule to move",
            "an optimizer without",
            format!("leave `{key}` out, or give the optimizer momentum, 0.9 for instance"),
        );
    }
    bad
}

/// The key by which the recipe asks for a momentum that follows the schedule. By default it does
/// where there is one.
fn moved_momentum(section: &Section<'_>, schedule: &Schedule) -> Option<&'static str> {
    let moves = match schedule {
        Schedule::OneCycle(schedule) => schedule.cycle_momentum,
        Schedule::Cyclic(schedule) => schedule.cycle_momentum,
        _ => false,
    };
    let written = section.table.get("schedule").and_then(|entry| entry.node.table());
    let is_written = |key: &&str| written.is_some_and(|table| table.get(key).is_some());
    moves.then(|| ["momentum", "cycle_momentum"].into_iter().find(is_written)).flatten()
}

fn problem(section: &Section<'_>, bad: BadSetting) -> Problem {
    let BadSetting { code, name, expected, found, help, .. } = bad;
    let key = name.rsplit('.').next().unwrap_or_default();
    let (code, message) = match code {
        codes::NO_EFFECT if name == "warmup.epochs" => {
            (codes::SCHEDULE, "the warm-up lasts as long as the training".to_owned())
        }
        codes::NO_EFFECT => (codes::NO_EFFECT, format!("`{key}` has no effect")),
        code => (code, format!("`{key}` is out of range")),
    };
    let place = place(section.table, &name).unwrap_or_else(|| section.place.clone());
    Problem::new(code, message).at(&place).expected(expected).found(found).help(help)
}

/// The place of the value called `name`, with dots on the way, or of what there is of it.
fn place(table: &Table, name: &str) -> Option<Place> {
    let (key, rest) = name.split_once('.').unwrap_or((name, ""));
    let entry = table.get(key)?;
    let inner = match &entry.node.value {
        Value::Table(table) if !rest.is_empty() => place(table, rest),
        _ => None,
    };
    Some(inner.unwrap_or_else(|| entry.node.place.clone()))
}

//! `glassbox states`: what recurrent units do while they read a text.

use glassbox_report::StateMap;
use glassbox_runs::{Generator, Predictor};

use crate::arguments::States;
use crate::failure::{Failure, write_file};
use crate::kept::weights;
use crate::run_names;
use crate::terminal::{complain, say};

pub fn run(arguments: &States) -> Result<(), Failure> {
    let (folder, _) = run_names::find(&arguments.run, &arguments.runs.path)?;
    let path = weights(&folder, arguments.checkpoint)?;
    let predictor = Predictor::load(&path)?;
    let vocabulary = Generator::vocabulary_of(&predictor, &path)?;
    if let Some(note) = Generator::note_on(&predictor, &arguments.text)? {
        complain!("note: {note}");
    }
    let wanted = arguments.layer.as_deref();
    let mut there = Vec::new();
    let map = loop {
        let map = StateMap::of(predictor.model(), vocabulary, &arguments.text, there.len());
        let map = map.map_err(|character| {
            let help = "leave it out: the model was trained on a text without it";
            Failure::Usage(format!(
                "{character:?} is not in the model's vocabulary\n  help: {help}"
            ))
        })?;
        match map {
            Some(map) if wanted.is_none_or(|wanted| is_layer(&map.layer, wanted)) => break map,
            Some(map) => there.push(map.layer),
            None => return Err(no_layer(wanted, &there)),
        }
    };
    let out = arguments.out.clone().unwrap_or_else(|| folder.path().join("states.svg"));
    let svg = map.heat_map(arguments.units as usize).svg()?;
    write_file(&out, &svg)?;
    say!("{}: {} units over {} tokens", map.layer, map.units.len(), map.tokens.len());
    say!("wrote {}", out.display());
    Ok(())
}

/// Whether a layer called `layer 1 (lstm), 2 of 2` is the one that is wanted: `1`, or `1.1` of a
/// stack.
fn is_layer(name: &str, wanted: &str) -> bool {
    let (number, place) = match wanted.split_once('.') {
        Some((number, place)) => (number, place.parse::<usize>().ok()),
        None => (wanted, Some(0)),
    };
    let Some(rest) = name.strip_prefix(&format!("layer {number} (")) else { return false };
    let stack = rest.split_once("), ").and_then(|(_, rest)| rest.split_once(" of "));
    let index =
        stack.map_or(Some(0), |(from_one, _)| from_one.parse::<usize>().ok()?.checked_sub(1));
    index.is_some() && index == place
}

fn no_layer(wanted: Option<&str>, there: &[String]) -> Failure {
    let message = match (wanted, there) {
        (Some(wanted), [_, ..]) => {
            format!("there is no recurrent layer {wanted}\n  found: {}", there.join("; "))
        }
        _ => "there is no recurrent layer, or nothing to read".into(),
    };
    Failure::Usage(format!(
        "{message}\n  help: --layer N takes a number from `glassbox summary`, N.K one of a stack"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_have_the_numbers_of_the_summary() {
        assert!(is_layer("layer 1 (lstm)", "1") && is_layer("layer 1 (lstm)", "1.0"));
        assert!(
            is_layer("layer 1 (lstm), 1 of 2", "1") && is_layer("layer 1 (lstm), 2 of 2", "1.1")
        );
        for (name, wanted) in [
            ("layer 1 (lstm)", "0"),
            ("layer 11 (lstm)", "1"),
            ("layer 1 (lstm), 2 of 2", "1"),
            ("layer 1 (lstm), 2 of 2", "1.2"),
            ("layer 1 (lstm)", "one"),
            ("layer 1 (lstm)", "1.x"),
        ] {
            assert!(!is_layer(name, wanted), "{name} {wanted}");
        }
    }
}

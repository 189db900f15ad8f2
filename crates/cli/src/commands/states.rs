//! `glassbox states`: what recurrent units do while they read a text.

use glassbox_report::StateMap;
use glassbox_train::{Generator, Predictor};

use crate::arguments::States;
use crate::failure::{Failure, write_file};
use crate::kept::weights;
use crate::run_names;
use crate::terminal::say;

pub fn run(arguments: &States) -> Result<(), Failure> {
    let (folder, _) = run_names::find(&arguments.run, &arguments.runs.path)?;
    let path = weights(&folder, arguments.checkpoint)?;
    let predictor = Predictor::load(&path)?;
    let vocabulary = Generator::vocabulary_of(&predictor, &path)?;
    let layer = arguments.layer as usize;
    let map = StateMap::of(predictor.model(), vocabulary, &arguments.text, layer - 1);
    let map = map.map_err(|character| {
        let help = "leave it out: the model was trained on a text without it";
        Failure::Usage(format!("{character:?} is not in the model's vocabulary\n  help: {help}"))
    })?;
    let Some(map) = map else {
        let expected = "a text that is not empty, and a layer that is there";
        return Err(Failure::Usage(format!(
            "there is no recurrent layer {layer}, or nothing to read\n  \
             expected: {expected}\n  help: --layer 1 is the first one"
        )));
    };
    let out = arguments.out.clone().unwrap_or_else(|| folder.path().join("states.svg"));
    let svg = map.heat_map(arguments.units as usize).svg()?;
    write_file(&out, &svg)?;
    say!("{}: {} units over {} tokens", map.layer, map.units.len(), map.tokens.len());
    say!("wrote {}", out.display());
    Ok(())
}

//! `[watch]`: what is kept of a run besides its scores.

use glassbox_runs::observers::SamplesConfig;

use super::Section;
use crate::diagnostic::Problem;
use crate::read::Fields;
use crate::tagged::{self, Kind};

/// What `[watch]` says.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    /// Whether gradient norms by time lag are kept.
    pub lags: bool,
    /// What a language model is to write after every epoch; the default where the data are text.
    pub samples: Option<SamplesConfig>,
}

/// Reads the section.
pub fn read(section: &Section<'_>, problems: &mut Vec<Problem>) -> Watch {
    let mut fields = Fields::new(section.table, &section.place, "watch", problems);
    let lags = fields.boolean("lags").unwrap_or(false);
    let node = fields.entry("samples").map(|entry| &entry.node);
    let samples = node.and_then(|node| tagged::read(node, Kind::plain("samples"), fields.problems));
    fields.finish();
    Watch { lags, samples }
}

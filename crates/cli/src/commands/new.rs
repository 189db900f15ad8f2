//! `glassbox new`: a starter recipe with comments.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};

use crate::arguments::{New, Starter};
use crate::embedded;
use crate::failure::Failure;
use crate::terminal::say;

pub fn run(arguments: &New) -> Result<(), Failure> {
    let (name, text) = match arguments.kind {
        Starter::Mlp => ("mlp.toml", embedded::STARTER_MLP),
        Starter::Cnn => ("cnn.toml", embedded::STARTER_CNN),
        Starter::Rnn => ("rnn.toml", embedded::STARTER_RNN),
    };
    let path = arguments.dir.join(name);
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::Usage(format!(
            "{} exists already, and is left as it is\n  help: give another folder, as in \
             `glassbox new {} my-model`",
            path.display(),
            name.trim_end_matches(".toml")
        )),
        _ => Failure::Failed(format!("error: {} cannot be written: {error}", path.display())),
    };
    fs::create_dir_all(&arguments.dir).map_err(failed)?;
    let mut file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    say!("wrote {}", path.display());
    say!("next: glassbox train {}", path.display());
    Ok(())
}

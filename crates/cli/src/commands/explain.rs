//! `glassbox explain`: what an error code means and what to do.

use glassbox_recipe::codes;

use crate::arguments::Explain;
use crate::failure::Failure;
use crate::terminal::{say, say_wrapped};

pub fn run(arguments: &Explain) -> Result<(), Failure> {
    let Some(code) = &arguments.code else {
        for (code, title) in codes::all() {
            say_wrapped(&format!("{code}  {title}"));
        }
        say!("next: glassbox explain CODE");
        return Ok(());
    };
    let Some((code, title, explanation)) = codes::explain(code) else {
        return Err(Failure::Usage(format!(
            "there is no error code \"{code}\"\n  help: `glassbox explain` lists all of them"
        )));
    };
    say_wrapped(&format!("{code}: {title}"));
    say!();
    say_wrapped(explanation);
    Ok(())
}

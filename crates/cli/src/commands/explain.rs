//! `glassbox explain`: what an error code means and what to do.

use glassbox_recipe::codes;

use crate::arguments::Explain;
use crate::failure::Failure;
use crate::terminal::say;

pub fn run(arguments: &Explain) -> Result<(), Failure> {
    let Some((code, title, explanation)) = codes::explain(&arguments.code) else {
        let first = "GB0101";
        return Err(Failure::Usage(format!(
            "there is no error code \"{}\"\n  help: codes look like {first}",
            arguments.code
        )));
    };
    say!("{code}: {title}\n");
    say!("{explanation}");
    Ok(())
}

//! `glassbox generate`: a text, continued.

use std::io::{self, Write};

use glassbox_runs::{Generator, Predictor, Sampling};
use glassbox_tensor::threads;

use crate::arguments::Generate;
use crate::failure::Failure;
use crate::kept::weights;
use crate::run_names;
use crate::terminal::complain;

pub fn run(arguments: &Generate) -> Result<(), Failure> {
    threads::set_count(arguments.threads.into());
    let sampling = Sampling {
        temperature: arguments.temperature,
        top_k: arguments.top_k.map(|count| count as usize),
        top_p: arguments.top_p,
    };
    sampling.check().map_err(|expected| Failure::Usage(format!("expected {expected}")))?;
    let (folder, _) = run_names::find(&arguments.run, &arguments.runs.path)?;
    let path = weights(&folder, arguments.checkpoint)?;
    let predictor = Predictor::load(&path)?;
    let vocabulary = Generator::vocabulary_of(&predictor, &path)?;
    // What stands for the beginning of a line, as far as the model knows lines, is not part of the
    // text.
    let prompt = if arguments.prompt == "\n" { "" } else { &arguments.prompt };
    if let Some(note) = Generator::note_on(&predictor, prompt)? {
        complain!("note: {note}");
    }
    let model = predictor.model();
    let mut generator = Generator::new(model, vocabulary, prompt, sampling, arguments.seed)?;
    if !arguments.exact {
        generator = generator.in_half_precision();
    }
    match write(&mut generator, prompt, arguments.length) {
        // The reader has seen enough: `glassbox generate … | head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => Ok(result?),
    }
}

/// Bytes that may wait before a terminal sees them.
const STREAMED: usize = 16;

/// Writes the prompt and what follows it, token by token.
fn write(generator: &mut Generator<'_>, prompt: &str, length: usize) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let mut text = prompt.as_bytes().to_vec();
    let mut written = 0;
    for _ in 0..length {
        let token = generator.next_token();
        generator.vocabulary().decode(token, &mut text);
        if text.len() - written >= STREAMED {
            out.write_all(&text[written..])?;
            out.flush()?;
            // The last byte stays: whether a space follows depends on it.
            text.drain(..text.len() - 1);
            written = 1;
        }
    }
    out.write_all(&text[written..])?;
    out.write_all(b"\n")?;
    out.flush()
}

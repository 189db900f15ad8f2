//! `glassbox summary`: layers, shapes, parameters, operations and memory of a recipe's model.

use glassbox_nn::Summary;
use glassbox_recipe::Experiment;
use glassbox_tensor::Shape;

use crate::arguments::Check;
use crate::failure::Failure;
use crate::format::{bytes, short, thousands};
use crate::preparation;
use crate::terminal::say;

pub fn run(arguments: &Check) -> Result<(), Failure> {
    let prepared = preparation::prepare(arguments.recipe.as_deref(), &arguments.overrides.set)?;
    let input = prepared.data.dataset.item_shape();
    let item = if prepared.data.dataset.is_image() { "img" } else { "item" };
    say!("{}", text(&prepared.experiment, input, item)?.trim_end());
    Ok(())
}

/// The table, the totals, the memory and the hints.
fn text(experiment: &Experiment, input: Shape, item: &str) -> Result<String, Failure> {
    let summary = Summary::of(&experiment.layers, input)
        .map_err(|error| Failure::Failed(error.to_string()))?;
    let act = format!("act/{item}");
    let head = ["#", "layer", "output", "params", "MACs", &act, "sees"].map(str::to_owned);
    let mut rows = vec![head];
    for (index, row) in summary.rows.iter().enumerate() {
        rows.push([
            (index + 1).to_string(),
            row.description.clone(),
            row.output.to_string(),
            or_dash(row.cost.parameters > 0, thousands(row.cost.parameters as u64)),
            or_dash(row.cost.macs > 0, short(row.cost.macs)),
            bytes(row.activation_bytes),
            row.receptive_field.map_or(String::new(), |field| field.to_string()),
        ]);
    }
    let mut text = table(&rows);
    text.push_str(&totals(experiment, &summary, item));
    for hint in summary.hints() {
        text.push_str(&format!("hint: {hint}\n"));
    }
    Ok(text)
}

fn or_dash(shown: bool, text: String) -> String {
    if shown { text } else { "–".into() }
}

/// Columns two spaces apart; words to the left, numbers to the right.
fn table(rows: &[[String; 7]]) -> String {
    const WORDS: [bool; 7] = [false, true, true, false, false, false, true];
    let width = |column: usize| {
        rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()
    };
    let widths: [usize; 7] = std::array::from_fn(width);
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let width = widths[column];
            if WORDS[column] { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn totals(experiment: &Experiment, summary: &Summary, item: &str) -> String {
    let batch = experiment.train.batch_size;
    let slots = experiment.train.optimizer.rule().state_names().len();
    let mut memory = summary.memory(batch, slots);
    let steps = summary.steps();
    let window = experiment.train.bptt.filter(|&window| steps.is_some_and(|steps| window < steps));
    if let (Some(window), Some(steps)) = (window, steps) {
        memory.activations = memory.activations * window as u64 / steps as u64;
    }
    let at_window = window.map_or(String::new(), |window| format!(" × {window} steps"));
    let each_step = steps.map_or(String::new(), |steps| {
        format!(" · {} MAC/step", short(summary.total.macs / steps as u64))
    });
    let buffers = match summary.total.buffers {
        0 => String::new(),
        buffers => format!(" + {} buffers", thousands(buffers as u64)),
    };
    format!(
        "total {} trainable{buffers} · {} MAC/{item}{each_step}\n\
         memory @{batch}{at_window}: weights {} · gradients {} · optimizer {} · activations {}\n",
        thousands(summary.total.parameters as u64),
        short(summary.total.macs),
        bytes(memory.weights),
        bytes(memory.gradients),
        bytes(memory.optimizer),
        bytes(memory.activations),
    )
}

//! `glassbox summary`: layers, shapes, parameters, operations and memory of a recipe's model.

use glassbox_nn::{Graph, INPUT, Summary, SummaryRow};
use glassbox_recipe::Experiment;
use glassbox_tensor::Shape;

use crate::arguments;
use crate::failure::Failure;
use crate::format::{bytes, short, thousands};
use crate::layout::{Column, Table};
use crate::preparation;
use crate::terminal::{self, say};
use crate::wrapping::wrapped;

pub fn run(arguments: &arguments::Summary) -> Result<(), Failure> {
    let arguments::Check { recipe, overrides } = &arguments.of;
    let prepared = preparation::prepare(recipe.as_deref(), &overrides.set)?;
    let input = prepared.data.dataset.item_shape();
    let item = if prepared.data.dataset.is_image() { "img" } else { "item" };
    let room = terminal::width();
    say!("{}", text(&prepared.experiment, input, item, room)?.trim_end());
    if arguments.fused {
        let model = prepared.experiment.build_model(&prepared.data);
        let model = model.map_err(|error| Failure::Failed(error.to_string()))?;
        say!("\n{}", fused(&model).render(room).trim_end());
    }
    Ok(())
}

/// What runs as one operation, in order.
fn fused(model: &Graph) -> Table {
    let mut table = Table::new(vec![Column::words("layers"), Column::words("runs as")]);
    for stage in model.fused() {
        let paths: Vec<_> =
            stage.nodes.iter().map(|&node| model.nodes()[node].path.to_string()).collect();
        table.push(vec![paths.join(" + "), stage.description]);
    }
    table
}

/// The table, the totals, the memory and the hints.
fn text(
    experiment: &Experiment,
    input: Shape,
    item: &str,
    room: Option<usize>,
) -> Result<String, Failure> {
    let summary = Summary::of(&experiment.layers, input)
        .map_err(|error| Failure::Failed(error.to_string()))?;
    let act = format!("act/{item}");
    let branches = summary.rows.iter().any(|row| !row.from.is_empty());
    let named = summary.rows.iter().any(|row| row.name.parse::<usize>().is_err());
    let name = if named { Column::words("name").whole() } else { Column::numbers("#") };
    let from = branches.then(|| Column::words("takes"));
    let mut table = Table::new(
        [name, Column::words("layer")]
            .into_iter()
            .chain(from)
            .chain([
                Column::words("output").whole().rank(5),
                Column::numbers("params").rank(4),
                Column::numbers("MACs").rank(2),
                Column::numbers(&act).rank(3),
                Column::words("sees").whole().rank(1),
            ])
            .collect(),
    );
    for (index, row) in summary.rows.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| &summary.rows[before]);
        let from = branches.then(|| takes(row, before));
        table.push(
            [row.name.clone(), row.description.clone()]
                .into_iter()
                .chain(from)
                .chain([
                    row.output.to_string(),
                    or_dash(row.cost.parameters > 0, thousands(row.cost.parameters as u64)),
                    or_dash(row.cost.macs > 0, short(row.cost.macs)),
                    bytes(row.activation_bytes),
                    row.receptive_field.map_or(String::new(), |field| field.to_string()),
                ])
                .collect(),
        );
    }
    let mut text = table.render(room);
    let totals = totals(experiment, &summary, item);
    let hints = summary.hints().into_iter().map(|hint| format!("hint: {hint}"));
    for line in totals.lines().map(str::to_owned).chain(hints) {
        text.push_str(&wrapped(&line, room));
        text.push('\n');
    }
    Ok(text)
}

/// Whose outputs a layer takes.
fn takes(row: &SummaryRow, before: Option<&SummaryRow>) -> String {
    match (row.from.is_empty(), before) {
        (false, _) => row.from.join(", "),
        (true, Some(before)) => before.name.clone(),
        (true, None) => INPUT.into(),
    }
}

fn or_dash(shown: bool, text: String) -> String {
    if shown { text } else { "–".into() }
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

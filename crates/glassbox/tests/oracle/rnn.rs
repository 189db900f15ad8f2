//! `nn.RNN`, `nn.GRU`, `nn.LSTM` and their cells. PyTorch's weights are `[gates · units, inputs]`,
//! its sequences `[time, batch, features]` unless `batch_first`, its states
//! `[layers · directions, batch, features]`.

use glassbox::{RecurrentCell, RecurrentInput, RecurrentOptions, RecurrentWeights, Tensor};

use crate::case::{Case, Computed};

pub fn compute(case: &Case) -> Computed {
    let op = case.op.trim_start_matches("nn.");
    let cell = match (op.trim_end_matches("Cell"), case.ctor("nonlinearity").as_str()) {
        ("LSTM", _) => RecurrentCell::Lstm,
        ("GRU", _) => RecurrentCell::Gru,
        ("RNN", Some("relu")) => RecurrentCell::RnnRelu,
        ("RNN", _) => RecurrentCell::RnnTanh,
        _ => return Err(format!("no {op}")),
    };
    if op.ends_with("Cell") { one_step(case, cell) } else { layers(case, cell) }
}

/// The weights under these names, in our layout.
struct Weights {
    input: Tensor,
    hidden: Tensor,
    input_bias: Option<Tensor>,
    hidden_bias: Option<Tensor>,
    projection: Option<Tensor>,
}

impl Weights {
    fn of(case: &Case, suffix: &str) -> Result<Self, String> {
        let name = |kind: &str| format!("param.{kind}{suffix}");
        Ok(Self {
            input: case.input(&name("weight_ih"))?.transpose(0, 1),
            hidden: case.input(&name("weight_hh"))?.transpose(0, 1),
            input_bias: case.tensor(&name("bias_ih")),
            hidden_bias: case.tensor(&name("bias_hh")),
            projection: case.tensor(&name("weight_hr")).map(|weight| weight.transpose(0, 1)),
        })
    }

    fn borrowed(&self) -> RecurrentWeights<'_> {
        RecurrentWeights {
            input: RecurrentInput::Weight(&self.input),
            hidden: &self.hidden,
            input_bias: self.input_bias.as_ref(),
            hidden_bias: self.hidden_bias.as_ref(),
            projection: self.projection.as_ref(),
        }
    }
}

/// A cell is a layer over one step.
fn one_step(case: &Case, cell: RecurrentCell) -> Computed {
    let input = case.input("in.0")?;
    let is_batch = input.rank() == 2;
    let batched = |x: Tensor| if is_batch { x } else { x.unsqueeze(0) };
    let hidden = case.tensor("in.1").map(batched);
    let state = case.tensor("in.2").map(batched);
    let options = RecurrentOptions {
        hidden: hidden.as_ref(),
        cell: state.as_ref(),
        differentiable_state: true,
        ..RecurrentOptions::default()
    };
    let weights = Weights::of(case, "")?;
    let steps = batched(input).unsqueeze(1);
    let output = steps.recurrent(cell, &weights.borrowed(), &options);
    let given = |x: Tensor| if is_batch { x } else { x.squeeze(0) };
    let outputs: Vec<_> = [Some(output.hidden), output.cell].into_iter().flatten().collect();
    case.outputs(&outputs.into_iter().map(given).collect::<Vec<_>>())
}

fn layers(case: &Case, cell: RecurrentCell) -> Computed {
    let flag = |name: &str| case.ctor(name).as_bool().unwrap_or(false);
    let directions = if flag("bidirectional") { 2 } else { 1 };
    let count = case.ctor("num_layers").as_u64().unwrap_or(1) as usize;
    let input = case.input("in.0")?;
    let feed = match case.json["feed"].as_str() {
        Some("packed") => "packed",
        _ if input.rank() == 2 => "unbatched",
        _ => "batch",
    };
    // Lengths are the last input.
    let last = (0..).take_while(|i| case.array(&format!("in.{i}")).is_some()).last().unwrap_or(0);
    let lengths = (feed == "packed").then(|| case.input(&format!("in.{last}"))).transpose()?;
    let states = if lengths.is_some() { last - 1 } else { last };
    let state = |index: usize| -> Result<Option<Tensor>, String> {
        if index > states {
            return Ok(None);
        }
        let state = case.input(&format!("in.{index}"))?;
        Ok(Some(if feed == "unbatched" { state.unsqueeze(1) } else { state }))
    };
    let (first_hidden, first_cell) = (state(1)?, state(2)?);
    let mut sequence = match (feed, flag("batch_first")) {
        ("unbatched", _) => input.unsqueeze(0),
        (_, true) => input,
        (_, false) => input.transpose(0, 1),
    };
    if let Some(lengths) = &lengths {
        // PyTorch's result ends with the longest item.
        let longest = lengths.as_i32().iter().max().map_or(0, |&length| length as usize);
        sequence = sequence.slice(1, 0..longest);
    }
    let (mut hiddens, mut cells) = (Vec::new(), Vec::new());
    for layer in 0..count {
        let mut outputs = Vec::new();
        for direction in 0..directions {
            let suffix = format!("_l{layer}{}", if direction == 1 { "_reverse" } else { "" });
            let weights = Weights::of(case, &suffix)?;
            let of = |states: &Option<Tensor>| {
                states.as_ref().map(|states| {
                    let index = layer * directions + direction;
                    states.slice(0, index..index + 1).squeeze(0)
                })
            };
            let (hidden, state) = (of(&first_hidden), of(&first_cell));
            let options = RecurrentOptions {
                reverse: direction == 1,
                lengths: lengths.as_ref(),
                hidden: hidden.as_ref(),
                cell: state.as_ref(),
                differentiable_state: true,
                recompute: false,
                prepared: None,
            };
            let output = sequence.recurrent(cell, &weights.borrowed(), &options);
            hiddens.push(output.hidden.unsqueeze(0));
            cells.extend(output.cell.map(|cell| cell.unsqueeze(0)));
            outputs.push(output.sequence);
        }
        sequence = Tensor::concat(&outputs, -1);
    }
    let sequence = match (feed, flag("batch_first")) {
        ("unbatched", _) => sequence.squeeze(0),
        (_, true) => sequence,
        (_, false) => sequence.transpose(0, 1),
    };
    let joined = |states: &[Tensor]| {
        let states = Tensor::concat(states, 0);
        if feed == "unbatched" { states.squeeze(1) } else { states }
    };
    let mut outputs = vec![sequence, joined(&hiddens)];
    if !cells.is_empty() {
        outputs.push(joined(&cells));
    }
    case.outputs(&outputs)
}

//! Right answers: inputs for which other tools, or earlier versions, gave a wrong number or a wrong
//! model without a word. One file per kind; the inputs are beside it in `cases/`.

#[path = "../common/mod.rs"]
mod common;

mod columns;
mod damaged_images;
mod impossible_settings;
mod learned_data;
mod learned_nothing;
mod metrics;
mod narrow;
mod new_data;
mod next_token;
mod padding;
mod predict_inputs;
mod prompts;
mod refused_changes;
mod resumed;
mod run_lists;
mod runs;
mod scores;
mod streams;
mod time_order;
mod unlike;
mod what_was_trained;

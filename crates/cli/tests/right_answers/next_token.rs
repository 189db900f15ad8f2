//! A language model must not see the token that it is to predict.

use crate::common::Place;

/// Random letters: no model can predict the next one better than ln 8 = 2.08.
fn letters(layers: &str) -> Place {
    let place = Place::new();
    let mut state = 7u32;
    let text: String = (0..900)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(b'a' + (state >> 24) as u8 % 8)
        })
        .collect();
    place.write("t.txt", &text);
    place.write(
        "r.toml",
        &format!(
            "[data]\nkind = \"text\"\npath = \"t.txt\"\nseq_len = 16\n[model]\nlayers = [\n\
             {{ type = \"embedding\", dim = 8 }},\n{layers}\n\
             {{ type = \"dense\", units = \"vocab\" }}]\n[train]\nepochs = 2\n"
        ),
    );
    place
}

#[test]
fn a_bidirectional_language_model_is_refused() {
    for (layers, place_of_it, word) in [
        (
            "{ type = \"lstm\", units = 8, bidirectional = true },",
            "layer 1 (lstm)",
            "bidirectional",
        ),
        (
            "{ type = \"gru\", units = 8 }, { type = \"rnn\", units = 8, bidirectional = true },",
            "layer 2 (rnn)",
            "bidirectional",
        ),
        (
            "{ type = \"residual\", layers = [{ type = \"gru\", units = 4, bidirectional = true }] },",
            "layer 1.layers.0 (gru)",
            "bidirectional",
        ),
        ("{ type = \"softmax\", axis = 0 },", "layer 1 (softmax)", "all steps"),
        ("{ type = \"global_avg_pool\" },", "layer 1 (global_avg_pool)", "mean over all steps"),
        ("{ type = \"flatten\" },", "layer 1 (flatten)", "all steps"),
    ] {
        for command in ["check r.toml", "train r.toml"] {
            let ended = letters(layers).run(command);
            assert_ne!(ended.status, 0, "{layers}: {}", ended.out);
            for part in ["GB0140", place_of_it, word, "token t + 1"] {
                assert!(ended.err.contains(part), "{layers}: no {part:?} in {}", ended.err);
            }
        }
    }
}

#[test]
fn what_runs_forward_is_fine_and_stays_at_chance() {
    let place = letters("{ type = \"lstm\", units = 8 }, { type = \"softmax\" },");
    assert!(place.run("check r.toml").ok().contains("is fine"));
    place.run("train r.toml").ok();
    let scores: serde_json::Value =
        serde_json::from_str(&place.run("eval last --json").ok()).unwrap();
    // ln 8 = 2.079 is the best that there is, but for luck.
    assert!(scores["loss"].as_f64().unwrap() > 1.9, "{scores}");
}

#[test]
fn both_directions_are_right_where_the_answer_is_not_in_the_input() {
    let place = Place::new();
    place.write(
        "copy.toml",
        "[data]\nkind = \"synthetic\"\npattern = \"copy\"\nsamples = 40\nlength = 10\n[model]\n\
         layers = [{ type = \"embedding\", dim = 4 }, \
         { type = \"gru\", units = 4, bidirectional = true }, \
         { type = \"dense\", units = \"vocab\" }]\n",
    );
    assert!(place.run("check copy.toml").ok().contains("is fine"));
    let lines: String = (0..40).map(|i| format!("t{},{}\n", "x".repeat(i % 7), i % 2)).collect();
    place.write("lines.csv", &format!("text,class\n{lines}"));
    place.write(
        "lines.toml",
        "[data]\nkind = \"lines\"\npath = \"lines.csv\"\n[model]\n\
         layers = [{ type = \"embedding\", dim = 4 }, \
         { type = \"gru\", units = 4, bidirectional = true, return = \"last\" }, \
         { type = \"dense\", units = \"classes\" }]\n",
    );
    assert!(place.run("check lines.toml").ok().contains("is fine"));
}

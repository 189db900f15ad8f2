//! Padding is not data: what follows a shorter text is no token.

use crate::common::Place;

/// Texts of parentheses, odd and even in number: the first token, and the most frequent one, is
/// `(`.
fn place(layers: &str) -> Place {
    let place = Place::new();
    let line = |n: usize| format!("{},{}\n", "(".repeat(n), ["even", "odd"][n % 2]);
    let lines: String = (0..160).map(|i| line(1 + i % 8)).collect();
    let others: String = (0..20).map(|_| "a),even\n").collect();
    place.write("t.csv", &format!("text,class\n{lines}{others}"));
    place.write("p.csv", "text\n(\n((\n(((\n((((\n");
    place.write(
        "r.toml",
        &format!(
            "[run]\nname = \"r\"\n[data]\nkind = \"lines\"\npath = \"t.csv\"\n[model]\nlayers = [\n\
             {{ type = \"embedding\", dim = 8 }},\n{layers}\n\
             {{ type = \"dense\", units = 32 }}, {{ type = \"relu\" }},\n\
             {{ type = \"dense\", units = \"classes\" }}]\n[train]\nepochs = 15\nbatch_size = 16\n\
             optimizer = {{ type = \"adam\", lr = 1e-2 }}\n"
        ),
    );
    place
}

/// What `r` says of each row of a file.
fn predicted(place: &Place, file: &str) -> Vec<(String, f64)> {
    let rows = place.json(&format!("predict r {file} --json")).into_iter();
    rows.map(|row| {
        let odd = row["probabilities"]["odd"].as_f64().unwrap();
        (row["class"].as_str().unwrap().to_owned(), odd)
    })
    .collect()
}

#[test]
fn texts_of_different_lengths_differ() {
    let place = place("{ type = \"flatten\" },");
    place.run("train r.toml").ok();
    let rows = predicted(&place, "p.csv");
    let classes: Vec<_> = rows.iter().map(|row| row.0.as_str()).collect();
    assert_eq!(classes, ["odd", "even", "odd", "even"], "{rows:?}");
}

/// The mean of equal vectors is that vector, however many there are.
#[test]
fn an_average_counts_real_steps_alone() {
    let place = place("{ type = \"global_avg_pool\" },");
    place.run("train r.toml").ok();
    let rows = predicted(&place, "p.csv");
    for row in &rows {
        assert!((row.1 - rows[0].1).abs() < 1e-6, "{rows:?}");
    }
    // Alone in its file or beside a long text: the same.
    place.write("one.csv", "text\na(\n");
    place.write("two.csv", "text\na(\n((((((((\n");
    let (one, two) = (predicted(&place, "one.csv"), predicted(&place, "two.csv"));
    assert_eq!(one[0], two[0]);
    assert_ne!(one[0].1, two[1].1);
}

#[test]
fn what_cannot_work_is_told_before_it_panics() {
    let few = place("{ type = \"global_avg_pool\" },");
    let ended = few.run("check r.toml --set model.layers.0.size=2");
    assert!(ended.status != 0 && ended.err.contains("GB0141"), "{}", ended.err);
    assert!(ended.err.contains("a `size` of at least 3, found 2"), "{}", ended.err);
    // One text of one token is one value for each channel.
    let single = place("{ type = \"batch_norm\" }, { type = \"global_avg_pool\" },");
    let ended = single.run("check r.toml --set train.batch_size=1");
    assert!(ended.status != 0 && ended.err.contains("GB0208"), "{}", ended.err);
    assert!(ended.err.contains("texts of one token"), "{}", ended.err);
    assert!(single.run("check r.toml").ok().contains("is fine"));
}

/// Weights that 796fc4b wrote counted what follows a text as its first token.
#[test]
fn models_that_learned_padding_are_refused() {
    let place = place("{ type = \"global_avg_pool\" },");
    place.run("train r.toml --set train.epochs=1").ok();
    let file =
        place.path().join("runs").join(place.run_name()).join("checkpoints/best.safetensors");
    let mut bytes = std::fs::read(&file).unwrap();
    // The same length without the key: spaces are nothing to JSON.
    let key = br#",\\\"padding\\\":3"#;
    let at = bytes.windows(key.len()).position(|part| part == key).expect("the padding's number");
    bytes[at..at + key.len()].fill(b' ');
    std::fs::write(&file, bytes).unwrap();
    let ended = place.run("predict r p.csv");
    assert_eq!(ended.status, 1, "{}", ended.out);
    for part in ["GB0142", "layer 1 (global_avg_pool)", "train it again"] {
        assert!(ended.err.contains(part), "{}", ended.err);
    }
}

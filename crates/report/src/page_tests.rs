use super::*;

#[test]
fn a_page_shows_what_the_run_kept() {
    let runs = tempfile::tempdir().unwrap();
    let folder = RunFolder::create(runs.path(), "demo").unwrap();
    let write = |path: std::path::PathBuf, text: &str| {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(folder.recipe(), "[run]\nname = \"<demo>\"\n");
    write(folder.resolved(), "[run]\nname = \"<demo>\"\nseed = 7\n");
    write(
        folder.metrics(),
        "{\"event\":\"step\",\"step\":1,\"epoch\":1,\"loss\":2.0,\"learning_rate\":0.1,\
         \"gradient_norm\":3.0}\n\
         {\"event\":\"epoch\",\"epoch\":1,\"step\":1,\"train\":{\"loss\":2.0,\"accuracy\":0.5},\
         \"valid\":{\"loss\":1.5,\"accuracy\":0.6},\"learning_rate\":0.1,\"best\":true,\
         \"duration\":1.0}\n{\"event\":\"step\",\"st",
    );
    write(
        folder.lags(),
        "{\"epoch\":0,\"layers\":[{\"layer\":\"layer 0 (rnn)\",\"norms\":[1.0,0.5,1e-6]}]}\n",
    );
    write(folder.sample(0), "xq<b>z\n");
    write(folder.sample(10), "to be\n");
    write(folder.sample(2), "too bee\n");
    let page = Page::read(&folder, RunRecord { name: "demo".into(), ..Default::default() });
    let page = page.unwrap();
    let epochs: Vec<_> = page.samples().iter().map(|sample| sample.epoch).collect();
    assert_eq!(epochs, [0, 2, 10]);
    let html = page.html().unwrap();
    for part in [
        "<title>demo · Glassbox",
        "accuracy",
        "learning rate",
        "gradient norm before clipping",
        "How far back the error reaches",
        "1.0e-6 of it arrives 2 steps back",
        "up to 1 step back",
        "xq&lt;b&gt;z",
        "after epoch 10",
        "name = &quot;&lt;demo&gt;&quot;",
    ] {
        assert!(html.contains(part), "{part}");
    }
    assert!(!html.contains("http://") || html.contains("http://www.w3.org/2000/svg"));
    assert!(!html.contains("<script") && !html.contains("src="), "nothing from elsewhere");
}

#[test]
fn a_run_that_has_just_begun_has_a_page() {
    let runs = tempfile::tempdir().unwrap();
    let folder = RunFolder::create(runs.path(), "demo").unwrap();
    let html = Page::read(&folder, RunRecord::default()).unwrap().html().unwrap();
    assert!(html.contains("No step was made yet"));
}

#[test]
fn a_failed_run_shows_how_far_it_came() {
    let runs = tempfile::tempdir().unwrap();
    let folder = RunFolder::create(runs.path(), "demo").unwrap();
    let step = |step: u64, loss: &str| {
        format!(
            "{{\"event\":\"step\",\"step\":{step},\"epoch\":1,\"loss\":{loss},\"learning_rate\":30.0}}\n"
        )
    };
    let epoch = |epoch: usize, loss: &str, best: bool| {
        format!(
            "{{\"event\":\"epoch\",\"epoch\":{epoch},\"step\":{},\"train\":{{\"loss\":{loss}}},\"valid\":\
             {{\"loss\":{loss}}},\"learning_rate\":30.0,\"best\":{best},\"duration\":1.0}}\n",
            2 * epoch
        )
    };
    let log = [
        step(1, "0.5"),
        step(2, "0.1"),
        epoch(1, "0.02", true),
        step(3, "1e20"),
        step(4, "3e36"),
        epoch(2, "2e36", false),
        step(5, "null"),
    ];
    std::fs::write(folder.metrics(), log.concat()).unwrap();
    // What was written to run.json last is older than the log.
    let record = RunRecord {
        name: "demo".into(),
        status: Status::Failed,
        epochs: 100,
        error: Some("GB0402 × loss became <infinite>".into()),
        ..Default::default()
    };
    let html = Page::read(&folder, record).unwrap().html().unwrap();
    for part in [
        "GB0402 × loss became &lt;infinite&gt;",
        "It reached epoch 2 of 100 and step 5.",
        "<td>2 of 100</td>",
        "best: epoch 1",
        "values are NaN",
        // A logarithmic axis: powers of ten, each once.
        "\n1e20\n",
    ] {
        assert!(html.contains(part), "{part} in {html}");
    }
}

#[test]
fn the_recipe_is_the_one_that_was_trained() {
    let runs = tempfile::tempdir().unwrap();
    let folder = RunFolder::create(runs.path(), "demo").unwrap();
    std::fs::write(folder.recipe(), "[train]\noptimizer = { lr = 1e-3 }\n").unwrap();
    std::fs::write(folder.resolved(), "[train]\noptimizer = { lr = 10.0 }\n").unwrap();
    let overrides = Some(vec!["train.optimizer.lr=10".to_owned()]);
    let record = RunRecord { overrides, ..Default::default() };
    let html = Page::read(&folder, record).unwrap().html().unwrap();
    assert!(html.contains("<mark>optimizer = { lr = 10.0 }</mark>"), "{html}");
    assert!(html.contains("<td>train.optimizer.lr</td><td>0.001</td>"), "{html}");
}

#[test]
fn marks_and_baselines_stand_in_the_plots() {
    let runs = tempfile::tempdir().unwrap();
    let folder = RunFolder::create(runs.path(), "demo").unwrap();
    let log = "{\"event\":\"step\",\"step\":1,\"loss\":2.0,\"learning_rate\":0.1}\n\
        {\"event\":\"epoch\",\"epoch\":1,\"step\":1,\"train\":{\"loss\":2.0},\"valid\":{\"loss\":1.5},\
        \"learning_rate\":0.1,\"best\":true,\"duration\":1.0}\n";
    std::fs::write(folder.metrics(), log).unwrap();
    let record = RunRecord {
        status: Status::Finished,
        stopped: Some(StopReason::NoImprovement("no gain".into())),
        baseline: Some([("baseline_constant_loss", 2.2913)].into_iter().collect()),
        verdict: Some("loss 2.4 is no better".into()),
        ..Default::default()
    };
    let html = Page::read(&folder, record).unwrap().html().unwrap();
    for part in [
        "stopped early",
        "best: epoch 1",
        "train, best constant answer",
        "Nothing learned",
        "2.2913",
    ] {
        assert!(html.contains(part), "{part} in {html}");
    }
}

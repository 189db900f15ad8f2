use std::sync::{Arc, Mutex};

use glassbox_tensor::{Rng, Tensor};

use super::*;
use crate::layers::{
    AddConfig, BatchNormConfig, ConcatConfig, Conv2dConfig, DenseConfig, MulConfig, PaddingConfig,
    ReluConfig, ResidualConfig, TanhConfig,
};
use crate::{Loss, Param, Probe, Side, Site, Slot, Wanted, parameter_count, state, walk};

#[test]
fn widths_follow_and_names_count() {
    let model = Sequential::input([4]).dense(3).batch_norm().relu().dense(2).build(7).unwrap();
    let names: Vec<_> = state(&model).into_keys().collect();
    assert_eq!(
        names,
        [
            "0.bias",
            "0.weight",
            "1.bias",
            "1.num_batches_tracked",
            "1.running_mean",
            "1.running_var",
            "1.weight",
            "3.bias",
            "3.weight",
        ]
    );
    assert_eq!(parameter_count(&model), 15 + 6 + 8);
}

#[test]
fn fusing_activations_changes_nothing() {
    let builder = || Sequential::input([4, 4, 2]).relu().conv2d(3, 3).tanh().sigmoid();
    let model = builder().batch_norm().elu(1.0).flatten().dense(3).leaky_relu(0.1).build(7);
    let model = model.unwrap();
    let mut rng = Rng::new(1);
    let input = Tensor::build([5, 4, 4, 2], |out| out.fill_with(|| rng.normal()));
    let mut value = input.clone();
    let mut cx = Cx::eval();
    for index in 0..model.nodes().len() {
        value = model.module(index).unwrap().forward(&value, &mut cx);
    }
    let fused = model.forward(&input, &mut cx);
    for (fused, plain) in fused.as_slice().iter().zip(value.as_slice()) {
        assert!((fused - plain).abs() < 1e-6, "{fused} {plain}");
    }
}

#[test]
fn errors_name_the_layer() {
    let error = Sequential::input([28, 28, 1]).conv2d(8, 3).relu().dense(10).build(7);
    let error = error.err().unwrap();
    assert_eq!((error.code, error.path.to_string().as_str()), ("GB0202", "2"));
    assert!(error.to_string().contains("layer 2 (dense)"), "{error}");
    assert_eq!(Sequential::input([0, 3]).build(7).err().unwrap().code, "GB0201");
}

#[test]
fn batches_too_small_for_batch_norm_are_known_beforehand() {
    let model = Sequential::input([4, 4, 1]).batch_norm().flatten().batch_norm().build(7);
    let model = model.unwrap();
    assert!(model.check_batch(2).is_ok());
    let error = model.check_batch(1).unwrap_err();
    assert_eq!((error.code, error.path.to_string().as_str()), ("GB0208", "2"));
}

#[test]
fn modules_of_ones_own_join() {
    let own = Sequential::input([3]).dense(5).build(1).unwrap();
    let model = Sequential::input([4]).dense(3).build(7).unwrap().with_module(own, [5]);
    let output = model.forward(&Tensor::zeros([2, 4]), &mut Cx::eval());
    assert_eq!((output.dims(), model.output_shape().dims()), (&[2, 5][..], &[5][..]));
    assert!(state(&model).contains_key("1.0.weight"));
}

fn image_model() -> Graph {
    Sequential::input([8, 8, 3]).conv2d(4, 3).global_avg_pool().dense(2).build(7).unwrap()
}

#[test]
#[should_panic(expected = "takes batches of shape batch×8×8×3, got one of shape 1×7×8×3")]
fn images_of_another_size_are_refused() {
    let _ = image_model().forward(&Tensor::zeros([1, 7, 8, 3]), &mut Cx::eval());
}

#[test]
#[should_panic(expected = "got one of shape 8×8×3: the batch axis is missing")]
fn a_missing_batch_axis_is_named() {
    let _ = image_model().forward(&Tensor::zeros([8, 8, 3]), &mut Cx::eval());
}

#[test]
fn sequences_may_have_another_length() {
    let model = Sequential::input([6, 3]).gru(4).build(7).unwrap();
    assert_eq!(model.forward(&Tensor::zeros([2, 9, 3]), &mut Cx::eval()).dims(), [2, 9, 4]);
    assert_eq!(model.expected_input([9, 2].into()).unwrap().dims(), [6, 3]);
    assert_eq!(model.expected_input([3].into()).unwrap().dims(), [6, 3]);
}

#[test]
fn the_same_seed_gives_the_same_weights() {
    let layers = [DenseConfig::new(3).into(), BatchNormConfig::default().into()];
    let weights = |seed| {
        let model = Graph::build(&layers, [4], &mut Rng::new(seed)).unwrap();
        state(&model)["0.weight"].to_vec()
    };
    assert_eq!(weights(7), weights(7));
    assert_ne!(weights(7), weights(8));
}
fn dense(units: usize) -> NodeConfig {
    DenseConfig::new(units).into()
}

fn build(layers: &[NodeConfig], input: &[usize]) -> Result<Graph, BuildError> {
    Graph::build(layers, input, &mut Rng::new(7))
}

#[test]
fn branches_meet_and_weights_have_their_names() {
    let layers = [
        dense(3).named("left"),
        dense(3).named("right").after("input"),
        NodeConfig::new(MulConfig {}).joining(None, ["left", "right"]),
        NodeConfig::new(TanhConfig {}),
        dense(2).named("head").joining(Join::Concat, ["3", "left", "input"]),
    ];
    let model = build(&layers, &[4]).unwrap();
    let state = state(&model);
    let names: Vec<_> = state.keys().map(String::as_str).collect();
    let expected =
        ["head.bias", "head.weight", "left.bias", "left.weight", "right.bias", "right.weight"];
    assert_eq!(names, expected);
    let mut rng = Rng::new(1);
    let x = Tensor::build([5, 4], |out| rng.fill_normal(out));
    let of = |name: &str, x: &Tensor| {
        let (weight, bias) = (&state[&format!("{name}.weight")], &state[&format!("{name}.bias")]);
        x.matmul(weight).add(bias)
    };
    let (left, right) = (of("left", &x), of("right", &x));
    let expected = of("head", &Tensor::concat(&[left.mul(&right).tanh(), left, x.clone()], -1));
    let output = model.forward(&x, &mut Cx::eval());
    let pairs = output.as_slice().iter().zip(expected.as_slice());
    assert!(pairs.clone().all(|(a, b)| (a - b).abs() < 1e-5), "{output:?} {expected:?}");
}

#[test]
fn any_order_of_the_list_is_the_same_graph() {
    let ordered = [dense(3).named("a"), dense(3).named("b"), dense(2).named("c")];
    let mixed = [
        dense(3).named("b").after("a"),
        dense(3).named("a").after("input"),
        dense(2).named("c").after("b"),
    ];
    let of = |layers: &[NodeConfig]| {
        let state = state(&build(layers, &[4]).unwrap());
        state.into_iter().map(|(name, value)| (name, value.to_vec())).collect::<Vec<_>>()
    };
    assert_eq!(of(&ordered), of(&mixed));
}

#[test]
fn what_makes_no_graph_names_the_node() {
    let add = |from: [&str; 2]| NodeConfig::new(AddConfig {}).joining(None, from);
    for (layers, code, path, found) in [
        (vec![dense(3).after("stem")], "GB0209", "0", "\"stem\""),
        (vec![dense(3).named("a"), dense(3).named("a")], "GB0209", "a", "\"a\""),
        (vec![dense(3).named("3")], "GB0209", "3", "\"3\""),
        (vec![dense(3).named("a.b")], "GB0209", "a.b", "\"a.b\""),
        (vec![dense(3).named("a"), dense(2).after("input")], "GB0211", "a", "none"),
        (vec![dense(3).named("a").after("b"), dense(3).named("b")], "GB0210", "a", "a ← b ← a"),
        (vec![dense(3).after("0")], "GB0210", "0", "0 ← 0"),
        (vec![dense(3), add(["0", "input"]).named("sum")], "GB0207", "sum", "3 and 4"),
        (vec![add(["input", "input"]).named("x").after("input")], "GB0204", "x", "1"),
        (
            vec![dense(4), dense(3).joining(None, ["0", "input"]).named("y")],
            "GB0204",
            "y",
            "2 inputs",
        ),
        (vec![NodeConfig { join: Some(Join::Add), ..dense(3) }], "GB0204", "0", "0"),
        (
            vec![dense(4), NodeConfig { join: Some(Join::Add), ..add(["0", "input"]) }],
            "GB0204",
            "1",
            "\"add\"",
        ),
    ] {
        let error = build(&layers, &[4]).err().unwrap_or_else(|| panic!("{layers:?}"));
        assert_eq!((error.code, error.path.to_string().as_str()), (code, path), "{error}");
        assert!(error.found.contains(found), "{error}");
    }
    let inner = ResidualConfig::new([dense(4), dense(4).after("nobody")]);
    let error = build(&[inner.into()], &[4]).err().unwrap();
    assert_eq!((error.code, error.path.to_string().as_str()), ("GB0209", "0.layers.1"));
}

fn conv() -> NodeConfig {
    Conv2dConfig { padding: PaddingConfig::Same, ..Conv2dConfig::new(3, 3) }.into()
}

/// Models with every way in which nodes run as one.
fn fused_models() -> Vec<(Graph, Tensor, &'static [&'static str])> {
    let mut rng = Rng::new(3);
    let image = Tensor::build([4, 5, 5, 3], |out| rng.fill_normal(out));
    let list = Tensor::build([4, 5], |out| rng.fill_normal(out));
    let tokens = Tensor::from_i32(&[0, 1, 2, 3, 2, 1, 0, 3], [2, 4]);
    let norm = || NodeConfig::new(BatchNormConfig::default());
    let block = ResidualConfig::new([conv(), norm()]);
    let images = [
        conv(),
        ReluConfig {}.into(),
        block.into(),
        ReluConfig {}.into(),
        norm(),
        TanhConfig {}.into(),
        NodeConfig::new(AddConfig {}).joining(None, ["5", "3"]),
        ReluConfig {}.into(),
    ];
    let lists = Sequential::input([5]).dense(6).tanh().dense(3).sigmoid().build(7).unwrap();
    let texts = Sequential::input([4]).embedding(4, 3).gru(4).lstm(3).build(7).unwrap();
    vec![
        (
            build(&images, &[5, 5, 3]).unwrap(),
            image,
            &[
                "conv2d + relu",
                "conv2d",
                "batch_norm + add + relu",
                "batch_norm + tanh",
                "add + relu",
            ],
        ),
        (lists, list, &["dense + tanh", "dense + sigmoid"]),
        (texts, tokens, &["embedding + gru", "lstm"]),
    ]
}

#[test]
fn what_runs_as_one_is_told() {
    for (model, _, expected) in fused_models() {
        let fused: Vec<_> = model.fused().into_iter().map(|stage| stage.description).collect();
        assert_eq!(fused, expected);
    }
}

/// Looks at everything, and counts.
struct All {
    wanted: Wanted,
    seen: Mutex<Vec<(String, Side, bool)>>,
}

impl Probe for All {
    fn wants(&self, _site: &Site<'_>) -> Wanted {
        self.wanted
    }

    fn values(&self, site: &Site<'_>, _values: &Tensor) {
        self.seen.lock().unwrap().push((site.path.to_string(), site.side, false));
    }

    fn gradient(&self, site: &Site<'_>, _gradient: &Tensor) {
        self.seen.lock().unwrap().push((site.path.to_string(), site.side, true));
    }
}

/// Output and gradients of a training step, bit by bit.
fn step(model: &Graph, input: &Tensor, probe: Option<Arc<dyn Probe>>) -> Vec<u32> {
    let mut cx = Cx::train(7, 0);
    if let Some(probe) = probe {
        cx = cx.with_probe(probe);
    }
    let output = model.forward(input, &mut cx);
    let gradients = output.square().sum(..).backward();
    cx.discard();
    let mut all = output.to_vec();
    walk(model, |_, slot| {
        let Slot::Param(param) = slot else { return };
        all.extend(Param::gradient(param, &gradients).unwrap().to_vec());
    });
    all.into_iter().map(f32::to_bits).collect()
}

#[test]
fn probes_see_every_layer_and_change_no_bit() {
    for (model, input, _) in fused_models() {
        // Gradients between an embedding and a recurrent layer are not seen in training.
        let rows = model.fused()[0].description.starts_with("embedding");
        let plain = step(&model, &input, None);
        for wanted in [Wanted::NOTHING, Wanted::VALUES, Wanted::GRADIENT, Wanted::BOTH] {
            let probe = Arc::new(All { wanted, seen: Mutex::default() });
            let probed = step(&model, &input, Some(probe.clone()));
            assert!(probed == plain, "{wanted:?}");
            let seen = probe.seen.lock().unwrap();
            for node in model.nodes() {
                let path = node.path.to_string();
                let saw = |gradient| seen.contains(&(path.clone(), Side::Output, gradient));
                let gradient = wanted.gradient && !(rows && path == "0");
                assert_eq!((saw(false), saw(true)), (wanted.values, gradient), "{path}");
            }
        }
    }
}

#[test]
fn a_value_is_dropped_when_nobody_needs_it() {
    let model = Sequential::input([4]).dense(4).relu().dense(4).dense(4).build(7).unwrap();
    assert_eq!(model.plan.slots, 1);
    let layers =
        [dense(4), dense(4), dense(4), NodeConfig::new(ConcatConfig {}).joining(None, ["0", "2"])];
    assert_eq!(build(&layers, &[4]).unwrap().plan.slots, 2);
}

#[test]
fn a_module_of_ones_own_needs_its_forward_alone() {
    #[derive(crate::Parameters)]
    struct Scale {
        factor: Param,
    }

    impl Module for Scale {
        fn forward(&self, input: &Tensor, cx: &mut Cx) -> Tensor {
            input.mul(&self.factor.on(cx))
        }
    }

    let own = Scale { factor: Param::new(Tensor::full([3], 2.0)) };
    let model = build(&[dense(3)], &[4]).unwrap().with_module(own, [3]);
    let mut names: Vec<_> = state(&model).into_keys().collect();
    names.sort();
    assert_eq!(names, ["0.bias", "0.weight", "1.factor"]);
    assert_eq!(model.nodes()[1].operation.type_name(), "Scale");
    let probe = Arc::new(All { wanted: Wanted::VALUES, seen: Mutex::default() });
    let loss = Loss::default();
    let mut cx = Cx::train(7, 0).with_probe(probe.clone());
    let output = model.forward(&Tensor::ones([2, 4]), &mut cx);
    let gradients = loss.compute(&output, &Tensor::from_i32(&[0, 1], [2])).backward();
    assert!(gradients.len() >= 3, "{}", gradients.len());
    assert!(probe.seen.lock().unwrap().contains(&("1".into(), Side::Output, false)));
}

#[test]
fn gradients_between_fused_layers_are_those_of_the_loss() {
    struct Between(Mutex<Vec<f32>>);

    impl Probe for Between {
        fn wants(&self, site: &Site<'_>) -> Wanted {
            let between = site.path.to_string() == "0" && site.side == Side::Output;
            if between { Wanted::GRADIENT } else { Wanted::NOTHING }
        }

        fn gradient(&self, _site: &Site<'_>, gradient: &Tensor) {
            self.0.lock().unwrap().extend(gradient.to_vec());
        }
    }

    let model = Sequential::input([3]).dense(4).tanh().build(7).unwrap();
    let probe = Arc::new(Between(Mutex::default()));
    let input = Tensor::from_slice(&[0.5, -1.0, 2.0, 1.0, 0.0, -0.5], [2, 3]);
    let mut cx = Cx::train(0, 0).with_probe(probe.clone());
    let output = model.forward(&input, &mut cx);
    let _ = output.square().sum(..).backward();
    let expected = output.to_vec().into_iter().map(|y| 2.0 * y * (1.0 - y * y));
    let seen = probe.0.lock().unwrap();
    assert!(seen.len() == 8 && seen.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6));
}

use crate::layers::{GruConfig, Layer, LstmConfig, Return, RnnConfig};
use crate::{Cx, Module, RecurrentState, Sequential, Slot, state, walk};
use glassbox_tensor::{Rng, Tensor};

fn noise(shape: [usize; 3]) -> Tensor {
    let mut rng = Rng::new(5);
    Tensor::build(shape, |out| out.fill_with(|| rng.normal()))
}

#[test]
fn weights_are_named_by_direction_and_layer() {
    let config = LstmConfig { layers: 2, bidirectional: true, ..LstmConfig::new(4) };
    let model = Sequential::input([5, 3]).layer(config).build(7).unwrap();
    let names: Vec<_> = state(&model).into_keys().collect();
    assert_eq!(names.len(), 16);
    for name in ["0.forward.0.weight_ih", "0.forward.1.bias_hh", "0.reverse.1.weight_hh"] {
        assert!(names.contains(&name.to_owned()), "{names:?}");
    }
    let weights = state(&model);
    assert_eq!(weights["0.forward.1.weight_ih"].dims(), [8, 16]);
    let bias = weights["0.forward.0.bias_ih"].to_vec();
    assert_eq!(bias[..8], [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
}

#[test]
fn the_last_state_is_the_end_of_each_direction() {
    let whole = GruConfig { bidirectional: true, ..GruConfig::new(4) };
    let last = GruConfig { returns: Return::Last, ..whole.clone() };
    let build = |config: GruConfig| Sequential::input([5, 3]).layer(config).build(7).unwrap();
    let input = noise([2, 5, 3]);
    let sequence = build(whole).forward(&input, &mut Cx::eval()).to_vec();
    let ends = build(last).forward(&input, &mut Cx::eval()).to_vec();
    for item in 0..2 {
        let at = |time: usize| &sequence[(item * 5 + time) * 8..][..8];
        assert_eq!(ends[item * 8..][..4], at(4)[..4]);
        assert_eq!(ends[item * 8 + 4..][..4], at(0)[4..]);
    }
}

#[test]
fn an_embeddings_rows_are_multiplied_once() {
    let mut rng = Rng::new(5);
    let tokens: Vec<_> = (0..36).map(|_| (6.0 * rng.uniform()) as i32).collect();
    let tokens = Tensor::from_i32(&tokens, [4, 9]);
    for layer in [
        Layer::from(LstmConfig { layers: 2, ..LstmConfig::new(4) }),
        GruConfig { returns: Return::Last, ..GruConfig::new(4) }.into(),
        RnnConfig::new(4).into(),
    ] {
        let model = Sequential::input([9]).embedding(6, 3).layer(layer).tanh().build(7).unwrap();
        let together = model.forward(&tokens, &mut Cx::train(0, 0));
        let (mut apart, mut cx) = (tokens.clone(), Cx::train(0, 0));
        for index in 0..model.nodes().len() {
            apart = model.module(index).unwrap().forward(&apart, &mut cx);
        }
        let gradients = [&together, &apart].map(|output| (output * output).sum(..).backward());
        let close = |a: &Tensor, b: &Tensor| {
            let mut pairs = a.as_slice().iter().zip(b.as_slice());
            assert!(pairs.all(|(a, b)| (a - b).abs() < 1e-5 * (1.0 + a.abs())), "{a:?} {b:?}");
        };
        close(&together, &apart);
        walk(&model, |_, slot| {
            let Slot::Param(param) = slot else { return };
            let [a, b] = gradients.each_ref().map(|all| param.gradient(all).unwrap());
            close(a, b);
        });
    }
}

#[test]
fn windows_with_a_state_are_the_whole() {
    for config in
        [Layer::from(LstmConfig { layers: 2, ..LstmConfig::new(4) }), RnnConfig::new(4).into()]
    {
        let model = Sequential::input([6, 3]).layer(config).dense(2).build(7).unwrap();
        let input = noise([2, 6, 3]);
        let whole = model.forward(&input, &mut Cx::eval());
        let (mut memory, mut cx) = (RecurrentState::default(), Cx::eval());
        for step in 0..6 {
            let window = input.slice(1, step..step + 1);
            let got = model.forward_with_state(&window, &mut memory, &mut cx).to_vec();
            let want = whole.slice(1, step..step + 1).to_vec();
            assert!(got.iter().zip(&want).all(|(a, b)| (a - b).abs() < 1e-6), "step {step}");
        }
        assert_eq!(memory.batch(), Some(2));
        assert_eq!(memory.select(&[1, 1, 0]).batch(), Some(3));
        memory.reset();
        assert!(memory.is_start());
    }
}

#[test]
#[should_panic(expected = "layer 0 (gru) continues 2 sequences, got a batch of 3")]
fn a_state_fits_its_batch() {
    let model = Sequential::input([6, 3]).gru(4).build(7).unwrap();
    let (mut memory, mut cx) = (RecurrentState::default(), Cx::eval());
    let _ = model.forward_with_state(&noise([2, 6, 3]), &mut memory, &mut cx);
    let _ = model.forward_with_state(&noise([3, 6, 3]), &mut memory, &mut cx);
}

#[test]
fn an_identity_keeps_what_it_is_given() {
    let config: Layer = serde_json::from_str(
        r#"{"type":"rnn","units":3,"activation":"relu","init":"identity",
            "recurrent_init":"identity"}"#,
    )
    .unwrap();
    let model = Sequential::input([4, 3]).layer(config).build(7).unwrap();
    let output = model.forward(&Tensor::ones([1, 4, 3]), &mut Cx::eval());
    assert_eq!(output.to_vec()[9..], [4.0; 3]);
}

#[test]
fn lengths_come_with_the_context() {
    let config = LstmConfig { returns: Return::Last, ..LstmConfig::new(4) };
    let model = Sequential::input([5, 3]).layer(config).build(7).unwrap();
    let input = noise([2, 5, 3]);
    let lengths = Tensor::from_i32(&[5, 2], [2]);
    let mut cx = Cx::eval();
    let ends = cx.with_lengths(&lengths, |cx| model.forward(&input, cx));
    let short = input.slice(0, 1..2).slice(1, 0..2);
    assert_eq!(ends.to_vec()[4..], model.forward(&short, &mut cx).to_vec());
    assert!(cx.lengths().is_none());
}

#[test]
fn dropout_stands_between_layers() {
    let config = RnnConfig { layers: 2, dropout: 0.5, ..RnnConfig::new(8) };
    let model = Sequential::input([5, 3]).layer(config).build(7).unwrap();
    let input = noise([2, 5, 3]);
    let quiet = model.forward(&input, &mut Cx::eval()).to_vec();
    assert_ne!(model.forward(&input, &mut Cx::train(1, 1)).to_vec(), quiet);
    let first = &model.forward(&input, &mut Cx::train(1, 1)).to_vec();
    assert_eq!(model.forward(&input, &mut Cx::train(1, 1)).to_vec(), *first);
}

//! `#[derive(Parameters)]` on the shapes of types that models have.

use std::marker::PhantomData;

use glassbox_nn::{Buffer, Cx, Module, Param, Parameters, walk, walk_mut};
use glassbox_tensor::Tensor;

fn param() -> Param {
    Param::new(Tensor::scalar(1.0))
}

#[derive(Parameters)]
struct Scale {
    weight: Param,
    calls: Buffer,
    factor: f32,
    label: String,
}

impl Scale {
    fn new() -> Self {
        let calls = Buffer::new(Tensor::scalar(0.0));
        Self { weight: param(), calls, factor: 1.0, label: "scale".into() }
    }
}

impl Module for Scale {
    fn forward(&self, _: &Tensor, cx: &mut Cx) -> Tensor {
        assert!(self.factor == 1.0 && self.label == "scale");
        self.weight.on(cx)
    }
}

/// Not something that can be walked.
struct Opaque;

#[derive(Parameters)]
struct Model<M: Module, T> {
    first: M,
    rest: Vec<Box<dyn Module>>,
    pair: [Pair; 2],
    missing: Option<Param>,
    r#type: Param,
    marker: PhantomData<T>,
    #[parameters(skip)]
    opaque: Opaque,
}

#[derive(Parameters)]
struct Pair(Param, (usize, Param));

#[derive(Parameters)]
struct Empty;

#[derive(Parameters)]
enum Block {
    Plain { weight: Param, bias: Param },
    Tuple(Param),
    None,
}

fn names<P: Parameters + ?Sized>(model: &mut P) -> Vec<String> {
    let (mut seen, mut changed) = (Vec::new(), Vec::new());
    walk(model, |path, _| seen.push(path.to_string()));
    walk_mut(model, |path, _| changed.push(path.to_string()));
    assert_eq!(seen, changed);
    seen
}

#[test]
fn structs_are_walked_field_by_field() {
    let mut model = Model {
        first: Scale::new(),
        rest: vec![Box::new(Scale::new())],
        pair: [Pair(param(), (0, param())), Pair(param(), (0, param()))],
        missing: None,
        r#type: param(),
        marker: PhantomData::<Opaque>,
        opaque: Opaque,
    };
    let Opaque = model.opaque;
    assert_eq!(
        names(&mut model),
        [
            "first.weight",
            "first.calls",
            "rest.0.weight",
            "rest.0.calls",
            "pair.0.0",
            "pair.0.1.1",
            "pair.1.0",
            "pair.1.1.1",
            "type",
        ]
    );
    assert!(names(&mut Empty).is_empty());
}

#[test]
fn enums_are_walked_by_variant() {
    assert_eq!(names(&mut Block::Plain { weight: param(), bias: param() }), ["weight", "bias"]);
    assert_eq!(names(&mut Block::Tuple(param())), ["0"]);
    assert!(names(&mut Block::None).is_empty());
}

#[test]
fn derived_models_are_modules_behind_a_pointer() {
    let model: Box<dyn Module> = Box::new(Scale::new());
    assert_eq!(model.forward(&Tensor::scalar(0.0), &mut Cx::eval()).item(), 1.0);
    assert_eq!(glassbox_nn::parameter_count(&*model), 1);
}

//! The step over a model: which rule changes which parameter, and what it remembers of each.

use glassbox_nn::{Cx, Param, Parameters, Path, Slot, SlotMut, walk, walk_mut};
use glassbox_tensor::optimize::{self, UpdateNorms};
use glassbox_tensor::{Gradients, Tensor};

use super::{Update, UpdateRule};

/// Parameters at or within a path, updated by a rule of their own.
pub(super) struct Group {
    prefix: String,
    pub(super) rule: Box<dyn UpdateRule>,
}

/// What the optimizer remembers of one parameter.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) group: usize,
    pub(super) step: u64,
    pub(super) state: Vec<Tensor>,
}

/// An update rule with its state, applied to all parameters of a model.
///
/// ```
/// use glassbox_nn::{Cx, Module, Sequential};
/// use glassbox_tensor::Tensor;
/// use glassbox_train::optim::{Adam, Optimizer};
///
/// let mut model = Sequential::input([2]).dense(1).build(7)?;
/// let mut optimizer = Optimizer::new(Adam { lr: 0.1, ..Adam::default() });
/// let x = Tensor::ones([4, 2]);
/// for step in 0..100 {
///     let mut cx = Cx::train(7, step);
///     let loss = (model.forward(&x, &mut cx) - 3.0).square().mean(..);
///     optimizer.step(&mut model, &loss.backward(), &mut cx);
/// }
/// let y = model.forward(&x, &mut Cx::eval());
/// assert!((y.as_slice()[0] - 3.0).abs() < 0.1);
/// # Ok::<(), glassbox_nn::BuildError>(())
/// ```
pub struct Optimizer {
    /// The first group holds every parameter that no other one claims.
    pub(super) groups: Vec<Group>,
    pub(super) memories: Vec<Memory>,
    /// Schedule value over the configured learning rate, applied to all groups.
    factor: f64,
    /// The momentum that a schedule asks for.
    momentum: Option<f64>,
    /// Empty between steps: room for the parameters of a step.
    room: Vec<&'static mut Param>,
}

impl Optimizer {
    /// An optimizer that applies `rule` to every parameter.
    ///
    /// # Panics
    /// When a setting of the rule is out of its range: a negative rate, a momentum of 1.
    #[track_caller]
    pub fn new(rule: impl UpdateRule + 'static) -> Self {
        Self::from_boxed(Box::new(rule))
    }

    /// As [`Optimizer::new`], for a rule chosen at run time.
    #[track_caller]
    pub fn from_boxed(rule: Box<dyn UpdateRule>) -> Self {
        rule.bad_settings().assert_possible("optimizer");
        Self::unchecked(rule)
    }

    /// As [`Optimizer::from_boxed`], for a rule that is checked later.
    pub(crate) fn unchecked(rule: Box<dyn UpdateRule>) -> Self {
        let all = Group { prefix: String::new(), rule };
        let (memories, room) = (Vec::new(), Vec::new());
        Self { groups: vec![all], memories, factor: 1.0, momentum: None, room }
    }

    /// Lets the parameters at or within the dotted path `prefix` follow `rule` instead. Later
    /// groups win.
    ///
    /// # Panics
    /// As [`Optimizer::new`].
    #[must_use]
    #[track_caller]
    pub fn group(self, prefix: &str, rule: impl UpdateRule + 'static) -> Self {
        self.group_boxed(prefix, Box::new(rule))
    }

    /// As [`Optimizer::group`], for a rule chosen at run time.
    #[must_use]
    #[track_caller]
    pub fn group_boxed(mut self, prefix: &str, rule: Box<dyn UpdateRule>) -> Self {
        rule.bad_settings().assert_possible("optimizer group");
        self.groups.push(Group { prefix: prefix.into(), rule });
        self.memories.clear();
        self
    }

    /// The learning rate of the next step (of the first group).
    pub fn learning_rate(&self) -> f64 {
        self.groups[0].rule.learning_rate() * self.factor
    }

    /// Sets the learning rate of the following steps; other groups keep their ratio to it.
    pub fn set_learning_rate(&mut self, learning_rate: f64) {
        let base = self.groups[0].rule.learning_rate();
        self.factor = if base == 0.0 { 0.0 } else { learning_rate / base };
    }

    /// Sets the momentum of the following steps, for the rules that have one. It comes back from 0:
    /// whether a rule keeps a velocity is decided by its own setting.
    pub fn set_momentum(&mut self, momentum: f64) {
        self.momentum = Some(momentum);
    }

    /// One update of `model` by `gradients`, and of its running statistics by what `cx` queued.
    /// Frozen parameters and parameters without a gradient stay as they are.
    pub fn step<M: Parameters + ?Sized>(
        &mut self,
        model: &mut M,
        gradients: &Gradients,
        cx: &mut Cx,
    ) {
        self.step_watched(model, gradients, cx, None);
    }

    /// As [`Optimizer::step`], to the same bits; where `updates` is given it becomes the norms of
    /// every parameter's values, gradient and change, in model order.
    pub fn step_watched<M: Parameters + ?Sized>(
        &mut self,
        model: &mut M,
        gradients: &Gradients,
        cx: &mut Cx,
        mut updates: Option<&mut Vec<UpdateNorms>>,
    ) {
        if let Some(updates) = &mut updates {
            updates.clear();
        }
        let mut params = params_of(model, std::mem::take(&mut self.room));
        if params.len() != self.memories.len() {
            let room = emptied(params);
            self.ensure_memories(model);
            params = params_of(model, room);
        }
        let momentum = self.momentum;
        for (param, memory) in params.iter_mut().zip(&mut self.memories) {
            let Some(gradient) = param.gradient(gradients) else {
                if let Some(updates) = &mut updates {
                    let weight = optimize::norm(param.value().as_slice(), 2.0);
                    updates.push(UpdateNorms { weight, ..UpdateNorms::default() });
                }
                continue;
            };
            let rule = &self.groups[memory.group].rule;
            let mut norms = updates.is_some().then(UpdateNorms::default);
            let before = (norms.is_some() && !rule.fills_norms()).then(|| param.value().to_vec());
            memory.step += 1;
            let learning_rate = rule.learning_rate() * self.factor;
            param.update(|values| {
                rule.update(Update {
                    values,
                    gradient: gradient.as_slice(),
                    state: &mut memory.state,
                    learning_rate,
                    momentum,
                    step: memory.step,
                    norms: norms.as_mut(),
                });
                if let (Some(before), Some(norms)) = (before, &mut norms) {
                    *norms = norms_of(values, gradient.as_slice(), &before);
                }
            });
            if let (Some(updates), Some(norms)) = (&mut updates, norms) {
                updates.push(norms);
            }
        }
        self.room = emptied(params);
        cx.commit(model);
    }

    /// Memory for every parameter, at the first step or when the model has changed.
    fn ensure_memories<M: Parameters + ?Sized>(&mut self, model: &M) {
        let mut count = 0;
        each_param(model, |_, _| count += 1);
        if self.memories.len() != count {
            self.memories = self.fresh_memories(model);
        }
    }

    pub(super) fn fresh_memories<M: Parameters + ?Sized>(&self, model: &M) -> Vec<Memory> {
        let (groups, mut memories) = (&self.groups, Vec::new());
        each_param(model, |path, param| {
            let group = groups.iter().rposition(|g| path.is_within(&g.prefix)).unwrap_or(0);
            let rule = &groups[group].rule;
            let fresh = |_| Tensor::full(param.shape(), rule.initial_state());
            let state = rule.state_names().iter().map(fresh).collect();
            memories.push(Memory { group, step: 0, state });
        });
        memories
    }

    /// What schedules have set: the learning rate over the configured one, and momentum.
    pub(crate) fn pace(&self) -> (f64, Option<f64>) {
        (self.factor, self.momentum)
    }

    /// Sets what [`Optimizer::pace`] returned.
    pub(crate) fn set_pace(&mut self, pace: (f64, Option<f64>)) {
        (self.factor, self.momentum) = pace;
    }

    /// Whether it has changed nothing yet.
    pub(crate) fn is_fresh(&self) -> bool {
        self.memories.is_empty()
    }
}

/// The norms of an update that left `values` where `before` was.
fn norms_of(values: &[f32], gradient: &[f32], before: &[f32]) -> UpdateNorms {
    let moved: Vec<f32> = values.iter().zip(before).map(|(new, old)| new - old).collect();
    let [weight, gradient, update] = [values, gradient, &moved].map(|x| optimize::norm(x, 2.0));
    UpdateNorms { weight, gradient, update }
}

/// The parameters of `model` in order, in an empty list.
fn params_of<'m, M: Parameters + ?Sized>(
    model: &'m mut M,
    mut params: Vec<&'m mut Param>,
) -> Vec<&'m mut Param> {
    walk_mut(model, |_, slot| {
        if let SlotMut::Param(param) = slot {
            params.push(param);
        }
    });
    params
}

/// The memory of a list without what it held. (Collecting in place keeps the allocation.)
fn emptied(mut params: Vec<&mut Param>) -> Vec<&'static mut Param> {
    params.clear();
    params.into_iter().map(|_| unreachable!("the list is empty")).collect()
}

/// Visits the parameters of `model` in order.
pub(super) fn each_param<M: Parameters + ?Sized>(model: &M, mut visit: impl FnMut(&Path, &Param)) {
    walk(model, |path, slot| {
        if let Slot::Param(param) = slot {
            visit(path, param);
        }
    });
}

//! What checkpoints keep of an optimizer.

use std::collections::HashMap;

use glassbox_nn::Parameters;
use glassbox_tensor::Tensor;

use super::Optimizer;
use super::optimizer::{Memory, each_param};

/// An optimizer's memory, as checkpoints keep it.
#[derive(Clone, Debug, Default)]
pub struct OptimizerState {
    /// How many updates each parameter has had.
    pub steps: Vec<u64>,
    /// State tensors by `path.name`.
    pub tensors: Vec<(String, Tensor)>,
}

impl Optimizer {
    /// The state to save; empty before the first step.
    pub fn state<M: Parameters + ?Sized>(&self, model: &M) -> OptimizerState {
        let mut tensors = Vec::new();
        let mut memories = self.memories.iter();
        each_param(model, |path, _| {
            let Some(memory) = memories.next() else { return };
            let names = self.groups[memory.group].rule.state_names();
            for (name, tensor) in names.iter().zip(&memory.state) {
                tensors.push((format!("{path}.{name}"), tensor.clone()));
            }
        });
        OptimizerState { steps: self.memories.iter().map(|memory| memory.step).collect(), tensors }
    }

    /// Takes a saved state back.
    ///
    /// # Errors
    /// Names what is missing or has another shape than the model's parameters; the optimizer is
    /// then as it was.
    pub fn restore<M: Parameters + ?Sized>(
        &mut self,
        model: &M,
        state: OptimizerState,
    ) -> Result<(), String> {
        self.memories = self.memories_of(model, state)?;
        Ok(())
    }

    fn memories_of<M: Parameters + ?Sized>(
        &self,
        model: &M,
        state: OptimizerState,
    ) -> Result<Vec<Memory>, String> {
        if state.steps.is_empty() {
            return Ok(Vec::new());
        }
        let mut restored = self.fresh_memories(model);
        if state.steps.len() != restored.len() {
            let (found, expected) = (state.steps.len(), restored.len());
            return Err(format!("expected update counts of {expected} parameters, found {found}"));
        }
        let mut saved: HashMap<_, _> = state.tensors.into_iter().collect();
        let mut failure = None;
        let mut memories = restored.iter_mut().zip(state.steps);
        let groups = &self.groups;
        each_param(model, |path, param| {
            let (memory, step) = memories.next().expect("one memory per parameter");
            memory.step = step;
            let names = groups[memory.group].rule.state_names();
            for (tensor, name) in memory.state.iter_mut().zip(names) {
                let name = format!("{path}.{name}");
                match saved.remove(&name) {
                    Some(saved) if saved.shape() == param.shape() => *tensor = saved,
                    Some(saved) => {
                        let (expected, found) = (param.shape(), saved.shape());
                        failure = Some(format!("{name}: expected {expected}, found {found}"));
                    }
                    None => failure = Some(format!("{name} is missing")),
                }
            }
        });
        if failure.is_none() {
            failure = saved.into_keys().next().map(|name| format!("{name} is unexpected"));
        }
        failure.map_or(Ok(restored), Err)
    }
}

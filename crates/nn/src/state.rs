//! The state of a model by name: counting, saving, loading, freezing, norms.

use std::collections::BTreeMap;
use std::fmt;

use glassbox_tensor::{Shape, Tensor};

use crate::walk::{Parameters, Slot, SlotMut, walk, walk_mut};

/// The values of a model's parameters and buffers by their dotted paths.
pub type State = BTreeMap<String, Tensor>;

/// How many values training changes (or would, were nothing frozen).
pub fn parameter_count<P: Parameters + ?Sized>(model: &P) -> usize {
    let mut count = 0;
    walk(model, |_, slot| {
        if let Slot::Param(param) = slot {
            count += param.elements();
        }
    });
    count
}

/// How many values are tracked, not trained.
pub fn buffer_count<P: Parameters + ?Sized>(model: &P) -> usize {
    let mut count = 0;
    walk(model, |_, slot| {
        if let Slot::Buffer(buffer) = slot {
            count += buffer.elements();
        }
    });
    count
}

/// The values of every parameter and buffer by name, shared until the model changes them.
///
/// ```
/// use glassbox_nn::{Param, load_state, state};
/// use glassbox_tensor::Tensor;
///
/// let model = vec![Param::new(Tensor::scalar(3.0))];
/// let mut other = vec![Param::new(Tensor::scalar(0.0))];
/// load_state(&mut other, &state(&model)).unwrap();
/// assert_eq!(other[0].value().item(), 3.0);
/// ```
pub fn state<P: Parameters + ?Sized>(model: &P) -> State {
    let mut state = State::new();
    walk(model, |path, slot| {
        let value = match slot {
            Slot::Param(param) => param.value(),
            Slot::Buffer(buffer) => buffer.value().clone(),
        };
        state.insert(path.to_string(), value);
    });
    state
}

/// Gives every parameter and buffer of `model` the value that `state` has under its name.
///
/// # Errors
/// When names are missing or left over, or shapes differ: all of them are listed, and the model
/// is unchanged.
pub fn load_state<P: Parameters + ?Sized>(model: &mut P, state: &State) -> Result<(), StateError> {
    let mut error = StateError::default();
    let mut known = 0;
    walk(model, |path, slot| {
        let expected = match slot {
            Slot::Param(param) => param.shape(),
            Slot::Buffer(buffer) => buffer.shape(),
        };
        let name = path.to_string();
        match state.get(&name).map(Tensor::shape) {
            None => error.missing.push(name),
            Some(found) => {
                known += 1;
                if found != expected {
                    error.wrong_shapes.push((name, expected, found));
                }
            }
        }
    });
    if known < state.len() {
        let mut unknown: BTreeMap<_, _> = state.iter().collect();
        walk(model, |path, _| {
            unknown.remove(&path.to_string());
        });
        error.unexpected = unknown.into_keys().cloned().collect();
    }
    if error != StateError::default() {
        return Err(error);
    }
    walk_mut(model, |path, slot| {
        let value = &state[&path.to_string()];
        match slot {
            SlotMut::Param(param) => param.set(value),
            SlotMut::Buffer(buffer) => buffer.set(value),
        }
    });
    Ok(())
}

/// Copies every value of `source` into `target`, a model of the same architecture.
///
/// # Errors
/// As [`load_state`].
pub fn copy_state<P: Parameters + ?Sized, Q: Parameters + ?Sized>(
    source: &P,
    target: &mut Q,
) -> Result<(), StateError> {
    load_state(target, &state(source))
}

/// Freezes (or thaws) every parameter at or within the dotted path `prefix`; the empty prefix
/// names the whole model. Returns how many parameters there are.
pub fn set_frozen<P: Parameters + ?Sized>(model: &mut P, prefix: &str, frozen: bool) -> usize {
    let mut count = 0;
    walk_mut(model, |path, slot| {
        if let SlotMut::Param(param) = slot
            && path.is_within(prefix)
        {
            param.set_frozen(frozen);
            count += 1;
        }
    });
    count
}

/// Why a state does not fit a model. Everything that is wrong is listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateError {
    /// Names the model has and the state has not.
    pub missing: Vec<String>,
    /// Names the state has and the model has not.
    pub unexpected: Vec<String>,
    /// Name, the model's shape, the state's shape.
    pub wrong_shapes: Vec<(String, Shape, Shape)>,
}

impl StateError {
    /// The code under which `glassbox explain` describes this error.
    pub const CODE: &'static str = "GB0510";
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 4;
        write!(f, "{} × these weights do not belong to this model", Self::CODE)?;
        for (what, names) in [("missing", &self.missing), ("unexpected", &self.unexpected)] {
            if !names.is_empty() {
                let shown = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>();
                write!(f, "\n  {what}: {}", shown.join(", "))?;
                more(f, names.len(), SHOWN)?;
            }
        }
        for (name, expected, found) in self.wrong_shapes.iter().take(SHOWN) {
            write!(f, "\n  {name}: expected {expected}, found {found}")?;
        }
        more(f, self.wrong_shapes.len(), SHOWN)?;
        f.write_str("\n  help: use the recipe that these weights were trained with")
    }
}

fn more(f: &mut fmt::Formatter<'_>, count: usize, shown: usize) -> fmt::Result {
    if count > shown { write!(f, " (+{} more)", count - shown) } else { Ok(()) }
}

impl std::error::Error for StateError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Buffer, Param};

    fn model(start: f32) -> (Param, Vec<Param>, Buffer) {
        let param = |x| Param::new(Tensor::full([2], x));
        (param(start), vec![param(start + 1.0)], Buffer::new(Tensor::scalar(start)))
    }

    #[test]
    fn state_goes_out_and_in_again() {
        let (source, mut target) = (model(1.0), model(10.0));
        copy_state(&source, &mut target).unwrap();
        assert_eq!(state(&target).keys().collect::<Vec<_>>(), ["0", "1.0", "2"]);
        assert_eq!(target.1[0].value().to_vec(), [2.0, 2.0]);
        assert_eq!(target.2.value().item(), 1.0);
        assert_eq!((parameter_count(&source), buffer_count(&source)), (4, 1));
    }

    #[test]
    fn everything_that_does_not_fit_is_listed_and_nothing_changes() {
        let mut target = model(1.0);
        let mut wrong = state(&model(5.0));
        wrong.remove("2");
        wrong.insert("3".into(), Tensor::scalar(0.0));
        wrong.insert("1.0".into(), Tensor::zeros([3]));
        let error = load_state(&mut target, &wrong).unwrap_err();
        assert_eq!(error.missing, ["2"]);
        assert_eq!(error.unexpected, ["3"]);
        assert_eq!(error.wrong_shapes, [("1.0".into(), [2].into(), [3].into())]);
        assert!(error.to_string().contains("1.0: expected 2, found 3"), "{error}");
        assert_eq!(target.0.value().to_vec(), [1.0, 1.0]);
    }

    #[test]
    fn freezing_goes_by_path() {
        let mut model = model(1.0);
        assert_eq!(set_frozen(&mut model, "1", true), 1);
        assert!(!model.0.is_frozen() && model.1[0].is_frozen());
        assert_eq!(set_frozen(&mut model, "", false), 2);
        assert!(!model.1[0].is_frozen());
    }
}

//! The graph: what each result was computed from, and the walk back through it.
//!
//! Every result of an operation on tensors that take part holds a [`Node`]. Its step (the inputs'
//! nodes and the operation's record) is taken out when [`Tensor::backward`] passes it, so saved
//! activations are freed as they are consumed and nothing keeps an old graph alive. Node numbers
//! grow along every edge: walking them in descending order is a reverse topological order.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use smallvec::SmallVec;
use triomphe::Arc;

use crate::gradients::Gradients;
use crate::ops::Record;
use crate::tensor::Tensor;

/// The nodes of an operation's inputs; `None` where no gradient is wanted.
pub(crate) type Inputs = SmallVec<[Option<Node>; 8]>;

struct Step {
    inputs: Inputs,
    record: Record,
}

struct Cell {
    id: u64,
    leaf: bool,
    step: Mutex<Option<Step>>,
}

/// A place in the graph, shared by the tensor that stands there and the steps that read it.
#[derive(Clone)]
pub(crate) struct Node(Option<Arc<Cell>>);

impl Node {
    pub(crate) fn leaf() -> Self {
        Self::new(true, None)
    }

    fn new(leaf: bool, step: Option<Step>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let mut recycled = RECYCLED.try_with(|r| r.borrow_mut().free.pop()).ok().flatten();
        match recycled.as_mut().and_then(Arc::get_mut) {
            Some(cell) => *cell = Cell { id, leaf, step: Mutex::new(step) },
            None => recycled = Some(Arc::new(Cell { id, leaf, step: Mutex::new(step) })),
        }
        Self(recycled)
    }

    pub(crate) fn id(&self) -> u64 {
        self.cell().id
    }

    pub(crate) fn is_leaf(&self) -> bool {
        self.cell().leaf
    }

    fn take_step(&self) -> Option<Step> {
        self.cell().step.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn cell(&self) -> &Cell {
        self.0.as_ref().expect("a node is empty only while it is dropped")
    }
}

/// Cells are reused rather than freed, and a long chain of them is released in a loop rather than
/// by recursion, which would overflow the stack.
#[derive(Default)]
struct Recycled {
    free: Vec<Arc<Cell>>,
    releasing: Vec<Arc<Cell>>,
    busy: bool,
}

const RECYCLED_LIMIT: usize = 4096;

impl Recycled {
    fn keep(&mut self, cell: Arc<Cell>) {
        if self.free.len() < RECYCLED_LIMIT {
            self.free.push(cell);
        }
    }
}

thread_local! {
    static RECYCLED: RefCell<Recycled> = RefCell::default();
}

impl Drop for Node {
    fn drop(&mut self) {
        let Some(mut cell) = self.0.take() else { return };
        let Some(unique) = Arc::get_mut(&mut cell) else { return };
        if unique.step.get_mut().unwrap_or_else(PoisonError::into_inner).is_none() {
            // Consumed: nothing else hangs on it.
            let _ = RECYCLED.try_with(|recycled| recycled.borrow_mut().keep(cell));
            return;
        }
        let start = |r: &RefCell<Recycled>| {
            let r = &mut *r.borrow_mut();
            r.releasing.push(cell);
            !std::mem::replace(&mut r.busy, true)
        };
        if !RECYCLED.try_with(start).unwrap_or(false) {
            return;
        }
        let next = || RECYCLED.with(|r| r.borrow_mut().releasing.pop());
        while let Some(mut cell) = next() {
            if let Some(unique) = Arc::get_mut(&mut cell) {
                let step = unique.step.get_mut().unwrap_or_else(PoisonError::into_inner).take();
                drop(step); // its nodes join `releasing`
                RECYCLED.with(|recycled| recycled.borrow_mut().keep(cell));
            }
        }
        RECYCLED.with(|r| r.borrow_mut().busy = false);
    }
}

/// Where an operation's backward pass delivers the gradients of its inputs.
pub(crate) struct InputGradients<'a> {
    inputs: &'a Inputs,
    pending: &'a mut Pending,
    leaves: &'a mut Gradients,
}

impl InputGradients<'_> {
    /// Whether the gradient of input `index` is wanted.
    pub(crate) fn wants(&self, index: usize) -> bool {
        self.inputs.get(index).is_some_and(Option::is_some)
    }

    /// Takes the sum that waits for the gradient of input `index`, where nothing else reads it: an
    /// operation may add to it in place and give it back.
    pub(crate) fn take(&mut self, index: usize) -> Option<Tensor> {
        let node = self.inputs.get(index)?.as_ref().filter(|node| !node.is_leaf())?;
        self.pending.take(node)
    }

    /// Adds to the gradient of input `index`; ignored where it is not wanted.
    pub(crate) fn add(&mut self, index: usize, gradient: Tensor) {
        let Some(Some(node)) = self.inputs.get(index) else { return };
        if node.is_leaf() {
            self.leaves.add(node.id(), gradient);
        } else {
            self.pending.add(node, gradient);
        }
    }
}

/// Gradients that still wait to be passed on, by node number.
#[derive(Default)]
struct Pending {
    top: u64,
    /// Those with numbers just below `top`: index `top - id`.
    near: Vec<Option<(Node, Tensor)>>,
    cursor: usize,
    /// Those far below, where a dense list would waste space.
    far: BTreeMap<u64, (Node, Tensor)>,
}

const NEAR: u64 = 16 * 1024;

impl Pending {
    fn add(&mut self, node: &Node, gradient: Tensor) {
        let id = node.id();
        let distance = self.top - id;
        let slot = if distance < NEAR {
            let index = distance as usize;
            if index >= self.near.len() {
                self.near.resize_with(index + 1, || None);
            }
            &mut self.near[index]
        } else {
            let waiting = self.far.entry(id);
            waiting
                .and_modify(|(_, sum)| sum.accumulate(&gradient))
                .or_insert_with(|| (node.clone(), gradient));
            return;
        };
        match slot {
            Some((_, sum)) => sum.accumulate(&gradient),
            None => *slot = Some((node.clone(), gradient)),
        }
    }

    /// What waits for a node, where nothing else reads it; not from far below.
    fn take(&mut self, node: &Node) -> Option<Tensor> {
        let slot = self.near.get_mut((self.top - node.id()) as usize)?;
        slot.take_if(|(_, sum)| sum.is_unique()).map(|(_, sum)| sum)
    }

    /// The waiting node with the largest number.
    fn next(&mut self) -> Option<(Node, Tensor)> {
        while self.cursor < self.near.len() {
            let taken = self.near[self.cursor].take();
            self.cursor += 1;
            if taken.is_some() {
                return taken;
            }
        }
        self.far.pop_last().map(|(_, waiting)| waiting)
    }
}

thread_local! {
    /// Kept between passes so that a steady step allocates nothing.
    static PENDING: RefCell<Pending> = RefCell::default();
}

impl Tensor {
    /// Attaches the step that computed `self` from `inputs`, where any of them takes part in the
    /// graph. `record` is told which inputs want a gradient, so that it saves only what is needed.
    pub(crate) fn recorded<const N: usize>(
        mut self,
        inputs: [&Tensor; N],
        record: impl FnOnce([bool; N]) -> Record,
    ) -> Self {
        let wanted = inputs.map(Tensor::requires_grad);
        if wanted.contains(&true) {
            let inputs = inputs.iter().map(|x| x.node.clone()).collect();
            self.node = Some(Node::new(false, Some(Step { inputs, record: record(wanted) })));
        }
        self
    }

    /// As [`Tensor::recorded`], for any number of inputs.
    pub(crate) fn recorded_many(
        mut self,
        inputs: &[&Tensor],
        record: impl FnOnce() -> Record,
    ) -> Self {
        if inputs.iter().any(|x| x.requires_grad()) {
            let inputs = inputs.iter().map(|x| x.node.clone()).collect();
            self.node = Some(Node::new(false, Some(Step { inputs, record: record() })));
        }
        self
    }

    /// The gradients of this scalar with respect to every leaf it was computed from.
    ///
    /// The graph is consumed: saved activations are freed on the way.
    ///
    /// # Panics
    /// When this is not a single element, takes no part in a graph, or its graph was consumed.
    #[track_caller]
    pub fn backward(&self) -> Gradients {
        let mut gradients = Gradients::default();
        self.backward_into(&mut gradients);
        gradients
    }

    /// As [`Tensor::backward`], adding to `gradients` (gradient accumulation).
    #[track_caller]
    pub fn backward_into(&self, gradients: &mut Gradients) {
        assert_eq!(self.elements(), 1, "backward() starts at a scalar, not at {}", self.shape());
        self.backward_from(Tensor::ones(self.shape()), gradients);
    }

    /// The vector-Jacobian product: adds the gradients of `sum(self * output_grad)` to
    /// `gradients`.
    ///
    /// # Panics
    /// When the shapes differ, or as [`Tensor::backward`].
    #[track_caller]
    pub fn backward_from(&self, output_grad: Tensor, gradients: &mut Gradients) {
        assert_eq!(self.shape(), output_grad.shape(), "shape of the output's gradient");
        let node = self.node.as_ref().expect("backward() of a tensor that no leaf leads to");
        if node.is_leaf() {
            gradients.add(node.id(), output_grad);
            return;
        }
        let mut pending = PENDING.take();
        (pending.top, pending.cursor) = (node.id(), 0);
        pending.add(node, output_grad);
        while let Some((node, output_grad)) = pending.next() {
            let step = node.take_step();
            let Step { inputs, record } =
                step.expect("this graph was consumed by an earlier backward()");
            let mut input_gradients =
                InputGradients { inputs: &inputs, pending: &mut pending, leaves: gradients };
            record.backward(output_grad, &mut input_gradients);
        }
        pending.near.clear();
        PENDING.replace(pending);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_chain_neither_overflows_the_stack_nor_backward() {
        let x = Tensor::scalar(3.0).with_grad();
        let mut y = x.clone();
        for _ in 0..100_000 {
            y = y.reshape([1]);
        }
        assert_eq!(y.backward().get(&x).unwrap().item(), 1.0);
        let mut z = x.clone();
        for _ in 0..100_000 {
            z = z.reshape([1]);
        }
        drop(z);
    }

    #[test]
    #[should_panic(expected = "consumed")]
    fn a_graph_is_walked_once() {
        let x = Tensor::scalar(3.0).with_grad();
        let y = x.reshape([1]);
        y.backward();
        y.backward();
    }

    #[test]
    fn gradients_accumulate_over_passes() {
        let x = Tensor::scalar(3.0).with_grad();
        let mut gradients = Gradients::default();
        x.reshape([1]).backward_into(&mut gradients);
        x.reshape([1]).backward_into(&mut gradients);
        assert_eq!(gradients.get(&x).unwrap().item(), 2.0);
    }

    #[test]
    fn detached_tensors_record_nothing() {
        let x = Tensor::scalar(3.0).with_grad();
        assert!(!x.detach().reshape([1]).requires_grad());
        assert!(x.reshape([1]).requires_grad());
    }
}

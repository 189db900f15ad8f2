//! Running a graph, stage by stage.

use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};

use glassbox_tensor::{Activation, Gradients, Tensor};
use smallvec::{SmallVec, smallvec};

use super::fuse::{Fusion, NORM_INPUTS, Plan, Read, Stage};
use super::outline::Source;
use super::{Body, Node};
use crate::context::Cx;
use crate::layers::{BatchNorm, Conv2d, Dense, Embedding, Recurrent};
use crate::module::Module;
use crate::probe::{Side, Wanted};

impl Plan {
    /// The graph's output.
    #[track_caller]
    pub(super) fn run(&self, nodes: &[Node], input: &Tensor, cx: &mut Cx) -> Tensor {
        let mut slots: SmallVec<[Option<Tensor>; 4]> = smallvec![None; self.slots];
        for stage in &self.stages {
            let inputs: SmallVec<[&Tensor; 2]> =
                stage.inputs.iter().map(|(_, read)| value(*read, input, &slots)).collect();
            let output = match cx.is_probed() && stage.is_looked_into(nodes, cx) {
                true => stage.run_looked_into(nodes, &inputs, cx),
                false => stage.run(nodes, &inputs, cx),
            };
            drop(inputs);
            for &slot in &stage.unneeded {
                slots[slot] = None;
            }
            slots[stage.slot] = Some(output);
        }
        match self.output {
            Read::Slot(slot) => slots.get_mut(slot).and_then(Option::take).expect(KEPT),
            Read::Input => input.clone(),
        }
    }
}

const KEPT: &str = "a plan reads values after they were made";

fn value<'a>(read: Read, input: &'a Tensor, slots: &'a [Option<Tensor>]) -> &'a Tensor {
    match read {
        Read::Input => input,
        Read::Slot(slot) => slots[slot].as_ref().expect(KEPT),
    }
}

impl Node {
    /// The layer, which the graph knows to be of this type.
    fn layer<M: Module>(&self) -> &M {
        let Body::Module(module) = &self.body else { unreachable!("{} is no layer", self.path) };
        let module: &dyn Any = &**module;
        module.downcast_ref().expect("a plan follows the layers' configurations")
    }

    /// The node by itself, at its place.
    #[track_caller]
    fn run(&self, inputs: &[&Tensor], cx: &mut Cx) -> Tensor {
        cx.scope_at(&self.path, |cx| match &self.body {
            Body::Module(module) => cx.run(&**module, inputs[0]),
            Body::Join(join) => {
                let output = join.apply(inputs, Activation::Identity);
                cx.observed(join.name(), Side::Output, &output).unwrap_or(output)
            }
        })
    }

    /// As [`Cx::run`] around an operation of this and other nodes.
    #[track_caller]
    fn around(
        &self,
        last: &Self,
        input: &Tensor,
        cx: &mut Cx,
        operation: impl FnOnce(&Tensor, &mut Cx) -> Tensor,
    ) -> Tensor {
        if !cx.is_probed() {
            return cx.scope_at(&self.path, |cx| operation(input, cx));
        }
        let output = cx.scope_at(&self.path, |cx| {
            let seen = cx.observed(self.kind(), Side::Input, input);
            operation(seen.as_ref().unwrap_or(input), cx)
        });
        let seen = cx.scope_at(&last.path, |cx| cx.observed(last.kind(), Side::Output, &output));
        seen.unwrap_or(output)
    }

    fn activated(&self, input: &Tensor, activation: Activation, cx: &mut Cx) -> Tensor {
        use crate::layers::Layer;
        match &self.config {
            Some(Layer::Dense(_)) => self.layer::<Dense>().forward_activated(input, activation, cx),
            Some(Layer::Conv2d(_)) => {
                self.layer::<Conv2d>().forward_activated(input, activation, cx)
            }
            _ => self.layer::<BatchNorm>().forward_activated(input, activation, cx),
        }
    }
}

impl Stage {
    /// All nodes as one operation.
    #[track_caller]
    fn run(&self, nodes: &[Node], inputs: &[&Tensor], cx: &mut Cx) -> Tensor {
        let (first, last) = (&nodes[self.nodes[0]], &nodes[self.nodes[self.nodes.len() - 1]]);
        match self.fusion {
            Fusion::None => first.run(inputs, cx),
            Fusion::Activated(activation) => {
                first.around(last, inputs[0], cx, |x, cx| first.activated(x, activation, cx))
            }
            Fusion::Joined(join, activation) => {
                let output = join.apply(inputs, activation);
                let seen =
                    cx.scope_at(&last.path, |cx| cx.observed(last.kind(), Side::Output, &output));
                seen.unwrap_or(output)
            }
            Fusion::NormAdded(activation) => {
                let [input, addend] = NORM_INPUTS.map(|at| inputs[at]);
                let norm = first.layer::<BatchNorm>();
                first.around(last, input, cx, |x, cx| norm.forward_added(x, addend, activation, cx))
            }
            Fusion::EmbeddingRecurrent => self.run_rows(nodes, inputs, cx),
        }
    }

    /// An embedding and the recurrent layer after it.
    #[track_caller]
    fn run_rows(&self, nodes: &[Node], inputs: &[&Tensor], cx: &mut Cx) -> Tensor {
        let (first, last) = (&nodes[self.nodes[0]], &nodes[self.nodes[1]]);
        let (embedding, recurrent) = (first.layer::<Embedding>(), last.layer::<Recurrent>());
        let (table, tokens) = cx.scope_at(&first.path, |cx| embedding.rows(inputs[0], cx));
        if !recurrent.multiplies_rows(&table, &tokens, cx) {
            return self.run_one_by_one(nodes, inputs, cx);
        }
        if cx.is_probed() {
            let rows = table.detach().index_select(0, &tokens);
            cx.scope_at(&first.path, |cx| {
                cx.show(first.kind(), Side::Input, inputs[0]);
                cx.show(first.kind(), Side::Output, &rows);
            });
            cx.scope_at(&last.path, |cx| cx.show(last.kind(), Side::Input, &rows));
        }
        cx.scope_at(&last.path, |cx| {
            let output = recurrent.forward_rows(&table, &tokens, cx);
            cx.observed(last.kind(), Side::Output, &output).unwrap_or(output)
        })
    }

    /// Whether a probe wants what is between the nodes.
    fn is_looked_into(&self, nodes: &[Node], cx: &mut Cx) -> bool {
        // One by one, these two round otherwise: see `Probe`.
        if self.fusion == Fusion::EmbeddingRecurrent {
            return !cx.is_training();
        }
        let between = self.nodes.windows(2);
        let mut wanted = |at: usize, side| {
            let node = &nodes[at];
            cx.scope_at(&node.path, |cx| cx.wanted(node.kind(), side)) != Wanted::NOTHING
        };
        let mut any = false;
        for pair in between {
            any |= wanted(pair[0], Side::Output) || wanted(pair[1], Side::Input);
        }
        any
    }

    /// As [`Stage::run`], where a probe wants what is between the nodes.
    #[track_caller]
    fn run_looked_into(&self, nodes: &[Node], inputs: &[&Tensor], cx: &mut Cx) -> Tensor {
        if self.fusion == Fusion::EmbeddingRecurrent || !cx.is_recording() {
            return self.run_one_by_one(nodes, inputs, cx);
        }
        // One by one, sums over the batch round otherwise in the backward pass: the nodes run as
        // one all the same, and once more beside the graph.
        let output = self.run(nodes, inputs, cx);
        let beside = cx.beside(|cx| self.run_between(nodes, inputs, cx));
        if !beside.requires_grad() {
            return output;
        }
        let beside = Mutex::new(Some(beside));
        output.watched(Arc::new(move |gradient: &Tensor| {
            let beside = beside.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(beside) = beside {
                beside.backward_from(gradient.clone(), &mut Gradients::default());
            }
        }))
    }

    /// The nodes one after the other in a graph of their own, of which the probe is shown what is
    /// between them.
    #[track_caller]
    fn run_between(&self, nodes: &[Node], inputs: &[&Tensor], cx: &mut Cx) -> Tensor {
        let inputs: SmallVec<[Tensor; 2]> =
            inputs.iter().map(|input| input.detach().with_grad()).collect();
        let inputs: SmallVec<[&Tensor; 2]> = inputs.iter().collect();
        let (first, last) = (self.nodes[0], self.nodes[self.nodes.len() - 1]);
        self.each(nodes, &inputs, |index, taken| {
            let node = &nodes[index];
            cx.scope_at(&node.path, |cx| {
                let output = match &node.body {
                    Body::Join(join) => join.apply(taken, Activation::Identity),
                    Body::Module(module) => {
                        let seen = (index != first)
                            .then(|| cx.observed(node.kind(), Side::Input, taken[0]))
                            .flatten();
                        module.forward(seen.as_ref().unwrap_or(taken[0]), cx)
                    }
                };
                let seen = (index != last)
                    .then(|| cx.observed(node.kind(), Side::Output, &output))
                    .flatten();
                seen.unwrap_or(output)
            })
        })
    }

    /// The same values, one node after the other.
    #[track_caller]
    fn run_one_by_one(&self, nodes: &[Node], inputs: &[&Tensor], cx: &mut Cx) -> Tensor {
        self.each(nodes, inputs, |index, taken| nodes[index].run(taken, cx))
    }

    /// Calls `run` with every node and what it takes; the output of the last.
    fn each(
        &self,
        nodes: &[Node],
        inputs: &[&Tensor],
        mut run: impl FnMut(usize, &[&Tensor]) -> Tensor,
    ) -> Tensor {
        let mut values: SmallVec<[(usize, Tensor); 3]> = SmallVec::new();
        // Nodes take what comes from outside in the order in which the stage lists it.
        let mut outside = inputs.iter().copied();
        for &index in &self.nodes {
            let output = {
                let made = |at: usize| values.iter().find(|(made, _)| *made == at);
                let take = |source: &Source| match *source {
                    Source::Node(at) if self.nodes.contains(&at) => {
                        made(at).map(|(_, value)| value)
                    }
                    _ => outside.next(),
                };
                let taken: SmallVec<[&Tensor; 2]> =
                    nodes[index].inputs.iter().filter_map(take).collect();
                run(index, &taken)
            };
            values.push((index, output));
        }
        values.pop().map(|(_, value)| value).expect(KEPT)
    }
}

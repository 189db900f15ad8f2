//! The walk over a model's state: the one method every model has ([`Parameters`], derived).
//! Counting, saving, loading, freezing and optimizing are functions over it.

use std::marker::PhantomData;

use crate::buffer::Buffer;
use crate::param::Param;
use crate::path::{Path, Segment};

/// What a walk comes across.
#[derive(Clone, Copy, Debug)]
pub enum Slot<'m> {
    /// A trainable tensor.
    Param(&'m Param),
    /// A tensor that is tracked, not trained.
    Buffer(&'m Buffer),
}

/// What a walk comes across, to change it.
#[derive(Debug)]
pub enum SlotMut<'m> {
    /// A trainable tensor.
    Param(&'m mut Param),
    /// A tensor that is tracked, not trained.
    Buffer(&'m mut Buffer),
}

/// A walk in progress: where it is, and whom it tells.
pub struct Walk<'v, 'm> {
    path: Path,
    visit: &'v mut dyn FnMut(&Path, Slot<'m>),
}

impl<'m> Walk<'_, 'm> {
    /// Walks a part of the model called `name` (a text or an index).
    pub fn part<P: Parameters + ?Sized>(&mut self, name: impl Into<Segment>, part: &'m P) {
        self.path.push(name.into());
        part.walk(self);
        self.path.pop();
    }

    /// Walks a part of the model that is at `path` in it.
    pub(crate) fn part_at<P: Parameters + ?Sized>(&mut self, path: &Path, part: &'m P) {
        let length = self.path.extend(path);
        part.walk(self);
        self.path.truncate(length);
    }
}

/// As [`Walk`], changing what it comes across.
pub struct WalkMut<'v, 'm> {
    path: Path,
    visit: &'v mut dyn FnMut(&Path, SlotMut<'m>),
}

impl<'m> WalkMut<'_, 'm> {
    /// Walks a part of the model called `name` (a text or an index).
    pub fn part<P: Parameters + ?Sized>(&mut self, name: impl Into<Segment>, part: &'m mut P) {
        self.path.push(name.into());
        part.walk_mut(self);
        self.path.pop();
    }

    /// Walks a part of the model that is at `path` in it.
    pub(crate) fn part_at<P: Parameters + ?Sized>(&mut self, path: &Path, part: &'m mut P) {
        let length = self.path.extend(path);
        part.walk_mut(self);
        self.path.truncate(length);
    }
}

/// Anything that holds parameters and buffers: a model, a layer, a list of layers.
///
/// Derive it with `#[derive(Parameters)]`: fields are walked in order, each under its own name.
/// Walking allocates nothing, so that optimizers can do it every step.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not something whose parameters can be walked",
    label = "the trait `Parameters` is not implemented for `{Self}`",
    note = "derive it: `#[derive(Parameters)]`",
    note = "a field that holds no parameters can be left out: `#[parameters(skip)]`"
)]
pub trait Parameters {
    /// Walks over every [`Param`] and [`Buffer`], always in the same order.
    fn walk<'m>(&'m self, walk: &mut Walk<'_, 'm>);

    /// As [`Parameters::walk`], in the same order, to change them.
    fn walk_mut<'m>(&'m mut self, walk: &mut WalkMut<'_, 'm>);
}

/// Calls `visit` with the path of every parameter and buffer of `model`.
pub fn walk<'m, P: Parameters + ?Sized>(model: &'m P, mut visit: impl FnMut(&Path, Slot<'m>)) {
    model.walk(&mut Walk { path: Path::default(), visit: &mut visit });
}

/// As [`walk`], to change them.
pub fn walk_mut<'m, P: Parameters + ?Sized>(
    model: &'m mut P,
    mut visit: impl FnMut(&Path, SlotMut<'m>),
) {
    model.walk_mut(&mut WalkMut { path: Path::default(), visit: &mut visit });
}

impl Parameters for Param {
    fn walk<'m>(&'m self, walk: &mut Walk<'_, 'm>) {
        (walk.visit)(&walk.path, Slot::Param(self));
    }

    fn walk_mut<'m>(&'m mut self, walk: &mut WalkMut<'_, 'm>) {
        (walk.visit)(&walk.path, SlotMut::Param(self));
    }
}

impl Parameters for Buffer {
    fn walk<'m>(&'m self, walk: &mut Walk<'_, 'm>) {
        (walk.visit)(&walk.path, Slot::Buffer(self));
    }

    fn walk_mut<'m>(&'m mut self, walk: &mut WalkMut<'_, 'm>) {
        (walk.visit)(&walk.path, SlotMut::Buffer(self));
    }
}

impl<P: Parameters + ?Sized> Parameters for Box<P> {
    fn walk<'m>(&'m self, walk: &mut Walk<'_, 'm>) {
        (**self).walk(walk);
    }

    fn walk_mut<'m>(&'m mut self, walk: &mut WalkMut<'_, 'm>) {
        (**self).walk_mut(walk);
    }
}

impl<P: Parameters> Parameters for Option<P> {
    fn walk<'m>(&'m self, walk: &mut Walk<'_, 'm>) {
        if let Some(part) = self {
            part.walk(walk);
        }
    }

    fn walk_mut<'m>(&'m mut self, walk: &mut WalkMut<'_, 'm>) {
        if let Some(part) = self {
            part.walk_mut(walk);
        }
    }
}

impl<P: Parameters> Parameters for [P] {
    fn walk<'m>(&'m self, walk: &mut Walk<'_, 'm>) {
        for (index, part) in self.iter().enumerate() {
            walk.part(index, part);
        }
    }

    fn walk_mut<'m>(&'m mut self, walk: &mut WalkMut<'_, 'm>) {
        for (index, part) in self.iter_mut().enumerate() {
            walk.part(index, part);
        }
    }
}

impl<P: Parameters> Parameters for Vec<P> {
    fn walk<'m>(&'m self, walk: &mut Walk<'_, 'm>) {
        self.as_slice().walk(walk);
    }

    fn walk_mut<'m>(&'m mut self, walk: &mut WalkMut<'_, 'm>) {
        self.as_mut_slice().walk_mut(walk);
    }
}

impl<P: Parameters, const N: usize> Parameters for [P; N] {
    fn walk<'m>(&'m self, walk: &mut Walk<'_, 'm>) {
        self.as_slice().walk(walk);
    }

    fn walk_mut<'m>(&'m mut self, walk: &mut WalkMut<'_, 'm>) {
        self.as_mut_slice().walk_mut(walk);
    }
}

macro_rules! tuples {
    ($(($($part:ident $index:tt),+),)*) => {$(
        impl<$($part: Parameters),+> Parameters for ($($part,)+) {
            fn walk<'m>(&'m self, walk: &mut Walk<'_, 'm>) {
                $(walk.part($index, &self.$index);)+
            }

            fn walk_mut<'m>(&'m mut self, walk: &mut WalkMut<'_, 'm>) {
                $(walk.part($index, &mut self.$index);)+
            }
        }
    )*};
}

tuples! {
    (A 0),
    (A 0, B 1),
    (A 0, B 1, C 2),
    (A 0, B 1, C 2, D 3),
    (A 0, B 1, C 2, D 3, E 4),
    (A 0, B 1, C 2, D 3, E 4, F 5),
}

macro_rules! without_parameters {
    ($($kind:ty),* $(,)?) => {$(
        impl Parameters for $kind {
            fn walk<'m>(&'m self, _: &mut Walk<'_, 'm>) {}

            fn walk_mut<'m>(&'m mut self, _: &mut WalkMut<'_, 'm>) {}
        }
    )*};
}

without_parameters! {
    (), bool, char, String, &'static str,
    u8, u16, u32, u64, usize, i8, i16, i32, i64, isize, f32, f64,
}

impl<T: ?Sized> Parameters for PhantomData<T> {
    fn walk<'m>(&'m self, _: &mut Walk<'_, 'm>) {}

    fn walk_mut<'m>(&'m mut self, _: &mut WalkMut<'_, 'm>) {}
}

#[cfg(test)]
mod tests {
    use glassbox_tensor::Tensor;

    use super::*;

    #[test]
    fn both_walks_visit_the_same_places_in_the_same_order() {
        let param = || Param::new(Tensor::scalar(0.0));
        let mut model = (vec![Some(param()), None, Some(param())], [Box::new(param())], 7usize);
        let (mut seen, mut changed) = (Vec::new(), Vec::new());
        walk(&model, |path, _| seen.push(path.to_string()));
        walk_mut(&mut model, |path, _| changed.push(path.to_string()));
        assert_eq!(seen, ["0.0", "0.2", "1.0"]);
        assert_eq!(seen, changed);
    }

    #[test]
    fn references_outlive_the_walk() {
        let mut model = vec![Param::new(Tensor::scalar(1.0)), Param::new(Tensor::scalar(2.0))];
        let mut all = Vec::new();
        walk_mut(&mut model, |_, slot| match slot {
            SlotMut::Param(param) => all.push(param),
            SlotMut::Buffer(_) => unreachable!(),
        });
        all.swap(0, 1);
        all[0].update(|values| values[0] = 9.0);
        assert_eq!(model[1].value().item(), 9.0);
    }
}

//! Fused in-place updates of parameters: one pass over values, gradient and state, so that an
//! optimizer step runs at the speed of memory. Also norms and scaling of gradients.
//!
//! The rules of `torch.optim`, in the same order of operations; `glassbox-train` wraps them.

pub use glassbox_kernels::cpu::optimize::*;

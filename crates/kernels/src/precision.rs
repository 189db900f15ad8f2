//! Whether a faster algorithm may round differently.

/// Whether an operation may use an algorithm with fewer products whose sums round differently
/// from those of the definition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// Convolutions with 3 × 3 kernels and stride 1 may take a quarter of the products, those with
    /// 5 × 5 kernels four elevenths (Winograd's minimal filtering): an error of some millionths of
    /// the largest value instead of about one. An infinite or undefined pixel may reach those
    /// computed beside it.
    #[default]
    Fast,
    /// Sums of products as in the definition.
    Exact,
}

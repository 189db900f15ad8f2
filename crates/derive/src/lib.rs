//! `#[derive(Parameters)]`: the walk over a model's parameters, field by field.

#![forbid(unsafe_code)]

mod parameters;

/// Implements `Parameters` for a struct or enum by walking its fields in order, each under its
/// own name (tuple fields under their index; variants add nothing to the path).
///
/// Fields of plain values (numbers, strings, `PhantomData`) hold no parameters and need no
/// attribute; `#[parameters(skip)]` leaves out a field of any other type. `#[parameters(crate =
/// path)]` on the type names the `glassbox_nn` crate where it is neither a direct dependency nor
/// reached through `glassbox`.
#[proc_macro_derive(Parameters, attributes(parameters))]
pub fn derive_parameters(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    parameters::expand(&input).unwrap_or_else(|error| error.into_compile_error()).into()
}

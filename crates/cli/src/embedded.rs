//! Recipes inside the program.

/// The recipe that `glassbox train` uses when none is given.
pub const DIGITS_CNN: &str = include_str!("../../../recipes/digits-cnn.toml");
/// What the embedded recipe is called in messages.
pub const DIGITS_CNN_NAME: &str = "digits-cnn.toml";
/// What `glassbox new mlp` writes.
pub const STARTER_MLP: &str = include_str!("../starters/mlp.toml");
/// What `glassbox new rnn` writes.
pub const STARTER_RNN: &str = include_str!("../starters/rnn.toml");
/// What `glassbox new cnn` writes.
pub const STARTER_CNN: &str = include_str!("../starters/cnn.toml");

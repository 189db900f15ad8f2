//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Trains neural networks from a recipe, and shows what they do.
#[derive(Parser)]
#[command(name = "glassbox", version, about, max_term_width = 100)]
#[command(after_help = "Without a recipe, `glassbox train` trains on the embedded digits.\n\
    Exit status: 0 done, 1 failed, 2 wrong usage or recipe, 130 interrupted and saved.")]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Write a starter recipe with comments
    New(New),
    /// Show every error of a recipe at once, without training
    Check(Check),
    /// Show what a recipe's data is: types, ranges, balance, duplicates, samples
    Data(Data),
    /// Show layers, shapes, parameters, operations and memory
    Summary(Summary),
    /// Train a model
    Train(Train),
    /// Go on with a run that was interrupted, or train longer
    Resume(Resume),
    /// Score a run's model on a part of its data, or on other labelled data
    Eval(Eval),
    /// Predict image, CSV or text files with a run's model
    Predict(Predict),
    /// Continue a text with a run's model
    Generate(Generate),
    /// Draw what a run's recurrent units do while they read a text
    States(States),
    /// Write a run's report: curves, samples, how far back its error reaches
    Report(Report),
    /// Show runs beside each other
    Compare(Compare),
    /// List or remove runs
    Runs(Runs),
    /// Explain an error code, or list all
    Explain(Explain),
}

#[derive(Args)]
pub struct New {
    /// What to begin with
    #[arg(value_enum)]
    pub kind: Starter,
    /// The folder to write the recipe to
    #[arg(default_value = ".")]
    pub dir: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Starter {
    /// Dense layers
    Mlp,
    /// Convolutions
    Cnn,
    /// Recurrent layers
    Rnn,
}

#[derive(Args)]
pub struct Overrides {
    /// Change a key of the recipe, such as train.epochs=3 (again for more keys)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

#[derive(Args)]
pub struct Check {
    /// The recipe; without one, that of the embedded digits
    pub recipe: Option<PathBuf>,
    #[command(flatten)]
    pub overrides: Overrides,
}

#[derive(Args)]
pub struct Summary {
    #[command(flatten)]
    pub of: Check,
    /// Also show which layers run as one operation
    #[arg(long)]
    pub fused: bool,
}

#[derive(Args)]
pub struct Data {
    /// The recipe; without one, that of the embedded digits
    pub recipe: Option<PathBuf>,
    #[command(flatten)]
    pub overrides: Overrides,
    /// Where to write the picture of images and augmented images; by default NAME-images.png
    #[arg(long, value_name = "FILE")]
    pub images: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct Output {
    /// How to show progress; by default a bar on a terminal, plain lines otherwise
    #[arg(long, value_enum)]
    pub progress: Option<Progress>,
    /// Threads to compute with; by default one per core. They do not change the result
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=512))]
    pub threads: Option<u16>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Progress {
    /// A moving bar and a table
    Bar,
    /// Lines
    Plain,
    /// One JSON object per line
    Json,
}

#[derive(Args)]
pub struct RunsFolder {
    /// Where runs are kept
    #[arg(long = "runs", value_name = "DIR", default_value = "runs")]
    pub path: PathBuf,
}

#[derive(Args)]
pub struct Train {
    /// The recipe; without one, that of the embedded digits
    pub recipe: Option<PathBuf>,
    #[command(flatten)]
    pub overrides: Overrides,
    /// Decides initial weights, shuffling, augmentation and dropout
    #[arg(long)]
    pub seed: Option<u32>,
    #[command(flatten)]
    pub output: Output,
    #[command(flatten)]
    pub runs: RunsFolder,
}

#[derive(Args)]
pub struct Resume {
    /// The run: its name, the beginning of it, its folder, or `last`
    pub run: OsString,
    /// Train up to epoch N; +N: N epochs beyond the checkpoint
    #[arg(long, value_name = "N|+N")]
    pub epochs: Option<String>,
    /// What becomes of a schedule that spans the run when the number of epochs changes; by default
    /// it is stretched over more epochs, and continues as planned over fewer
    #[arg(long, value_enum)]
    pub schedule: Option<ScheduleChoice>,
    /// The checkpoint to resume from; by default the last, and the best of a run that diverged
    #[arg(long, value_name = "best|last|STEP")]
    pub from: Option<String>,
    #[command(flatten)]
    pub overrides: Overrides,
    #[command(flatten)]
    pub output: Output,
    #[command(flatten)]
    pub runs: RunsFolder,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ScheduleChoice {
    /// As planned, its last rate being held afterwards
    Continue,
    /// Over all epochs that there are now
    Stretch,
    /// From its beginning, over the epochs that are still to be trained
    Restart,
}

#[derive(Args)]
pub struct Eval {
    /// The run: its name, the beginning of it, its folder, or `last`
    pub run: OsString,
    /// Labelled data to score all items of: files, folders of class folders or of IDX files. Without
    /// any, a part of the run's own data is scored
    pub files: Vec<PathBuf>,
    /// The part of the run's own data; by default the test items
    #[arg(long, value_enum)]
    pub split: Option<Part>,
    /// Which weights
    #[arg(long, value_enum, default_value = "best")]
    pub checkpoint: Checkpoint,
    /// What to do about categories and words that were not in the training data
    #[arg(long, value_enum)]
    pub unknown: Option<Unknown>,
    /// Further scores, all of them with `all`: --metrics f1_macro,roc_auc
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    pub metrics: Vec<String>,
    /// As FILE, with data.path=FILE; nothing that the model learned can be changed
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub runs: RunsFolder,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Unknown {
    /// Tell the place and stop; with predict, read the next row
    Error,
    /// A category is none of the known ones, a word becomes `<unknown>`
    Other,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Part {
    Train,
    Valid,
    Test,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Checkpoint {
    Best,
    Last,
}

#[derive(Args)]
pub struct Predict {
    /// The run: its name, the beginning of it, its folder, or `last`
    pub run: OsString,
    /// Image files, CSV files, texts, folders of them and of their folders, or - for the standard
    /// input
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// How many classes to show for each item
    #[arg(long, default_value = "3", value_parser = clap::value_parser!(u32).range(1..))]
    pub top: u32,
    /// Which weights
    #[arg(long, value_enum, default_value = "best")]
    pub checkpoint: Checkpoint,
    /// What to do about categories and words that were not in the training data
    #[arg(long, value_enum)]
    pub unknown: Option<Unknown>,
    /// Print one JSON object for each item
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub runs: RunsFolder,
}

#[derive(Args)]
pub struct Generate {
    /// The run: its name, the beginning of it, its folder, or `last`
    pub run: OsString,
    /// The text to continue
    #[arg(long, default_value = "\n")]
    pub prompt: String,
    /// How many tokens to make
    #[arg(long, default_value = "500")]
    pub length: usize,
    /// Below 1 bolder choices become rarer, above 1 more frequent; 0 always takes the likeliest
    #[arg(long, default_value = "1.0", allow_negative_numbers = true)]
    pub temperature: f32,
    /// Choose among so many of the likeliest tokens only
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..))]
    pub top_k: Option<u32>,
    /// Choose among the likeliest tokens that together have this probability only
    #[arg(long, value_name = "P")]
    pub top_p: Option<f32>,
    /// Keep recurrent weights as they are; otherwise they are rounded to half precision, which takes
    /// two thirds of the time and moves probabilities by some thousandths
    #[arg(long)]
    pub exact: bool,
    /// Decides the choices: the same seed gives the same text
    #[arg(long, default_value = "0")]
    pub seed: u64,
    /// Which weights
    #[arg(long, value_enum, default_value = "best")]
    pub checkpoint: Checkpoint,
    /// Threads to compute with; a token is too little work for more than one
    #[arg(long, default_value = "1", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub threads: u16,
    #[command(flatten)]
    pub runs: RunsFolder,
}

#[derive(Args)]
pub struct States {
    /// The run: its name, the beginning of it, its folder, or `last`
    pub run: OsString,
    /// The text to read
    #[arg(long)]
    pub text: String,
    /// The recurrent layer, by its number or name in `summary`; 1.0 and 1.1 are the layers of a stack. By
    /// default the first one
    #[arg(long, value_name = "N[.K]")]
    pub layer: Option<String>,
    /// Draw so many of the units that change most
    #[arg(long, default_value = "40", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub units: u32,
    /// The file to write; by default `states.svg` in the run's folder
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Which weights
    #[arg(long, value_enum, default_value = "best")]
    pub checkpoint: Checkpoint,
    #[command(flatten)]
    pub runs: RunsFolder,
}

#[derive(Args)]
pub struct Report {
    /// The run: its name, the beginning of it, its folder, or `last`
    pub run: OsString,
    #[command(flatten)]
    pub runs: RunsFolder,
}

#[derive(Args)]
pub struct Compare {
    /// The runs: names, beginnings of names, or folders
    #[arg(required = true)]
    pub names: Vec<OsString>,
    /// Draw their curves in one plot each, as SVG files in this folder
    #[arg(long, value_name = "DIR")]
    pub plots: Option<PathBuf>,
    #[command(flatten)]
    pub runs: RunsFolder,
}

#[derive(Args)]
pub struct Runs {
    #[command(subcommand)]
    pub action: RunsAction,
}

#[derive(Subcommand)]
pub enum RunsAction {
    /// List all runs, oldest first
    Ls(ListRuns),
    /// Remove runs and everything in their folders
    Rm(RemoveRuns),
}

#[derive(Args)]
pub struct ListRuns {
    /// Print one JSON object per run
    #[arg(long)]
    pub json: bool,
    /// Show these as well: settings (`lr`, `train.batch_size`), `train.loss`, `valid.accuracy` and
    /// other scores, `gap` (validation loss less training loss), or `changed` for every setting
    /// that is not the same in all runs
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    pub columns: Vec<String>,
    #[command(flatten)]
    pub runs: RunsFolder,
}

#[derive(Args)]
pub struct RemoveRuns {
    /// The runs: names, beginnings of names, or folders
    #[arg(required = true)]
    pub names: Vec<OsString>,
    /// Remove runs that seem to be training
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub runs: RunsFolder,
}

#[derive(Args)]
pub struct Explain {
    /// An error code, such as GB0103; without one, all codes are listed
    pub code: Option<String>,
}

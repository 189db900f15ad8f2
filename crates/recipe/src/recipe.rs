//! A recipe that has been read: right in itself, not yet compared with its data.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use glassbox_data::{DataConfig, Learned, Prepared};
use glassbox_train::data::{Augment, DataError, DataErrorCode};

use crate::codes;
use crate::diagnostic::{Place, Problem, Report, Source};
use crate::overrides;
use crate::paths;
use crate::read::Fields;
use crate::sections::model::Model;
use crate::sections::run::Run;
use crate::sections::train::Train;
use crate::sections::watch::Watch;
use crate::sections::{self, Section};
use crate::tree::{self, Node, Table, Value};

/// A recipe that has been read: every key is known, every value has the right type and lies in its
/// range. [`Recipe::resolve`] compares it with its data and decides what it leaves open.
#[derive(Clone, Debug)]
pub struct Recipe {
    sources: Arc<Vec<Source>>,
    root: Table,
    /// Whether it is the recipe of a run, with which there was a training already: what it settles
    /// is not judged again, or runs of earlier versions could not be evaluated.
    pub(crate) stored: bool,
    pub(crate) default_name: String,
    pub(crate) run: Run,
    pub(crate) data: DataConfig,
    /// The keys of `[data]` whose paths are relative.
    pub(crate) relative_paths: Vec<String>,
    pub(crate) augment: Vec<Augment>,
    pub(crate) model: Model,
    pub(crate) train: Train,
    pub(crate) watch: Watch,
}

impl Recipe {
    /// Reads the recipe file `path`, with overrides of the form `train.epochs=3` laid over it.
    ///
    /// # Errors
    /// A report of everything that is wrong.
    pub fn open(path: &Path, overrides: &[String]) -> Result<Self, Report> {
        Self::open_as(path, overrides, false)
    }

    /// Reads the resolved recipe of a run that is to be resumed or evaluated. There was a training
    /// with it already: what it settles is not judged again, or runs of earlier versions could not
    /// be used any more. To train from scratch with it, [`open`](Self::open) it like any other recipe.
    ///
    /// # Errors
    /// A report of everything that cannot be used.
    pub fn open_stored(path: &Path, overrides: &[String]) -> Result<Self, Report> {
        Self::open_as(path, overrides, true)
    }

    fn open_as(path: &Path, overrides: &[String], stored: bool) -> Result<Self, Report> {
        let text = read_file(path)?;
        let base = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Self::parse_as((&path.display().to_string(), stored), &text, &base, overrides)
    }

    /// Reads a recipe from `text`, which is called `name` in messages. Relative paths in it start
    /// at `base`.
    ///
    /// # Errors
    /// A report of everything that is wrong.
    pub fn parse(
        name: &str,
        text: &str,
        base: &Path,
        overrides: &[String],
    ) -> Result<Self, Report> {
        Self::parse_as((name, false), text, base, overrides)
    }

    fn parse_as(
        (name, stored): (&str, bool),
        text: &str,
        base: &Path,
        overrides: &[String],
    ) -> Result<Self, Report> {
        let mut sources = vec![Source { name: name.into(), text: text.into() }];
        sources
            .extend(overrides.iter().map(|set| Source { name: "--set".into(), text: set.clone() }));
        let mut report = Report::new(sources);
        let mut problems = Vec::new();
        let mut root = tree::parse(text, 0, &mut problems);
        let syntax_lines = lines_of(&problems, text);
        for (index, set) in overrides.iter().enumerate() {
            if let Err(more) = overrides::apply(&mut root, set, index + 1) {
                problems.extend(more);
            }
        }
        let syntax_errors = problems.len();
        let sources = report.sources_shared();
        let recipe = Self::read((name, stored), root, base, sources, &mut problems);
        if !syntax_lines.is_empty() {
            // Around a syntax error keys seem to be missing and values seem to be odd.
            let certain = |problem: &Problem| {
                let line = problem.place.as_ref().map(|place| line_of(text, place.range.start));
                problem.code != codes::MISSING_KEY
                    && line.is_some_and(|line| !syntax_lines.contains(&line))
            };
            let rest = problems.split_off(syntax_errors);
            problems.extend(rest.into_iter().filter(certain));
        }
        match recipe {
            Some(recipe) if problems.is_empty() => Ok(recipe),
            _ => {
                problems.into_iter().for_each(|problem| report.push(problem));
                report.sort();
                Err(report)
            }
        }
    }

    fn read(
        (name, stored): (&str, bool),
        root: Table,
        base: &Path,
        sources: Arc<Vec<Source>>,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let top = Place::new(0, 0..0);
        let mut fields = Fields::new(&root, &top, "", problems);
        let empty = Table::default();
        let [run, data, model, train, watch] =
            ["run", "data", "model", "train", "watch"].map(|key| {
                let (table, place) = match fields.table(key) {
                    Some((table, entry)) => (table, entry.node.place.clone()),
                    None => (&empty, top.clone()),
                };
                Section { table, place }
            });
        let augment = fields.entry("augment").map(|entry| &entry.node);
        for (key, example) in [
            ("data", "[data] with kind = \"digits\""),
            ("model", "[model] with layers = [{ type = \"dense\", units = \"classes\" }]"),
        ] {
            if root.get(key).is_none() {
                fields.require(key, example);
            }
        }
        fields.finish();
        let relative_paths = paths::relative(data.table);
        let missing = |key: &str| root.get(key).is_none_or(|entry| entry.node.table().is_none());
        let run = sections::run::read(&run, problems);
        let data = if missing("data") { None } else { sections::data::read(&data, base, problems) };
        let augment = sections::data::read_augment(augment, problems);
        let model = if missing("model") { None } else { sections::model::read(&model, problems) };
        let train = sections::train::read(&train, stored, problems);
        let watch = sections::watch::read(&watch, problems);
        let (mut data, model) = (data?, model?);
        if let Some(task) = run.task {
            data.source.set_task(task);
        }
        let stem = PathBuf::from(name).file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let default_name = stem.unwrap_or_else(|| "run".into());
        Some(Self {
            sources,
            root,
            stored,
            default_name,
            run,
            data,
            relative_paths,
            augment,
            model,
            train,
            watch,
        })
    }

    /// The text of the recipe as given, without overrides.
    pub fn text(&self) -> &str {
        self.sources.first().map_or("", |source| &source.text)
    }

    /// Loads the data, splits it and fits the normalization.
    ///
    /// # Errors
    /// A report that says what is wrong with the data.
    pub fn prepare(&self) -> Result<Prepared, Report> {
        self.data.prepare(Path::new("")).map_err(|error| self.data_report(&error))
    }

    /// Loads and splits the data through what a model learned about it, fitting nothing: for a run
    /// that is resumed or evaluated.
    ///
    /// # Errors
    /// A report that says what is wrong with the data, or what of it the model does not know.
    pub fn prepare_known(&self, learned: &Learned) -> Result<Prepared, Report> {
        self.data.prepare_known(Path::new(""), learned).map_err(|error| self.data_report(&error))
    }

    /// Where the data comes from and how it is read.
    pub fn data(&self) -> &DataConfig {
        &self.data
    }

    /// An empty report on this recipe.
    pub(crate) fn report(&self) -> Report {
        Report::shared(self.sources.clone())
    }

    /// The place of the value under a dotted path, where it is written.
    pub(crate) fn written(&self, path: &str) -> Option<Place> {
        let (keys, last) = path.rsplit_once('.').unwrap_or(("", path));
        let mut table = &self.root;
        for key in keys.split('.').filter(|key| !key.is_empty()) {
            table = table.get(key)?.node.table()?;
        }
        Some(table.get(last)?.node.place.clone())
    }

    /// The place of the value under a dotted path, or of what is there on the way to it.
    pub(crate) fn place(&self, path: &str) -> Option<Place> {
        let mut table = &self.root;
        let mut place = None;
        for key in path.split('.') {
            let Some(entry) = table.get(key) else { break };
            place = Some(entry.node.place.clone());
            match entry.node.table() {
                Some(inner) => table = inner,
                None => break,
            }
        }
        place
    }

    /// The node of item `index` of a list at the top of the recipe.
    pub(crate) fn item(&self, key: &str, index: usize) -> Option<&Node> {
        match &self.root.get(key)?.node.value {
            Value::List(items) => items.get(index),
            _ => None,
        }
    }

    fn data_report(&self, error: &DataError) -> Report {
        let mut report = self.report();
        report.push(self.data_problem(error));
        report
    }

    /// A problem with the data, told at the key of the recipe that leads to it.
    pub(crate) fn data_problem(&self, error: &DataError) -> Problem {
        let key = match error.code {
            DataErrorCode::Split => "data.split",
            DataErrorCode::Normalize => "data.normalize",
            DataErrorCode::Augment => "augment",
            _ => "data.path",
        };
        let place = error.place.to_string();
        let message = match place.as_str() {
            "" => error.message.clone(),
            place => format!("{} (at {place})", error.message),
        };
        let mut problem = Problem::new(error.code.as_str(), message);
        problem.place = self.place(key);
        problem.expected.clone_from(&error.expected);
        problem.found.clone_from(&error.found);
        problem.help.clone_from(&error.help);
        if let (DataErrorCode::Unreadable, Some(place), Some(_)) =
            (error.code, &problem.place, &error.help)
        {
            problem.help = Some(match place.source {
                0 => "a relative path in a recipe starts at the folder of the recipe".into(),
                _ => "a relative path after --set starts at the current folder".into(),
            });
        }
        problem
    }
}

/// Reads a recipe file of a sensible size.
fn read_file(path: &Path) -> Result<String, Report> {
    let unreadable = |what: String| {
        Problem::new(codes::UNREADABLE, format!("{} cannot be read", path.display()))
            .expected("a readable file")
            .found(what)
    };
    let failed = |error: std::io::Error| {
        let problem = unreadable(error.to_string());
        Report::of(match error.kind() {
            std::io::ErrorKind::NotFound => {
                problem.help("`glassbox new cnn` writes a recipe to begin with")
            }
            _ => problem,
        })
    };
    if path.is_dir() {
        let inside = path.join("recipe.toml");
        let problem = unreadable("a folder".into()).expected("a file");
        return Err(Report::of(problem.help(format!("did you mean {}?", inside.display()))));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(tree::MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > tree::MAX_BYTES {
        let limit = format!("at most {} KiB", tree::MAX_BYTES / 1024);
        let problem = unreadable("more".into()).expected(limit);
        return Err(Report::of(problem.help("is this really a recipe?")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let found = format!("byte {at} is not part of a UTF-8 character");
        Report::of(unreadable(found).expected("UTF-8 text").help("save the file as UTF-8"))
    })
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

/// The lines that problems in source 0 touch, and one more each.
fn lines_of(problems: &[Problem], text: &str) -> Vec<usize> {
    let places = problems.iter().filter_map(|problem| problem.place.as_ref());
    places
        .flat_map(|place| line_of(text, place.range.start)..=line_of(text, place.range.end) + 1)
        .collect()
}

//! Every error code of Glassbox: one table, read by `glassbox explain` and by the tests. The codes
//! of data errors, GB03xx, stand with their kinds in [`DataErrorCode`].

use glassbox_train::data::DataErrorCode;

/// A code and what it means.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    /// The code, `GB` and four digits: 01 recipe, 02 shapes, 03 data, 04 numerics, 05 checkpoints.
    pub code: &'static str,
    /// What went wrong, in a few words.
    pub title: &'static str,
    /// Why it is wrong and how to mend it.
    pub explanation: &'static str,
}

/// The recipe is not valid TOML.
pub const SYNTAX: &str = "GB0101";
/// The recipe file cannot be read.
pub const UNREADABLE: &str = "GB0102";
/// A key that nothing reads.
pub const UNKNOWN_KEY: &str = "GB0103";
/// A `type` or `kind` that does not exist.
pub const UNKNOWN_TYPE: &str = "GB0104";
/// A word that is not among the choices.
pub const UNKNOWN_VALUE: &str = "GB0105";
/// A value of the wrong TOML type.
pub const WRONG_TYPE: &str = "GB0106";
/// A key that must be there is not.
pub const MISSING_KEY: &str = "GB0107";
/// A number outside its range.
pub const OUT_OF_RANGE: &str = "GB0108";
/// Infinity or NaN.
pub const NOT_FINITE: &str = "GB0109";
/// A `--set` that cannot be applied.
pub const BAD_OVERRIDE: &str = "GB0110";
/// A list that may not be empty.
pub const EMPTY: &str = "GB0111";
/// The loss does not fit the task.
pub const LOSS_AND_TASK: &str = "GB0120";
/// Softmax, sigmoid or relu before a loss that needs scores without bounds.
pub const SOFTMAX_BEFORE_LOSS: &str = "GB0121";
/// The last layer's width does not fit the targets.
pub const HEAD_WIDTH: &str = "GB0122";
/// Image augmentation for data that are not images.
pub const AUGMENT_WITHOUT_IMAGES: &str = "GB0123";
/// The schedule does not fit the training.
pub const SCHEDULE: &str = "GB0124";
/// Validation data is needed and there is none.
pub const NO_VALIDATION: &str = "GB0125";
/// A metric that this task does not have.
pub const METRIC: &str = "GB0126";
/// The task does not fit the data.
pub const TASK_AND_DATA: &str = "GB0127";
/// The class weights do not fit the classes.
pub const CLASS_WEIGHTS: &str = "GB0128";
/// The model does not fit in memory.
pub const TOO_LARGE: &str = "GB0129";
/// A setting of sequences does not fit the task.
pub const THROUGH_TIME: &str = "GB0130";
/// Something is to be watched that this run does not have.
pub const WATCH: &str = "GB0131";
/// A layer looks ahead at the token that is to be predicted.
pub const SEES_ANSWER: &str = "GB0140";
/// An embedding has fewer rows than there are tokens.
pub const VOCABULARY: &str = "GB0141";
/// A model of an earlier version counts padding as a token.
pub const PADDING_IS_A_TOKEN: &str = "GB0142";

/// A setting that changes nothing.
pub const NO_EFFECT: &str = "GB0132";
/// A last layer whose values cannot reach the targets.
pub const HEAD_RANGE: &str = "GB0133";

/// The row of `code`, in any case.
pub fn find(code: &str) -> Option<&'static Code> {
    CODES.iter().find(|row| row.code.eq_ignore_ascii_case(code))
}

const fn row(code: &'static str, title: &'static str, explanation: &'static str) -> Code {
    Code { code, title, explanation }
}

/// All codes, in order.
#[rustfmt::skip]
pub const CODES: &[Code] = &[
    row(SYNTAX, "the recipe is not valid TOML",
        "A recipe is a TOML file: [section] headers, `key = value` lines, text in quotes, lists in square \
         brackets, small tables in braces. A key may stand only once in its table. Glassbox shows every syntax \
         error it finds at once; the first one is often the cause of the others."),
    row(UNREADABLE, "the recipe cannot be read",
        "The file does not exist, may not be read, is not UTF-8 text, or is larger than a recipe can sensibly be \
         (1 MiB). Save it as UTF-8 and check the path."),
    row(UNKNOWN_KEY, "unknown key",
        "Nothing reads this key. A key that were silently ignored could change an experiment without anybody \
         noticing, so it is an error. The message lists the keys that exist there, and the nearest one."),
    row(UNKNOWN_TYPE, "unknown type",
        "The `type` (of a layer, optimizer, schedule, loss, augmentation, …) or the `kind` of the data names \
         something that does not exist. The message lists what does."),
    row(UNKNOWN_VALUE, "unknown value",
        "The key accepts a few words only, and this is none of them. The message lists them."),
    row(WRONG_TYPE, "wrong type of value",
        "The key needs another type of value, for instance a number where text stands. Numbers are written \
         without quotes, text with quotes, switches as true or false, lists in square brackets."),
    row(MISSING_KEY, "missing key",
        "Some things have no sensible default, such as the layers of the model or the kind of data. Add the key."),
    row(OUT_OF_RANGE, "number out of range",
        "The number has the right type but cannot work: a learning rate must be above zero, a drop probability \
         lies in [0, 1), a count of epochs or samples is at least one. The message gives the range."),
    row(NOT_FINITE, "not a finite number",
        "TOML can write `inf` and `nan`, training can use neither: the first step would spread them through every \
         weight. Leave the key out to get its default."),
    row(BAD_OVERRIDE, "`--set` cannot be applied",
        "An override is KEY=VALUE, the key being a dotted path into the recipe, such as train.epochs=3, \
         train.optimizer.lr=1e-3, model.layers.0.filters=16 or data.path=/somewhere/else. Text needs no quotes. \
         Lists are indexed from 0."),
    row(EMPTY, "nothing in it",
        "A list or a text that must hold something is empty, such as the layers of the model."),
    row(LOSS_AND_TASK, "the loss does not fit the task",
        "Classification is trained with cross_entropy (or binary_cross_entropy for two classes and one output), \
         regression with mean_squared_error, mean_absolute_error or huber. A loss for the other task would run \
         and learn nothing useful."),
    row(SOFTMAX_BEFORE_LOSS, "the loss applies the softmax itself",
        "cross_entropy takes scores (logits) and computes softmax and logarithm in one step, which is exact where \
         the two steps overflow. With a softmax layer before it the model would be squashed twice and learn \
         slowly. The same holds for sigmoid and binary_cross_entropy. Remove the layer: predictions are turned \
         into probabilities where they are shown."),
    row(HEAD_WIDTH, "the last layer does not fit the targets",
        "A classifier gives one score per class (or one in all with binary_cross_entropy), a regression one \
         number per target column. Write units = \"classes\" or units = \"outputs\" and the width follows the data."),
    row(AUGMENT_WITHOUT_IMAGES, "augmentation without images",
        "Flips, crops, rotations and the like move pixels; they need items of shape [height, width, channels]."),
    row(SCHEDULE, "the schedule does not fit the training",
        "The schedule's warm-up or length must fit in the epochs of the training."),
    row(NO_VALIDATION, "there is no validation data",
        "Early stopping and reduce_on_plateau watch a validation metric. Keep some data back with \
         split = { valid = 0.15 }."),
    row(METRIC, "no such metric",
        "Classification has loss and accuracy, regression loss, mae, rmse and r2, generation loss, accuracy, \
         perplexity and bits_per_token, each measured on valid \
         (valid.loss) or train (train.loss). Of several outputs, each has its own: valid.r2.NAME."),
    row(TASK_AND_DATA, "the task does not fit the data",
        "Classification needs targets that are classes, regression needs targets that are numbers, generation \
         needs a text."),
    row(CLASS_WEIGHTS, "the class weights do not fit the classes",
        "class_weights is a weight for each class by name ({ yes = 2.0, no = 1.0 }), \"balanced\", or a list of one \
         number for each class in the order that `glassbox check` prints. \"balanced\" needs training items of every \
         class, and one class of the training items at least must count: a weight above 0, and not ignored."),
    row(TOO_LARGE, "the model does not fit in memory",
        "The weights, their gradients and the optimizer's state alone would need more memory than this machine \
         has. Often one `units` or `filters` has a few zeros too many, or a flatten feeds a wide dense layer."),
    row(THROUGH_TIME, "the setting is for sequences",
        "`bptt` cuts sequences into windows through which gradients flow, and `stateful` carries the state of \
         recurrent layers from batch to batch. Both need a target for every step, as in data of kind \"text\"."),
    row(WATCH, "there is nothing to watch",
        "`watch.lags` keeps the gradient norms of recurrent layers by time lag, so the model needs an rnn, gru or \
         lstm layer. `watch.samples` keeps what a language model writes, so the data must be of kind \"text\", and \
         the prompt may only have characters of that text."),
    row(NO_EFFECT, "a setting without effect",
        "The setting changes nothing in this training, so it is not what you meant: Nesterov's look ahead without \
         momentum, a `step` or `multi_step` schedule whose rate would fall after the last epoch, a momentum moved by the schedule for an optimizer \
         that has none, an ignored class that no item has. Remove it, or give what it needs."),
    row(HEAD_RANGE, "the last layer cannot reach the targets",
        "The layers after the last dense or recurrent layer confine the model's values: relu gives nothing below 0, \
         sigmoid values from 0 to 1, tanh from -1 to 1, softmax values that sum to 1. Some targets are outside, \
         so that no training could come near them. Targets are standardized unless \
         data.standardize_targets = false, and then about half of them are negative. End with a dense layer."),
    row(SEES_ANSWER, "it sees the token that it is to predict",
        "A language model predicts the next token at every step, so its output at a step may depend on that token \
         and earlier ones alone. A layer that runs backward in time (bidirectional = true), or mixes all steps \
         (global_avg_pool, flatten, a softmax over time, windows over several steps), shows it the answer: its \
         loss falls to almost nothing, and as there is no answer to copy when it generates, it has learned \
         nothing. For targets that are not the next token, such as a tag for every token or the class of a text, \
         such layers are allowed."),
    row(VOCABULARY, "the embedding has too few rows",
        "Every token of the data is a row of the embedding's table. Leave `size` out, and it follows from the data."),
    row(PADDING_IS_A_TOKEN, "the model learned padding as a token",
        "In earlier versions the padding behind shorter texts counted as the first token of the \
         vocabulary in global_avg_pool, flatten and a softmax over time. Padding is left out now, so such a model \
         would give other numbers than it was trained for. Train it again. Models whose only layers across time \
         are recurrent are not affected."),
    row("GB0201", "an axis has length 0",
        "Nothing is left of the input, or the data has items without values. Every axis of a layer's input and \
         output has a length of at least 1."),
    row("GB0202", "wrong number of axes",
        "The layer needs another kind of input: conv2d, pooling and global_avg_pool take images of \
         height×width×channels, dense takes a list of numbers. Between the two stands flatten or \
         global_avg_pool."),
    row("GB0203", "another size than declared",
        "The layer declares how many inputs it wants, and gets another number from the layer before. Leave the \
         declaration out: it is inferred."),
    row("GB0204", "a layer's setting is out of range",
        "A setting of the layer has a value with which it cannot work, such as 0 filters, or groups that do not \
         divide the channels."),
    row("GB0205", "a window does not fit",
        "The kernel or pooling window, with its dilation, is larger than the padded image at that point. Images \
         shrink at every stride and pooling: use padding = \"same\", a smaller window, or fewer poolings."),
    row("GB0206", "a layer is too large",
        "One tensor of the layer would hold more than 2^30 values. Often `units` or `filters` has a few zeros too \
         many, or a flatten feeds a wide dense layer."),
    row("GB0207", "the branches do not meet",
        "A residual block adds its layers' output to its input, so both need the same shape. Give the block a \
         `shortcut` that makes that shape, or leave the shortcut out to have a projection made. Layers that `from` \
         joins need one shape (\"add\", \"mul\"; a list of channels beside images counts at every pixel), or shapes \
         that differ in their last axis alone (\"concat\")."),
    row("GB0208", "a batch is too small",
        "Batch normalization computes a mean and a variance over the batch; of a single value they mean nothing. \
         Raise batch_size, or leave out a last batch of one item with drop_last = true."),
    row("GB0209", "no layer has this name",
        "`name` calls a layer, and `from` takes the outputs of others by their names or numbers (counted from 0), or \
         \"input\", the input of the model. A name has no dot and no space, is not a number, and belongs to one layer \
         of its list."),
    row("GB0210", "layers wait for each other",
        "`from` may name layers in any order, but none may wait for its own output. The message shows the circle: take \
         one layer out of a `from`."),
    row("GB0211", "a layer's output goes nowhere",
        "The model's output is that of the last layer; the output of every other one is taken by some layer: the \
         next in the list unless that has a `from`, or one whose `from` names it."),
    row("GB0402", "the loss is no longer a number",
        "The loss, a weight or a memory of the optimizer became NaN or infinite: updates have grown without bound. \
         Look at the scale of the data first (data.normalize = \"standard\", data.standardize_targets = true), then \
         lower the learning rate by a factor of ten, or limit gradients with train.clip = { type = \"norm\", max = \
         1.0 }. The best weights so far and the last state that was finite are kept: `glassbox resume RUN --set \
         train.optimizer.lr=…` resumes from them."),
    row("GB0403", "the training loss grew without bound",
        "The loss of the last epoch is finite, but more than ten times that of the first step, before anything was \
         learned: the updates are too large for these data. Inputs and targets of thousands make gradients of \
         millions, so look at their scale first: data.normalize = \"standard\" and data.standardize_targets = true. \
         Then lower the learning rate by a factor of ten, or limit the gradients with train.clip."),
    row("GB0410", "the task does not fit the targets",
        "Classes are learned with Task::Classify, numbers with Task::Regress, the next token of every step with \
         Task::Generate. Recipes take the task from the data; code says it."),
    row("GB0411", "the loss does not fit the targets",
        "Cross-entropy is for classes and tokens, of which there are at least two, binary cross-entropy for two \
         classes, the other losses for numbers. Class weights are one for each class. The cross-entropy of a single \
         score would be 0 whatever is predicted."),
    row("GB0412", "the model's output does not fit the targets",
        "A model gives one score for each class or token, one score in all for binary cross-entropy, or a number for \
         each target. Its last layer must be as wide."),
    row("GB0413", "the data does not fit the model",
        "A model declares the shape of its input without the batch axis, and every item must have it; only sequences \
         may be longer or shorter. There must be items to train on, and those of validation must have the same classes \
         or outputs in the same order and be normalized and standardized alike, or scores cannot be compared."),
    row("GB0414", "class weights by name, or balanced ones, do not fit the classes",
        "Weights by name are one for each class of the data, and balanced weights need training items of every \
         class."),
    row("GB0501", "a checkpoint cannot be read",
        "The file does not exist or may not be read. A run has checkpoints from its first step on, in the folder \
         `checkpoints` of the run."),
    row("GB0502", "a checkpoint is damaged",
        "The file is not a whole safetensors file. Glassbox writes checkpoints to a temporary file and renames it, \
         so a damaged one was changed, cut off while copied, or is another file altogether."),
    row("GB0503", "a tensor of a checkpoint cannot be used",
        "Glassbox reads tensors of 32-bit floats and integers with up to eight axes. Convert the file."),
    row("GB0504", "a checkpoint cannot be written",
        "The disk is full, or the folder may not be written to. Checkpoints that were written before are as they \
         were: nothing is overwritten before the new file is complete."),
    row("GB0505", "weights that are not finite",
        "The checkpoint holds NaN or infinite weights, with which every prediction would be NaN. Use an earlier \
         one."),
    row("GB0506", "weights of another model",
        "Names or shapes of the tensors in the checkpoint are not those of the model. Weights can only be loaded \
         into the architecture they were trained in."),
    row("GB0507", "not a training state",
        "Going on needs the training state (optimizer, schedule, position in the data, random numbers), which a \
         file of weights alone does not have, or which another version of Glassbox wrote."),
    row("GB0508", "state of another optimizer",
        "The saved optimizer state does not belong to the optimizer of this recipe. Resume with the recipe in the \
         run's own folder."),
    row("GB0509", "no predictor in a checkpoint",
        "A file of weights that Glassbox trained says how inputs are prepared and what outputs mean. This one does \
         not, so it cannot predict files by itself."),
    row("GB0510", "the log cannot be written",
        "The disk is full, or the run's folder may not be written to. Checkpoints are as they were, and \
         `glassbox resume` resumes from them."),
    row("GB0511", "not a run folder",
        "The folder has no readable run.json, which every run has. `glassbox runs ls` lists the runs."),
    row("GB0512", "the data of a run that resumes has changed",
        "A run that is resumed must see the same data, or its result would be neither the one nor the other. Put the \
         data back, or train again."),
    row("GB0513", "the model makes no text",
        "`glassbox generate` continues a text and `glassbox states` shows what recurrent units do while they read \
         one: both need a model that was trained on text (data.kind = \"text\"). Models of images, tables and lines \
         are for `glassbox predict`; models of made-up data for `glassbox eval`, `report` and `compare`."),
    row("GB0514", "a file of the run cannot be read",
        "The report draws what the files of the run's folder say: metrics.jsonl, lags.jsonl, samples. This one is \
         there but cannot be read. Check its permissions; the weights are not touched."),
    row("GB0515", "the carried state does not fit",
        "With `stateful`, an interrupted epoch is resumed with the state that recurrent layers carried, one row for \
         each row of a batch. The batch size or the model in resolved.toml is not the one the state was saved with, or \
         the file is damaged. Put them back, or train again."),
    row("GB0516", "the data of a run has changed",
        "`glassbox eval RUN` scores a part of the run's own split, which it finds again only while the data is the \
         same: with other data some items of the test would be items that were trained on. Put the data back, or \
         score all items of other labelled data with `glassbox eval RUN FILE`."),
    row("GB0517", "a key that cannot be set to evaluate",
        "What a model learned (columns, classes, normalization, the split) is kept with its weights, and evaluating \
         reads data through it. Set the key in the recipe and train again."),
    row("GB0518", "the data of a run is not where it was",
        "The data was moved or removed since the run was trained. Put it back, or name where it is: `glassbox eval \
         RUN FILE --split test` scores the test items of the same data at another place, `glassbox eval RUN FILE` \
         all items of any labelled data."),
    row("GB0519", "the run is being trained by another process",
        "Two processes that train in one folder would overwrite each other's checkpoints. The one that is there holds \
         a lock on the run (the file run.lock), which the system takes back when the process ends, however it ends. \
         On another machine, or without locks, a run counts as being trained for 30 seconds after its last \
         heartbeat. Wait until it ends, or stop it: Ctrl-C and kill -INT save."),
    row("GB0520", "a run that diverged would diverge again",
        "The loss of this run became infinite or NaN. The same steps from the same state end in the same way, to the \
         same bits. Change what made it diverge: `glassbox resume RUN --set train.optimizer.lr=…` resumes from the \
         best weights so far, `--from last` or `--from STEP` from another checkpoint that is kept."),
    row("GB0521", "no such checkpoint",
        "`--from` and `--checkpoint` take `best`, `last`, or a step of which the state was kept. A run keeps the best \
         and the last ones, and the five latest that `train.checkpoint_every` asked for. A run that failed before \
         the end of its first epoch has no best weights."),
    row("GB0522", "the key cannot be changed when a run is resumed",
        "`glassbox resume --set` takes every key that leaves the weights' shapes alone, and what the model knows \
         about its data: data.path and other paths (*_path), data.unknown, data.damaged, everything of train, augment and watch, run.seed, and of layers p, dropout and \
         recompute. Others make another model: write a recipe and train it."),
    row("GB0523", "a run has trained all epochs that are asked for",
        "A run that has come to its end has no step left that a change could act on, and one that has trained more \
         epochs than are asked for would end in the middle of an epoch. `glassbox resume RUN --epochs +5` trains 5 \
         epochs more, with what else is set; `--from` resumes from an earlier checkpoint that is kept."),
    row("GB0524", "there are no items to score",
        "The part of the run's own split is empty, or all items of the data are of the class that \
         train.loss.ignore_index leaves out. Score another part with `glassbox eval RUN --split train`, or other \
         labelled data with `glassbox eval RUN FILE`. A run gets a test part when it is trained: data.split in the \
         recipe, and train again."),
];

/// A code, its title and its explanation, wherever in Glassbox it belongs.
pub fn explain(code: &str) -> Option<(&'static str, &'static str, &'static str)> {
    if let Some(row) = find(code) {
        return Some((row.code, row.title, row.explanation));
    }
    let data =
        DataErrorCode::ALL.into_iter().find(|row| row.as_str().eq_ignore_ascii_case(code))?;
    Some((data.as_str(), data.title(), data.explanation()))
}

/// Every code with its title, in order.
pub fn all() -> Vec<(&'static str, &'static str)> {
    let rows = CODES.iter().map(|row| (row.code, row.title));
    let data = DataErrorCode::ALL.into_iter().map(|code| (code.as_str(), code.title()));
    let mut all: Vec<_> = rows.chain(data).collect();
    all.sort_unstable();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_unique_and_explained() {
        for pair in CODES.windows(2) {
            assert!(pair[0].code < pair[1].code, "{} {}", pair[0].code, pair[1].code);
        }
        for row in CODES {
            assert!(row.code.len() == 6 && row.code.starts_with("GB"), "{}", row.code);
            assert!(row.explanation.len() > row.title.len(), "{}", row.code);
        }
        assert_eq!(find("gb0104").unwrap().title, "unknown type");
    }

    #[test]
    fn every_code_is_explained() {
        let listed: Vec<_> = all().into_iter().map(|(code, _)| code).collect();
        assert!(listed.is_sorted() && listed.len() == CODES.len() + DataErrorCode::ALL.len());
        let mut titles: Vec<_> = all().into_iter().map(|(_, title)| title).collect();
        titles.sort_unstable();
        assert!(titles.windows(2).all(|pair| pair[0] != pair[1]), "each has a title of its own");
        for code in CODES.iter().map(|row| row.code).chain(DataErrorCode::ALL.map(|c| c.as_str())) {
            assert_eq!(explain(&code.to_lowercase()).unwrap().0, code);
        }
        assert!(explain("GB9999").is_none() && explain("").is_none());
    }
}

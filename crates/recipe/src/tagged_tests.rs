use serde::Deserialize;

use super::*;
use crate::tree;

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
struct Drop {
    p: f32,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Conv {
    filters: usize,
    kernel: usize,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
struct Block {
    layers: Vec<Part>,
    units: usize,
    bias: bool,
    mode: Mode,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Mode {
    #[default]
    Same,
    Valid,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part {
    Dropout(Drop),
    Block(Block),
    Conv(Conv),
    Relu,
}

fn read_text(text: &str) -> (Option<Part>, Vec<String>) {
    let mut problems = Vec::new();
    let table = tree::parse(text, 0, &mut problems);
    let node = &table.get("x").unwrap().node;
    let part = read::<Part>(node, Kind::tagged("layer"), &mut problems);
    let told = problems.iter().map(|p| {
        let range = p.place.as_ref().unwrap().range.clone();
        format!("{} {} {} {}", p.code, &text[range], p.label(), p.help.as_deref().unwrap_or(""))
    });
    (part, told.collect())
}

#[test]
fn reads_what_is_right() {
    let (part, problems) = read_text("x = { type = 'dropout', p = 0.25 }");
    assert_eq!((part, problems.len()), (Some(Part::Dropout(Drop { p: 0.25 })), 0));
    assert_eq!(read_text("x = 'relu'").0, Some(Part::Relu));
    let (part, problems) = read_text("x = { type = 'block', layers = [{ type = 'relu' }] }");
    let block = Block { layers: vec![Part::Relu], ..Block::default() };
    assert_eq!((part, problems.len()), (Some(Part::Block(block)), 0));
}

#[test]
fn tells_every_key_that_is_wrong_at_once() {
    let (_, problems) = read_text(
        "x = { type = 'block', unit = 3, units = -2, bias = 'yes', mode = 'sam', \
         layers = [{ type = 'rellu' }, { type = 'dropout', p = 1.5 }] }",
    );
    assert_eq!(
        problems,
        [
            "GB0103 unit expected a key of `block`, found `unit` did you mean `units`?",
            "GB0106 -2 expected a whole number, 0 or more, found the number -2 ",
            "GB0106 'yes' expected true or false, found the text \"yes\" ",
            "GB0105 'sam' expected one of `same` and `valid`, found \"sam\" did you mean `same`?",
            "GB0104 'rellu' expected one of the layer types, found \"rellu\" did you mean `relu`?",
            "GB0108 1.5 expected from 0 to below 1, found 1.5 give a number from 0 to below 1",
        ]
    );
}

#[test]
fn all_missing_keys_are_told_but_misspelt_ones_once() {
    let (_, problems) = read_text("x = { type = 'conv' }");
    assert!(problems[0].ends_with("add it, for instance `filters = 32`"), "{problems:?}");
    assert!(problems[1].ends_with("add it, for instance `kernel = 3`"), "{problems:?}");
    let (_, problems) = read_text("x = { type = 'conv', filtres = 3, kernel = 'big' }");
    let codes: Vec<_> = problems.iter().map(|problem| &problem[..6]).collect();
    assert_eq!(codes, ["GB0103", "GB0106"]);
    let (_, problems) = read_text("x = { type = 'conv', kernel = 'big' }");
    let codes: Vec<_> = problems.iter().map(|problem| &problem[..6]).collect();
    assert_eq!(codes, ["GB0107", "GB0106"]);
}

#[test]
fn a_type_without_keys_has_none() {
    let (_, problems) = read_text("x = { type = 'relu', slope = 2 }");
    let expected =
        "GB0103 slope expected a key of `relu`, found `slope` remove it: there are no keys here";
    assert_eq!(problems, [expected]);
    let (_, problems) = read_text("x = { slope = 2 }");
    assert!(problems[0].starts_with("GB0107"), "{problems:?}");
    let (_, problems) = read_text("x = 7");
    assert!(problems[0].starts_with("GB0106 7 expected a table with a `type`"), "{problems:?}");
}

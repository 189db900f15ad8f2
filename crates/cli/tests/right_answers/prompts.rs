//! Texts that a model reads or continues are read as it learned to: what it does not know is told.

use crate::common::{Ended, Place};

const WORDS: &str = "[run]\nname = \"words\"\ntask = \"generate\"\n[data]\nkind = \"text\"\n\
                     path = \"t.txt\"\nunit = \"word\"\nseq_len = 4\n[model]\nlayers = [{ type = \
                     \"embedding\", dim = 2 }, { type = \"gru\", units = 2 }, { type = \"dense\", \
                     units = \"vocab\" }]\n[train]\nepochs = 1\n";

fn trained(unit: &str, more: &str) -> Place {
    let place = Place::new();
    place.write("t.txt", &"one two three four ".repeat(60));
    let unit = format!("unit = \"{unit}\"\n{more}");
    place.write("t.toml", &WORDS.replace("unit = \"word\"\n", &unit));
    place.run("train t.toml").ok();
    place
}

/// A command whose last argument has blanks.
fn run_with(place: &Place, command: &str, text: &str) -> Ended {
    Ended::new(&place.command(command).arg(text).output().unwrap())
}

#[test]
fn words_of_a_prompt_that_are_not_known_are_told() {
    let place = trained("word", "");
    for command in ["generate last --length 2 --prompt", "states last --text"] {
        let ended = run_with(&place, command, "one five");
        assert_eq!(ended.status, 0, "{ended:?}");
        assert!(ended.err.contains("1 word of the text is not in the model's"), "{ended:?}");
        assert!(ended.err.contains("<unknown>; the first is \"five\""), "{ended:?}");
        assert_eq!(run_with(&place, command, "one two").err, "");
    }
}

#[test]
fn words_that_are_not_known_are_errors_where_the_recipe_says_so() {
    let place = trained("word", "unknown = \"error\"\n");
    for command in ["generate last --length 2 --prompt", "states last --text"] {
        let ended = run_with(&place, command, "one five");
        assert_eq!((ended.status, ended.out.as_str()), (1, ""), "{ended:?}");
        assert!(ended.err.contains("GB0323 × a word is not in the model's"), "{ended:?}");
    }
}

#[test]
fn a_text_of_one_line_is_continued_without_a_prompt() {
    for unit in ["char", "word"] {
        let place = trained(unit, "");
        let ended = place.run("generate last --length 3");
        assert_eq!((ended.status, ended.err.as_str()), (0, ""), "{ended:?}");
    }
}

#[test]
fn what_does_not_fill_an_item_is_told() {
    let place = trained("word", "");
    place.write("new.txt", "one two three four one two three");
    let ended = place.run("eval last new.txt");
    assert!(ended.err.contains("the last 2 of 7 tokens are left out"), "{ended:?}");
}

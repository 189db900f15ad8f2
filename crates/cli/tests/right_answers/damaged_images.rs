//! Damaged images are errors, or left out and listed; what is transparent shows what is behind.

use std::path::Path;

use crate::common::Place;

const CASE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/right_answers/cases/truncated-jpeg-shown");

fn copy(place: &Place, from: &str, to: &str) {
    let to = place.path().join(to);
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    std::fs::copy(Path::new(CASE).join(from), to).unwrap();
}

fn place(more: &str) -> Place {
    let place = Place::new();
    for (from, class) in [("light.jpg", "light"), ("dark.jpg", "dark")] {
        for item in 0..4 {
            copy(&place, from, &format!("p/{class}/{item}.jpg"));
        }
    }
    place.write(
        "r.toml",
        &format!(
            "[run]\nname = \"r\"\n[data]\nkind = \"images\"\npath = \"p\"\nsize = [8, 8]\n{more}\n\
             split = {{ train = 0.75, valid = 0.0, test = 0.25 }}\n[model]\n\
             layers = [{{ type = \"flatten\" }}, {{ type = \"dense\", units = \"classes\" }}]\n\
             [train]\nepochs = 2\n"
        ),
    );
    place
}

#[test]
fn a_truncated_jpeg_is_not_predicted() {
    let place = place("");
    place.run("train r.toml").ok();
    copy(&place, "cut.jpg", "cut.jpg");
    let ended = place.run("predict r cut.jpg");
    assert_eq!(ended.status, 1, "{}", ended.out);
    assert!(ended.err.contains("GB0320") && ended.err.contains("cut.jpg"), "{}", ended.err);
    assert!(!ended.out.contains('%'), "{}", ended.out);
    assert!(place.run("predict r p/light/0.jpg").ok().contains('%'));
}

#[test]
fn training_refuses_damaged_files_or_lists_what_it_skips() {
    let strict = place("");
    copy(&strict, "cut.jpg", "p/light/9.jpg");
    let ended = strict.run("check r.toml");
    assert_ne!(ended.status, 0);
    for part in ["GB0320", "9.jpg", "damaged = \"skip\""] {
        assert!(ended.err.contains(part), "{}", ended.err);
    }
    let skips = place("damaged = \"skip\"");
    copy(&skips, "cut.jpg", "p/light/9.jpg");
    let ended = skips.run("check r.toml");
    assert_eq!(ended.status, 0, "{}", ended.err);
    let told = ended.out.clone() + &ended.err;
    assert!(told.contains("1 damaged file skipped") && told.contains("9.jpg"), "{told}");
    skips.run("train r.toml").ok();
}

#[test]
fn a_class_may_be_called_train() {
    let place = place("");
    std::fs::rename(place.path().join("p/light"), place.path().join("p/train")).unwrap();
    place.run("train r.toml").ok();
    assert!(place.run("predict r p/train/0.jpg").ok().contains("train "));
}

use crate::common::Place;

#[test]
fn the_embedded_recipe_is_fine() {
    assert!(Place::new().run("check").ok().contains("is fine"));
}

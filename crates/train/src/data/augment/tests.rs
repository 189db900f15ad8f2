use std::collections::HashSet;
use std::path::Path;

use glassbox_tensor::Shape;

use super::*;
use crate::data::DataErrorCode;

const SHAPES: [[usize; 3]; 4] = [[6, 5, 1], [4, 7, 3], [5, 5, 2], [8, 8, 4]];

fn parse(text: &str) -> Augment {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn all() -> Vec<Augment> {
    let one = |name: &&str| {
        let size = if *name == "cutout" { r#","size":3"# } else { "" };
        let padding = if *name == "random_crop" { r#","padding":2"# } else { "" };
        parse(&format!(r#"{{"type":"{name}","p":1.0{size}{padding}}}"#))
    };
    Augment::TYPES.iter().map(one).collect()
}

/// A ramp from 0.2 to 0.8, so that neither noise nor brightness meets the bounds everywhere.
fn ramp(shape: [usize; 3]) -> Vec<f32> {
    let size = shape.iter().product::<usize>();
    (0..size).map(|i| 0.2 + 0.6 * i as f32 / size as f32).collect()
}

fn changed(steps: &[Augment], pixels: &[f32], shape: [usize; 3], seed: u64) -> Vec<f32> {
    let (mut out, mut scratch) = (pixels.to_vec(), vec![f32::NAN; pixels.len()]);
    let pipeline = Pipeline::new(steps, Shape::from(shape)).unwrap();
    pipeline.apply(&mut ImageMut::new(&mut out, &mut scratch, shape, true), Rng::new(seed));
    out
}

#[test]
fn every_file_is_in_the_table() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/data/augment");
    let files: HashSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .filter(|name| !["mod", "tests", "affine", "image", "pipeline"].contains(&name.as_str()))
        .collect();
    assert_eq!(files, Augment::TYPES.map(String::from).into());
    for (augment, name) in all().iter().zip(Augment::TYPES) {
        assert_eq!(augment.type_name(), name);
        let text = serde_json::to_string(augment).unwrap();
        assert_eq!(&parse(&text), augment);
    }
    let unknown = serde_json::from_str::<Augment>(r#"{"type":"zoom","amuont":1}"#).unwrap_err();
    assert!(unknown.to_string().contains("amuont"), "{unknown}");
}

#[test]
fn each_repeats_with_its_seed_and_changes_images_within_bounds() {
    for step in all() {
        for shape in SHAPES {
            let image = ramp(shape);
            let outcomes: Vec<_> = (0..20)
                .map(|seed| changed(std::slice::from_ref(&step), &image, shape, seed))
                .collect();
            assert_eq!(outcomes[3], changed(std::slice::from_ref(&step), &image, shape, 3));
            assert!(outcomes.iter().any(|out| *out != image), "{step:?} changes nothing");
            assert!(outcomes.iter().flatten().all(|v| (0.0..=1.0).contains(v)), "{step:?}");
        }
    }
}

#[test]
fn probability_zero_changes_nothing() {
    for name in Augment::TYPES {
        let extra = if name == "cutout" { r#","size":2"# } else { "" };
        let extra = if name == "random_crop" { r#","padding":1"# } else { extra };
        let step = parse(&format!(r#"{{"type":"{name}","p":0.0{extra}}}"#));
        let image = ramp([5, 5, 3]);
        assert_eq!(changed(&[step], &image, [5, 5, 3], 1), image, "{name}");
    }
}

#[test]
fn flips_mirror() {
    let image = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0].map(|v| v / 8.0);
    let flip = |name: &str| {
        let step = parse(&format!(r#"{{"type":"{name}","p":1.0}}"#));
        changed(&[step], &image, [2, 3, 1], 0).iter().map(|v| v * 8.0).collect::<Vec<_>>()
    };
    assert_eq!(flip("flip_h"), [3.0, 2.0, 1.0, 6.0, 5.0, 4.0]);
    assert_eq!(flip("flip_v"), [4.0, 5.0, 6.0, 1.0, 2.0, 3.0]);
}

#[test]
fn a_shift_keeps_what_stays_inside() {
    let mut pixels = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let mut scratch = [0.0; 6];
    ImageMut::new(&mut pixels, &mut scratch, [2, 3, 1], false).shift(1, -1, 9.0);
    assert_eq!(pixels, [9.0, 9.0, 9.0, 2.0, 3.0, 9.0]);
    let mut image = ImageMut::new(&mut pixels, &mut scratch, [2, 3, 1], false);
    image.shift(-7, 8, 0.0);
    assert_eq!(pixels, [0.0; 6]);
}

#[test]
fn a_quarter_turn_moves_pixels_exactly() {
    let mut pixels = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
    let mut scratch = [0.0; 9];
    let turn = Affine { x: [0.0, -1.0, 0.0], y: [1.0, 0.0, 0.0] };
    ImageMut::new(&mut pixels, &mut scratch, [3, 3, 1], false).warp(&turn, 0.0);
    assert_eq!(pixels, [3.0, 6.0, 9.0, 2.0, 5.0, 8.0, 1.0, 4.0, 7.0]);
}

#[test]
fn half_a_pixel_is_the_mean_of_its_neighbors() {
    for channels in [1, 2, 3] {
        let size = 3 * channels;
        let mut pixels: Vec<f32> = (0..size).map(|i| (i / channels) as f32).collect();
        let mut scratch = vec![0.0; size];
        let right = Affine { x: [1.0, 0.0, -0.5], y: [0.0, 1.0, 0.0] };
        ImageMut::new(&mut pixels, &mut scratch, [1, 3, channels], false).warp(&right, 4.0);
        for (pixel, expected) in pixels.chunks(channels).zip([2.0, 0.5, 1.5]) {
            assert!(pixel.iter().all(|&value| value == expected), "{pixels:?}");
        }
    }
}

#[test]
fn neighbouring_geometric_changes_are_composed() {
    // Two opposite moves out of the image and back: composed, nothing is lost.
    let image = ramp([6, 6, 1]);
    let moves = [
        Affine { x: [1.0, 0.0, 6.0], y: [0.0, 1.0, 0.0] },
        Affine { x: [1.0, 0.0, -6.0], y: [0.0, 1.0, 0.0] },
    ];
    let (mut pixels, mut scratch) = (image.clone(), vec![0.0; 36]);
    let mut view = ImageMut::new(&mut pixels, &mut scratch, [6, 6, 1], false);
    view.warp(&moves[0].then(&moves[1]), 0.0);
    assert_eq!(pixels, image);
    // With different fills they are not composed, and both still happen.
    let steps = [
        parse(r#"{"type":"rotate","degrees":40,"fill":0.0}"#),
        parse(r#"{"type":"zoom","amount":0.5,"fill":1.0}"#),
    ];
    let both = changed(&steps, &image, [6, 6, 1], 5);
    assert_ne!(both, changed(&steps[..1], &image, [6, 6, 1], 5));
}

#[test]
fn noise_has_its_deviation() {
    let step = parse(r#"{"type":"noise","std":0.05}"#);
    let image = vec![0.5; 10_000];
    let out = changed(&[step], &image, [100, 100, 1], 3);
    let mean = out.iter().sum::<f32>() / 1e4;
    let std = (out.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / 1e4).sqrt();
    assert!((mean - 0.5).abs() < 2e-3 && (std - 0.05).abs() < 2e-3, "{mean} {std}");
}

#[test]
fn impossible_settings_are_refused() {
    let bad = [
        (r#"{"type":"flip_h","p":1.5}"#, "`p`"),
        (r#"{"type":"flip_v","p":-0.1}"#, "`p`"),
        (r#"{"type":"random_crop","padding":8}"#, "`padding`"),
        (r#"{"type":"rotate","degrees":-5}"#, "`degrees`"),
        (r#"{"type":"rotate","degrees":200}"#, "`degrees`"),
        (r#"{"type":"shear","degrees":90}"#, "`degrees`"),
        (r#"{"type":"translate","x":2}"#, "`x`"),
        (r#"{"type":"zoom","amount":1}"#, "`amount`"),
        (r#"{"type":"brightness","amount":2}"#, "`amount`"),
        (r#"{"type":"contrast","amount":-1}"#, "`amount`"),
        (r#"{"type":"noise","std":-1}"#, "`std`"),
        (r#"{"type":"cutout","size":0}"#, "`size`"),
        (r#"{"type":"cutout","size":9}"#, "`size`"),
        (r#"{"type":"cutout","count":0}"#, "`count`"),
    ];
    for (text, name) in bad {
        let error = Pipeline::new(&[parse(text)], Shape::from([8, 8, 1])).unwrap_err();
        assert_eq!(error.code, DataErrorCode::Augment, "{text}");
        assert!(error.message.contains(name), "{text}: {error}");
    }
    let error = Pipeline::new(&all(), Shape::from([4])).unwrap_err();
    assert!(error.message.contains("`flip_h` needs images"), "{error}");
}

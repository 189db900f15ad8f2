use super::*;
use crate::cpu::isa::on_each_isa;
use crate::random::Rng;

/// Loss and gradients of one row in double precision, from the definition.
fn row(rows: &CrossEntropyRows<'_>, x: &[f32], target: i32) -> (f64, Vec<f64>) {
    let classes = x.len();
    let class = usize::try_from(target).ok().filter(|&class| class < classes);
    let Some(class) = class.filter(|_| Some(target) != rows.ignored) else {
        return (0.0, vec![0.0; classes]);
    };
    let weight = |class: usize| f64::from(*rows.weights.get(class).unwrap_or(&1.0));
    let smoothing = f64::from(rows.smoothing);
    let mut q: Vec<f64> = (0..classes).map(|c| weight(c) * smoothing / classes as f64).collect();
    q[class] += weight(class) * (1.0 - smoothing);
    let total: f64 = x.iter().map(|&x| f64::from(x).exp()).sum();
    let log = |x: f32| f64::from(x) - total.ln();
    let loss = x.iter().zip(&q).map(|(&x, q)| -q * log(x)).sum();
    let mass: f64 = q.iter().sum();
    let scale = f64::from(rows.scale);
    (loss, x.iter().zip(&q).map(|(&x, q)| scale * (mass * log(x).exp() - q)).collect())
}

#[test]
fn matches_the_definition() {
    let mut rng = Rng::new(3);
    for classes in [1, 2, 3, 8, 10, 16, 17, 300] {
        for count in [1, 2, 9, 40] {
            if cfg!(miri) && (classes != 2 || count != 9) {
                continue;
            }
            let logits: Vec<f32> = (0..count * classes).map(|_| rng.range(-9.0, 9.0)).collect();
            // Some are out of range, which means nothing.
            let targets: Vec<i32> = (0..count).map(|_| rng.below(classes + 2) as i32 - 1).collect();
            let weights: Vec<f32> = (0..classes).map(|_| rng.range(0.1, 2.0)).collect();
            for (weighted, smoothing, ignored) in
                [(false, 0.0, None), (true, 0.2, None), (false, 0.3, Some(0)), (true, 0.0, Some(1))]
            {
                let rows = CrossEntropyRows {
                    logits: &logits,
                    classes,
                    targets: Targets::Classes(&targets),
                    ignored,
                    weights: if weighted { &weights } else { &[] },
                    smoothing,
                    scale: 0.5,
                };
                on_each_isa(|| {
                    let (mut losses, mut alone) = (vec![f32::NAN; count], vec![f32::NAN; count]);
                    let mut gradients = vec![f32::NAN; count * classes];
                    rows.run(&mut losses, &mut gradients);
                    rows.run(&mut alone, &mut []);
                    assert_eq!(losses, alone);
                    for (i, x) in logits.chunks(classes).enumerate() {
                        let (loss, gradient) = row(&rows, x, targets[i]);
                        let error = (f64::from(losses[i]) - loss).abs();
                        assert!(error < 1e-5, "{classes} {count} {i}: {}, not {loss}", losses[i]);
                        for (got, want) in gradients[i * classes..].iter().zip(gradient) {
                            assert!((f64::from(*got) - want).abs() < 1e-6, "{got}, not {want}");
                        }
                    }
                });
            }
        }
    }
}

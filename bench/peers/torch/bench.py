"""The benchmark's workloads in PyTorch: one line of JSON for each, as glassbox-bench prints it.

A training step is forward, loss, backward and update on a fixed synthetic batch; inference is a
forward pass in evaluation mode under inference_mode; generation draws one character a step.
"""

import argparse
import json
import statistics
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

import model_file
import models


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workload", help="only that of this name, or of a file (bench/models)")
    parser.add_argument("--only", default="", help="only workloads whose name contains this")
    parser.add_argument("--seconds", type=float, default=4.0, help="how long to time each")
    parser.add_argument("--check", action="store_true", help="print the losses of steps 1 and 50")
    parser.add_argument("--first", action="store_true", help="stop after the first training step")
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--fused", action="store_true", help="fused optimizers")
    parser.add_argument("--compile", action="store_true", help="torch.compile")
    parser.add_argument(
        "--jit", action="store_true", help="inference: traced, frozen, optimize_for_inference"
    )
    parser.add_argument("--cells", action="store_true", help="generation by nn.LSTMCell")
    return parser.parse_args()


args = arguments()


def images(batch, channels, side):
    def make():
        x = torch.randn(batch, channels, side, side)
        return x.to(memory_format=torch.channels_last) if args.channels_last else x

    return make


def normal(*dims):
    return lambda: torch.randn(*dims)


def below(limit, *dims):
    return lambda: torch.randint(0, limit, dims)


def sgd(parameters):
    return torch.optim.SGD(parameters, 0.1, fused=args.fused)


def sgd_momentum(parameters):
    return torch.optim.SGD(parameters, 0.1, momentum=0.9, weight_decay=1e-4, fused=args.fused)


def adam(rate):
    return lambda parameters: torch.optim.Adam(parameters, rate, fused=args.fused)


def characters(cell, layers):
    return (
        lambda: models.Characters(cell, layers),
        below(models.TOKENS, 32, models.STEPS),
        below(models.TOKENS, 32 * models.STEPS),
        adam(2e-3),
    )


# name: model, inputs, targets, optimizer
TRAINING = {
    "tiny_mlp_b32": (models.tiny_mlp, normal(32, 2), below(2, 32), sgd),
    "mlp_784_512_512_10_b128": (models.mlp, normal(128, 784), below(10, 128), adam(1e-3)),
    "cnn_28x28_b64": (models.Cnn, images(64, 1, 28), below(10, 64), adam(1e-3)),
    "resnet20_32x32_b64": (models.ResNet20, images(64, 3, 32), below(10, 64), sgd_momentum),
    "lstm_2x256_t64_b32": characters(nn.LSTM, 2),
    "gru_2x256_t64_b32": characters(nn.GRU, 2),
    "rnn_tanh_1x256_t64_b32": characters(nn.RNN, 1),
}

# name: model, inputs
INFERENCE = {
    name.format(batch): (model, inputs)
    for batch in (1, 64)
    for name, model, inputs in (
        ("infer_mlp_784_512_512_10_b{}", models.mlp, normal(batch, 784)),
        ("infer_cnn_28x28_b{}", models.Cnn, images(batch, 1, 28)),
        ("infer_resnet20_32x32_b{}", models.ResNet20, images(batch, 3, 32)),
        ("infer_lstm_2x256_t64_b{}", models.Characters, below(models.TOKENS, batch, models.STEPS)),
    )
}


def wanted(name):
    return (args.workload is None or args.workload == name) and args.only in name


def in_layout(model):
    return model.to(memory_format=torch.channels_last) if args.channels_last else model


def peer():
    settings = (
        ("compile", args.compile),
        ("jit", args.jit),
        ("cells", args.cells),
        ("cl", args.channels_last),
        ("fused", args.fused),
    )
    return "-".join(["torch"] + [name for name, chosen in settings if chosen])


def described(path):
    """The workload of a file, as in TRAINING."""
    make, dims, tokens, classes, positions = model_file.build(path)
    if tokens:
        inputs = below(tokens, *dims)
    else:
        inputs = images(*dims[:3]) if len(dims) == 4 else normal(*dims)
    return make, inputs, below(classes, positions), adam(1e-3)


def line(**values):
    print(json.dumps({"peer": peer(), "threads": args.threads, **values}), flush=True)


def train(name, make_model, make_inputs, make_targets, make_optimizer):
    model, inputs, targets = in_layout(make_model()), make_inputs(), make_targets()
    optimizer = make_optimizer(model.parameters())
    forward = torch.compile(model) if args.compile else model

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(forward(inputs), targets)
        loss.backward()
        optimizer.step()
        return loss

    if args.first:
        step()
        line(workload=name, first=True)
    elif args.check:
        losses = [step().item() for _ in range(50)]
        line(workload=name, loss_1=round(losses[0], 4), loss_50=round(losses[-1], 4))
    else:
        measure(name, len(inputs), step)


def for_inference(model, *examples):
    """The model in evaluation mode, prepared as the settings say."""
    model = in_layout(model).eval()
    if args.compile:
        from torch._inductor import config

        config.freezing = True  # weights are constants, packed once
        return torch.compile(model)
    if args.jit:
        frozen = torch.jit.freeze(torch.jit.trace(model, examples))
        return torch.jit.optimize_for_inference(frozen)
    return model


def infer(name, make_model, make_inputs):
    inputs = make_inputs()
    model = for_inference(make_model(), inputs)
    measure(name, len(inputs), lambda: model(inputs))


def generate(name):
    step_model = models.CellStep() if args.cells else models.WholeLayerStep()
    token, state = torch.zeros(1, dtype=torch.long), step_model.start()
    model = for_inference(step_model, token, *state)

    def step():
        nonlocal token, state
        scores, *state = model(token, *state)
        token = torch.multinomial(torch.softmax(scores, -1), 1)[:, 0]

    measure(name, 1, step)


def measure(name, items, step):
    start = time.perf_counter()
    for _ in range(3):
        step()
    warm = time.perf_counter() - start
    times, start = [], time.perf_counter()
    while time.perf_counter() - start < args.seconds:
        begin = time.perf_counter()
        step()
        times.append(time.perf_counter() - begin)
    median = statistics.median(times)
    line(
        workload=name,
        step_ms=round(median * 1e3, 4),
        min_ms=round(min(times) * 1e3, 4),
        n=len(times),
        warm_s=round(warm, 2),
        samples_per_s=round(items / median, 1),
    )


def main():
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    if (args.workload or "").endswith(".toml"):
        return train(args.workload, *described(args.workload))
    for name in filter(wanted, TRAINING):
        train(name, *TRAINING[name])
    if args.first or args.check:
        return
    with torch.inference_mode():
        for name in filter(wanted, INFERENCE):
            infer(name, *INFERENCE[name])
        if wanted("generate_lstm_2x256"):
            generate("generate_lstm_2x256")


main()

"""recipes/mnist-cnn.toml in PyTorch: the same model, data, augmentation, optimizer and schedule.

Weights start as PyTorch starts them and batches come in another order. The last twentieth of the
shuffled training digits validates; the weights of the best epoch are scored on the test digits.
Prints one line of JSON at the end.
"""

import argparse
import copy
import gzip
import json
import pathlib

import torch
import torch.nn as nn
import torch.nn.functional as F


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=pathlib.Path, help="the folder of the four IDX files")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--fused", action="store_true", help="fused optimizer")
    parser.add_argument("--compile", action="store_true", help="torch.compile")
    return parser.parse_args()


args = arguments()
BATCH, SHIFT, MEAN, DEVIATION = 128, 2, 0.1307, 0.3081


def idx(name):
    """The bytes of an IDX file, gzipped or not, in its shape."""
    path = next(args.data.glob(f"{name}*"))
    raw = (gzip.open if path.suffix == ".gz" else open)(path, "rb").read()
    dims = [int.from_bytes(raw[4 + 4 * i : 8 + 4 * i], "big") for i in range(raw[3])]
    values = torch.frombuffer(bytearray(raw), dtype=torch.uint8, offset=4 + 4 * len(dims))
    return values.view(dims)


def part(name):
    images = idx(f"{name}-images-idx3-ubyte").float().div_(255).unsqueeze(1)
    return images, idx(f"{name}-labels-idx1-ubyte").long()


def conv(inputs, outputs):
    layer = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    return layer, nn.BatchNorm2d(outputs), nn.ReLU()


def prepared(images):
    images = (images - MEAN) / DEVIATION
    return images.to(memory_format=torch.channels_last) if args.channels_last else images


def shifted(images):
    """Each image moved by up to two pixels each way."""
    count, side = len(images), images.shape[-1]
    padded = F.pad(images[:, 0], (SHIFT,) * 4)
    rows = torch.randint(0, 2 * SHIFT + 1, (count, 1)) + torch.arange(side)
    columns = torch.randint(0, 2 * SHIFT + 1, (count, 1)) + torch.arange(side)
    items = torch.arange(count)[:, None, None]
    return padded[items, rows[:, :, None], columns[:, None, :]].unsqueeze(1)


def accuracy(model, images, labels):
    model.eval()
    with torch.inference_mode():
        parts = zip(images.split(256), labels.split(256))
        right = sum((model(prepared(x)).argmax(1) == y).sum().item() for x, y in parts)
    return right / len(labels)


def main():
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    images, labels = part("train")
    order = torch.randperm(len(labels))
    train, valid = order[: -len(order) // 20], order[-len(order) // 20 :]
    model = nn.Sequential(
        *conv(1, 32),
        nn.MaxPool2d(2),
        *conv(32, 64),
        *conv(64, 64),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.4),
        nn.Linear(64 * 7 * 7, 10),
    )
    if args.channels_last:
        model = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3, weight_decay=1e-2, fused=args.fused)
    steps = args.epochs * -(-len(train) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps, pct_start=0.3)
    forward = torch.compile(model) if args.compile else model
    best, weights = -1.0, None
    for _ in range(args.epochs):
        model.train()
        for rows in train[torch.randperm(len(train))].split(BATCH):
            optimizer.zero_grad(set_to_none=True)
            scores = forward(prepared(shifted(images[rows])))
            F.cross_entropy(scores, labels[rows]).backward()
            optimizer.step()
            schedule.step()
        score = accuracy(model, images[valid], labels[valid])
        if score > best:
            best, weights = score, copy.deepcopy(model.state_dict())
    model.load_state_dict(weights)
    test = accuracy(model, *part("t10k"))
    print(json.dumps({"event": "finished", "test": {"accuracy": test}}), flush=True)


main()

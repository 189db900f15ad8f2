"""The models of `bench/models`: layers as recipes write them, in PyTorch."""

import tomllib

import torch.nn as nn


class Sequence(nn.Module):
    """A recurrent layer that answers its outputs alone."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x)[0]


class GlobalAveragePool(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))


class Scores(nn.Module):
    """Scores of classes in the last axis, one row for each target."""

    def __init__(self, layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return self.layers(x).flatten(0, -2)


PLAIN = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "gelu": nn.GELU}
RECURRENT = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


def read(path):
    """The batch, the shape of an item, and the layers."""
    with open(path, "rb") as file:
        described = tomllib.load(file)
    return described["batch"], described["input"], described["layers"]


def build(path):
    """A function that makes the model, the shape of its batch, how many tokens and classes."""
    batch, item, layers = read(path)
    tokens = layers[0]["size"] if layers[0]["type"] == "embedding" else None
    if len(item) == 3:
        height, width, channels = item
        dims = [batch, channels, height, width]
    else:
        dims = [batch, *item]
    positions = batch * (item[0] if tokens else 1)
    make = lambda: Scores(modules(layers, item))  # noqa: E731
    return make, dims, tokens, layers[-1]["units"], positions


def modules(layers, item):
    width, side = item[-1], item[0]  # features or channels; the height of a square image
    for layer in layers:
        kind = layer["type"]
        if kind in PLAIN:
            yield PLAIN[kind]()
        elif kind == "dense":
            yield nn.Linear(width, layer["units"])
            width = layer["units"]
        elif kind == "conv2d":
            module = convolution(layer, width)
            yield module
            reach = module.dilation[0] * (layer["kernel"] - 1)
            padding = reach if module.padding == "same" else 2 * module.padding[0]
            side = (side + padding - reach - 1) // module.stride[0] + 1
            width = layer["filters"]
        elif kind == "batch_norm":
            yield nn.BatchNorm2d(width)
        elif kind in ("max_pool", "avg_pool"):
            yield (nn.MaxPool2d if kind == "max_pool" else nn.AvgPool2d)(layer["size"])
            side //= layer["size"]
        elif kind == "global_avg_pool":
            yield GlobalAveragePool()
        elif kind == "flatten":
            yield nn.Flatten()
            width *= side * side
        elif kind == "dropout":
            yield nn.Dropout(layer["p"])
        elif kind == "embedding":
            yield nn.Embedding(layer["size"], layer["dim"])
            width = layer["dim"]
        elif kind in RECURRENT:
            depth = layer.get("layers", 1)
            yield Sequence(RECURRENT[kind](width, layer["units"], depth, batch_first=True))
            width = layer["units"]
        else:
            raise SystemExit(f"layer {kind}: not known to the peers' models")


def convolution(layer, channels):
    padding = layer.get("padding", 0)
    return nn.Conv2d(
        channels,
        layer["filters"],
        layer["kernel"],
        stride=layer.get("stride", 1),
        padding=0 if padding == "valid" else padding,
        dilation=layer.get("dilation", 1),
        groups=layer.get("groups", 1),
        bias=layer.get("bias", True),
    )

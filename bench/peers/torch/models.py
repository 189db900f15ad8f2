"""The models of the workloads."""

import torch
import torch.nn as nn
import torch.nn.functional as F

TOKENS = 65
STEPS = 64


def tiny_mlp():
    return nn.Sequential(
        nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 2)
    )


def mlp():
    return nn.Sequential(
        nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)
    )


class Cnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 3), nn.Conv2d(32, 64, 3)
        self.dropout1, self.dropout2 = nn.Dropout(0.25), nn.Dropout(0.5)
        self.dense1, self.dense2 = nn.Linear(9216, 128), nn.Linear(128, 10)

    def forward(self, x):
        x = F.relu(self.conv2(F.relu(self.conv1(x))))
        x = self.dropout1(F.max_pool2d(x, 2)).flatten(1)
        return self.dense2(self.dropout2(F.relu(self.dense1(x))))


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm1, self.norm2 = nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)
        self.shortcut = nn.Identity()
        if stride != 1 or inputs != outputs:
            conv = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.shortcut = nn.Sequential(conv, nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(y)) + self.shortcut(x))


class ResNet20(nn.Module):
    def __init__(self):
        super().__init__()
        layers = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
        inputs = 16
        for outputs, stride in ((16, 1), (32, 2), (64, 2)):
            for index in range(3):
                layers.append(Block(inputs, outputs, stride if index == 0 else 1))
                inputs = outputs
        self.body, self.head = nn.Sequential(*layers), nn.Linear(64, 10)

    def forward(self, x):
        return self.head(self.body(x).mean((2, 3)))


class Characters(nn.Module):
    """A language model: scores of the next character at every step, [batch · steps, tokens]."""

    def __init__(self, cell=nn.LSTM, layers=2):
        super().__init__()
        self.embedding = nn.Embedding(TOKENS, 64)
        self.recurrent = cell(64, 256, layers, batch_first=True)
        self.head = nn.Linear(256, TOKENS)

    def forward(self, x):
        return self.head(self.recurrent(self.embedding(x))[0]).flatten(0, 1)


class WholeLayerStep(nn.Module):
    """One character by nn.LSTM: state is (hidden, cell), each [2, 1, 256]."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(TOKENS, 64)
        self.recurrent = nn.LSTM(64, 256, 2, batch_first=True)
        self.head = nn.Linear(256, TOKENS)

    @staticmethod
    def start():
        return torch.zeros(2, 1, 256), torch.zeros(2, 1, 256)

    def forward(self, token, hidden, cell):
        y, (hidden, cell) = self.recurrent(self.embedding(token).unsqueeze(1), (hidden, cell))
        return self.head(y[:, 0]), hidden, cell


class CellStep(nn.Module):
    """One character by two nn.LSTMCell: the state is four tensors [1, 256]."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(TOKENS, 64)
        self.cell1, self.cell2 = nn.LSTMCell(64, 256), nn.LSTMCell(256, 256)
        self.head = nn.Linear(256, TOKENS)

    @staticmethod
    def start():
        return tuple(torch.zeros(1, 256) for _ in range(4))

    def forward(self, token, h1, c1, h2, c2):
        h1, c1 = self.cell1(self.embedding(token), (h1, c1))
        h2, c2 = self.cell2(h1, (h2, c2))
        return self.head(h2), h1, c1, h2, c2

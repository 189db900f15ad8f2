"""recipes/shakespeare-lstm.toml in PyTorch: the same model, data, steps and schedule.

usage: shakespeare.py TEXT [--threads N] [--seed S]

Weights start as PyTorch starts them, and batches come in another order; everything else is the
recipe's: 65 characters, embedding 64, two LSTM layers of 256 units, windows of 64 characters of
which the last tenth validates, batches of 32, Adam with a peak rate of 4e-3 in one cycle, gradients
clipped to norm 1. Prints loss on training and validation windows after each epoch.
"""
import argparse, time
import torch, torch.nn as nn, torch.nn.functional as F

p = argparse.ArgumentParser()
p.add_argument("text")
p.add_argument("--threads", type=int, default=2)
p.add_argument("--seed", type=int, default=7)
p.add_argument("--epochs", type=int, default=5)
p.add_argument("--window", type=int, default=64)
p.add_argument("--batch", type=int, default=32)
p.add_argument("--lr", type=float, default=4e-3)
p.add_argument("--warmup", type=float, default=0.2)
a = p.parse_args()
torch.set_num_threads(a.threads)
torch.manual_seed(a.seed)

text = open(a.text, encoding="utf-8").read()
characters = sorted(set(text))
number = {c: i for i, c in enumerate(characters)}
tokens = torch.tensor([number[c] for c in text])
windows = (len(tokens) - 1) // a.window
inputs = tokens[: windows * a.window].view(windows, a.window)
targets = tokens[1 : windows * a.window + 1].view(windows, a.window)
train = windows - round(windows * 0.1)


class Model(nn.Module):
    def __init__(self, count):
        super().__init__()
        self.embedding = nn.Embedding(count, 64)
        self.lstm = nn.LSTM(64, 256, 2, batch_first=True)
        self.head = nn.Linear(256, count)

    def forward(self, x):
        return self.head(self.lstm(self.embedding(x))[0])


def loss_of(model, rows):
    scores = model(inputs[rows])
    return F.cross_entropy(scores.flatten(0, 1), targets[rows].flatten())


model = Model(len(characters))
steps = -(-train // a.batch)
optimizer = torch.optim.Adam(model.parameters(), a.lr)
schedule = torch.optim.lr_scheduler.OneCycleLR(
    optimizer, a.lr, total_steps=a.epochs * steps, pct_start=a.warmup
)
start = time.time()
for epoch in range(a.epochs):
    model.train()
    total = 0.0
    for rows in torch.randperm(train).split(a.batch):
        optimizer.zero_grad()
        loss = loss_of(model, rows)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        total += loss.item() * len(rows)
    model.eval()
    with torch.no_grad():
        parts = torch.arange(train, windows).split(256)
        valid = sum(loss_of(model, rows).item() * len(rows) for rows in parts) / (windows - train)
    seconds = time.time() - start
    print(f"epoch {epoch + 1} train {total / train:.4f} valid {valid:.4f} seconds {seconds:.0f}", flush=True)

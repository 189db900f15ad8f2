"""Time to 99 % on MNIST: the shortest training whose weights know 99 % of the test digits.

`recipes/mnist-cnn.toml` and the same model, batch size, optimizer, rate and schedule in PyTorch
train for one epoch, then anew for two, and so on; the schedule ends with the last epoch. What counts
is the time of the first training that reaches the goal, from the start of its process, with
reading the data and scoring the test digits, until it says the score.
"""

import pathlib
import tempfile

from comparison import machine
from comparison.peers import PEERS, ROOT

GOAL = 0.99
MOST_EPOCHS = 10
FIRST_SEED = 7
FILES = [
    f"{part}-{what}-ubyte"
    for part in ("train", "t10k")
    for what in ("images-idx3", "labels-idx1")
]


def missing_files(folder):
    """The files of MNIST that are not in a folder, gzipped or not."""
    folder = pathlib.Path(folder)
    return [name for name in FILES if not any(folder.glob(f"{name}*"))]


def search(peer, threads, index, allocator, data):
    """The record of one search; every round has another seed."""
    for epochs in range(1, MOST_EPOCHS + 1):
        with tempfile.TemporaryDirectory() as runs:
            command = command_of(peer, threads, FIRST_SEED + index, epochs, data, runs)
            outcome = machine.run(command, peer.environment(allocator))
        at, accuracy = score(outcome)
        if accuracy is None:
            return outcome.failure()
        if accuracy >= GOAL:
            found = {"ms": round(at * 1e3, 1), "epochs": epochs, "accuracy": accuracy}
            return {**found, **outcome.used()}
    error = f"{accuracy:.2%} after {MOST_EPOCHS} epochs"
    return {"ms": None, "error": error, **outcome.used()}


def command_of(peer, threads, seed, epochs, data, runs):
    common = ["--threads", str(threads), "--seed", str(seed)]
    if peer.family == "torch":
        script = str(PEERS / "torch" / "mnist.py")
        return [peer.program[0], script, data, "--epochs", str(epochs), *peer.options(), *common]
    program, recipe = ROOT / "target/release/glassbox", ROOT / "recipes/mnist-cnn.toml"
    settings = ["--set", f"data.path={data}", "--set", f"train.epochs={epochs}"]
    where = ["--runs", runs, "--progress", "json"]
    return [str(program), "train", str(recipe), *settings, *where, *common]


def score(outcome):
    """When a training said its accuracy on the test digits, and which."""
    for at, said in outcome.objects():
        if said.get("event") == "finished":
            return at, said["test"]["accuracy"]
    return None, None

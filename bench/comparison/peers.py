"""Who is compared: what each peer runs, with which command, and how it is built."""

import dataclasses
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEERS = ROOT / "bench" / "peers"

TRAINING = [
    "tiny_mlp_b32",
    "mlp_784_512_512_10_b128",
    "cnn_28x28_b64",
    "resnet20_32x32_b64",
    "lstm_2x256_t64_b32",
    "gru_2x256_t64_b32",
    "rnn_tanh_1x256_t64_b32",
]
INFERENCE = [
    f"infer_{model}_b{batch}"
    for model in ("mlp_784_512_512_10", "cnn_28x28", "resnet20_32x32", "lstm_2x256_t64")
    for batch in (1, 64)
]
GENERATION = ["generate_lstm_2x256", "generate_half_lstm_2x256"]
FIRST = [f"first_{name}" for name in TRAINING if name.startswith(("tiny", "mlp", "cnn", "lstm"))]
MNIST = "mnist_to_99_percent"

DEFAULT = ["glassbox", "torch", "torch-cl", "torch-fused", "torch-cl-fused", "torch-compile"]
DEFAULT += ["torch-jit", "torch-cells", "torch-cells-jit", "torch-cells-compile", "burn", "candle"]

TORCH_OPTIONS = {
    "cl": "--channels-last",
    "fused": "--fused",
    "compile": "--compile",
    "jit": "--jit",
    "cells": "--cells",
}

# Memory is kept instead of given back: glibc's allocator, and the one that Glassbox brings.
TUNED = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "-1",
    "MALLOC_TOP_PAD_": str(256 << 20),
    "MIMALLOC_PURGE_DELAY": "-1",
}


def kind(workload):
    """train, infer, generate, first or mnist; files of models are trained."""
    first = workload.split("_")[0]
    return first if first in ("infer", "generate", "first", "mnist") else "train"


@dataclasses.dataclass(frozen=True)
class Peer:
    name: str
    program: tuple  # the command without options

    @property
    def family(self):
        return self.name.split("-")[0]

    @property
    def settings(self):
        return tuple(self.name.split("-")[1:])

    def runs(self, workload):
        """Whether the workload differs from that of a peer with fewer settings, and exists."""
        if self.family == "glassbox":
            return True
        if workload.endswith(".toml"):
            return self.family == "torch" and torch_runs(set(self.settings), workload)
        if workload.startswith("generate_half"):
            return False
        if self.family == "torch":
            return torch_runs(set(self.settings), workload)
        if kind(workload) == "mnist":
            return False
        return not self.settings or workload == "lstm_2x256_t64_b32"

    def options(self):
        return [TORCH_OPTIONS[word] for word in self.settings] if self.family == "torch" else []

    def command(self, workload, threads, seconds):
        name = workload
        if self.family != "torch" and self.settings:
            name = workload.replace("lstm_", "lstm_by_hand_")
        options = ["--threads", str(threads), "--workload", name.removeprefix("first_")]
        options += ["--first"] if kind(workload) == "first" else ["--seconds", str(seconds)]
        return [*self.program, *self.options(), *options]

    def environment(self, allocator):
        # Processes that compile beside the measured one would look like foreign ones.
        compile_here = {"TORCHINDUCTOR_COMPILE_THREADS": "1"} if "compile" in self.settings else {}
        return {**(TUNED if allocator == "tuned" else {}), **compile_here}


def torch_runs(settings, workload):
    """Whether these settings of PyTorch change anything in this workload."""
    what = kind(workload)
    possible = {
        "train": {"cl", "fused", "compile"},
        "infer": {"cl", "compile", "jit"},
        "generate": {"cells", "jit", "compile"},
        "first": set(),
        "mnist": {"cl", "fused", "compile"},
    }[what]
    if what in ("train", "infer") and not has_images(workload):
        possible = possible - {"cl"}
    # torch.compile leaves nn.LSTM alone, but not single cells.
    return settings <= possible and not (what == "generate" and settings == {"compile"})


def has_images(workload):
    if workload.endswith(".toml"):
        return "conv2d" in pathlib.Path(workload).read_text()
    return "cnn" in workload or "resnet" in workload


def peer(name, python):
    """The peer of this name. Those of PyTorch join any settings: torch-cl-fused."""
    family, *settings = name.split("-")
    if family == "torch":
        wrong = [word for word in settings if word not in TORCH_OPTIONS]
        program = (python, str(PEERS / "torch" / "bench.py"))
    elif family in ("burn", "candle"):
        wrong = [] if settings in ([], ["hand"]) else settings
        program = (str(PEERS / family / "target" / "release" / f"peer-{family}"),)
    else:
        wrong = settings if family == "glassbox" else [name]
        program = (str(ROOT / "target" / "release" / "glassbox-bench"),)
    if wrong:
        expected = "glassbox, torch[-" + "][-".join(TORCH_OPTIONS) + "], burn[-hand], candle[-hand]"
        sys.exit(f"unknown peer {name}: expected {expected}")
    return Peer(name, program)


def build(peers, with_command_line):
    """Builds the Rust programs of these peers, and `glassbox` itself."""
    if not shutil.which("cargo"):
        return print("cargo is not here: what is not built already is left out", file=sys.stderr)
    families = {peer.family for peer in peers}
    packages = ["-p", "glassbox-bench"] + ["-p", "glassbox-cli"] * with_command_line
    for folder, options, needed in (
        (ROOT, packages, "glassbox" in families),
        (PEERS / "burn", [], "burn" in families),
        (PEERS / "candle", [], "candle" in families),
    ):
        command = ["cargo", "build", "--release", "--locked", *options]
        # In its folder, for each has a configuration of its own.
        if needed and subprocess.run(command, cwd=folder).returncode != 0:
            print(f"could not build in {folder}", file=sys.stderr)


def why_missing(peer):
    """Why a peer cannot be run; `None` when it can."""
    if peer.family == "torch":
        try:
            probe = subprocess.run([peer.program[0], "-c", "import torch"], capture_output=True)
        except OSError as error:
            return f"{peer.program[0]}: {error.strerror}"
        return f"no torch in {peer.program[0]}" if probe.returncode != 0 else None
    return None if pathlib.Path(peer.program[0]).exists() else f"{peer.program[0]} is not built"

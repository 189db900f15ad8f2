"""The records as tables in Markdown."""

import pathlib

from comparison.arithmetic import Ratio
from comparison.peers import kind

BASE = ("glassbox", "default")
TITLES = {
    "train": "A training step",
    "infer": "Inference: a forward pass",
    "generate": "Generation, a character a step",
    "first": "From the start of the process to the end of the first training step",
    "mnist": "To 99 % of MNIST's test digits, from the start of the process",
}


def report(records, show=print):
    """Prints all tables."""
    if "glassbox" not in records.distinct("peer"):
        show("glassbox was not measured: there is nothing to take ratios to")
        return
    for threads in sorted(records.distinct("threads"), reverse=True):
        for what, title in TITLES.items():
            workloads = [name for name in records.distinct("workload") if kind(name) == what]
            if workloads:
                show(f"\n## {title}, threads: {threads}\n")
                times(records, threads, workloads, show)
        show(f"\n## Peak memory, MB, threads: {threads}\n")
        memory(records, threads, show)
    show(
        "\nA cell: time, then how many times as long as Glassbox by the medians of the rounds (least"
        " … largest of one round).\n† with tuned allocation. busy: too few rounds on a quiet"
        " machine for a ratio. –: not run."
    )
    for error in dict.fromkeys(
        f"{record['peer']}, {record['workload']}: {record['error']}"
        for record in records.records
        if record.get("error")
    ):
        show(f"failed: {error}")


def times(records, threads, workloads, show):
    peers = [
        peer
        for peer in records.distinct("peer")
        if peer != "glassbox" and any(records.of(threads, name, peer) for name in workloads)
    ]
    tuned = any(records.of(threads, name, "glassbox", "tuned") for name in workloads)
    torch = [peer for peer in peers if peer.startswith("torch")]
    head = ["workload", "glassbox"] + ["glassbox†"] * tuned + peers + ["best PyTorch"] * bool(torch)
    rows = []
    for name in workloads:
        row = [label(name), time(records.time(threads, name, *BASE), name)]
        if tuned:
            row.append(cell(records.ratio(threads, name, "glassbox", "tuned", BASE), name))
        row += [faster(records, threads, name, [peer]) for peer in peers]
        if torch:
            row.append(faster(records, threads, name, torch, strict=True))
        rows.append(row)
    table(head, rows, show)


def faster(records, threads, workload, peers, strict=False):
    """The fastest of `peers` with any allocation. `strict`: refused when one of them is busy."""
    candidates = [(peer, how) for peer in peers for how in records.distinct("allocator")]
    if not strict:
        # A peer's other allocation setting may have been disturbed; each is a peer of its own.
        quiet = [
            one
            for one in candidates
            if isinstance(records.ratio(threads, workload, *one, BASE), Ratio)
        ]
        candidates = quiet or candidates
    which, ratio = records.best(threads, workload, candidates, BASE)
    mark = "†" if which and which[1] == "tuned" else ""
    name = f"{which[0]}{mark} " if which and strict else ""
    return name + cell(ratio, workload, "" if strict else mark)


def cell(ratio, workload, mark=""):
    if not isinstance(ratio, Ratio):
        return ratio
    spread = f"{ratio.value:.2f} ({ratio.low:.2f} … {ratio.high:.2f})"
    return f"{time(ratio.theirs, workload)}{mark} · {spread}"


def time(milliseconds, workload):
    """A time, or characters a second, or why there is none."""
    if isinstance(milliseconds, str):
        return milliseconds
    if kind(workload) == "generate":
        return f"{1e3 / milliseconds:,.0f}/s"
    if milliseconds >= 10_000:
        return f"{milliseconds / 1e3:.1f} s"
    digits = 0 if milliseconds >= 100 else 1 if milliseconds >= 10 else 2
    return f"{milliseconds:.{digits if milliseconds >= 1 else 4}f} ms"


def label(workload):
    """Of a file, its name alone."""
    return pathlib.PurePath(workload).stem if workload.endswith(".toml") else workload


def memory(records, threads, show):
    peers, allocators = records.distinct("peer"), records.distinct("allocator")
    columns = [(peer, how) for peer in peers for how in allocators]
    rows = []
    for name in records.distinct("workload"):
        peaks = [records.peak(threads, name, *column) for column in columns]
        rows.append([label(name)] + ["–" if peak is None else f"{peak:.0f}" for peak in peaks])
    head = [peer + ("†" if how == "tuned" else "") for peer, how in columns]
    table(["workload"] + head, rows, show)


def table(head, rows, show):
    show("| " + " | ".join(head) + " |")
    show("|" + "---|" * len(head))
    for row in rows:
        show("| " + " | ".join(row) + " |")

#!/usr/bin/env python3
"""Measures Glassbox and its peers in turn, and prints ratios with their spread.

One process a round, number of threads, workload and peer. A run that other processes disturbed is
repeated; where too few rounds found the machine quiet, "busy" stands in place of a ratio.
"""

import argparse
import json
import os
import pathlib
import platform
import sys

from comparison import machine, measure, mnist, peers, tables
from comparison.arithmetic import Records


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--rounds", type=int, default=5, help="how often each is measured, at least 2")
    add("--seconds", type=float, default=4.0, help="how long each run is timed")
    add("--threads", type=listed(int), default=[2, 1], metavar="N,…", help="default: 2,1")
    add("--only", default="", metavar="PART", help="workloads whose name contains this")
    add("--peers", type=listed(str), default=peers.DEFAULT, metavar="NAME,…")
    add("--python", default=sys.executable, help="a Python that has PyTorch")
    add("--allocator", choices=["default", "tuned", "both"], default="both")
    add("--models", nargs="+", default=[], metavar="FILE", help="training steps of these instead")
    add("--mnist", metavar="DIR", help="also the time to 99 %% on the MNIST files in this folder")
    add("--quiet-wait", type=float, default=60.0, metavar="S", help="longest wait for a quiet machine")
    add("--no-build", action="store_true", help="use the Rust programs as they are")
    add("--output", type=pathlib.Path, metavar="FILE", help="append the records, JSON lines")
    add("--report", type=pathlib.Path, metavar="FILE", help="print the tables of records and end")
    given = parser.parse_args()
    if given.rounds < 2:
        parser.error("--rounds: expected 2 or more, for a spread")
    if given.mnist and (lacking := mnist.missing_files(given.mnist)):
        parser.error(f"--mnist: {given.mnist} lacks {', '.join(lacking)}")
    return given


def listed(kind):
    def read(text):
        return [kind(word) for word in text.split(",") if word]

    read.__name__ = f"list of {kind.__name__}"
    return read


def main():
    given = arguments()
    if given.report:
        with open(given.report) as file:
            return tables.report(Records(map(json.loads, file)))
    chosen = present([peers.peer(name, given.python) for name in given.peers], given)
    workloads = peers.TRAINING + peers.INFERENCE + peers.GENERATION + peers.FIRST
    if given.models:
        workloads = [os.path.abspath(file) for file in given.models]
    workloads = [name for name in workloads if given.only in name]
    if given.mnist:
        given.mnist = os.path.abspath(given.mnist)
        workloads.append(peers.MNIST)
    allocators = ["default", "tuned"] if given.allocator == "both" else [given.allocator]
    tasks = list(measure.schedule(given.rounds, given.threads, workloads, chosen, allocators))
    print(f"{processor()}, {os.cpu_count()} processors; {len(tasks)} runs", file=sys.stderr)
    records = []
    try:
        for number, task in enumerate(tasks, 1):
            record = measure.measure(task, given.seconds, given.quiet_wait, given.mnist)
            records.append(record)
            if given.output:
                with open(given.output, "a") as file:
                    file.write(json.dumps(record) + "\n")
            say(number, len(tasks), record)
    except KeyboardInterrupt:
        print("interrupted: tables of what there is", file=sys.stderr)
    tables.report(Records(records))


def present(wanted, given):
    """Those of the peers that can be run; the others are named."""
    if not given.no_build:
        peers.build(wanted, with_command_line=bool(given.mnist))
    reasons = {}
    for peer in wanted:
        # PyTorch's settings share one Python, which is slow to ask.
        if peer.program not in reasons:
            reasons[peer.program] = peers.why_missing(peer)
        if reason := reasons[peer.program]:
            print(f"left out: {peer.name}: {reason}", file=sys.stderr)
    return [peer for peer in wanted if not reasons[peer.program]]


def processor():
    try:
        with open("/proc/cpuinfo") as info:
            return next(line.split(":")[1].strip() for line in info if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def say(number, count, record):
    what = f"{record['ms']} ms" if record["ms"] is not None else f"failed: {record['error']}"
    where = f"round {record['round'] + 1}, {record['threads']} threads, {record['workload']}"
    who = record["peer"] + ("†" if record["allocator"] == "tuned" else "")
    disturbed = "" if record["foreign"] < machine.QUIET else f", disturbed: {record['foreign']} CPUs"
    print(f"{number}/{count} {where}, {who}: {what}{disturbed}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

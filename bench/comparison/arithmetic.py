"""From the records of rounds to ratios, or to the refusal to give one.

A record says how long a peer took for a workload in one round, and whether the machine was quiet
meanwhile. Two peers are compared by the rounds in which it was quiet for both.
"""

import dataclasses
import statistics

from comparison.machine import QUIET

BUSY, FAILED, MISSING = "busy", "failed", "–"


@dataclasses.dataclass(frozen=True)
class Ratio:
    """How many times as long as ours the other one takes."""

    ours: float  # median, ms
    theirs: float  # median, ms
    value: float
    low: float  # the least and the largest ratio of one round
    high: float
    rounds: int


def is_quiet(record):
    return record.get("foreign", 0.0) < QUIET


def rounds_needed(rounds):
    """Quiet rounds without which there is no ratio: half of them, and two."""
    return max(2, -(-rounds // 2))


class Records:
    """All records, by what was measured."""

    def __init__(self, records):
        self.records = list(records)

    def distinct(self, key):
        """The values of a key, in the order of their first appearance."""
        return list(dict.fromkeys(record[key] for record in self.records))

    def of(self, threads, workload, peer, allocator=None):
        return [
            record
            for record in self.records
            if (record["threads"], record["workload"], record["peer"]) == (threads, workload, peer)
            and allocator in (None, record["allocator"])
        ]

    def rounds(self, threads, workload):
        """How many rounds this workload had."""
        return len(
            {
                record["round"]
                for record in self.records
                if (record["threads"], record["workload"]) == (threads, workload)
            }
        )

    def quiet_times(self, threads, workload, peer, allocator):
        """Milliseconds by round, of those rounds in which the machine was quiet."""
        return {
            record["round"]: record["ms"]
            for record in self.of(threads, workload, peer, allocator)
            if record.get("ms") is not None and is_quiet(record)
        }

    def time(self, threads, workload, peer, allocator):
        """The median of the quiet rounds in milliseconds, or why there is none."""
        times = self.quiet_times(threads, workload, peer, allocator)
        if len(times) >= rounds_needed(self.rounds(threads, workload)):
            return statistics.median(times.values())
        return self._why_not(threads, workload, peer, allocator)

    def ratio(self, threads, workload, peer, allocator, base):
        """The ratio of a peer to `base`, a (peer, allocator) too, or why there is none."""
        ours = self.quiet_times(threads, workload, *base)
        theirs = self.quiet_times(threads, workload, peer, allocator)
        common = sorted(ours.keys() & theirs.keys())
        if len(common) >= rounds_needed(self.rounds(threads, workload)):
            return ratio([(ours[index], theirs[index]) for index in common])
        reason = self._why_not(threads, workload, peer, allocator)
        return self._why_not(threads, workload, *base) if reason == BUSY else reason

    def best(self, threads, workload, candidates, base):
        """The fastest of `candidates`, (peer, allocator) each, with its ratio to `base`.

        None can be called the fastest as long as one of them was not measured on a quiet machine:
        that is refused. Those that were not run or failed do not count.
        """
        ratios = {
            candidate: self.ratio(threads, workload, *candidate, base) for candidate in candidates
        }
        measured = {key: value for key, value in ratios.items() if isinstance(value, Ratio)}
        if BUSY in ratios.values():
            return None, BUSY
        if not measured:
            return None, FAILED if FAILED in ratios.values() else MISSING
        fastest = min(measured, key=lambda candidate: measured[candidate].theirs)
        return fastest, measured[fastest]

    def peak(self, threads, workload, peer, allocator):
        """The largest resident size over the rounds in MB; `None` where there is none."""
        peaks = [
            record["peak_mb"]
            for record in self.of(threads, workload, peer, allocator)
            if record.get("ms") is not None
        ]
        return max(peaks, default=None)

    def _why_not(self, threads, workload, peer, allocator):
        records = self.of(threads, workload, peer, allocator)
        if not records:
            return MISSING
        return FAILED if all(record.get("ms") is None for record in records) else BUSY


def ratio(pairs):
    """The ratio of medians, with the spread of the rounds, of (ours, theirs) of each round."""
    ours = statistics.median(ours for ours, _ in pairs)
    theirs = statistics.median(theirs for _, theirs in pairs)
    each = [theirs / ours for ours, theirs in pairs]
    return Ratio(ours, theirs, theirs / ours, min(each), max(each), len(pairs))


def rotated(items, by):
    """`items`, beginning with another one every round."""
    by %= max(1, len(items))
    return items[by:] + items[:by]

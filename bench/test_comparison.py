"""Tests of the comparison's arithmetic: python3 -m unittest discover bench"""

import sys
import unittest

from comparison import machine, measure, mnist, peers, tables
from comparison.arithmetic import BUSY, FAILED, MISSING, Ratio, Records, ratio, rotated

BASE = ("glassbox", "default")


def record(index, peer, ms, foreign=0.0, allocator="default", workload="w"):
    return {
        "round": index,
        "threads": 2,
        "workload": workload,
        "peer": peer,
        "allocator": allocator,
        "ms": ms,
        "foreign": foreign,
        "peak_mb": 10.0 * (index + 1),
        **({"error": "status 1: no"} if ms is None else {}),
    }


def of(**times):
    """Records of peers with the times of their rounds; a string stands for a disturbed time."""
    return Records(
        record(index, peer.replace("_", "-"), value and float(value), isinstance(value, str) * 0.9)
        for peer, values in times.items()
        for index, value in enumerate(values)
    )


class RatioTest(unittest.TestCase):
    def test_it_is_that_of_the_medians_with_the_spread_of_the_rounds(self):
        found = ratio([(10.0, 20.0), (20.0, 30.0), (10.0, 50.0)])
        self.assertEqual(found, Ratio(10.0, 30.0, 3.0, 1.5, 5.0, 3))

    def test_rounds_are_paired(self):
        records = of(glassbox=[1, "9", 3, 4], torch=[2, 2, "9", 12])
        found = records.ratio(2, "w", "torch", "default", BASE)
        self.assertEqual(found, Ratio(2.5, 7.0, 2.8, 2.0, 3.0, 2))

    def test_too_few_quiet_rounds_are_refused(self):
        refused = [
            of(glassbox=[1, 1, "1", "1", "1"], torch=[2, 2, 2, 2, 2]),  # 2 of 5
            of(glassbox=[1, "1"], torch=[2, 2]),  # 1 of 2
            of(glassbox=[1, "1", 1, "1"], torch=["2", 2, "2", 2]),  # none in common
        ]
        for records in refused:
            self.assertEqual(records.ratio(2, "w", "torch", "default", BASE), BUSY)
        enough = of(glassbox=[1, 1, 1, "1", "1"], torch=[2, 2, 2, 2, 2])
        self.assertEqual(enough.ratio(2, "w", "torch", "default", BASE).rounds, 3)

    def test_failure_and_absence_are_told_apart(self):
        records = of(glassbox=[1, 1], burn=[None, None])
        self.assertEqual(records.ratio(2, "w", "burn", "default", BASE), FAILED)
        self.assertEqual(records.ratio(2, "w", "candle", "default", BASE), MISSING)
        self.assertEqual(records.ratio(1, "w", "burn", "default", BASE), MISSING)

    def test_a_round_that_was_not_finished_counts_against_the_quiet_ones(self):
        records = of(glassbox=[1, 1, 1, 1, 1], torch=[2, 2])
        self.assertEqual(records.ratio(2, "w", "torch", "default", BASE), BUSY)


class BestTest(unittest.TestCase):
    CANDIDATES = [("torch", "default"), ("torch-cl", "default"), ("torch-jit", "default")]

    def best(self, **times):
        return of(glassbox=[1, 1], **times).best(2, "w", self.CANDIDATES, BASE)

    def test_the_fastest_counts_and_what_failed_or_is_absent_does_not(self):
        which, found = self.best(torch=[4, 4], torch_cl=[3, 3], torch_jit=[None, None])
        self.assertEqual((which[0], found.value), ("torch-cl", 3.0))

    def test_nothing_is_the_best_beside_a_busy_one(self):
        self.assertEqual(self.best(torch=[4, 4], torch_cl=["3", "3"]), (None, BUSY))

    def test_nothing_measured(self):
        self.assertEqual(self.best(), (None, MISSING))
        self.assertEqual(self.best(torch=[None, None]), (None, FAILED))


class ScheduleTest(unittest.TestCase):
    def test_every_round_begins_with_another(self):
        self.assertEqual(rotated([1, 2, 3], 4), [2, 3, 1])
        self.assertEqual(rotated([], 3), [])
        chosen = [peers.peer(name, "python3") for name in ("glassbox", "torch", "torch-cl")]
        workloads = ["cnn_28x28_b64", "tiny_mlp_b32"]
        tasks = list(measure.schedule(2, [2], workloads, chosen, ["default"]))
        names = [(task[0], task[2], task[3].name) for task in tasks]
        self.assertEqual(names[:3], [(0, workloads[0], peer.name) for peer in chosen])
        second = [peer for index, workload, peer in names if (index, workload) == (1, workloads[0])]
        self.assertEqual(second, ["torch", "torch-cl", "glassbox"])
        self.assertNotIn((0, "tiny_mlp_b32", "torch-cl"), names)  # no images there
        self.assertEqual(len(names), len(set(names)))

    def test_settings_are_run_where_they_matter(self):
        def runs(name):
            everything = peers.TRAINING + peers.INFERENCE + peers.GENERATION + peers.FIRST
            return [workload for workload in everything if peers.peer(name, "p").runs(workload)]

        self.assertEqual(len(runs("glassbox")), 7 + 8 + 2 + 4)
        self.assertEqual(len(runs("torch")), 7 + 8 + 1 + 4)
        self.assertEqual(len(runs("torch-cl")), 2 + 4)
        self.assertEqual(runs("torch-fused"), peers.TRAINING)
        self.assertEqual(len(runs("torch-jit")), 8 + 1)
        self.assertEqual(runs("torch-cells-compile"), ["generate_lstm_2x256"])
        self.assertEqual(runs("burn-hand"), ["lstm_2x256_t64_b32"])

    def test_commands(self):
        command = peers.peer("torch-cl-fused", "python3").command("first_cnn_28x28_b64", 2, 1.0)
        self.assertEqual(command[0], "python3")
        expected = "--channels-last --fused --threads 2 --workload cnn_28x28_b64 --first"
        self.assertEqual(" ".join(command[2:]), expected)
        by_hand = peers.peer("candle-hand", "python3").command("lstm_2x256_t64_b32", 1, 1.0)
        self.assertIn("lstm_by_hand_2x256_t64_b32", by_hand)
        with self.assertRaises(SystemExit):
            peers.peer("torch-quick", "python3")


class MachineTest(unittest.TestCase):
    def run_python(self, text):
        return machine.run([sys.executable, "-c", text])

    def test_a_process_is_accounted_for(self):
        text = "import time; x = bytes(range(250)) * 400_000; print('first', flush=True)"
        outcome = self.run_python(text + "; time.sleep(0.3); print('second')")
        (first, _), (second, _) = outcome.lines
        self.assertEqual([line for _, line in outcome.lines], ["first", "second"])
        self.assertGreaterEqual(second - first, 0.25)
        self.assertGreater(outcome.peak_mb, 95.0)
        self.assertEqual(outcome.status, 0)

    def test_a_failure_says_why(self):
        failed = self.run_python("import sys; sys.exit('no such thing')").failure()
        self.assertEqual(failed["error"], "status 1: no such thing")
        self.assertIsNone(failed["ms"])

    def test_the_score_of_a_training_has_its_time(self):
        lines = [(1.0, "{"), (2.0, '{"event": "finished", "test": {"accuracy": 0.991}}')]
        outcome = machine.Outcome(lines, 0, "", 3.0, 1.0, 0.0, 1.0)
        self.assertEqual(mnist.score(outcome), (2.0, 0.991))
        outcome.status = 1
        self.assertEqual(mnist.score(outcome), (None, None))


class TablesTest(unittest.TestCase):
    def lines(self, records):
        shown = []
        tables.report(records, shown.append)
        return "\n".join(shown)

    def test_ratios_and_refusals_are_shown(self):
        records = of(glassbox=[10, 10], torch=[20, 40], torch_cl=["9", "9"], burn=[None, 1])
        text = self.lines(records)
        self.assertIn("| w | 10.0 ms | 30.0 ms · 3.00 (2.00 … 4.00) | busy | busy | busy |", text)
        self.assertIn("| w | 20 | 20 | 20 | 20 |", text)
        self.assertIn("failed: burn, w: status 1: no", text)

    def test_the_better_allocation_of_a_peer_is_shown(self):
        tuned = [record(index, "torch", 15.0, allocator="tuned") for index in (0, 1)]
        records = Records(of(glassbox=[10, 10], torch=[20, 20]).records + tuned)
        row = "| w | 10.0 ms | 15.0 ms† · 1.50 (1.50 … 1.50) | torch† 15.0 ms · 1.50 (1.50 … 1.50) |"
        self.assertIn(row, self.lines(records))

    def test_units(self):
        self.assertEqual(tables.time(0.05, "generate_x"), "20,000/s")
        self.assertEqual(tables.time(0.00834, "w"), "0.0083 ms")
        self.assertEqual(tables.time(21_340.0, "mnist_to_99_percent"), "21.3 s")
        self.assertEqual(tables.time(BUSY, "w"), BUSY)


if __name__ == "__main__":
    unittest.main()

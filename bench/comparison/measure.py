"""One task: a peer, a workload, a number of threads, measured until the machine was quiet."""

from comparison import arithmetic, machine, mnist
from comparison.peers import kind

ATTEMPTS = 4  # of a task that others disturbed


def schedule(rounds, threads, workloads, peers, allocators):
    """All tasks: (round, threads, workload, peer, allocator).

    Peers take turns within a round, and every round begins with another one: what warms or slows
    the machine meets all of them.
    """
    for index in range(rounds):
        for count in threads:
            for workload in workloads:
                candidates = [(peer, how) for peer in peers for how in allocators]
                candidates = [pair for pair in candidates if pair[0].runs(workload)]
                for peer, allocator in arithmetic.rotated(candidates, index):
                    yield index, count, workload, peer, allocator


def measure(task, seconds, quiet_wait, mnist_data):
    """The record of a task."""
    index, threads, workload, peer, allocator = task
    head = {
        "round": index,
        "threads": threads,
        "workload": workload,
        "peer": peer.name,
        "allocator": allocator,
    }
    for attempt in range(1, ATTEMPTS + 1):
        quiet = machine.wait_for_quiet(quiet_wait)
        if kind(workload) == "mnist":
            result = mnist.search(peer, threads, index, allocator, mnist_data)
        else:
            result = once(peer, threads, workload, allocator, seconds)
        # Where it was not quiet before, it is no use to try again.
        if result.get("ms") is None or arithmetic.is_quiet(result) or not quiet:
            break
    return {**head, **result, "attempts": attempt}


def once(peer, threads, workload, allocator, seconds):
    """One process, and what it says of its workload."""
    command = peer.command(workload, threads, seconds)
    outcome = machine.run(command, peer.environment(allocator))
    name = command[command.index("--workload") + 1]
    for at, said in outcome.objects():
        if said.get("workload") == name and said.get("first"):
            return {"ms": round(at * 1e3, 3), **outcome.used()}
        if said.get("workload") == name:
            times = {"ms": said["step_ms"], "min_ms": said["min_ms"], "n": said["n"]}
            return {**times, **outcome.used()}
    return outcome.failure()

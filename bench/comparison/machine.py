"""The machine: how busy others keep it, and one process run on it."""

import dataclasses
import json
import os
import selectors
import subprocess
import tempfile
import time

# CPUs that other processes may use on average while something is timed.
QUIET = 0.2


@dataclasses.dataclass
class Outcome:
    """What a process printed and used."""

    lines: list  # (seconds since the start of the process, text)
    status: int
    errors: str
    wall: float  # seconds
    processor: float  # seconds of processor time
    foreign: float  # CPUs that other processes used meanwhile
    peak_mb: float

    def objects(self):
        """The lines that are JSON objects, with the time of each; none when the process failed."""
        for at, text in self.lines if self.status == 0 else ():
            try:
                value = json.loads(text)
            except ValueError:
                continue
            if isinstance(value, dict):
                yield at, value

    def used(self):
        """What a record says of the process."""
        return {
            "peak_mb": round(self.peak_mb, 1),
            "processor_s": round(self.processor, 2),
            "wall_s": round(self.wall, 2),
            "foreign": round(self.foreign, 3),
        }

    def failure(self):
        """The record of a process without a result."""
        last = self.errors.splitlines()[-1] if self.errors else "it printed no result"
        return {"ms": None, "error": f"status {self.status}: {last}", **self.used()}


def busy_seconds():
    """Processor time that the whole machine has spent so far, or the host has taken from it."""
    with open("/proc/stat") as stat:
        user, nice, system, _idle, _wait, irq, softirq, steal = map(int, stat.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def wait_for_quiet(limit, pause=0.4):
    """Waits until others leave the machine alone, at most `limit` seconds; whether they do."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        before, start = busy_seconds(), time.monotonic()
        time.sleep(pause)
        if (busy_seconds() - before) / (time.monotonic() - start) < QUIET:
            return True
    return False


def peak_megabytes(process):
    """The largest resident size of a running process so far; 0 when it is gone.

    The kernel's account at the end of the process would not do: it begins with the size of the
    parent, which is larger than a small training.
    """
    try:
        with open(f"/proc/{process}/status") as status:
            for line in status:
                if line.startswith("VmHWM"):
                    return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def run(command, environment=None, limit=1800.0):
    """Runs a process to its end and accounts for it. It is killed after `limit` seconds."""
    own, busy, start = time.process_time(), busy_seconds(), time.monotonic()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, **(environment or {})},
        )
        lines, peak = _read(process, start, limit)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
        errors.seek(0)
        message = errors.read().decode(errors="replace").strip()
    wall = time.monotonic() - start
    processor = used.ru_utime + used.ru_stime
    foreign = busy_seconds() - busy - processor - (time.process_time() - own)
    return Outcome(
        lines, process.returncode, message, wall, processor, max(0.0, foreign / wall), peak
    )


def _read(process, start, limit):
    """The lines of a process with the time of each, and its peak of memory."""
    lines, rest, peak = [], b"", 0.0
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            ready = selector.select(timeout=0.1)
            peak = max(peak, peak_megabytes(process.pid))
            if time.monotonic() - start > limit:
                process.kill()
            if not ready:
                continue
            new = os.read(process.stdout.fileno(), 1 << 16)
            if not new:
                return lines, peak
            *whole, rest = (rest + new).split(b"\n")
            seconds = time.monotonic() - start
            lines.extend((seconds, text.decode(errors="replace")) for text in whole)

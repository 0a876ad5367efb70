"""naru_witness (tests/faults/witness): publishes and consumes while the broker is broken, and judges.

It is a process of its own that outlives every broker; its history is in its memory, never on the disk
under test.
"""

import contextlib
import re

import paths
from process import Process, ProcessError

PROGRESS = r"^progress (\d+) (\d+)"


def binary():
    """The one built beside the broker under test, or the release build's."""
    beside = paths.naru_binary().parent / "naru_witness"
    return beside if beside.exists() else paths.ROOT / "build" / "release" / "bin" / "naru_witness"


def missing():
    """None, or why there is no witness."""
    return None if binary().exists() else f"{binary()} has not been built"


class Witness:
    """A running naru_witness with drawn messages. Use as a context manager; end with drain()."""

    def __init__(self, broker, run=1, seed=1, heartbeat_s=0, backlog_max=20_000, queues=4, text=None):
        """text: (path, bytes), to publish its lines once instead of drawn messages."""
        source = ["text", *text] if text else ["drawn", seed, heartbeat_s, backlog_max, queues]
        self.process = Process([binary(), broker.amqp_port, run, *source],
                               broker.directory / f"witness-{run}.log", stdin=True)
        self._position = 0
        self.confirmed = self.delivered = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()

    def goes_on(self, confirms, timeout=60):
        """Waits for so many more confirms."""
        wanted = self.confirmed + confirms
        while self.confirmed < wanted:
            self.hears(PROGRESS, timeout)

    def hears(self, pattern, timeout=60):
        """Waits for a line; progress meanwhile is noted."""
        while True:
            match, self._position = self.process.wait_for_line(f"{PROGRESS}|{pattern}", timeout, self._position)
            progress = re.search(PROGRESS, match.string)
            if progress:
                self.confirmed, self.delivered = int(progress[1]), int(progress[2])
            if re.search(pattern, match.string):
                return match

    def confirmed_now(self):
        """Confirms counted so far, without waiting for more."""
        for line in self.process.lines()[self._position:]:
            if progress := re.search(PROGRESS, line):
                self.confirmed, self.delivered = int(progress[1]), int(progress[2])
        self._position = len(self.process.lines())
        return self.confirmed

    def tell(self, command):
        """Gives a command of world.h, and waits until it is obeyed."""
        start = len(self.process.lines())
        self.process.write(command + "\n")
        self.process.wait_for_line(f"^obeyed {command}$", 30, start)

    def crash(self):
        """The broker is about to lose what it has not written."""
        self.tell("crash")

    def count(self, timeout=120):
        """Everybody stands aside until the queues hold as many messages as they must."""
        start = len(self.process.lines())
        self.tell("count")
        self.process.wait_for_line("^counted", timeout, start)

    def rest(self, timeout=120):
        """Nothing new is published, and the queues are emptied."""
        start = len(self.process.lines())
        self.tell("rest")
        self.process.wait_for_line("^rested", timeout, start)

    def drain(self, timeout=120, refusals=None):
        """Empties the queues and returns the counts; raises ProcessError if a promise was broken, or if the
        broker closed a connection for a reason that does not match `refusals`."""
        if self.process.running():
            with contextlib.suppress(BrokenPipeError):
                self.process.write("drain\n")
        return self.verdict(timeout, refusals)

    def verdict(self, timeout, refusals=None):
        """Waits for its end, and judges as drain()."""
        match, _ = self.process.wait_for_line("^history (.*)", timeout)
        lines = [line for line in self.process.lines() if re.match("violation|refusal|stall|history", line)]
        refused = [line for line in lines if line.startswith("refusal: ")]
        unexpected = [line for line in refused if not (refusals and re.search(refusals, line))]
        if self.process.wait() != 0 or unexpected:
            raise ProcessError("\n".join(lines))
        return Counts(match[1])


class Counts(dict):
    """The numbers of a line `name=number …`; they can be added up."""

    def __init__(self, text=""):
        super().__init__((name, float(value) if "." in value else int(value))
                         for name, value in (word.split("=") for word in text.split()))

    def add(self, other):
        """Sums, except for what is a maximum."""
        for name, value in other.items():
            self[name] = max(self.get(name, 0), value) if "age" in name else self.get(name, 0) + value

    @property
    def operations(self):
        """What clients asked for and got: publishes, deliveries, settlements, returns."""
        return sum(self.get(name, 0) for name in ("sent", "delivered", "settled", "returned"))

    def __str__(self):
        return " ".join(f"{name}={value:.1f}" if isinstance(value, float) else f"{name}={value}"
                        for name, value in self.items())

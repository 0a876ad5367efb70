#!/usr/bin/env python3
"""In its steady state the broker allocates nothing per message: published, written, confirmed, delivered, settled.

The real broker, its sockets and its disk, under a library that counts every call of malloc and operator new. What is
left over is for each file of the log, for each second, and for what still grows to its size: far below one for a batch
of acks, so that one allocation in any step of a message, of a batch of 50, or of a turn, is seen.

Several pairs and fan-out are paced: whoever falls behind the log's cache is served from the disk, and that allocates for
each read, with some hundred messages.
"""

import dataclasses
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from rows import fanout, medium, paced, small, transient  # noqa: E402
from runner import bench, counting, process  # noqa: E402

EACH_MAX = 0.015  # an allocation for each ack of 50 messages would be 0.02
# A machine that is busy elsewhere gives the broker smaller batches: it may try again.
TRIES = 8


@dataclasses.dataclass(frozen=True)
class Load:
    name: str
    options: dict
    messages: int = 200_000  # of each publisher
    shards: int = 1
    deliveries: int = 1  # of each message


PAIRS = medium.Row.options | {"publishers": 4, "consumers": 4, "queues": 4, "rate": 20_000}
FANOUT = fanout.options(fanout.QUEUES) | {"rate": 4_000}
LOADS = (
    Load("small", small.Row.options),
    Load("small_2_shards", small.Row.options, shards=2),
    Load("medium", medium.Row.options),
    Load("transient", transient.Row.options),
    Load("paced", paced.Row.options, 40_000),
    Load("paced_2_shards", paced.Row.options, 40_000, shards=2),
    Load("pairs", PAIRS, 20_000),
    Load("pairs_2_shards", PAIRS, 20_000, shards=2),
    Load("fanout", FANOUT, 15_000, deliveries=fanout.QUEUES),
    Load("fanout_2_shards", FANOUT, 15_000, shards=2, deliveries=fanout.QUEUES),
    Load("one_at_a_time", medium.Row.options | {"window": 1, "ack-every": 1}, 15_000),
)


def check(load, directory):
    measured = bench.Bench(directory)
    for _ in range(TRIES):
        count = counting.allocations(measured, lambda: measured.naru([f"server.shards={load.shards}"]), load.options,
                                     load.messages)
        each = count.each / load.options.get("publishers", 1) / load.deliveries
        if each <= EACH_MAX:
            return f"PASS allocations_{load.name}"
    return f"FAIL allocations_{load.name}: {each:.3f} allocations per message and delivery, more than {EACH_MAX}"


def main():
    reason = None if counting.ALLOCATION_COUNTER.exists() else f"there is no {counting.ALLOCATION_COUNTER.name}"
    directory = pathlib.Path(tempfile.mkdtemp(prefix="allocations-"))
    failed = False
    for load in LOADS:
        if reason:
            verdict = f"SKIP allocations_{load.name}: {reason}"
        else:
            try:
                verdict = check(load, directory)
            except process.BenchError as error:
                verdict = f"FAIL allocations_{load.name}: {error}"
        failed |= verdict.startswith("FAIL")
        print(verdict, flush=True)
    shutil.rmtree(directory, ignore_errors=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""In its steady state the broker allocates nothing per message: published, written, confirmed, delivered, settled.

The real broker, its sockets and its disk, under a library that counts every call of malloc and operator new. What is
left over is per write and per read of a socket, with hundreds of messages each: far below one for a batch of acks, so
that one allocation in any step of a message, or of a batch of 50, is seen.
"""

import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from rows import medium, small, transient  # noqa: E402
from runner import bench, counting, process  # noqa: E402

MESSAGES = 200_000
EACH_MAX = 0.015  # an allocation for each ack of 50 messages would be 0.02
# A machine that is busy elsewhere gives the broker smaller batches: it may try again.
TRIES = 8


def check(row, directory):
    measured = bench.Bench(directory)
    for _ in range(TRIES):
        each = counting.allocations(measured, measured.naru, row.options, MESSAGES).each
        if each <= EACH_MAX:
            return f"PASS allocations_{row.key}"
    return f"FAIL allocations_{row.key}: {each:.3f} allocations per message, more than {EACH_MAX}"


def main():
    reason = None if counting.ALLOCATION_COUNTER.exists() else f"there is no {counting.ALLOCATION_COUNTER.name}"
    directory = pathlib.Path(tempfile.mkdtemp(prefix="allocations-"))
    failed = False
    for row in (small.Row, medium.Row, transient.Row):
        if reason:
            verdict = f"SKIP allocations_{row.key}: {reason}"
        else:
            try:
                verdict = check(row, directory)
            except process.BenchError as error:
                verdict = f"FAIL allocations_{row.key}: {error}"
        failed |= verdict.startswith("FAIL")
        print(verdict, flush=True)
    shutil.rmtree(directory, ignore_errors=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())

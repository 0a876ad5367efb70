"""What one message costs in instructions or allocations: numbers that other work on the machine does not disturb.

Each function runs a counted load twice, once short and once long. The difference, divided by the difference in
messages, leaves start-up, connections and shutdown out.
"""

import dataclasses
import pathlib
import re

from . import process, work
from .bench import BUILD

ALLOCATION_COUNTER = BUILD / "release/lib/libnaru_allocation_counter.so"


@dataclasses.dataclass(frozen=True)
class Count:
    each: float  # per message
    total: int   # of the longer run
    messages: int
    short_output: pathlib.Path  # what the counter wrote about either run
    output: pathlib.Path


def twice(run, messages):
    """`messages` of each publisher; `run(count)` returns (a total, the file it came from)."""
    short, short_output = run(messages // 5)
    long, output = run(messages)
    difference = messages - messages // 5
    return Count((long - short) / difference, long, difference, short_output, output)


def run_counted(bench, broker, options, count):
    with broker:
        result = work.run_generator(bench, broker, options | {"count": count}, 600)
    expected = count * options.get("publishers", 1) * (options["queues"] if options.get("fanout") else 1)
    if result["got"] != expected:
        raise process.BenchError(f"{result['got']} of {expected} messages came back")


def instructions(bench, make_broker, options, messages):
    """Instructions in user space, by callgrind."""
    def run(count):
        output = bench.directory / f"callgrind.{count}"
        broker = make_broker()
        broker.prefix = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={output}", "--separate-threads=no"]
        broker.stop_seconds = 120
        run_counted(bench, broker, options, count)
        total = re.search(r"^(?:summary|totals): (\d+)", output.read_text(errors="replace"), re.M)
        if not total:
            raise process.BenchError(f"callgrind left no totals in {output}")
        return int(total.group(1)), output
    return twice(run, messages)


def allocations(bench, make_broker, options, messages):
    """Calls of malloc and operator new, by a preloaded library."""
    def run(count):
        output = bench.directory / f"allocations.{count}"
        broker = make_broker()
        broker.extra_environment = {"LD_PRELOAD": str(ALLOCATION_COUNTER), "NARU_ALLOCATION_COUNT_FILE": str(output)}
        run_counted(bench, broker, options, count)
        if not output.exists():
            raise process.BenchError("the counting library wrote nothing: is the allocator linked statically?")
        return int(output.read_text()), output
    return twice(run, messages)

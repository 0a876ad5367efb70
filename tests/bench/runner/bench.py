"""What rows are measured with: brokers in directories of their own, and the numbers of this run."""

import os
import pathlib
import sys
import time

from . import brokers, process

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("NARU_BUILD", ROOT / "build"))
NARU = pathlib.Path(os.environ.get("NARU_BIN", BUILD / "release/bin/naru"))
BIN = BUILD / "release/bin"


def say(text):
    print(text, file=sys.stderr, flush=True)


class Bench:
    load_binary = BIN / "naru_load"
    ceiling_binary = BIN / "naru_ceiling"

    def __init__(self, directory, pairs=1, seconds=5.0, quick=False, has_ceiling=True, settings=(), load_options=()):
        """`settings`: KEY=VALUE for Naru; `load_options`: NAME=VALUE that loads get besides their own."""
        self.directory = pathlib.Path(directory)
        self.pair_count = pairs
        self.seconds = seconds
        self.warm_up = min(2.0, seconds / 2)
        self.quick = quick
        self.has_ceiling = has_ceiling
        self.settings = list(settings)
        self.load_options = dict(option.split("=", 1) for option in load_options)

    say = staticmethod(say)

    @property
    def first_dropped(self):
        return self.pair_count > 1

    def pairs(self):
        """For each pair whether it is kept: the first of several warms the machine."""
        for pair in range(self.pair_count):
            yield pair > 0 or not self.first_dropped

    def size(self, full, quick):
        return quick if self.quick else full

    def rest(self, seconds):
        time.sleep(min(seconds, 1) if self.quick else seconds)

    def naru(self, settings=()):
        return brokers.Naru(self.directory / "naru", NARU, [*self.settings, *settings])

    def ceiling(self, logs):
        return brokers.Ceiling(self.directory / "ceiling", self.ceiling_binary, logs)

    def rabbitmq(self):
        return brokers.RabbitMQ(self.directory / "rabbitmq")

    def say_load(self, broker, result, kept=True):
        lost = result.get("missing", 0) + result.get("unconfirmed", 0)
        say(f"  {broker.name:9} {result['got_per_s']:>10.0f}/s  confirm p99 {result['confirm_ms_p99']:8.3f} ms  "
            f"end to end p99 {result['e2e_ms_p99']:8.3f} ms  {result['broker_cpu_s_per_1m']:7.3f} CPU s per 1M"
            f"{'' if kept else '  (dropped)'}{f'  {lost} MISSING' if lost else ''}")

    def describe(self):
        """Numbers of this run that all rows share."""
        return {"pairs": self.pair_count, "first_dropped": self.first_dropped, "seconds": self.seconds,
                "quick": self.quick, "settings": self.settings, "load_options": self.load_options}

    def conditions_now(self):
        """What else the machine does just now, and what room there is."""
        return (f"others used {process.busy_cpus(0.5):.1f} of {os.cpu_count()} CPUs just before, "
                f"{process.free_bytes(self.directory) / 1e9:.0f} GB free")

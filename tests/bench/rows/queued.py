"""What a message that waits costs in memory."""

from runner import process, work

from .base import Row as BaseRow
from .base import at_most

MESSAGES = 1_000_000
SETTLE_SECONDS = 10


class Row(BaseRow):
    key = "queued"
    title = "1,000,000 queued messages of 1 KiB"
    how = (f"RSS {SETTLE_SECONDS} s after the last confirm, less that of the idle broker; besides, less that of the "
           "same broker after as many messages have passed through it")
    floors = (at_most("rss_growth_mib", 64, "RSS growth over the idle broker, MiB"),)

    def measure(self, bench):
        messages = bench.size(MESSAGES, 20_000)
        options = {"size": 1024, "window": 10_000, "count": messages, "seconds-max": 120}
        with bench.naru() as broker:
            idle = process.resident_bytes(broker.pid)
            filled = work.run_generator(bench, broker, options | {"consumers": 0}, 180)
            bench.rest(SETTLE_SECONDS)
            full = process.resident_bytes(broker.pid)
        with bench.naru() as broker:
            work.run_generator(bench, broker, options, 180)
            bench.rest(2)
            warm = process.resident_bytes(broker.pid)
        self.keep("Naru", filled)
        self.note("rss_growth_mib", (full - idle) / 2**20)
        self.note("rss_growth_over_warm_mib", (full - warm) / 2**20)
        self.conditions.append(f"{filled['confirmed']:,} messages; idle {idle / 2**20:.0f} MiB, after as many have "
                               f"passed through {warm / 2**20:.0f} MiB, with the backlog {full / 2**20:.0f} MiB")
        bench.say(f"  {self.conditions[-1]}")

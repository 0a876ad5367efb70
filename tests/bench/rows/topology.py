"""Queues and bindings by the ten thousand."""

from runner import work

from .base import Row as BaseRow
from .base import at_least, at_most

CACHE = "4MiB"


class Row(BaseRow):
    key = "topology"
    title = "10,000 durable queues, 100,000 bindings"
    how = ("16 connections, each waiting for every answer; memory two seconds after the last one; the slowest of five "
           f"deletions counts. The cache of the log is {CACHE}, so that its filling is not taken for queues")
    floors = (at_least("declares_per_s", 5000, "declares/s over 16 connections"),
              at_most("rss_queue", 2048, "RSS of a queue, bytes"),
              at_most("rss_binding", 300, "RSS of a binding, bytes"),
              at_most("delete_ms", 50, "deleting a queue with 3,000 bindings, ms"))

    def measure(self, bench):
        queues = bench.size(10_000, 500)
        with bench.naru([f"storage.cache_bytes={CACHE}"]) as broker:
            result = work.run_generator(bench, broker, {"topology": queues, "bindings": 10, "publishers": 16,
                                                        "wide": 3000}, 300)
        self.keep("Naru", result)
        self.note("declares_per_s", result["declares_per_s"])
        self.note("binds_per_s", result["binds_per_s"])
        self.note("rss_queue", result["rss_queue_each"])
        self.note("rss_binding", result["rss_binding_each"])
        self.note("delete_ms", result["delete_ms_max"])
        self.conditions.append(f"{queues:,} queues, {result['bindings']:,} bindings, "
                               f"{result['binds_per_s']:.0f} binds/s")
        bench.say("  " + ", ".join(f"{name} {self.median(name):.0f}" for name in
                                   ("declares_per_s", "binds_per_s", "rss_queue", "rss_binding", "delete_ms")))

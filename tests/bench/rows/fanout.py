"""One message to twenty queues: stored once, delivered twenty times."""

import statistics

from runner import work

from .base import Row as BaseRow
from .base import at_least, at_most

QUEUES = 20
LOG_BYTES = "naru_storage_log_written_bytes_total"


def options(queues):
    return {"fanout": 1, "size": 1024, "window": 10_000, "prefetch": 500, "ack-every": 50, "queues": queues,
            "consumers": queues}


class Row(BaseRow):
    key = "fanout"
    title = "fan-out 1 → 20 queues, 1 KiB persistent"
    how = ("pairs of 20 queues and of one queue bound to a fanout exchange; bytes are those that were written to the log, "
           "per message published (naru_storage_log_written_bytes_total; beside them, new files are zeroed once)")
    needs_rabbitmq = True
    floors = (at_most("bytes_ratio", 1.3, "bytes written per message ÷ those of 1 → 1"),
              at_least("rabbitmq_ratio", 10, "deliveries/s ÷ RabbitMQ's"))

    def measure(self, bench):
        for kept in bench.pairs():
            bytes_each = {}
            for queues in (QUEUES, 1):
                with bench.naru() as broker:
                    before = broker.metric(LOG_BYTES)
                    result = work.measure_load(bench, broker, options(queues))
                    written = broker.metric(LOG_BYTES) - before
                bench.say_load(broker, result, kept)
                bytes_each[queues] = written / max(result["sent"], 1)
                if kept:
                    self.keep("Naru" if queues == QUEUES else "Naru, 1 → 1", result)
            if kept:
                self.note("bytes_ratio", bytes_each[QUEUES] / max(bytes_each[1], 1))
                self.note("bytes_each", bytes_each[QUEUES])
                self.note("bytes_each_of_one", bytes_each[1])

    def measure_rabbitmq(self, bench, broker):
        result = work.measure_load(bench, broker, options(QUEUES))
        bench.say_load(broker, result)
        self.keep(broker.name, result)
        if self.samples.get("Naru"):
            ours = statistics.median(sample["got_per_s"] for sample in self.samples["Naru"])
            self.note("rabbitmq_ratio", ours / max(result["got_per_s"], 1))

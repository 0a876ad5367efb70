"""A start on an empty directory."""

from .base import Row as BaseRow
from .base import at_most


class Row(BaseRow):
    key = "start"
    title = "start on an empty directory until a client is answered"
    how = "as many starts as there are pairs"
    needs_rabbitmq = True
    floors = (at_most("start_ms", 200, "ms"),)

    def measure(self, bench):
        for kept in bench.pairs():
            with bench.naru() as broker:
                if kept:
                    self.note("start_ms", broker.start_seconds * 1e3)
        bench.say(f"  {[round(ms) for ms in self.figures['start_ms']]} ms")

    def measure_rabbitmq(self, bench, broker):
        self.conditions.append(f"RabbitMQ {broker.start_seconds:.1f} s")

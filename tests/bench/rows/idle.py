"""What a connection with a channel costs that does nothing."""

from runner import work

from .base import Row as BaseRow
from .base import at_most

CONNECTIONS = 1000


class Row(BaseRow):
    key = "idle"
    title = "idle connection with a channel"
    how = f"RSS before and after {CONNECTIONS} of them"
    needs_rabbitmq = True
    floors = (at_most("rss_each", 6000, "RSS of a connection, bytes"),)

    def measure(self, bench):
        with bench.naru() as broker:
            result = work.run_generator(bench, broker, {"idle": CONNECTIONS}, 180)
        self.keep("Naru", result)
        self.note("rss_each", result["rss_each_bytes"])
        bench.say(f"  Naru {result['rss_each_bytes'] / 1000:.1f} KB each")

    def measure_rabbitmq(self, bench, broker):
        result = work.run_generator(bench, broker, {"idle": CONNECTIONS}, 180)
        self.keep(broker.name, result)
        self.conditions.append(f"RabbitMQ {result['rss_each_bytes'] / 1000:.0f} KB each")

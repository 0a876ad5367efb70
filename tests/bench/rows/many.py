"""Many clients with little to say each. The publishers' beats are spread evenly over their interval of 100 ms."""

from .base import PairedLoad, at_most


class Row(PairedLoad):
    key = "many"
    title = "1,000 publishers and 1,000 consumers on 1,000 queues, 10 msg/s each, 100 B persistent, every message acked"
    options = {"publishers": 1000, "consumers": 1000, "queues": 1000, "rate": 10_000, "size": 100, "window": 10,
               "prefetch": 10, "ack-every": 1, "persistent": 1}
    how = "pairs of Naru and the ceiling; rates are of the consumers' in the measured time"
    floors = (at_most("e2e_ms_p99_ratio", 3, "end to end p99 ÷ ceiling's"),
              at_most("fairness", 1.5, "greatest rate of a pair ÷ least"))

    def note_alone(self, naru):
        super().note_alone(naru)
        self.note("fairness", naru["consumer_most"] / max(naru["consumer_least"], 1))

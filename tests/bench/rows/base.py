"""What a row is: a name, what it does, floors, and how its figures come about."""

import dataclasses
import statistics

from runner import work


@dataclasses.dataclass(frozen=True)
class Floor:
    """What a figure must at least (or at most) be. Nothing fails when it is not."""

    figure: str
    bound: float
    at_least: bool
    text: str  # what the figure is, with its unit

    def met(self, value):
        return value >= self.bound if self.at_least else value <= self.bound


def at_least(figure, bound, text):
    return Floor(figure, bound, True, text)


def at_most(figure, bound, text):
    return Floor(figure, bound, False, text)


class Row:
    """One workload. A row runs on a bench (runner/bench.py) and leaves behind

    * `figures`: name -> values, one for each pair or run; their median is held against the floors;
    * `samples`: broker's name -> what the generator said, run by run, as it was said;
    * `conditions`: what a reader has to know about how it was measured.
    """

    key = ""
    title = ""
    how = ""  # how the figures are made
    floors = ()
    needs_rabbitmq = False

    def __init__(self):
        self.figures = {}
        self.samples = {}
        self.conditions = []
        self.failed = ""

    def measure(self, bench):
        raise NotImplementedError

    def measure_rabbitmq(self, bench, broker):
        """Called for rows that need RabbitMQ, after all rows, with one running instance."""

    def note(self, figure, value):
        self.figures.setdefault(figure, []).append(value)

    def keep(self, broker, result):
        self.samples.setdefault(broker, []).append(result)

    def median(self, figure):
        values = self.figures.get(figure)
        return statistics.median(values) if values else None

    def missing(self):
        """Messages that did not come back, in all runs together: a rate of lost messages is no rate."""
        return sum(sample.get("missing", 0) + sample.get("unconfirmed", 0)
                   for samples in self.samples.values() for sample in samples)

    def as_json(self):
        floors = [{"figure": floor.figure, "text": floor.text, "bound": floor.bound, "at_least": floor.at_least,
                   "value": self.median(floor.figure),
                   "met": None if self.median(floor.figure) is None else floor.met(self.median(floor.figure))}
                  for floor in self.floors]
        return {"key": self.key, "title": self.title, "how": self.how, "failed": self.failed,
                "conditions": self.conditions, "floors": floors, "figures": self.figures,
                "samples": self.samples}


class PairedLoad(Row):
    """One load, given to Naru and to the ceiling in turn; a ratio is of two runs made one after the other."""

    options = {}
    logs = True  # the ceiling makes messages durable
    how = "pairs of Naru and the ceiling, median of the pairs' ratios"

    def measure(self, bench):
        for kept in bench.pairs():
            with bench.naru() as broker:
                naru = self.run(bench, broker, kept)
            if not bench.has_ceiling:
                if kept:
                    self.note_alone(naru)
                continue
            with bench.ceiling(self.logs) as broker:
                ceiling = self.run(bench, broker, kept)
            if kept:
                self.note_alone(naru)
                self.note_pair(naru, ceiling)

    def run(self, bench, broker, kept=True):
        result = work.measure_load(bench, broker, self.options)
        if kept:
            self.keep(broker.name, result)
        bench.say_load(broker, result, kept)
        return result

    def note_alone(self, naru):
        self.note("confirm_ms_p99", naru["confirm_ms_p99"])
        self.note("cpu", naru["broker_cpu_s_per_1m"])

    def note_pair(self, naru, ceiling):
        self.note_ratio("ratio", naru, ceiling, "got_per_s")
        for name in ("confirm_ms_p50", "confirm_ms_p99", "e2e_ms_p50", "e2e_ms_p99"):
            self.note_ratio(f"{name}_ratio", naru, ceiling, name)

    def note_ratio(self, figure, naru, ceiling, name):
        if ceiling[name] > 0:
            self.note(figure, naru[name] / ceiling[name])

    def measure_rabbitmq(self, bench, broker):
        self.run(bench, broker)

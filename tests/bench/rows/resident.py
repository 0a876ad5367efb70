"""The first row beside a deep queue of the same lane: what is not touched must not slow what is."""

from runner import lanes, work

from . import small
from .base import Row as BaseRow
from .base import at_least, at_most

MESSAGES = 5_000_000
SECONDS = 120


class Row(BaseRow):
    key = "resident"
    title = "the first row for 120 s with 5,000,000 messages of 100 B resident in the same lane"
    how = ("one broker: the first row without backlog, then the backlog, then the first row again; "
           "two queues of one lane are found by looking where the log has their messages")
    floors = (at_least("ratio", 0.8, "messages/s ÷ the short run's"),
              at_most("confirm_ms_p99", 10, "confirm p99, ms"))

    def measure(self, bench):
        messages = bench.size(MESSAGES, 50_000)
        seconds = bench.size(SECONDS, 3)
        with bench.naru() as broker:
            load, backlog = lanes.two_of_one_lane(bench, broker)
            place = {"queue": lanes.PREFIX, "declare": 0}
            short = work.measure_load(bench, broker, small.OPTIONS | place | {"first-queue": load})
            bench.say_load(broker, short)
            filled = work.run_generator(bench, broker, place | {
                "first-queue": backlog, "size": 100, "window": 1000, "consumers": 0, "count": messages,
                "seconds-max": 120}, 200)
            bench.say(f"  {filled['confirmed']} messages resident, {filled['broker_rss_bytes'] / 2**20:.0f} MiB RSS")
            long = work.measure_load(bench, broker, small.OPTIONS | place | {"first-queue": load}, seconds)
            bench.say_load(broker, long)
        self.conditions.append(f"{filled['confirmed']:,} messages resident, {seconds:g} s, "
                               f"the short run {bench.seconds:g} s")
        self.keep("Naru, short", short)
        self.keep("Naru", long)
        self.note("ratio", long["got_per_s"] / max(short["got_per_s"], 1))
        self.note("confirm_ms_p99", long["confirm_ms_p99"])
        self.note("rss_mib", long["broker_rss_max_bytes"] / 2**20)

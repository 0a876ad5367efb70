"""Publishing far more than memory and the log's files hold, then consuming all of it."""

from runner import process, work

from .base import Row as BaseRow
from .base import at_least, at_most

MESSAGE_BYTES = 1024
GIGABYTE = 10**9
BYTES = 20 * GIGABYTE
# Bodies twice for a moment (in the log and in segments), facts, and room for everybody else.
DISK_FACTOR, DISK_RESERVE = 1.5, 5 * GIGABYTE
PHASE_SECONDS = 240


class Row(BaseRow):
    key = "flood"
    title = "publish only, 1 KiB persistent, until 20 GB; then drain"
    how = ("window 10,000, one publisher, then one consumer (prefetch 500, ack every 50); the rate of each GB by the "
           "moment when its last message was confirmed; RSS is the greatest seen, less that of the idle broker")
    floors = (at_least("flatness", 0.8, "rate of the last GB ÷ of the first"),
              at_most("flatness", 1.25, "rate of the last GB ÷ of the first, at most"),
              at_least("drain", 0.7, "drain rate ÷ publish rate"),
              at_most("rss_growth_mib", 256, "RSS growth over idle, MiB"))

    def measure(self, bench):
        wanted = bench.size(BYTES, GIGABYTE // 2)
        step = wanted // 20
        room = (process.free_bytes(bench.directory) - DISK_RESERVE) / DISK_FACTOR
        if room < wanted:
            self.conditions.append(f"{max(room, step) / GIGABYTE:.1f} GB instead of {wanted / GIGABYTE:g}: no more room")
            wanted = max(room, step)
        count = int(wanted / MESSAGE_BYTES)
        with bench.naru() as broker:
            idle = process.resident_bytes(broker.pid)
            filled = work.run_generator(bench, broker, {
                "size": MESSAGE_BYTES, "window": 10_000, "consumers": 0, "count": count,
                "mark-every": step // MESSAGE_BYTES, "seconds-max": PHASE_SECONDS}, PHASE_SECONDS + 60)
            self.keep("Naru, publish", filled)
            bench.say(f"  published {filled['confirmed'] * MESSAGE_BYTES / GIGABYTE:.2f} GB at "
                      f"{filled['sent_per_s']:.0f}/s, RSS at most {filled['broker_rss_max_bytes'] / 2**20:.0f} MiB")
            drained = work.run_generator(bench, broker, {
                "declare": 0, "publishers": 0, "consumers": 1, "expect": filled["confirmed"],
                "mark-every": step // MESSAGE_BYTES, "seconds-max": PHASE_SECONDS}, PHASE_SECONDS + 60)
            self.keep("Naru, drain", drained)
            bench.say(f"  drained {drained['got']} at {drained['got_per_s']:.0f}/s, "
                      f"RSS at most {drained['broker_rss_max_bytes'] / 2**20:.0f} MiB")
            bench.rest(3)
            self.note("disk_after_mib", process.tree_bytes(broker.work / "data") / 2**20)
        self.conditions.append(f"{filled['confirmed'] * MESSAGE_BYTES / GIGABYTE:.1f} GB published in "
                               f"{filled['seconds']:.0f} s, {drained['got'] * MESSAGE_BYTES / GIGABYTE:.1f} GB drained "
                               f"in {drained['seconds']:.0f} s; data directory after it "
                               f"{self.median('disk_after_mib'):.0f} MiB")
        drained["missing"] = filled["confirmed"] - drained["got"]
        self.note_figures(filled, drained, idle)

    def note_figures(self, filled, drained, idle):
        rates = rates_between(filled["marks"])
        if len(rates) > 1:
            self.note("flatness", rates[-1] / rates[0])
            self.conditions.append("MB/s of each GB: " + " ".join(f"{r * MESSAGE_BYTES / 1e6:.0f}" for r in rates))
        published = filled["confirmed"] / max(filled["seconds"], 1e-9)
        self.note("publish_mb_s", published * MESSAGE_BYTES / 1e6)
        self.note("drain", drained["got_per_s"] / max(published, 1))
        greatest = max(filled["broker_rss_max_bytes"], drained["broker_rss_max_bytes"])
        self.note("rss_growth_mib", (greatest - idle) / 2**20)


def rates_between(marks):
    """Messages/s between one mark and the next; the first counts from the start of the run."""
    before, rates = (0, 0.0), []
    for messages, seconds, _ in marks:
        rates.append((messages - before[0]) / max(seconds - before[1], 1e-6))
        before = (messages, seconds)
    return rates

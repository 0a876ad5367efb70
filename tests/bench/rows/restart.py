"""Starting again with a backlog on disk."""

from runner import process, work

from .base import Row as BaseRow
from .base import at_most

GIGABYTE = 10**9
MESSAGE_BYTES = 1024
BYTES = 10 * GIGABYTE
DISK_FACTOR, DISK_RESERVE = 1.5, 5 * GIGABYTE


class Row(BaseRow):
    key = "restart"
    title = "restart with 10 GB of backlog in 1,000 queues"
    how = ("1,000 publishers fill a queue each with messages of 1 KiB; time from the start of the process until a client "
           "is answered, after SIGKILL and after a clean stop; then every queue is asked for its length")
    floors = (at_most("after_kill_s", 5, "s until it accepts, after SIGKILL"),
              at_most("after_stop_s", 5, "s until it accepts, after a clean stop"))

    def measure(self, bench):
        wanted = bench.size(BYTES, GIGABYTE // 5)
        room = (process.free_bytes(bench.directory) - DISK_RESERVE) / DISK_FACTOR
        if room < wanted:
            wanted = max(room, GIGABYTE // 5)
            self.conditions.append(f"no room for more than {wanted / GIGABYTE:.1f} GB")
        queues = bench.size(1000, 100)
        each = int(wanted / MESSAGE_BYTES / queues)
        with bench.naru() as broker:
            filled = work.run_generator(bench, broker, {
                "size": MESSAGE_BYTES, "window": 100, "publishers": queues, "queues": queues, "consumers": 0,
                "count": each, "seconds-max": 240}, 300)
            self.keep("Naru", filled)
            bench.say(f"  {filled['confirmed'] * MESSAGE_BYTES / GIGABYTE:.2f} GB in {queues} queues")
            for how, figure in (("kill", "after_kill_s"), ("stop", "after_stop_s")):
                broker.restart(kill=how == "kill")
                self.note(figure, broker.start_seconds)
                depth = work.run_generator(bench, broker, {"depth": 1, "queues": queues}, 120)
                missing = filled["confirmed"] - depth["messages"]
                filled["missing"] = filled.get("missing", 0) + max(0, missing)
                bench.say(f"  after {how}: accepts after {broker.start_seconds:.2f} s, {depth['messages']} messages there, "
                          f"{process.resident_bytes(broker.pid) / 2**20:.0f} MiB")
                self.note("rss_mib", process.resident_bytes(broker.pid) / 2**20)
        self.conditions.append(f"{filled['confirmed'] * MESSAGE_BYTES / GIGABYTE:.1f} GB, {filled['confirmed']:,} messages "
                               f"in {queues} queues; the page cache holds what it holds")

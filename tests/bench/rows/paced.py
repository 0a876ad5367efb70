"""A moderate, even rate: what a confirm costs when nothing queues. Messages count from when they were due."""

from .base import PairedLoad, at_most


class Row(PairedLoad):
    key = "paced"
    title = "10,000 msg/s persistent of 100 B, paced, 1 → 1"
    options = {"size": 100, "rate": 10_000, "window": 1000, "prefetch": 500, "ack-every": 50, "persistent": 1}
    floors = (at_most("confirm_ms_p50_ratio", 2, "confirm p50 ÷ ceiling's"),
              at_most("confirm_ms_p99_ratio", 2, "confirm p99 ÷ ceiling's"))

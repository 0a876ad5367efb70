"""Small persistent messages from one publisher to one consumer."""

from .base import PairedLoad, at_least, at_most

OPTIONS = {"size": 100, "window": 1000, "prefetch": 500, "ack-every": 50, "persistent": 1}


class Row(PairedLoad):
    key = "small"
    title = "100 B persistent, window 1000, 1 → 1"
    options = OPTIONS
    needs_rabbitmq = True
    floors = (at_least("ratio", 0.45, "messages/s ÷ ceiling"),
              at_most("confirm_ms_p99_ratio", 3, "confirm p99 ÷ ceiling's"))

"""Persistent messages of 1 KiB with a wide window."""

from .base import PairedLoad, at_least


class Row(PairedLoad):
    key = "medium"
    title = "1 KiB persistent, window 10,000, 1 → 1"
    options = {"size": 1024, "window": 10_000, "prefetch": 500, "ack-every": 50, "persistent": 1}
    needs_rabbitmq = True
    floors = (at_least("ratio", 0.45, "messages/s ÷ ceiling"),)

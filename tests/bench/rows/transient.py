"""Tiny transient messages: no disk, no confirm, no acknowledgement."""

from .base import PairedLoad, at_least


class Row(PairedLoad):
    key = "transient"
    title = "16 B transient, no confirm, auto-ack"
    options = {"size": 16, "window": 0, "ack-every": 0, "persistent": 0}
    logs = False
    needs_rabbitmq = True
    floors = (at_least("ratio", 0.4, "messages/s ÷ ceiling"),)

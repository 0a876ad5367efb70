#!/usr/bin/env python3
"""Prints the events of the levels that are named.

usage: watch.py LEVEL...
"""

import os
import sys

import pika

URL = os.environ.get("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/")


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    with pika.BlockingConnection(pika.URLParameters(URL)) as connection:
        channel = connection.channel()
        channel.exchange_declare("reports", "direct", durable=True)
        queue = channel.queue_declare("", exclusive=True).method.queue
        for level in sys.argv[1:]:
            channel.queue_bind(queue, "reports", level)  # one binding for each level
        print(f"watching {', '.join(sys.argv[1:])}", flush=True)
        for method, _properties, body in channel.consume(queue, auto_ack=True):
            print(f"{method.routing_key}: {body.decode()}", flush=True)


try:
    main()
except KeyboardInterrupt:
    pass

#!/usr/bin/env python3
"""Prints the measurements whose key matches a pattern: `*` is one word, `#` any number of words.

usage: follow.py PATTERN...       e.g.  follow.py 'kitchen.#' '*.*.temperature'
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
        channel.exchange_declare("measurements", "topic", durable=True)
        queue = channel.queue_declare("", exclusive=True).method.queue
        for pattern in sys.argv[1:]:
            channel.queue_bind(queue, "measurements", pattern)
        print(f"following {', '.join(sys.argv[1:])}", flush=True)
        for method, _properties, body in channel.consume(queue, auto_ack=True):
            print(f"{method.routing_key} = {body.decode()}", flush=True)


try:
    main()
except KeyboardInterrupt:
    pass

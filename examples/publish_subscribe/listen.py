#!/usr/bin/env python3
"""Prints every announcement that is made from now on. Start as many as you like.

usage: listen.py
"""

import os

import pika

URL = os.environ.get("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/")


def main():
    with pika.BlockingConnection(pika.URLParameters(URL)) as connection:
        channel = connection.channel()
        channel.exchange_declare("announcements", "fanout", durable=True)
        # A queue without a name gets one; an exclusive one goes away with this connection.
        queue = channel.queue_declare("", exclusive=True).method.queue
        channel.queue_bind(queue, "announcements")
        print("listening", flush=True)
        for _method, _properties, body in channel.consume(queue, auto_ack=True):
            print(f"heard: {body.decode()}", flush=True)


try:
    main()
except KeyboardInterrupt:
    pass

#!/usr/bin/env python3
"""Prints what arrives in the queue `hello`, until Ctrl-C.

usage: receive.py
"""

import os

import pika

URL = os.environ.get("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/")


def on_message(channel, method, _properties, body):
    print(f"received: {body.decode()}", flush=True)
    channel.basic_ack(method.delivery_tag)


def main():
    with pika.BlockingConnection(pika.URLParameters(URL)) as connection:
        channel = connection.channel()
        channel.queue_declare("hello", durable=True)  # the same as in send.py: either may come first
        channel.basic_consume("hello", on_message)
        print("waiting for messages", flush=True)
        channel.start_consuming()


try:
    main()
except KeyboardInterrupt:
    pass

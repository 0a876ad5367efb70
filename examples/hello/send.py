#!/usr/bin/env python3
"""Sends one message to a queue.

usage: send.py [TEXT]
"""

import os
import sys

import pika

URL = os.environ.get("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/")


def main():
    text = " ".join(sys.argv[1:]) or "Hello!"
    with pika.BlockingConnection(pika.URLParameters(URL)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()  # basic_publish returns when the broker has the message on disk
        channel.queue_declare("hello", durable=True)
        channel.basic_publish("", "hello", text.encode(),
                              pika.BasicProperties(delivery_mode=pika.DeliveryMode.Persistent))
    print(f"sent: {text}")


main()

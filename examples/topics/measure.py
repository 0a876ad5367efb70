#!/usr/bin/env python3
"""Publishes a measurement under a key of words with dots between them, such as
kitchen.oven.temperature.

usage: measure.py KEY VALUE
"""

import os
import sys

import pika

URL = os.environ.get("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    key, value = sys.argv[1:]
    with pika.BlockingConnection(pika.URLParameters(URL)) as connection:
        channel = connection.channel()
        channel.exchange_declare("measurements", "topic", durable=True)
        channel.basic_publish("measurements", key, value.encode())
    print(f"measured: {key} = {value}")


main()

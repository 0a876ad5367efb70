#!/usr/bin/env python3
"""Gives work to whichever worker is free: for each number, count the primes below it.

usage: give.py NUMBER...
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
        channel.confirm_delivery()
        channel.queue_declare("primes", durable=True)
        for number in sys.argv[1:]:
            channel.basic_publish("", "primes", number.encode(),
                                  pika.BasicProperties(delivery_mode=pika.DeliveryMode.Persistent))
            print(f"given: {number}")


main()

#!/usr/bin/env python3
"""Tells something to everybody who listens now.

usage: announce.py TEXT
"""

import os
import sys

import pika

URL = os.environ.get("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/")


def main():
    text = " ".join(sys.argv[1:]) or sys.exit(__doc__)
    with pika.BlockingConnection(pika.URLParameters(URL)) as connection:
        channel = connection.channel()
        channel.exchange_declare("announcements", "fanout", durable=True)
        channel.basic_publish("announcements", "", text.encode())
    print(f"announced: {text}")


main()

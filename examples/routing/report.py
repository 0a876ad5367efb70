#!/usr/bin/env python3
"""Reports an event of some level, such as info, warning or error.

usage: report.py LEVEL TEXT
"""

import os
import sys

import pika

URL = os.environ.get("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/")


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    level, text = sys.argv[1], " ".join(sys.argv[2:])
    with pika.BlockingConnection(pika.URLParameters(URL)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.exchange_declare("reports", "direct", durable=True)
        try:
            channel.basic_publish("reports", level, text.encode(), mandatory=True)
            print(f"reported: {level}: {text}")
        except pika.exceptions.UnroutableError:  # mandatory: the broker hands it back
            print(f"nobody watches {level}")


main()

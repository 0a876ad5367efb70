#!/usr/bin/env python3
"""Takes one piece of work at a time. Start several: each gets the next piece when it is done.

A piece is acknowledged when it is finished, so the work of a killed worker goes to another one.

usage: worker.py
"""

import os

import pika

URL = os.environ.get("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/")


def primes_below(limit):
    sieve = bytearray([1]) * limit
    sieve[:2] = bytes(min(2, limit))
    for number in range(2, int(limit ** 0.5) + 1):
        if sieve[number]:
            sieve[number * number::number] = bytes(len(range(number * number, limit, number)))
    return sum(sieve)


def on_work(channel, method, _properties, body):
    try:
        number = int(body)
    except ValueError:
        print(f"no number: {body!r}", flush=True)
        channel.basic_reject(method.delivery_tag, requeue=False)
        return
    again = " (once more)" if method.redelivered else ""
    print(f"done{again}: {primes_below(number)} primes below {number}", flush=True)
    channel.basic_ack(method.delivery_tag)


def main():
    with pika.BlockingConnection(pika.URLParameters(URL)) as connection:
        channel = connection.channel()
        channel.queue_declare("primes", durable=True)
        channel.basic_qos(prefetch_count=1)  # no second piece before the first is acknowledged
        channel.basic_consume("primes", on_work)
        print("waiting for work", flush=True)
        channel.start_consuming()


try:
    main()
except KeyboardInterrupt:
    pass

#!/usr/bin/env python3
"""Adds up numbers for whoever asks. Start several to share the load.

usage: server.py
"""

import os

import pika

URL = os.environ.get("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/")


def on_request(channel, method, properties, body):
    try:
        answer = str(sum(int(word) for word in body.split()))
    except ValueError as error:
        answer = f"error: {error}"
    channel.basic_publish("", properties.reply_to, answer.encode(),
                          pika.BasicProperties(correlation_id=properties.correlation_id))
    channel.basic_ack(method.delivery_tag)
    print(f"answered: {body.decode()} -> {answer}", flush=True)


def main():
    with pika.BlockingConnection(pika.URLParameters(URL)) as connection:
        channel = connection.channel()
        channel.queue_declare("sum")
        channel.basic_qos(prefetch_count=1)
        channel.basic_consume("sum", on_request)
        print("serving", flush=True)
        channel.start_consuming()


try:
    main()
except KeyboardInterrupt:
    pass

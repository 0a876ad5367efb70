#!/usr/bin/env python3
"""Asks a server to add up numbers, and waits for the answer.

usage: client.py NUMBER...
"""

import os
import sys
import uuid

import pika

URL = os.environ.get("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/")
REPLIES = "amq.rabbitmq.reply-to"  # not a queue: the broker sends answers straight to this channel
PATIENCE_S = 10


def ask(connection, text):
    """Returns the server's answer, or None when there was none in time."""
    question, answers = str(uuid.uuid4()), []

    def on_answer(_channel, _method, properties, body):
        if properties.correlation_id == question:
            answers.append(body.decode())

    channel = connection.channel()
    channel.queue_declare("sum")
    channel.basic_consume(REPLIES, on_answer, auto_ack=True)  # before asking, and without acks
    channel.basic_publish("", "sum", text.encode(),
                          pika.BasicProperties(reply_to=REPLIES, correlation_id=question))
    late = connection.call_later(PATIENCE_S, lambda: answers.append(None))
    while not answers:
        connection.process_data_events(PATIENCE_S)
    connection.remove_timeout(late)
    return answers[0]


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    with pika.BlockingConnection(pika.URLParameters(URL)) as connection:
        answer = ask(connection, " ".join(sys.argv[1:]))
    if answer is None:
        sys.exit(f"no answer within {PATIENCE_S} s: does a server run?")
    print(answer)


main()

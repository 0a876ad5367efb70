"""kombu by itself, over py-amqp."""

import socket

import kombu

from cases import check, equal
from context import suite


@suite.case
def a_simple_queue_keeps_order(t):
    with kombu.Connection(t.broker.url) as connection:
        with connection.SimpleQueue("simple") as queue:
            for number in range(100):
                queue.put({"number": number}, compression="zlib" if number % 2 else None)
            got = []
            for _ in range(100):
                message = queue.get(timeout=10)
                got.append(message.payload["number"])
                message.ack()
            equal(got, list(range(100)), "order")
            equal(queue.qsize(), 0, "left")


@suite.case
def producers_and_consumers_share_what_they_declare(t):
    exchange = kombu.Exchange("news", "topic", durable=False, auto_delete=True)
    queue = kombu.Queue("", exchange, routing_key="news.#", exclusive=True, expires=60)
    got = []

    def on_message(body, message):
        got.append((body, message.delivery_info["routing_key"], message.headers))
        message.ack()

    with kombu.Connection(t.broker.url) as connection, connection.channel() as channel:
        with kombu.Consumer(channel, queue(channel), callbacks=[on_message], accept=["json"]):
            producer = kombu.Producer(connection.channel(), exchange)
            producer.publish({"a": 1}, "news.today", headers={"h": "x"}, expiration=60)
            producer.publish({"b": 2}, "other.today")
            producer.publish({"c": 3}, "news")
            while len(got) < 2:
                connection.drain_events(timeout=10)
    equal([(body, key) for body, key, _ in got],
          [({"a": 1}, "news.today"), ({"c": 3}, "news")], "messages")
    equal(got[0][2].get("h"), "x", "header")


@suite.case
def publishes_with_confirms_raise_when_unroutable_and_mandatory(t):
    returned = []
    with kombu.Connection(t.broker.url, transport_options={"confirm_publish": True}) as connection:
        producer = kombu.Producer(connection, on_return=lambda *arguments: returned.append(arguments))
        producer.publish({"a": 1}, "no-such-queue", mandatory=True)
        try:
            while not returned:
                connection.drain_events(timeout=5)
        except socket.timeout:
            pass
    check(returned, "basic.return did not arrive")
    error, exchange, key, message = returned[0]
    equal((str(error), exchange, key), ("Basic.return: (312) NO_ROUTE", "", "no-such-queue"), "return")
    check(message.body)


@suite.case
def heartbeats_are_exchanged(t):
    with kombu.Connection(t.broker.url, heartbeat=2) as connection:
        connection.ensure_connection(max_retries=1)
        for _ in range(12):  # drain_events does not return while the broker's beats come sooner
            try:
                connection.drain_events(timeout=0.4)
            except socket.timeout:
                pass
            connection.heartbeat_check()
        connection.SimpleQueue("beats").close()
        check(connection.connected)


@suite.case
def a_priority_queue_is_accepted(t):
    """Whether priorities take effect is another matter; the argument must not be an error."""
    queue = kombu.Queue("prioritised", max_priority=10, durable=True)
    with kombu.Connection(t.broker.url) as connection:
        bound = queue(connection.channel())
        bound.declare()
        kombu.Producer(connection).publish("x", "prioritised", priority=5)
        message = None
        for _ in range(100):
            message = message or bound.get(no_ack=True)
        check(message and message.payload == "x", "the message")
        bound.delete()

"""What outlives a restart of the broker, orderly or by SIGKILL. Each case has a broker of its own."""

import contextlib

import pika

import broker as brokers
from cases import check, equal
from context import Consumer, Context, closes_channel, suite


@contextlib.contextmanager
def private():
    with brokers.start() as server, Context(server) as t:
        yield t


def again(t, how):
    """Ends the broker in the given way, starts it again, and returns a context connected to it."""
    how(t.broker)
    t.broker.start()
    return Context(t.broker)


def fill(t):
    t.channel.queue_declare("durable", durable=True)
    t.channel.queue_declare("transient", durable=False)
    t.channel.queue_declare("mine", exclusive=True)
    t.channel.exchange_declare("topic", "topic", durable=True)
    t.channel.exchange_declare("gone", "topic", durable=False)
    t.channel.queue_bind("durable", "topic", "a.*")
    t.channel.exchange_bind("topic", "amq.fanout")
    t.confirmed("durable", *[b"%d" % n for n in range(500)], delivery_mode=2)


def verify(t):
    equal(t.bodies("durable"), [b"%d" % n for n in range(500)], "messages of the durable queue")
    for queue in ("transient", "mine"):
        closes_channel(channel := t.connection.channel(), 404,
                       f"NOT_FOUND - no queue '{queue}' in vhost '/'",
                       lambda: channel.queue_declare(queue, passive=True))
    closes_channel(channel := t.connection.channel(), 404,
                   "NOT_FOUND - no exchange 'gone' in vhost '/'",
                   lambda: channel.exchange_declare("gone", passive=True))
    t.confirmed("a.b", b"routed", exchange="amq.fanout")
    equal(t.bodies("durable"), [b"routed"], "over the durable bindings")


@suite.case(seconds=90)
def durable_things_outlive_an_orderly_restart(_):
    with private() as t:
        fill(t)
        with again(t, lambda server: server.stop()) as t:
            verify(t)


@suite.case(seconds=90, differs="it confirms before its write is on disk, and drops what it held in memory")
def confirmed_messages_outlive_a_kill(_):
    with private() as t:
        fill(t)
        with again(t, lambda server: server.kill()) as t:
            verify(t)


@suite.case(seconds=90)
def settled_messages_stay_settled_and_held_ones_are_flagged(_):
    with private() as t:
        fill(t)
        for number in range(100):
            method, _, _ = t.get("durable")
            if number < 60:
                t.channel.basic_ack(method.delivery_tag)
        t.channel.basic_qos(prefetch_count=1)  # a round trip: the acks have been read
        with again(t, lambda server: server.stop()) as t:
            consumer = Consumer(t, "durable", auto_ack=True)
            consumer.wait(440)
            equal(consumer.bodies, [b"%d" % n for n in range(60, 500)], "messages")
            flags = [m.redelivered for m, _, _ in consumer.messages[:40]]
            equal(flags, [True] * 40, "redelivered")


@suite.case(seconds=90)
def a_client_hears_that_the_broker_goes_down(_):
    with private() as t:
        t.broker.process.signal(brokers.signal.SIGTERM)
        try:
            t.wait(lambda: t.connection.is_closed, "the close")
        except pika.exceptions.ConnectionClosedByBroker as closed:
            equal((closed.reply_code, closed.reply_text),
                  (320, "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'"),
                  "close")
        code = t.broker.process.wait(30)
        check(code in (0, -15), f"exit code {code}")


@suite.case(seconds=90)
def tags_and_names_start_afresh_after_a_restart(_):
    with private() as t:
        first = t.channel.queue_declare("", exclusive=True).method.queue
        with again(t, lambda server: server.stop()) as t:
            second = t.channel.queue_declare("", exclusive=True).method.queue
            check(first != second, "the generated name came again")
            t.confirmed(second, b"x")
            equal(t.get(second)[0].delivery_tag, 1, "tag")

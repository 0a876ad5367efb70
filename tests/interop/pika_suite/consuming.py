"""basic.consume and basic.cancel: tags, exclusive consumers, what the broker tells of a lost queue."""

from cases import check, equal
from context import Consumer, closes_channel, suite


@suite.case
def consuming_from_a_missing_queue_is_a_channel_error(t):
    closes_channel(t.channel, 404, "NOT_FOUND - no queue 'missing' in vhost '/'",
                   lambda: t.channel.basic_consume("missing", lambda *_: None))


@suite.case
def getting_from_a_missing_queue_is_a_channel_error(t):
    closes_channel(t.channel, 404, "NOT_FOUND - no queue 'missing' in vhost '/'",
                   lambda: t.channel.basic_get("missing"))


@suite.case
def an_empty_queue_name_means_the_last_declared_one(t):
    queue = t.queue()
    consumer = Consumer(t, "", auto_ack=True)
    t.publish(queue, b"x")
    consumer.wait(1)
    closes_channel(fresh := t.connection.channel(), 404, "NOT_FOUND - no previously declared queue",
                   lambda: fresh.basic_consume("", lambda *_: None))


@suite.case
def a_waiting_consumer_gets_what_is_published_later(t):
    queue = t.queue()
    consumer = Consumer(t, queue, channel=t.connect().channel(), auto_ack=True)
    consumer.connection = consumer.channel.connection
    t.publish(queue, b"late")
    method, _, _ = consumer.wait(1)[0]
    equal((method.consumer_tag, consumer.bodies), (consumer.tag, [b"late"]), "delivery")


@suite.case
def the_consumer_count_is_told_by_declare(t):
    queue = t.queue()
    for expected in range(3):
        declared = t.channel.queue_declare(queue, passive=True).method
        equal(declared.consumer_count, expected, "consumers")
        Consumer(t, queue)


@suite.case
def after_cancel_nothing_more_arrives(t):
    queue = t.queue()
    consumer = Consumer(t, queue)
    t.publish(queue, b"a")
    consumer.wait(1)
    t.channel.basic_ack(consumer.messages[0][0].delivery_tag)
    t.channel.basic_cancel(consumer.tag)
    t.confirmed(queue, b"b")
    equal(len(consumer.settle(queue)), 1, "deliveries")
    equal(t.bodies(queue), [b"b"], "left in the queue")


@suite.case
def an_exclusive_consumer_is_alone(t):
    queue = t.queue()
    text = f"ACCESS_REFUSED - queue '{queue}' in vhost '/' in exclusive use"
    consumer = Consumer(t, queue, exclusive=True)
    closes_channel(other := t.connection.channel(), 403, text,
                   lambda: other.basic_consume(queue, lambda *_: None))
    t.channel.basic_cancel(consumer.tag)
    Consumer(t, queue, channel=t.connection.channel())


@suite.case
def an_exclusive_consumer_must_be_the_first(t):
    queue = t.queue()
    Consumer(t, queue)
    closes_channel(other := t.connection.channel(), 403,
                   f"ACCESS_REFUSED - queue '{queue}' in vhost '/' in exclusive use",
                   lambda: other.basic_consume(queue, lambda *_: None, exclusive=True))


@suite.case
def closing_the_channel_frees_an_exclusive_consumer(t):
    queue = t.queue()
    Consumer(t, queue, exclusive=True)
    t.channel.close()
    Consumer(t, queue, channel=t.connection.channel(), exclusive=True)


@suite.case
def a_consumer_hears_that_its_queue_was_deleted(t):
    queue = t.queue()
    consumer = Consumer(t, queue)
    t.connect().channel().queue_delete(queue)
    t.wait(lambda: consumer.cancelled, "basic.cancel from the broker")
    check(t.channel.is_open)


@suite.case
def consume_ok_comes_before_the_first_delivery(t):
    """pika drops deliveries for a tag it does not know yet, so any that came too early is missing."""
    queue = t.queue()
    t.confirmed(queue, *[b"%d" % n for n in range(50)])
    for _ in range(20):
        channel = t.connection.channel()
        Consumer(t, queue, channel=channel).wait(50)
        channel.close()


@suite.case
def one_connection_can_consume_from_many_queues(t):
    names = [t.queue() for _ in range(20)]
    consumers = [Consumer(t, name, auto_ack=True) for name in names]
    for name in names:
        t.publish(name, name.encode())
    for name, consumer in zip(names, consumers):
        consumer.wait(1)
        equal(consumer.bodies, [name.encode()], "bodies")

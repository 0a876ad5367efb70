"""x-message-ttl, expiration and x-expires. Whatever takes time is waited for, never slept through."""

from cases import equal
from context import Consumer, closes_channel, suite


@suite.case
def messages_of_a_queue_with_ttl_expire(t):
    queue = t.queue(arguments={"x-message-ttl": 50})
    t.confirmed(queue, b"a", b"b", delivery_mode=2)
    t.wait(lambda: t.count(queue) == 0, "both to expire")
    equal(t.get(queue), (None, None, None), "get")


@suite.case
def a_message_with_expiration_expires(t):
    queue = t.queue()
    t.confirmed(queue, b"a", expiration="50", delivery_mode=2)
    t.wait(lambda: t.count(queue) == 0, "the message to expire")


@suite.case
def what_does_not_expire_stays(t):
    queue = t.queue()
    t.confirmed(queue, b"a", expiration="50", delivery_mode=2)
    t.confirmed(queue, b"b", delivery_mode=2)
    t.wait(lambda: t.count(queue) == 1, "the first to expire")
    equal(t.bodies(queue), [b"b"], "left")


@suite.case
def the_shorter_of_both_times_counts(t):
    short_queue = t.queue(arguments={"x-message-ttl": 50})
    long_queue = t.queue(arguments={"x-message-ttl": 600000})
    t.confirmed(short_queue, b"a", expiration="600000")
    t.confirmed(long_queue, b"a", expiration="50")
    t.wait(lambda: t.count(short_queue) == 0 and t.count(long_queue) == 0, "both to expire")


@suite.case
def with_ttl_zero_only_a_waiting_consumer_gets_the_message(t):
    queue = t.queue(arguments={"x-message-ttl": 0})
    t.confirmed(queue, b"nobody waits")
    equal(t.get(queue), (None, None, None), "get")
    consumer = Consumer(t, queue, auto_ack=True)
    t.publish(queue, b"somebody waits")
    consumer.wait(1)
    equal(consumer.bodies, [b"somebody waits"], "bodies")


@suite.case
def a_held_message_does_not_expire_until_it_returns(t):
    queue = t.queue(arguments={"x-message-ttl": 300})
    t.confirmed(queue, b"held", delivery_mode=2)
    method, _, body = t.get(queue)
    equal(body, b"held", "body")
    other = t.queue(arguments={"x-message-ttl": 400})
    t.confirmed(other, b"the clock")
    t.wait(lambda: t.count(other) == 0, "a longer time to pass")
    t.channel.basic_nack(method.delivery_tag, requeue=True)
    t.wait(lambda: t.get(queue)[0] is None, "the returned message to expire")


@suite.case
def an_expired_message_in_front_does_not_block_its_queue(t):
    queue = t.queue()
    t.confirmed(queue, b"a", expiration="1")
    t.confirmed(queue, b"b")
    consumer = Consumer(t, queue, auto_ack=True)
    t.publish(queue, b"c")
    t.wait(lambda: b"c" in consumer.bodies, "the last message")
    equal([body for body in consumer.bodies if body != b"a"], [b"b", b"c"], "order")


@suite.case
def an_expiration_must_be_a_number(t):
    queue = t.queue()
    closes_channel(t.channel, 406, "PRECONDITION_FAILED - invalid expiration 'soon': no_integer",
                   lambda: t.publish(queue, b"x", expiration="soon"))


@suite.case
def an_expiration_must_not_be_negative(t):
    queue = t.queue()
    closes_channel(t.channel, 406,
                   "PRECONDITION_FAILED - invalid expiration '-1': {value_negative,-1}",
                   lambda: t.publish(queue, b"x", expiration="-1"))


@suite.case
def a_ttl_must_not_be_negative(t):
    name = t.name()
    closes_channel(t.channel, 406, f"PRECONDITION_FAILED - invalid arg 'x-message-ttl' for queue "
                   f"'{name}' in vhost '/': {{value_negative,-1}}",
                   lambda: t.channel.queue_declare(name, arguments={"x-message-ttl": -1}))


@suite.case
def a_ttl_must_be_an_integer(t):
    name = t.name()
    closes_channel(t.channel, 406, f"PRECONDITION_FAILED - invalid arg 'x-message-ttl' for queue "
                   f"'{name}' in vhost '/': \"expected integer, got longstr\"",
                   lambda: t.channel.queue_declare(name, arguments={"x-message-ttl": "60"}))


@suite.case
def x_expires_must_be_positive(t):
    name = t.name()
    closes_channel(t.channel, 406, f"PRECONDITION_FAILED - invalid arg 'x-expires' for queue "
                   f"'{name}' in vhost '/': {{value_zero,0}}",
                   lambda: t.channel.queue_declare(name, arguments={"x-expires": 0}))


@suite.case
def an_unused_queue_expires(t):
    """Asking for the queue would be a use of it, so the test watches an exchange that goes with it."""
    queue = t.queue(arguments={"x-expires": 200})
    exchange = t.exchange("fanout", auto_delete=True)
    t.channel.queue_bind(queue, exchange)
    t.wait(lambda: not exists(t, exchange), "the queue to expire")
    closes_channel(t.channel, 404, f"NOT_FOUND - no queue '{queue}' in vhost '/'",
                   lambda: t.count(queue))


@suite.case
def a_consumer_keeps_a_queue_from_expiring(t):
    queue = t.queue(arguments={"x-expires": 1000})
    consumer = Consumer(t, queue)
    clock = t.queue(arguments={"x-expires": 1500})
    exchange = t.exchange("fanout", auto_delete=True)
    t.channel.queue_bind(clock, exchange)
    t.wait(lambda: not exists(t, exchange), "a longer time to pass")
    t.channel.basic_cancel(consumer.tag)
    t.channel.queue_declare(queue, passive=True)


def exists(t, exchange):
    import pika
    channel = t.connection.channel()
    try:
        channel.exchange_declare(exchange, passive=True)
        channel.close()
        return True
    except pika.exceptions.ChannelClosedByBroker:
        return False

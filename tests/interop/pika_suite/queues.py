"""Queues: names, redeclaration, exclusivity, automatic and conditional deletion, purge."""

from cases import check, equal
from context import Consumer, closes_channel, suite


def locked(queue):
    return (f"RESOURCE_LOCKED - cannot obtain exclusive access to locked queue '{queue}' in vhost "
            "'/'. It could be originally declared on another connection or the exclusive property "
            "value does not match that of the original declaration.")


def inequivalent(what, name, received, current):
    return (f"PRECONDITION_FAILED - inequivalent arg '{what}' for queue '{name}' in vhost '/': "
            f"received {received} but current is {current}")


@suite.case
def a_queue_without_a_name_gets_one(t):
    names = {t.channel.queue_declare("", exclusive=True).method.queue for _ in range(10)}
    equal(len(names), 10, "different names")
    check(all(name.startswith("amq.gen-") for name in names), str(names))


@suite.case
def redeclaring_the_same_is_fine(t):
    queue = t.queue(arguments={"x-message-ttl": 60000})
    t.publish(queue, b"x")
    t.wait(lambda: t.count(queue) == 1, "the message")
    ok = t.channel.queue_declare(queue, durable=True, arguments={"x-message-ttl": 60000}).method
    equal((ok.queue, ok.message_count, ok.consumer_count), (queue, 1, 0), "declare-ok")


@suite.case
def durable_must_not_change(t):
    queue = t.queue()
    closes_channel(t.channel, 406, inequivalent("durable", queue, "'false'", "'true'"),
                   lambda: t.channel.queue_declare(queue, durable=False))


@suite.case
def auto_delete_must_not_change(t):
    queue = t.queue()
    closes_channel(t.channel, 406, inequivalent("auto_delete", queue, "'true'", "'false'"),
                   lambda: t.channel.queue_declare(queue, durable=True, auto_delete=True))


@suite.case
def a_known_argument_must_not_change(t):
    queue = t.queue(arguments={"x-message-ttl": 60000})
    closes_channel(t.channel, 406,
                   inequivalent("x-message-ttl", queue, "'1000'", "'60000'"),
                   lambda: t.channel.queue_declare(queue, durable=True,
                                                   arguments={"x-message-ttl": 1000}))


@suite.case
def a_known_argument_must_not_disappear(t):
    queue = t.queue(arguments={"x-message-ttl": 60000})
    closes_channel(t.channel, 406,
                   inequivalent("x-message-ttl", queue, "none", "the value '60000' of type 'signedint'"),
                   lambda: t.channel.queue_declare(queue, durable=True))


@suite.case
def a_known_argument_must_not_appear(t):
    queue = t.queue()
    closes_channel(t.channel, 406,
                   inequivalent("x-expires", queue, "the value '60000' of type 'signedint'", "none"),
                   lambda: t.channel.queue_declare(queue, durable=True, arguments={"x-expires": 60000}))


@suite.case
def unknown_arguments_are_not_compared(t):
    queue = t.queue(arguments={"x-of-a-friend": "a"})
    t.channel.queue_declare(queue, durable=True, arguments={"x-of-a-friend": "b"})
    t.channel.queue_declare(queue, durable=True)


@suite.case
def the_classic_queue_type_is_the_default(t):
    queue = t.queue(arguments={"x-queue-type": "classic"})
    t.channel.queue_declare(queue, durable=True)


@suite.case
def passive_declare_asks_only_for_the_name(t):
    queue = t.queue(arguments={"x-message-ttl": 60000})
    t.channel.queue_declare(queue, passive=True, durable=False, auto_delete=True)
    closes_channel(t.channel, 404, "NOT_FOUND - no queue 'missing' in vhost '/'",
                   lambda: t.channel.queue_declare("missing", passive=True))


@suite.case
def the_reserved_prefix_is_refused(t):
    closes_channel(t.channel, 403, "ACCESS_REFUSED - queue name 'amq.mine' contains reserved prefix "
                   "'amq.*'", lambda: t.channel.queue_declare("amq.mine"))


@suite.case
def names_may_be_long_and_in_any_script(t):
    for name in ("나루-" + t.name(), "n" * 255):
        equal(t.channel.queue_declare(name, exclusive=True).method.queue, name, "name")
        t.publish(name, b"x")
        t.wait(lambda: t.count(name) == 1, "the message")


@suite.case
def an_exclusive_queue_belongs_to_its_connection(t):
    queue = t.queue(durable=False, exclusive=True)
    for attempt in (lambda c: c.queue_declare(queue, passive=True),
                    lambda c: c.queue_declare(queue, exclusive=True),
                    lambda c: c.basic_get(queue),
                    lambda c: c.basic_consume(queue, lambda *_: None),
                    lambda c: c.queue_purge(queue),
                    lambda c: c.queue_delete(queue),
                    lambda c: c.queue_bind(queue, "amq.direct", "k")):
        channel = (other := t.connect()).channel()
        closes_channel(channel, 405, locked(queue), lambda: attempt(channel))
        other.close()
    t.connection.channel().queue_declare(queue, exclusive=True)
    t.channel.queue_delete(queue)


@suite.case
def anybody_may_publish_to_an_exclusive_queue(t):
    queue = t.queue(durable=False, exclusive=True)
    t.connect().channel().basic_publish("", queue, b"x")
    t.wait(lambda: t.count(queue) == 1, "the message")
    t.channel.queue_delete(queue)


@suite.case
def an_exclusive_name_is_free_as_soon_as_its_connection_is_closed(t):
    for _ in range(10):
        owner = t.connect()
        owner.channel().queue_declare("mine-alone", exclusive=True)
        owner.close()


@suite.case
def exclusivity_must_not_change(t):
    queue = t.queue(durable=False, exclusive=True)
    closes_channel(other := t.connection.channel(), 405, locked(queue),
                   lambda: other.queue_declare(queue, exclusive=False))
    t.channel.queue_delete(queue)


@suite.case
def an_auto_delete_queue_goes_with_its_last_consumer(t):
    queue = t.queue(durable=False, auto_delete=True)
    first = Consumer(t, queue)
    second = Consumer(t, queue)
    t.channel.basic_cancel(first.tag)
    t.count(queue)
    t.channel.basic_cancel(second.tag)
    closes_channel(t.channel, 404, f"NOT_FOUND - no queue '{queue}' in vhost '/'",
                   lambda: t.count(queue))


@suite.case
def an_auto_delete_queue_that_nobody_consumed_stays(t):
    queue = t.queue(durable=False, auto_delete=True)
    t.connection.close()
    t.connect().channel().queue_declare(queue, passive=True)


@suite.case
def an_auto_delete_queue_goes_with_its_consumers_connection(t):
    queue = t.queue(durable=False, auto_delete=True)
    consumer = t.connect()
    consumer.channel().basic_consume(queue, lambda *_: None)
    consumer.close()
    closes_channel(t.channel, 404, f"NOT_FOUND - no queue '{queue}' in vhost '/'",
                   lambda: t.count(queue))


@suite.case
def delete_tells_how_many_messages_went(t):
    queue = t.queue()
    t.confirmed(queue, b"a", b"b", delivery_mode=2)
    equal(t.channel.queue_delete(queue).method.message_count, 2, "message_count")
    equal(t.channel.queue_delete(queue).method.message_count, 0, "a second time")


@suite.case
def delete_if_unused_spares_a_queue_with_consumers(t):
    queue = t.queue()
    consumer = Consumer(t, queue)
    closes_channel(other := t.connection.channel(), 406,
                   f"PRECONDITION_FAILED - queue '{queue}' in vhost '/' in use",
                   lambda: other.queue_delete(queue, if_unused=True))
    t.channel.basic_cancel(consumer.tag)
    t.channel.queue_delete(queue, if_unused=True)


@suite.case
def delete_if_empty_spares_a_queue_with_messages(t):
    queue = t.queue()
    t.confirmed(queue, b"a")
    closes_channel(other := t.connection.channel(), 406,
                   f"PRECONDITION_FAILED - queue '{queue}' in vhost '/' not empty",
                   lambda: other.queue_delete(queue, if_empty=True))
    t.channel.queue_purge(queue)
    t.channel.queue_delete(queue, if_empty=True)


@suite.case
def purge_removes_what_is_ready_and_only_that(t):
    queue = t.queue()
    t.confirmed(queue, b"a", b"b", b"c", delivery_mode=2)
    method, _, _ = t.get(queue)
    equal(t.channel.queue_purge(queue).method.message_count, 2, "purged")
    t.channel.basic_nack(method.delivery_tag, requeue=True)
    equal(t.bodies(queue), [b"a"], "left")


@suite.case
def purging_a_missing_queue_is_a_channel_error(t):
    closes_channel(t.channel, 404, "NOT_FOUND - no queue 'missing' in vhost '/'",
                   lambda: t.channel.queue_purge("missing"))


@suite.case
def a_deleted_name_starts_afresh(t):
    for _ in range(5):
        queue = "again-and-again"
        t.channel.queue_declare(queue, durable=True)
        equal(t.count(queue), 0, "messages of a new queue")
        t.confirmed(queue, b"a", delivery_mode=2)
        t.channel.queue_delete(queue)

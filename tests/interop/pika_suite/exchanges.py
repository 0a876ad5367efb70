"""Exchanges and bindings as objects: declaration, deletion, what is reserved, what is refused."""

from cases import check, equal
from context import closes_channel, suite

DEFAULT_REFUSED = ("ACCESS_REFUSED - operation not permitted on the default exchange")


def inequivalent(what, name, received, current):
    return (f"PRECONDITION_FAILED - inequivalent arg '{what}' for exchange '{name}' in vhost '/': "
            f"received {received} but current is {current}")


@suite.case
def the_standard_exchanges_are_there(t):
    for name, kind in (("amq.direct", "direct"), ("amq.fanout", "fanout"), ("amq.topic", "topic"),
                       ("amq.headers", "headers"), ("amq.match", "headers")):
        t.channel.exchange_declare(name, passive=True)
        t.channel.exchange_declare(name, kind, durable=True)


@suite.case
def redeclaring_the_same_is_fine(t):
    exchange = t.exchange("topic", durable=True, auto_delete=True, internal=True,
                          arguments={"alternate-exchange": "amq.fanout"})
    t.channel.exchange_declare(exchange, "topic", durable=True, auto_delete=True, internal=True,
                               arguments={"alternate-exchange": "amq.fanout"})


@suite.case
def the_type_must_not_change(t):
    exchange = t.exchange("direct")
    closes_channel(t.channel, 406, inequivalent("type", exchange, "'fanout'", "'direct'"),
                   lambda: t.channel.exchange_declare(exchange, "fanout"))


@suite.case
def durability_must_not_change(t):
    exchange = t.exchange("direct", durable=True)
    closes_channel(t.channel, 406, inequivalent("durable", exchange, "'false'", "'true'"),
                   lambda: t.channel.exchange_declare(exchange, "direct", durable=False))


@suite.case
def auto_delete_must_not_change(t):
    exchange = t.exchange("direct")
    closes_channel(t.channel, 406, inequivalent("auto_delete", exchange, "'true'", "'false'"),
                   lambda: t.channel.exchange_declare(exchange, "direct", auto_delete=True))


@suite.case
def internal_must_not_change(t):
    exchange = t.exchange("direct")
    closes_channel(t.channel, 406, inequivalent("internal", exchange, "'true'", "'false'"),
                   lambda: t.channel.exchange_declare(exchange, "direct", internal=True))


@suite.case
def the_alternate_exchange_must_not_change(t):
    exchange = t.exchange("direct", arguments={"alternate-exchange": "amq.fanout"})
    closes_channel(t.channel, 406,
                   inequivalent("alternate-exchange", exchange, "'amq.topic'", "'amq.fanout'"),
                   lambda: t.channel.exchange_declare(
                       exchange, "direct", arguments={"alternate-exchange": "amq.topic"}))


@suite.case
def unknown_arguments_are_not_compared(t):
    exchange = t.exchange("direct", arguments={"x-of-a-friend": 1})
    t.channel.exchange_declare(exchange, "direct")


@suite.case(differs="3.10 closes the connection with 503")
def an_unknown_type_is_a_channel_error(t):
    closes_channel(t.channel, 406, "PRECONDITION_FAILED - unknown exchange type 'strange'",
                   lambda: t.channel.exchange_declare(t.name("x"), "strange"))


@suite.case
def a_missing_exchange_is_not_found(t):
    closes_channel(t.channel, 404, "NOT_FOUND - no exchange 'missing' in vhost '/'",
                   lambda: t.channel.exchange_declare("missing", passive=True))


@suite.case
def the_reserved_prefix_is_refused(t):
    closes_channel(t.channel, 403, "ACCESS_REFUSED - exchange name 'amq.mine' contains reserved "
                   "prefix 'amq.*'", lambda: t.channel.exchange_declare("amq.mine", "direct"))


@suite.case
def the_standard_exchanges_cannot_be_deleted(t):
    closes_channel(t.channel, 403, "ACCESS_REFUSED - deletion of system exchange 'amq.fanout' in "
                   "vhost '/' not allowed", lambda: t.channel.exchange_delete("amq.fanout"))


@suite.case
def the_default_exchange_cannot_be_touched(t):
    queue = t.queue()
    for attempt in (lambda c: c.queue_bind(queue, "", "key"),
                    lambda c: c.queue_unbind(queue, "", "key"),
                    lambda c: c.exchange_declare("", "direct"),
                    lambda c: c.exchange_delete(""),
                    lambda c: c.exchange_bind("amq.fanout", "")):
        closes_channel(channel := t.connection.channel(), 403, DEFAULT_REFUSED,
                       lambda: attempt(channel))


@suite.case
def nobody_publishes_to_an_internal_exchange(t):
    exchange = t.exchange("fanout", internal=True)
    closes_channel(t.channel, 403, f"ACCESS_REFUSED - cannot publish to internal exchange "
                   f"'{exchange}' in vhost '/'", lambda: t.publish("", b"x", exchange=exchange))


@suite.case
def an_auto_delete_exchange_goes_with_its_last_binding(t):
    exchange = t.exchange("direct", auto_delete=True)
    first, second = t.queue(), t.queue()
    t.channel.queue_bind(first, exchange, "a")
    t.channel.queue_bind(second, exchange, "b")
    t.channel.queue_unbind(first, exchange, "a")
    t.channel.exchange_declare(exchange, passive=True)
    t.channel.queue_delete(second)
    closes_channel(t.channel, 404, f"NOT_FOUND - no exchange '{exchange}' in vhost '/'",
                   lambda: t.channel.exchange_declare(exchange, passive=True))


@suite.case
def an_auto_delete_exchange_stays_when_only_bindings_to_it_go(t):
    exchange = t.exchange("fanout", auto_delete=True)
    t.channel.exchange_bind(exchange, "amq.fanout")
    t.channel.exchange_unbind(exchange, "amq.fanout")
    t.channel.exchange_declare(exchange, passive=True)
    t.channel.exchange_delete(exchange)


@suite.case
def delete_if_unused_spares_an_exchange_with_bindings(t):
    exchange, queue = t.exchange("fanout"), t.queue()
    t.channel.queue_bind(queue, exchange, "")
    closes_channel(other := t.connection.channel(), 406,
                   f"PRECONDITION_FAILED - exchange '{exchange}' in vhost '/' in use",
                   lambda: other.exchange_delete(exchange, if_unused=True))
    t.channel.queue_unbind(queue, exchange, "")
    t.channel.exchange_delete(exchange, if_unused=True)


@suite.case
def deleting_what_is_not_there_is_fine(t):
    t.channel.exchange_delete("missing")
    queue, exchange = t.queue(), t.exchange()
    t.channel.queue_unbind(queue, exchange, "never bound")
    check(t.channel.is_open)


@suite.case
def both_ends_of_a_binding_must_exist(t):
    queue, exchange = t.queue(), t.exchange()
    no_queue = "NOT_FOUND - no queue 'missing' in vhost '/'"
    no_exchange = "NOT_FOUND - no exchange 'missing' in vhost '/'"
    for text, attempt in ((no_queue, lambda c: c.queue_bind("missing", exchange, "k")),
                          (no_exchange, lambda c: c.queue_bind(queue, "missing", "k")),
                          (no_exchange, lambda c: c.exchange_bind("missing", exchange)),
                          (no_exchange, lambda c: c.exchange_bind(exchange, "missing"))):
        closes_channel(channel := t.connection.channel(), 404, text, lambda: attempt(channel))


@suite.case
def binding_twice_is_one_binding(t):
    queue, exchange = t.queue(), t.exchange()
    t.channel.queue_bind(queue, exchange, "k")
    t.channel.queue_bind(queue, exchange, "k")
    t.confirmed("k", b"x", exchange=exchange)
    equal(t.count(queue), 1, "copies")
    t.channel.queue_unbind(queue, exchange, "k")
    t.confirmed("k", b"y", exchange=exchange)
    equal(t.count(queue), 1, "after one unbind")


@suite.case
def bindings_with_other_arguments_are_other_bindings(t):
    queue, exchange = t.queue(), t.exchange()
    t.channel.queue_bind(queue, exchange, "k", arguments={"a": 1})
    t.channel.queue_bind(queue, exchange, "k", arguments={"a": 2})
    t.channel.queue_unbind(queue, exchange, "k", arguments={"a": 1})
    t.confirmed("k", b"x", exchange=exchange)
    equal(t.count(queue), 1, "copies over the other binding")


@suite.case
def an_empty_queue_name_and_key_bind_the_last_declared_queue_by_its_name(t):
    queue, exchange = t.queue(), t.exchange()
    t.channel.queue_bind("", exchange)
    t.confirmed(queue, b"x", exchange=exchange)
    equal(t.count(queue), 1, "messages")

"""Where a message goes: direct, fanout, topic and headers exchanges, chains, alternate exchanges."""

import pika

from cases import equal
from context import closes_channel, suite


def bound(t, exchange, *keys, arguments=None):
    queue = t.queue()
    for key in keys or ("",):
        t.channel.queue_bind(queue, exchange, key, arguments=arguments)
    return queue


@suite.case
def direct_compares_the_whole_key(t):
    exchange = t.exchange("direct")
    red, both = bound(t, exchange, "red"), bound(t, exchange, "red", "blue")
    t.confirmed("red", b"r", exchange=exchange)
    t.confirmed("blue", b"b", exchange=exchange)
    t.confirmed("re", b"x", exchange=exchange)
    t.confirmed("", b"x", exchange=exchange)
    equal((t.bodies(red), t.bodies(both)), ([b"r"], [b"r", b"b"]), "bodies")


@suite.case
def fanout_ignores_the_key(t):
    exchange = t.exchange("fanout")
    queues = [bound(t, exchange, key) for key in ("", "a", "b")]
    t.confirmed("whatever", b"x", exchange=exchange)
    equal([t.bodies(queue) for queue in queues], [[b"x"]] * 3, "bodies")


TOPIC = {  # pattern: keys it matches, keys it does not
    "a.b": (["a.b"], ["a", "a.b.c", "a.", ""]),
    "*": (["a"], ["", "a.b", "."]),  # the empty key has no word at all
    "a.*": (["a.b", "a."], ["a", "a.b.c", "b.a"]),
    "*.b": (["a.b", ".b"], ["b", "a.b.c"]),
    "a.*.c": (["a.b.c", "a..c"], ["a.c", "a.b.b.c"]),
    "#": (["", "a", "a.b", "a.b.c", "."], []),
    "a.#": (["a", "a.b", "a.b.c", "a."], ["", "b", "b.a"]),
    "#.c": (["c", "a.c", "a.b.c"], ["", "a", "c.a"]),
    "a.#.c": (["a.c", "a.b.c", "a.b.b.c"], ["a", "c", "a.b"]),
    "#.#": (["", "a", "a.b"], []),
    "*.#": (["a", "a.b"], [""]),
    "#.*": (["a", "a.b"], [""]),
    "#.b.#": (["b", "a.b", "b.c", "a.b.c"], ["a", "", "ab"]),
    "*.*": (["a.b", "."], ["a", "a.b.c"]),
    "": ([""], ["a", "."]),
    "a..b": (["a..b"], ["a.b", "a.x.b"]),
    "a*": (["a*"], ["ab", "a"]),
}


@suite.case
def topic_patterns_match_word_by_word(t):
    exchange = t.exchange("topic")
    keys = sorted({key for row in TOPIC.values() for side in row for key in side})
    queues = {pattern: bound(t, exchange, pattern) for pattern in TOPIC}
    for key in keys:
        t.confirmed(key, key.encode() or b"(empty)", exchange=exchange)
    wrong = []
    for pattern, (matching, others) in TOPIC.items():
        got = {b"" if body == b"(empty)" else body for body in t.bodies(queues[pattern])}
        wrong += [f"'{pattern}' missed '{key}'" for key in matching if key.encode() not in got]
        wrong += [f"'{pattern}' took '{key}'" for key in others if key.encode() in got]
    equal(wrong, [], "mismatches")


@suite.case
def one_queue_gets_one_copy_however_many_bindings_match(t):
    exchange = t.exchange("topic")
    queue = bound(t, exchange, "#", "a.*", "*.b", "a.b")
    t.confirmed("a.b", b"x", exchange=exchange)
    equal(t.bodies(queue), [b"x"], "bodies")


@suite.case
def an_unbound_pattern_matches_no_more(t):
    exchange = t.exchange("topic")
    queue = bound(t, exchange, "a.#", "a.*.c")
    t.channel.queue_unbind(queue, exchange, "a.#")
    t.confirmed("a.b", b"x", exchange=exchange)
    t.confirmed("a.b.c", b"y", exchange=exchange)
    equal(t.bodies(queue), [b"y"], "bodies")


HEADERS = [  # binding arguments, message headers, does it match
    ({"x-match": "all", "a": 1, "b": "x"}, {"a": 1, "b": "x", "c": 2}, True),
    ({"x-match": "all", "a": 1, "b": "x"}, {"a": 1}, False),
    ({"x-match": "all", "a": 1}, {"a": 2}, False),
    ({"a": 1, "b": "x"}, {"a": 1}, False),
    ({"a": 1}, {"a": 1}, True),
    ({"x-match": "any", "a": 1, "b": "x"}, {"b": "x"}, True),
    ({"x-match": "any", "a": 1, "b": "x"}, {"a": 2, "b": "y"}, False),
    ({"x-match": "any"}, {"a": 1}, False),
    ({"x-match": "all"}, {}, True),
    ({"x-match": "all"}, None, True),
    ({"x-match": "all", "a": None}, {"a": "anything"}, True),
    ({"x-match": "all", "a": None}, {"b": 1}, False),
    ({"x-match": "all", "x-a": 1}, {}, True),
    ({"x-match": "all", "a": 1}, {"a": "1"}, False),
    ({"x-match": "all", "a": True}, {"a": True}, True),
    ({"x-match": "all", "a": True}, {"a": 1}, False),
]
HEADERS_WITH_X = [
    ({"x-match": "all-with-x", "x-a": 1}, {}, False),
    ({"x-match": "all-with-x", "x-a": 1}, {"x-a": 1}, True),
    ({"x-match": "any-with-x", "x-a": 1, "b": 2}, {"x-a": 1}, True),
    ({"x-match": "any-with-x", "x-a": 1, "b": 2}, {"x-a": 2}, False),
]


def headers_rows(t, rows):
    wrong = []
    for arguments, headers, expected in rows:
        exchange = t.exchange("headers")
        queue = bound(t, exchange, arguments=arguments)
        t.confirmed("", b"x", exchange=exchange, headers=headers)
        if (t.count(queue) == 1) != expected:
            wrong.append(f"{arguments} and {headers}: expected {expected}")
        t.channel.exchange_delete(exchange)
    equal(wrong, [], "mismatches")


@suite.case
def headers_are_compared_by_name_and_value(t):
    headers_rows(t, HEADERS)


@suite.case
def headers_with_x_are_compared_when_asked_for(t):
    headers_rows(t, HEADERS_WITH_X)


@suite.case
def an_unknown_x_match_is_refused(t):
    queue = t.queue()
    closes_channel(t.channel, 406, "PRECONDITION_FAILED - Invalid x-match field value <<\"some\">>; "
                   "expected all, any, all-with-x, or any-with-x",
                   lambda: t.channel.queue_bind(queue, "amq.headers", arguments={"x-match": "some"}))


@suite.case
def exchanges_can_be_chained(t):
    first, second, third = t.exchange("topic"), t.exchange("direct"), t.exchange("fanout")
    t.channel.exchange_bind(second, first, "a.*")
    t.channel.exchange_bind(third, second, "a.b")
    queue = bound(t, third)
    t.confirmed("a.b", b"x", exchange=first)
    t.confirmed("a.c", b"y", exchange=first)
    equal(t.bodies(queue), [b"x"], "bodies")
    t.channel.exchange_unbind(third, second, "a.b")
    t.confirmed("a.b", b"z", exchange=first)
    equal(t.bodies(queue), [], "after unbind")


@suite.case
def a_circle_of_exchanges_delivers_once(t):
    first, second = t.exchange("fanout"), t.exchange("fanout")
    t.channel.exchange_bind(second, first)
    t.channel.exchange_bind(first, second)
    t.channel.exchange_bind(first, first)
    queues = [bound(t, first), bound(t, second)]
    t.confirmed("", b"x", exchange=first)
    equal([t.bodies(queue) for queue in queues], [[b"x"], [b"x"]], "bodies")


@suite.case
def a_deleted_exchange_takes_its_bindings_along(t):
    first, second = t.exchange("fanout"), t.name("x")
    t.channel.exchange_declare(second, "fanout")
    t.channel.exchange_bind(second, first)
    queue = bound(t, second)
    t.channel.exchange_delete(second)
    t.channel.exchange_declare(second, "fanout")
    t.confirmed("", b"x", exchange=first)
    t.confirmed("", b"x", exchange=second)
    equal(t.bodies(queue), [], "bodies")


@suite.case
def an_alternate_exchange_gets_what_matched_nothing(t):
    alternate = t.exchange("fanout")
    exchange = t.exchange("direct", arguments={"alternate-exchange": alternate})
    matched, unmatched = bound(t, exchange, "known"), bound(t, alternate)
    t.confirmed("known", b"k", exchange=exchange)
    t.confirmed("unknown", b"u", exchange=exchange)
    equal((t.bodies(matched), t.bodies(unmatched)), ([b"k"], [b"u"]), "bodies")


@suite.case
def alternate_exchanges_can_be_chained(t):
    last = t.exchange("fanout")
    middle = t.exchange("direct", arguments={"alternate-exchange": last})
    first = t.exchange("direct", arguments={"alternate-exchange": middle})
    queue = bound(t, last)
    t.confirmed("unknown", b"u", exchange=first)
    equal(t.bodies(queue), [b"u"], "bodies")


@suite.case
def what_the_alternate_exchange_took_is_not_returned(t):
    alternate = t.exchange("fanout")
    exchange = t.exchange("direct", arguments={"alternate-exchange": alternate})
    t.channel.confirm_delivery()
    try:
        t.channel.basic_publish(exchange, "unknown", b"x", mandatory=True)
        raise AssertionError("taken although the alternate exchange has no bindings")
    except pika.exceptions.UnroutableError:
        pass
    queue = bound(t, alternate)
    t.channel.basic_publish(exchange, "unknown", b"x", mandatory=True)
    equal(t.count(queue), 1, "messages")


@suite.case
def a_missing_alternate_exchange_is_no_error(t):
    exchange = t.exchange("direct", arguments={"alternate-exchange": "missing"})
    t.confirmed("unknown", b"x", exchange=exchange)


@suite.case
def a_binding_counts_for_the_next_publish_of_any_connection(t):
    exchange, queue = t.exchange("direct"), t.queue()
    publishers = [t.connect().channel() for _ in range(4)]
    for publisher in publishers:
        publisher.confirm_delivery()
    for n in range(20):
        t.channel.queue_bind(queue, exchange, f"key-{n}")
        publishers[n % 4].basic_publish(exchange, f"key-{n}", b"x", mandatory=True)
    equal(t.count(queue), 20, "messages")

"""basic.publish, confirms and returns; bodies and properties arrive as they were sent."""

import itertools
import random

import pika

from cases import Skip, check, equal
from context import Consumer, closes_channel, closes_connection, suite


@suite.case
def a_durable_message_is_published_confirmed_and_consumed(t):
    queue = t.queue()
    t.confirmed(queue, b"hello", delivery_mode=2)
    consumer = Consumer(t, queue)
    (method, properties, body), = consumer.wait(1)
    equal((body, properties.delivery_mode), (b"hello", 2), "message")
    equal((method.exchange, method.routing_key, method.redelivered), ("", queue, False), "delivery")
    t.channel.basic_ack(method.delivery_tag)
    equal(t.count(queue), 0, "messages left")


@suite.case
def all_fourteen_properties_arrive_unchanged(t):
    queue = t.queue()
    sent = dict(content_type="text/plain", content_encoding="utf-8", headers={"a": 1, "b": "é"},
                delivery_mode=2, priority=9, correlation_id="c-1", reply_to="somewhere",
                expiration="600000", message_id="m-1", timestamp=1700000000, type="kind",
                user_id="guest", app_id="test", cluster_id="cluster")
    t.publish(queue, b"x", **sent)
    _, received, _ = t.get(queue, auto_ack=True)
    equal({key: getattr(received, key) for key in sent}, sent, "properties")


@suite.case
def absent_properties_stay_absent(t):
    queue = t.queue()
    t.publish(queue, b"x")
    _, received, _ = t.get(queue, auto_ack=True)
    equal([key for key, value in vars(received).items() if value is not None], [], "properties")


@suite.case
def bodies_of_every_size_arrive_whole(t):
    queue = t.queue()
    frame = t.connection._impl.params.frame_max
    sizes = [0, 1, 4095, frame - 9, frame - 8, frame - 7, 2 * (frame - 8), 3 * frame, 5_000_000]
    for size in sizes:
        body = (b"0123456789abcdef" * (size // 16 + 1))[:size]
        t.publish(queue, body, delivery_mode=2)
        equal(t.get(queue, auto_ack=True)[2] == body, True, f"body of {size} bytes")


@suite.case(seconds=180, differs="messages of 128 MiB and more are refused, and it is slow with smaller ones")
def a_message_of_120_mib_arrives_whole_and_in_its_place(t):
    """Stored in fragments and sent piece by piece; pika and the broker hold some copies of it."""
    if available_memory() < 2 << 30:
        raise Skip("less than 2 GiB of memory are available")
    queue = t.queue()
    body = random.Random(1).randbytes(120 << 20)
    t.confirmed(queue, b"before", body, b"behind", delivery_mode=2)
    consumer = Consumer(t, queue)
    received = [got for _, _, got in consumer.wait(3, seconds=120)]
    equal([received[0], received[1] == body, received[2]], [b"before", True, b"behind"], "bodies")
    t.channel.basic_ack(0, multiple=True)
    equal(t.count(queue), 0, "messages left")


def available_memory():
    with open("/proc/meminfo") as lines:
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable"))


@suite.case
def messages_arrive_in_the_order_of_their_publishing(t):
    queue = t.queue()
    bodies = [b"%d" % n for n in range(2000)]
    consumer = Consumer(t, queue, auto_ack=True)
    t.publish(queue, *bodies)
    consumer.wait(len(bodies))
    equal(consumer.bodies == bodies, True, "order")


@suite.case
def persistent_and_transient_messages_keep_one_order(t):
    queue = t.queue()
    for number in range(100):
        t.publish(queue, b"%d" % number, delivery_mode=1 + number % 2)
    t.wait(lambda: t.count(queue) == 100, "all messages")
    equal(t.bodies(queue), [b"%d" % n for n in range(100)], "order")


@suite.case
def a_foreign_user_id_is_refused(t):
    queue = t.queue()
    closes_channel(t.channel, 406, "PRECONDITION_FAILED - user_id property set to 'root' but "
                   "authenticated user was 'guest'", lambda: t.publish(queue, b"x", user_id="root"))


@suite.case
def publishing_to_a_missing_exchange_closes_the_channel(t):
    closes_channel(t.channel, 404, "NOT_FOUND - no exchange 'missing' in vhost '/'",
                   lambda: t.publish("key", b"x", exchange="missing"))


@suite.case
def immediate_is_not_implemented(t):
    def publish():
        method = pika.spec.Basic.Publish(exchange="", routing_key="q", immediate=True)
        t.channel._impl._send_method(method, (pika.BasicProperties(), b"x"))
    closes_connection(t.channel, 540, "NOT_IMPLEMENTED - immediate=true", publish)


@suite.case
def an_unroutable_message_is_confirmed_unless_mandatory(t):
    t.channel.confirm_delivery()
    t.publish("no-such-queue", b"x")
    try:
        t.channel.basic_publish("", "no-such-queue", b"y", mandatory=True)
    except pika.exceptions.UnroutableError as error:
        message, = error.messages
        equal((message.method.reply_code, message.method.reply_text, message.method.exchange,
               message.method.routing_key, message.body),
              (312, "NO_ROUTE", "", "no-such-queue", b"y"), "return")
    else:
        raise AssertionError("an unroutable mandatory message was confirmed without a return")


@suite.case
def a_mandatory_message_is_returned_without_confirm_mode(t):
    returned = []
    t.channel.add_on_return_callback(lambda _, method, props, body: returned.append((props, body)))
    t.channel.basic_publish("", "no-such-queue", b"y", pika.BasicProperties(type="t"), mandatory=True)
    t.wait(lambda: returned, "basic.return")
    equal((returned[0][0].type, returned[0][1]), ("t", b"y"), "returned message")


@suite.case
def a_routed_mandatory_message_is_not_returned(t):
    queue = t.queue()
    t.channel.confirm_delivery()
    t.channel.basic_publish("", queue, b"y", mandatory=True)
    equal(t.count(queue), 1, "messages")


@suite.case
def the_return_comes_before_the_confirm(t):
    log = Stream(t.parameters()).run(
        [("", "no-such-queue", b"%d" % n, True) for n in range(3)])
    equal([event for event in log if event[0] == "return"],
          [("return", b"0"), ("return", b"1"), ("return", b"2")], "returns")
    for number in range(3):
        acked = next(i for i, (kind, what) in enumerate(log) if kind == "ack" and what > number)
        check(log.index(("return", b"%d" % number)) < acked, f"ack before return: {log}")


@suite.case
def thousands_of_publishes_are_confirmed_exactly_once(t):
    queue = t.queue()
    count = 5000
    log = Stream(t.parameters()).run([("", queue, b"%d" % n, False) for n in range(count)])
    equal(sorted(log) == [("ack", n) for n in range(1, count + 1)], True, "every tag acked once")
    equal(t.count(queue), count, "messages in the queue")


@suite.case
def confirm_select_may_be_repeated(t):
    queue = t.queue()
    stream = Stream(t.parameters(), selects=2)
    equal(stream.run([("", queue, b"x", False)]), [("ack", 1)], "confirms")


@suite.case
def a_transactional_channel_cannot_confirm(t):
    t.channel.tx_select()
    closes_channel(t.channel, 406, "PRECONDITION_FAILED - cannot switch from tx to confirm mode",
                   t.channel.confirm_delivery)


@suite.case
def a_confirming_channel_cannot_be_transactional(t):
    t.channel.confirm_delivery()
    closes_channel(t.channel, 406, "PRECONDITION_FAILED - cannot switch from confirm to tx mode",
                   t.channel.tx_select)


class Stream:
    """Publishes without waiting in between, on pika's asynchronous connection, and keeps what came
    back in its order: ("ack" | "nack", tag), ("return", body); `multiple` is spelled out."""

    def __init__(self, parameters, selects=1):
        self.parameters, self.selects = parameters, selects
        self.log, self.error = [], None

    def run(self, messages):
        self.messages = messages
        self.unsettled = dict.fromkeys(range(1, len(messages) + 1))
        connection = pika.SelectConnection(
            self.parameters, on_open_callback=lambda c: c.channel(on_open_callback=self._opened),
            on_open_error_callback=self._ended, on_close_callback=self._ended)
        connection.ioloop.start()
        if self.error:
            raise self.error
        return self.log

    def _opened(self, channel):
        self.channel = channel
        channel.add_on_return_callback(lambda _c, _m, _p, body: self.log.append(("return", body)))
        channel.add_on_close_callback(self._channel_closed)
        channel.confirm_delivery(self._settled, self._selected)

    def _selected(self, _frame):
        self.selects -= 1
        if self.selects:
            again = pika.spec.Confirm.Select(False)
            self.channel._rpc(again, self._selected, [pika.spec.Confirm.SelectOk])
            return
        for exchange, key, body, mandatory in self.messages:
            self.channel.basic_publish(exchange, key, body, pika.BasicProperties(delivery_mode=2),
                                       mandatory=mandatory)

    def _settled(self, frame):
        kind = "ack" if isinstance(frame.method, pika.spec.Basic.Ack) else "nack"
        tag = frame.method.delivery_tag
        tags = [tag]
        if frame.method.multiple:
            tags = list(itertools.takewhile(lambda each: each <= tag, self.unsettled))
        for each in tags:
            self.log.append((kind if each in self.unsettled else "settled twice", each))
            self.unsettled.pop(each, None)
        if not self.unsettled:
            self.channel.close()

    def _channel_closed(self, channel, reason):
        if self.unsettled:
            self.error = reason
        channel.connection.close()

    def _ended(self, connection, reason):
        if self.unsettled and not self.error:
            self.error = reason if isinstance(reason, Exception) else RuntimeError(str(reason))
        connection.ioloop.stop()

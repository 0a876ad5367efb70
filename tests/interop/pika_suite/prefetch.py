"""basic.qos: how much a consumer may hold; fairness and priority among consumers."""

from cases import check, equal
from context import Consumer, closes_connection, suite


def filled(t, count):
    queue = t.queue()
    t.confirmed(queue, *[b"%d" % n for n in range(count)], delivery_mode=2)
    return queue


@suite.case
def a_consumer_holds_no_more_than_its_prefetch(t):
    queue = filled(t, 10)
    t.channel.basic_qos(prefetch_count=3)
    consumer = Consumer(t, queue)
    consumer.wait(3)
    equal(len(consumer.settle(queue)), 3, "held")
    t.channel.basic_ack(consumer.messages[0][0].delivery_tag)
    consumer.wait(4)
    t.channel.basic_ack(consumer.messages[3][0].delivery_tag, multiple=True)
    consumer.wait(7)
    equal(len(consumer.settle(queue)), 7, "held after acks")


@suite.case
def a_reject_makes_room_too(t):
    queue = filled(t, 3)
    t.channel.basic_qos(prefetch_count=1)
    consumer = Consumer(t, queue)
    consumer.wait(1)
    t.channel.basic_reject(1, requeue=False)
    consumer.wait(2)
    equal(consumer.bodies, [b"0", b"1"], "bodies")


@suite.case
def the_limit_is_taken_at_the_time_of_consume(t):
    queue = filled(t, 10)
    t.channel.basic_qos(prefetch_count=2)
    early = Consumer(t, queue)
    early.wait(2)
    t.channel.basic_qos(prefetch_count=5)
    equal(len(early.settle(queue)), 2, "the earlier consumer's")
    late = Consumer(t, queue)
    late.wait(5)
    equal((len(early.settle(queue)), len(late.messages)), (2, 5), "both")


@suite.case
def each_consumer_of_a_channel_has_its_own_limit(t):
    queue = filled(t, 10)
    t.channel.basic_qos(prefetch_count=2)
    consumers = [Consumer(t, queue) for _ in range(3)]
    for consumer in consumers:
        consumer.wait(2)
    equal(sum(len(c.settle(queue)) for c in consumers), 6, "held in all")


@suite.case
def a_global_limit_is_shared_by_the_channel(t):
    queue = filled(t, 10)
    t.channel.basic_qos(prefetch_count=4, global_qos=True)
    first, second = Consumer(t, queue), Consumer(t, queue)
    t.wait(lambda: len(first.messages) + len(second.messages) >= 4, "four messages")
    first.settle(queue)
    equal(len(first.messages) + len(second.messages), 4, "held in all")
    tags = [m.delivery_tag for m, _, _ in first.messages + second.messages]
    t.channel.basic_ack(max(tags), multiple=True)
    t.wait(lambda: len(first.messages) + len(second.messages) >= 8, "four more")


@suite.case
def get_is_not_limited(t):
    queue = filled(t, 3)
    t.channel.basic_qos(prefetch_count=1)
    equal([t.get(queue)[2] for _ in range(3)], [b"0", b"1", b"2"], "bodies")


@suite.case
def consumers_without_acknowledgement_are_not_limited(t):
    queue = filled(t, 10)
    t.channel.basic_qos(prefetch_count=1)
    Consumer(t, queue, auto_ack=True).wait(10)


@suite.case
def a_prefetch_size_is_not_implemented(t):
    closes_connection(t.channel, 540, "NOT_IMPLEMENTED - prefetch_size!=0 (4096)",
                      lambda: t.channel.basic_qos(prefetch_size=4096))


@suite.case
def equal_consumers_take_turns(t):
    queue = t.queue()
    consumers = [Consumer(t, queue, channel=t.connection.channel()) for _ in range(4)]
    t.publish(queue, *[b"%d" % n for n in range(40)])
    t.wait(lambda: sum(len(c.messages) for c in consumers) == 40, "all messages")
    equal([len(c.messages) for c in consumers], [10] * 4, "shares")


@suite.case
def work_goes_to_those_who_have_room(t):
    queue = t.queue()
    slow_channel, fast_channel = t.connection.channel(), t.connection.channel()
    for channel in (slow_channel, fast_channel):
        channel.basic_qos(prefetch_count=1)
    slow = Consumer(t, queue, channel=slow_channel)
    fast = Consumer(t, queue, channel=fast_channel)
    t.publish(queue, *[b"%d" % n for n in range(10)])

    def nine_are_done():
        for method, _, _ in fast.messages[len(done):]:
            done.append(method.delivery_tag)
            fast_channel.basic_ack(method.delivery_tag)
        return len(done) == 9

    done = []
    t.wait(nine_are_done, "nine messages at the fast consumer")
    equal(len(slow.messages), 1, "messages of the slow consumer")


@suite.case
def a_higher_priority_consumer_goes_first_until_it_is_full(t):
    queue = t.queue()
    low_channel, high_channel = t.connection.channel(), t.connection.channel()
    high_channel.basic_qos(prefetch_count=3)
    low = Consumer(t, queue, channel=low_channel)
    high = Consumer(t, queue, channel=high_channel, arguments={"x-priority": 10})
    t.publish(queue, *[b"%d" % n for n in range(5)])
    t.wait(lambda: len(low.messages) + len(high.messages) == 5, "all messages")
    equal((high.bodies, low.bodies), ([b"0", b"1", b"2"], [b"3", b"4"]), "shares")
    check(high.tag != low.tag)

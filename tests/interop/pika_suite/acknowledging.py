"""ack, nack, reject and recover: what is settled is gone, what returns keeps its place and its flag."""

import socket

from cases import check, equal
from context import Consumer, closes_channel, closes_connection, suite

UNKNOWN_TAG = "PRECONDITION_FAILED - unknown delivery tag "


def three(t):
    """A queue with the messages a, b and c."""
    queue = t.queue()
    t.confirmed(queue, b"a", b"b", b"c", delivery_mode=2)
    return queue


def leased(t, queue, count):
    """Delivery tags of `count` messages taken with basic.get."""
    return [t.get(queue)[0].delivery_tag for _ in range(count)]


@suite.case
def ack_multiple_settles_everything_up_to_the_tag(t):
    queue = three(t)
    tags = leased(t, queue, 3)
    t.channel.basic_ack(tags[1], multiple=True)
    t.channel.close()
    equal(t.bodies(queue, t.connection.channel()), [b"c"], "left")


@suite.case
def ack_zero_multiple_settles_everything(t):
    queue = three(t)
    leased(t, queue, 3)
    t.channel.basic_ack(0, multiple=True)
    t.channel.basic_ack(0, multiple=True)  # nothing outstanding is fine too
    t.channel.close()
    equal(t.count(queue, t.connection.channel()), 0, "left")


@suite.case
def acks_may_come_in_any_order(t):
    queue = three(t)
    tags = leased(t, queue, 3)
    for tag in reversed(tags):
        t.channel.basic_ack(tag)
    t.channel.close()
    equal(t.count(queue, t.connection.channel()), 0, "left")


@suite.case
def an_unknown_tag_is_a_channel_error(t):
    closes_channel(t.channel, 406, UNKNOWN_TAG + "99", lambda: t.channel.basic_ack(99))


@suite.case
def an_unknown_tag_with_multiple_is_a_channel_error(t):
    leased(t, three(t), 2)
    closes_channel(t.channel, 406, UNKNOWN_TAG + "5", lambda: t.channel.basic_ack(5, multiple=True))


@suite.case
def tag_zero_without_multiple_is_a_channel_error(t):
    leased(t, three(t), 1)
    closes_channel(t.channel, 406, UNKNOWN_TAG + "0", lambda: t.channel.basic_ack(0))


@suite.case
def a_second_ack_is_a_channel_error(t):
    tag, = leased(t, three(t), 1)
    t.channel.basic_ack(tag)
    closes_channel(t.channel, 406, UNKNOWN_TAG + "1", lambda: t.channel.basic_ack(tag))


@suite.case
def a_nack_of_an_unknown_tag_is_a_channel_error(t):
    closes_channel(t.channel, 406, UNKNOWN_TAG + "7", lambda: t.channel.basic_nack(7))


@suite.case
def a_reject_of_an_unknown_tag_is_a_channel_error(t):
    closes_channel(t.channel, 406, UNKNOWN_TAG + "7", lambda: t.channel.basic_reject(7))


@suite.case
def an_unacknowledged_mode_delivery_cannot_be_acked(t):
    queue = three(t)
    method, _, _ = t.get(queue, auto_ack=True)
    equal(method.delivery_tag, 1, "tag")
    closes_channel(t.channel, 406, UNKNOWN_TAG + "1", lambda: t.channel.basic_ack(1))


@suite.case
def tags_of_get_and_deliver_are_one_sequence(t):
    queue = three(t)
    equal(t.get(queue)[0].delivery_tag, 1, "tag of get")
    consumer = Consumer(t, queue)
    equal([m.delivery_tag for m, _, _ in consumer.wait(2)], [2, 3], "tags of deliver")


@suite.case
def a_returned_message_takes_its_old_place_and_is_flagged(t):
    queue = three(t)
    tags = leased(t, queue, 2)
    t.channel.basic_nack(tags[0], requeue=True)
    method, _, body = t.get(queue)
    equal((body, method.redelivered), (b"a", True), "first")
    method, _, body = t.get(queue)
    equal((body, method.redelivered), (b"c", False), "next")


@suite.case
def nack_multiple_returns_all_in_their_order(t):
    queue = three(t)
    tags = leased(t, queue, 3)
    t.channel.basic_nack(tags[2], multiple=True, requeue=True)
    equal(t.bodies(queue), [b"a", b"b", b"c"], "order")


@suite.case
def messages_returned_in_reverse_come_back_in_order(t):
    queue = three(t)
    for tag in reversed(leased(t, queue, 3)):
        t.channel.basic_reject(tag, requeue=True)
    t.wait(lambda: t.count(queue) == 3, "three messages")
    equal(t.bodies(queue), [b"a", b"b", b"c"], "order")


@suite.case
def a_reject_without_requeue_drops(t):
    queue = three(t)
    tags = leased(t, queue, 2)
    t.channel.basic_reject(tags[0], requeue=False)
    t.channel.basic_nack(tags[1], requeue=False)
    t.channel.close()
    equal(t.bodies(queue, t.connection.channel()), [b"c"], "left")


@suite.case
def a_consumer_gets_its_own_returned_message_again(t):
    queue = t.queue()
    consumer = Consumer(t, queue)
    t.publish(queue, b"x")
    t.channel.basic_nack(consumer.wait(1)[0][0].delivery_tag, requeue=True)
    method, _, body = consumer.wait(2)[1]
    equal((method.delivery_tag, method.redelivered, body), (2, True, b"x"), "second delivery")


@suite.case
def recover_returns_everything_unacked_on_the_channel(t):
    queue = three(t)
    leased(t, queue, 2)
    t.channel.basic_recover(requeue=True)
    flags = [t.get(queue)[0].redelivered for _ in range(3)]
    equal(flags, [True, True, False], "redelivered")


@suite.case
def recover_without_requeue_is_not_implemented(t):
    closes_connection(t.channel, 540, "NOT_IMPLEMENTED - requeue=false",
                      lambda: t.channel.basic_recover(requeue=False))


@suite.case
def closing_the_channel_returns_what_is_unacked(t):
    queue = three(t)
    leased(t, queue, 2)
    t.channel.close()
    other = t.connection.channel()
    got = [t.get(queue, other) for _ in range(3)]
    equal([(body, m.redelivered) for m, _, body in got],
          [(b"a", True), (b"b", True), (b"c", False)], "messages")


@suite.case
def losing_the_connection_returns_what_is_unacked(t):
    queue = three(t)
    lost = t.connect()
    lost.channel().basic_get(queue)
    lost._impl._transport._sock.shutdown(socket.SHUT_RDWR)  # no connection.close
    t.wait(lambda: t.count(queue) == 3, "the message to return")
    method, _, body = t.get(queue)
    equal((body, method.redelivered), (b"a", True), "first")


@suite.case
def unacked_messages_are_not_counted_as_ready(t):
    queue = three(t)
    method, _, _ = t.get(queue)
    equal(method.message_count, 2, "message_count of get-ok")
    equal(t.count(queue), 2, "message_count of declare-ok")


@suite.case
def get_from_an_empty_queue_says_so(t):
    equal(t.get(t.queue()), (None, None, None), "get-empty")


@suite.case
def a_late_ack_after_cancel_is_accepted(t):
    queue = three(t)
    consumer = Consumer(t, queue)
    tags = [m.delivery_tag for m, _, _ in consumer.wait(3)]
    t.channel.basic_cancel(consumer.tag)
    t.channel.basic_ack(tags[2], multiple=True)
    t.channel.close()
    equal(t.count(queue, t.connection.channel()), 0, "left")


@suite.case
def a_late_ack_after_the_queue_was_deleted_is_accepted(t):
    queue = three(t)
    tags = leased(t, queue, 2)
    t.channel.queue_delete(queue)
    t.channel.basic_ack(tags[0])
    t.channel.basic_nack(tags[1], requeue=True)
    t.channel.basic_qos(prefetch_count=1)
    check(t.channel.is_open)

"""tx.select, commit and rollback: publishes and acks take effect together or not at all."""

from cases import equal
from context import closes_channel, suite


@suite.case
def published_messages_appear_with_the_commit(t):
    queue, outside = t.queue(), t.connection.channel()
    t.channel.tx_select()
    t.publish(queue, b"a", b"b", delivery_mode=2)
    equal(t.count(queue, outside), 0, "before")
    t.channel.tx_commit()
    equal(t.count(queue, outside), 2, "after")


@suite.case
def a_rollback_forgets_published_messages(t):
    queue = t.queue()
    t.channel.tx_select()
    t.publish(queue, b"a")
    t.channel.tx_rollback()
    t.publish(queue, b"b")
    t.channel.tx_commit()
    equal(t.bodies(queue, t.connection.channel()), [b"b"], "bodies")


@suite.case
def acks_take_effect_with_the_commit(t):
    queue, outside = t.queue(), t.connection.channel()
    t.confirmed(queue, b"a", b"b", delivery_mode=2)
    t.channel.tx_select()
    t.channel.basic_ack(t.get(queue)[0].delivery_tag)
    t.channel.tx_commit()
    t.channel.basic_ack(t.get(queue)[0].delivery_tag)
    t.channel.close()  # without a commit: the second ack never happened
    t.wait(lambda: t.count(queue, outside) == 1, "the message to return")
    equal(t.bodies(queue, outside), [b"b"], "left")


@suite.case
def after_a_rollback_a_message_is_still_held_and_can_be_acked(t):
    queue = t.queue()
    t.confirmed(queue, b"a", delivery_mode=2)
    t.channel.tx_select()
    tag = t.get(queue)[0].delivery_tag
    t.channel.basic_ack(tag)
    t.channel.tx_rollback()
    t.channel.basic_ack(tag)
    t.channel.tx_commit()
    t.channel.close()
    equal(t.count(queue, t.connection.channel()), 0, "left")


@suite.case
def nacks_take_effect_with_the_commit(t):
    queue, outside = t.queue(), t.connection.channel()
    t.confirmed(queue, b"a", b"b", delivery_mode=2)
    t.channel.tx_select()
    t.channel.basic_nack(t.get(queue)[0].delivery_tag, requeue=True)
    t.channel.basic_reject(t.get(queue)[0].delivery_tag, requeue=False)
    equal(t.count(queue, outside), 0, "before")
    t.channel.tx_commit()
    equal(t.bodies(queue, outside), [b"a"], "after")


@suite.case
def closing_the_channel_is_a_rollback(t):
    queue = t.queue()
    t.channel.tx_select()
    t.publish(queue, b"a", delivery_mode=2)
    t.channel.close()
    equal(t.count(queue, t.connection.channel()), 0, "messages")


@suite.case
def one_transaction_may_write_to_many_queues(t):
    queues, outside = [t.queue() for _ in range(8)], t.connection.channel()
    t.channel.tx_select()
    for number in range(80):
        t.publish(queues[number % 8], b"%d" % number, delivery_mode=2)
    t.channel.tx_commit()
    equal([t.count(queue, outside) for queue in queues], [10] * 8, "messages")


@suite.case
def a_mandatory_message_is_returned_with_the_commit(t):
    returned = []
    t.channel.add_on_return_callback(lambda _, method, props, body: returned.append(body))
    t.channel.tx_select()
    t.channel.basic_publish("", "no-such-queue", b"x", mandatory=True)
    t.channel.tx_commit()
    t.wait(lambda: returned == [b"x"], "the return")


@suite.case
def select_may_be_repeated_and_commit_may_be_empty(t):
    t.channel.tx_select()
    t.channel.tx_select()
    t.channel.tx_commit()
    t.channel.tx_rollback()


@suite.case
def commit_needs_select(t):
    closes_channel(t.channel, 406, "PRECONDITION_FAILED - channel is not transactional",
                   t.channel.tx_commit)


@suite.case
def rollback_needs_select(t):
    closes_channel(t.channel, 406, "PRECONDITION_FAILED - channel is not transactional",
                   t.channel.tx_rollback)

"""Direct reply-to: answers reach the asker without a queue of its own."""

import pika

from cases import check, equal
from context import Consumer, closes_channel, suite

PSEUDO_QUEUE = "amq.rabbitmq.reply-to"


@suite.case
def an_answer_finds_its_asker(t):
    queue = t.queue()
    server_connection = t.connect()
    requests = Consumer(t, queue, channel=server_connection.channel(), connection=server_connection,
                        auto_ack=True)
    replies = Consumer(t, PSEUDO_QUEUE, auto_ack=True)
    for number in range(5):
        t.publish(queue, b"ask %d" % number, reply_to=PSEUDO_QUEUE, correlation_id=str(number))
    for _, properties, body in requests.wait(5):
        check(properties.reply_to.startswith(PSEUDO_QUEUE + "."), properties.reply_to)
        requests.channel.basic_publish("", properties.reply_to, b"re: " + body, properties)
    replies.wait(5)
    equal(replies.bodies, [b"re: ask %d" % n for n in range(5)], "answers")
    equal([p.correlation_id for _, p, _ in replies.messages], list("01234"), "correlation ids")
    method, _, _ = replies.messages[0]
    equal((method.exchange, method.redelivered), ("", False), "delivery")


@suite.case
def whether_the_asker_still_listens_can_be_found_out(t):
    queue, asker = t.queue(), t.connect()
    channel = asker.channel()
    channel.basic_consume(PSEUDO_QUEUE, lambda *_: None, auto_ack=True)
    channel.basic_publish("", queue, b"x", pika.BasicProperties(reply_to=PSEUDO_QUEUE))
    t.wait(lambda: t.count(queue) == 1, "the request")
    address = t.get(queue, auto_ack=True)[1].reply_to
    ok = t.channel.queue_declare(address, passive=True).method
    equal((ok.queue, ok.message_count, ok.consumer_count), (address, 0, 1), "declare-ok")
    asker.close()
    closes_channel(t.channel, 404, f"NOT_FOUND - no queue '{address}' in vhost '/'",
                   lambda: t.channel.queue_declare(address, passive=True))


@suite.case
def an_answer_to_nobody_is_dropped(t):
    t.channel.confirm_delivery()
    t.publish(PSEUDO_QUEUE + ".nobody", b"x")


@suite.case
def acknowledgements_are_refused(t):
    closes_channel(t.channel, 406, "PRECONDITION_FAILED - reply consumer cannot acknowledge",
                   lambda: t.channel.basic_consume(PSEUDO_QUEUE, lambda *_: None, auto_ack=False))


@suite.case
def a_second_consumer_is_refused(t):
    t.channel.basic_consume(PSEUDO_QUEUE, lambda *_: None, auto_ack=True)
    closes_channel(t.channel, 406, "PRECONDITION_FAILED - reply consumer already set",
                   lambda: t.channel.basic_consume(PSEUDO_QUEUE, lambda *_: None, auto_ack=True))


@suite.case
def asking_without_listening_is_refused(t):
    queue = t.queue()
    closes_channel(t.channel, 406, "PRECONDITION_FAILED - fast reply consumer does not exist",
                   lambda: t.publish(queue, b"x", reply_to=PSEUDO_QUEUE))


@suite.case
def after_cancel_one_may_listen_again(t):
    replies = Consumer(t, PSEUDO_QUEUE, auto_ack=True)
    t.channel.basic_cancel(replies.tag)
    Consumer(t, PSEUDO_QUEUE, auto_ack=True)

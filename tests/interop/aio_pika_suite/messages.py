"""Publishing, returns, transactions, exchanges bound to exchanges, remote calls."""

import asyncio
import datetime

import aio_pika
from aio_pika.patterns import RPC

from cases import check, equal
from context import Inbox, case, soon


def message(body, **options):
    options.setdefault("delivery_mode", aio_pika.DeliveryMode.PERSISTENT)
    return aio_pika.Message(body, **options)


@case
async def a_message_is_published_confirmed_and_consumed(t):
    async with await t.connect() as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(t.name(), durable=True)
        await channel.default_exchange.publish(message(b"hello"), queue.name)
        got = await soon(queue.get())
        equal(got.body, b"hello", "body")
        await got.ack()
        equal((await queue.declare()).message_count, 0, "left")
        await queue.delete()


@case
async def a_thousand_publishes_at_once_are_all_confirmed(t):
    async with await t.connect() as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(t.name(), durable=True)
        confirms = await soon(asyncio.gather(*[
            channel.default_exchange.publish(message(b"%d" % n), queue.name) for n in range(1000)]))
        equal({type(confirm).__name__ for confirm in confirms}, {"Ack"}, "confirms")
        equal((await queue.purge()).message_count, 1000, "messages in the queue")
        await queue.delete()


@case
async def properties_and_headers_arrive_unchanged(t):
    moment = datetime.datetime(2024, 2, 29, 12, 0, 0, tzinfo=datetime.timezone.utc)
    headers = {"text": "나루", "number": 2**40, "negative": -5, "yes": True, "nothing": None,
               "list": [1, "two", {"three": 3}], "table": {"a": {"b": "c"}}, "when": moment,
               "half": 0.5}
    async with await t.connect() as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(t.name(), exclusive=True)
        await channel.default_exchange.publish(
            message(b"x", headers=headers, content_type="a/b", content_encoding="c", priority=5,
                    correlation_id="id", reply_to="r", message_id="m", timestamp=moment, type="t",
                    user_id="guest", app_id="app", expiration=600), queue.name)
        got = await soon(queue.get(no_ack=True))
        equal(dict(got.headers), headers, "headers")
        equal((got.content_type, got.content_encoding, got.priority, got.correlation_id,
               got.reply_to, got.message_id, got.timestamp, got.type, got.user_id, got.app_id,
               float(got.expiration)),
              ("a/b", "c", 5, "id", "r", "m", moment, "t", "guest", "app", 600.0), "properties")


@case
async def an_unroutable_message_is_returned_before_its_confirm(t):
    async with await t.connect() as connection:
        channel = await connection.channel(on_return_raises=True)
        try:
            await soon(channel.default_exchange.publish(message(b"x"), "no-such-queue"))
        except aio_pika.exceptions.PublishError as error:
            check("NO_ROUTE" in str(error), str(error))
        else:
            raise AssertionError("confirmed without a return")


@case
async def a_returned_message_reaches_the_callback(t):
    async with await t.connect() as connection:
        channel = await connection.channel()
        returned = asyncio.get_running_loop().create_future()
        channel.return_callbacks.add(lambda _, back: returned.set_result(back), weak=False)
        await channel.default_exchange.publish(message(b"x", type="t"), "no-such-queue")
        back = await soon(returned)
        equal((back.body, back.type), (b"x", "t"), "returned message")


@case
async def a_transaction_appears_as_a_whole(t):
    async with await t.connect() as connection:
        channel = await connection.channel(publisher_confirms=False)
        queue = await channel.declare_queue(t.name(), durable=True)
        async with channel.transaction():
            for number in range(10):
                await channel.default_exchange.publish(message(b"%d" % number), queue.name)
        equal((await queue.declare()).message_count, 10, "messages after commit")
        try:
            async with channel.transaction():
                await channel.default_exchange.publish(message(b"never"), queue.name)
                raise ValueError("changed my mind")
        except ValueError:
            pass
        equal((await queue.declare()).message_count, 10, "messages after rollback")
        await queue.delete(if_empty=False)


@case
async def exchanges_bound_to_exchanges_pass_messages_on(t):
    async with await t.connect() as connection:
        channel = await connection.channel()
        source = await channel.declare_exchange(t.name("x"), "topic", auto_delete=True)
        target = await channel.declare_exchange(t.name("x"), "fanout", auto_delete=True)
        queue = await channel.declare_queue(exclusive=True)
        await target.bind(source, "a.#")
        await queue.bind(target)
        await source.publish(message(b"1"), "a.b")
        await source.publish(message(b"2"), "b.a", mandatory=False)
        equal((await soon(queue.get(no_ack=True))).body, b"1", "body")
        equal(await queue.get(fail=False), None, "more")
        await target.unbind(source, "a.#")


@case
async def a_queue_can_be_iterated(t):
    async with await t.connect() as connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=3)
        queue = await channel.declare_queue(t.name(), durable=True)
        for number in range(20):
            await channel.default_exchange.publish(message(b"%d" % number), queue.name)
        got = []
        async with queue.iterator(timeout=20) as messages:
            async for each in messages:
                async with each.process():
                    got.append(int(each.body))
                if len(got) == 20:
                    break
        equal(got, list(range(20)), "order")
        equal((await queue.declare()).message_count, 0, "left")
        await queue.delete()


@case
async def a_failed_message_is_redelivered(t):
    async with await t.connect() as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(t.name(), durable=True)
        await channel.default_exchange.publish(message(b"x"), queue.name)
        first = await soon(queue.get())
        equal(first.redelivered, False, "redelivered at first")
        try:
            async with first.process(requeue=True):
                raise ValueError("not now")
        except ValueError:
            pass
        second = await soon(queue.get(timeout=10))
        equal((second.body, second.redelivered), (b"x", True), "again")
        await second.reject(requeue=False)
        equal(await queue.get(fail=False), None, "left")
        await queue.delete()


@case
async def remote_calls_are_answered(t):
    async def multiply(x, y):
        return x * y

    async def fail():
        raise ValueError("as it should")

    async with await t.connect() as server, await t.connect() as client:
        served = await RPC.create(await server.channel())
        await served.register("multiply", multiply, auto_delete=True)
        await served.register("fail", fail, auto_delete=True)
        caller = await RPC.create(await client.channel())
        results = await soon(asyncio.gather(*[
            caller.call("multiply", {"x": n, "y": 3}) for n in range(50)]))
        equal(results, [3 * n for n in range(50)], "results")
        try:
            await soon(caller.call("fail"))
        except Exception as error:  # the type depends on the pattern's serialisation
            check("as it should" in str(error), repr(error))
        else:
            raise AssertionError("the error of the remote side was lost")
        await caller.close()
        await served.close()


@case
async def a_channel_error_is_told_with_its_text(t):
    async with await t.connect() as connection:
        channel = await connection.channel()
        try:
            await soon(channel.declare_queue("missing", passive=True))
        except aio_pika.exceptions.ChannelNotFoundEntity as error:
            check("NOT_FOUND - no queue 'missing' in vhost '/'" in str(error), str(error))
        channel = await connection.channel()
        queue = await channel.declare_queue(t.name(), durable=True)
        try:
            await soon(channel.declare_queue(queue.name, durable=False))
        except aio_pika.exceptions.ChannelPreconditionFailed as error:
            check("inequivalent arg 'durable'" in str(error), str(error))
        channel = await connection.channel()
        await channel.queue_delete(queue.name)


@case
async def a_cancelled_consumer_gets_nothing_more(t):
    async with await t.connect() as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(t.name(), durable=True)
        inbox = await Inbox().open(queue)
        await channel.default_exchange.publish(message(b"1"), queue.name)
        equal(await inbox.bodies(1), [b"1"], "bodies")
        await queue.cancel(inbox.tag)
        await channel.default_exchange.publish(message(b"2"), queue.name)
        equal((await soon(queue.get(no_ack=True))).body, b"2", "left in the queue")
        await queue.delete()

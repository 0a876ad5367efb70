"""Robust connections: after a loss they connect again and declare anew what they had."""

import asyncio

import aio_pika

import broker as brokers
from cases import equal
from context import Inbox, case, soon


class Line:
    """A way to the broker that can be cut, as a network would."""

    def __init__(self, broker):
        self.broker, self.ends = broker, []

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
        port = self.server.sockets[0].getsockname()[1]
        self.url = f"amqp://guest:guest@127.0.0.1:{port}/"
        return self

    async def __aexit__(self, *_):
        self.server.close()
        self.abort()

    def abort(self):
        for end in self.ends:
            end.transport.abort()
        self.ends.clear()

    async def cut(self, connection):
        """Cuts the line of a robust connection and returns when that has connected again."""
        back = asyncio.Event()
        connection.reconnect_callbacks.add(lambda *_: back.set(), weak=False)
        self.abort()
        await soon(back.wait())

    async def _accepted(self, reader, writer):
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.broker.amqp_port)
        self.ends += [writer, far_writer]
        await asyncio.gather(self._copy(reader, far_writer), self._copy(far_reader, writer))

    async def _copy(self, reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
        except ConnectionError:
            pass
        writer.close()


@case
async def a_consumer_goes_on_after_a_lost_connection(t):
    async with Line(t.broker) as line, await t.connect_robust(line) as connection, \
               await t.connect() as other:
        channel = await connection.channel()
        queue = await channel.declare_queue(t.name(), durable=True)
        inbox = await Inbox().open(queue)
        publisher = await other.channel()
        await publisher.default_exchange.publish(aio_pika.Message(b"before"), queue.name)
        equal(await inbox.bodies(1), [b"before"], "before")
        await channel.set_qos(prefetch_count=10)  # a round trip: the ack has arrived
        await line.cut(connection)
        await publisher.default_exchange.publish(aio_pika.Message(b"after"), queue.name)
        equal(await inbox.bodies(1), [b"after"], "after")
        await queue.delete(if_unused=False, if_empty=False)


@case
async def exclusive_queues_and_bindings_are_declared_anew(t):
    async with Line(t.broker) as line, await t.connect_robust(line) as connection, \
               await t.connect() as other:
        channel = await connection.channel()
        exchange = await channel.declare_exchange(t.name("x"), "topic")
        queue = await channel.declare_queue(t.name(), exclusive=True)
        await queue.bind(exchange, "a.*")
        inbox = await Inbox().open(queue)
        await line.cut(connection)
        publisher = await (await other.channel()).get_exchange(exchange.name)
        await publisher.publish(aio_pika.Message(b"found"), "a.b")
        equal(await inbox.bodies(1), [b"found"], "bodies")
        await exchange.delete()


@case(seconds=120)
async def a_restarted_broker_is_found_again(t):
    server = await asyncio.to_thread(brokers.start)
    try:
        async with await t.connect_robust(server) as connection:
            channel = await connection.channel()
            queue = await channel.declare_queue("kept", durable=True)
            for number in range(10):
                await channel.default_exchange.publish(
                    aio_pika.Message(b"%d" % number, delivery_mode=2), queue.name)
            back = asyncio.Event()
            connection.reconnect_callbacks.add(lambda *_: back.set(), weak=False)
            await asyncio.to_thread(server.restart)
            await soon(back.wait(), 60)
            inbox = await Inbox().open(queue)
            equal(await inbox.bodies(10), [b"%d" % n for n in range(10)], "messages")
            await channel.default_exchange.publish(aio_pika.Message(b"new"), queue.name)
            equal(await inbox.bodies(1), [b"new"], "a new message")
    finally:
        await asyncio.to_thread(server.close)

"""What an asynchronous case works with. Cases are coroutines, run by asyncio under a time limit."""

import asyncio
import functools
import itertools

import aio_pika

from cases import Suite

WAIT_S = 20

suite = Suite("aio_pika")
_serial = itertools.count(1)


class Context:
    """One case's broker and its names; connections are closed by the cases themselves."""

    def __init__(self, broker):
        self.broker = broker

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def name(self, stem="q"):
        return f"{stem}-{next(_serial)}"

    async def connect(self, **options):
        return await aio_pika.connect(self.broker.url, **options)

    async def connect_robust(self, broker=None, **options):
        options.setdefault("reconnect_interval", 0.2)
        return await aio_pika.connect_robust((broker or self.broker).url, **options)


def case(function=None, **options):
    """Registers a coroutine as a case."""
    def register(coroutine):
        @functools.wraps(coroutine)
        def run(context):
            asyncio.run(coroutine(context))
        return suite.case(run, **options)
    return register(function) if function else register


async def soon(awaitable, seconds=WAIT_S):
    return await asyncio.wait_for(awaitable, seconds)


class Inbox:
    """A consumer that queues what arrives, acknowledged at once, and hands it out in order."""

    def __init__(self):
        self._messages = asyncio.Queue()

    async def open(self, queue, **options):
        self.tag = await queue.consume(self._on_message, **options)
        return self

    async def _on_message(self, message):
        await message.ack()
        self._messages.put_nowait(message)

    async def next(self):
        return await soon(self._messages.get())

    async def bodies(self, count):
        return [(await self.next()).body for _ in range(count)]

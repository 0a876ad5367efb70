"""What a case works with: connections that are closed after it, unique names, bounded waits."""

import itertools
import time

import pika

from cases import CaseTimeout, Suite, equal

suite = Suite("pika")
_serial = itertools.count(1)


class Context:
    """One case's connections to the broker. `channel` belongs to the first of them."""

    def __init__(self, broker):
        self.broker = broker
        self._connections = []
        self._queues = []

    def __enter__(self):
        self.connection = self.connect()
        self.channel = self.connection.channel()
        return self

    def __exit__(self, *_):
        for connection in self._connections:
            try:
                connection.close()
            except pika.exceptions.AMQPError:
                pass  # already closed, by the case or by the broker
        if self._queues and self.broker.process.running():
            with pika.BlockingConnection(self.parameters()) as connection:
                for queue in self._queues:
                    connection.channel().queue_delete(queue)

    def parameters(self, **options):
        options.setdefault("heartbeat", 0)
        options.setdefault("socket_timeout", 10)
        options.setdefault("blocked_connection_timeout", 30)
        return pika.ConnectionParameters("127.0.0.1", self.broker.amqp_port, **options)

    def connect(self, **options):
        connection = pika.BlockingConnection(self.parameters(**options))
        self._connections.append(connection)
        return connection

    def name(self, stem="q"):
        return f"{stem}-{next(_serial)}"

    def queue(self, channel=None, **options):
        """Declares a queue with a name of its own (durable unless told otherwise); returns the name."""
        name = self.name()
        options.setdefault("durable", True)
        (channel or self.channel).queue_declare(name, **options)
        self._queues.append(name)
        return name

    def exchange(self, kind="direct", **options):
        name = self.name("x")
        self.channel.exchange_declare(name, kind, **options)
        return name

    def publish(self, key, *bodies, exchange="", channel=None, **properties):
        for body in bodies:
            (channel or self.channel).basic_publish(
                exchange, key, body, pika.BasicProperties(**properties) if properties else None)

    def confirmed(self, key, *bodies, exchange="", **properties):
        """Publishes and returns when the broker has confirmed all of it."""
        channel = self.connection.channel()
        channel.confirm_delivery()
        self.publish(key, *bodies, exchange=exchange, channel=channel, **properties)
        channel.close()

    def count(self, queue, channel=None):
        return (channel or self.channel).queue_declare(queue, passive=True).method.message_count

    def get(self, queue, channel=None, **options):
        """basic.get; returns (method, properties, body), all None when the queue is empty."""
        return (channel or self.channel).basic_get(queue, **options)

    def bodies(self, queue, channel=None):
        """Takes everything that is ready, without acknowledgement."""
        return list(iter(lambda: self.get(queue, channel, auto_ack=True)[2], None))

    def wait(self, condition, what, seconds=15, connection=None):
        """Handles events of the connection until condition() holds; returns what it returned."""
        deadline = time.monotonic() + seconds
        while not (result := condition()):
            if time.monotonic() > deadline:
                raise CaseTimeout(f"waited {seconds} s for {what}")
            (connection or self.connection).process_data_events(0.01)
        return result


class Consumer:
    """A consumer that keeps what it received in `messages`: (method, properties, body)."""

    def __init__(self, context, queue, channel=None, connection=None, **options):
        self.context = context
        self.channel = channel or context.channel
        self.connection = connection or context.connection
        self.messages = []
        self.cancelled = False
        self.channel.add_on_cancel_callback(self._on_cancel)
        self.tag = self.channel.basic_consume(queue, self._on_message, **options)

    def _on_message(self, _channel, method, properties, body):
        self.messages.append((method, properties, body))

    def _on_cancel(self, _frame):
        self.cancelled = True

    def wait(self, count, seconds=15):
        """Waits until `count` messages are here; more than that is an error."""
        self.context.wait(lambda: len(self.messages) >= count,
                          f"{count} messages, have {len(self.messages)}", seconds, self.connection)
        equal(len(self.messages), count, "messages received")
        return self.messages

    def settle(self, queue):
        """A round trip through the queue and this channel: what had been sent before has arrived."""
        self.channel.queue_declare(queue, passive=True)
        self.connection.process_data_events(0)
        return self.messages

    @property
    def bodies(self):
        return [body for _, _, body in self.messages]


def closes_channel(channel, code, text, action):
    """Runs action() and expects that the broker closes the channel with this code and text."""
    _closes(pika.exceptions.ChannelClosed, channel, code, text, action)


def closes_connection(channel, code, text, action):
    """Runs action() and expects that the broker closes the connection with this code and text."""
    _closes(pika.exceptions.ConnectionClosed, channel, code, text, action)


def _closes(kind, channel, code, text, action):
    try:
        action()
        channel.basic_qos()  # an asynchronous method is answered before the next synchronous one
    except kind as closed:
        equal((closed.reply_code, closed.reply_text), (code, text), "close")
    else:
        raise AssertionError(f"accepted; expected {code} {text}")

"""Connections and channels: negotiation, identity, errors that end one of them, heartbeats, alarms."""

import contextlib
import fcntl
import shutil

import pika

import broker as brokers
import paths
from cases import Skip, check, equal
from context import closes_channel, closes_connection, suite


@suite.case
def the_server_says_who_it_is_and_what_it_can(t):
    properties = t.connection._impl.server_properties
    for key in ("product", "version", "platform", "capabilities"):
        check(key in properties, f"server property {key} is missing")
    check(properties["version"][0].isdigit(), "version is a number")
    for capability in ("publisher_confirms", "exchange_exchange_bindings", "basic.nack",
                       "consumer_cancel_notify", "connection.blocked", "consumer_priorities",
                       "authentication_failure_close", "per_consumer_qos", "direct_reply_to"):
        equal(properties["capabilities"].get(capability), True, f"capability {capability}")


@suite.case
def a_wrong_password_is_refused_with_a_reason(t):
    credentials = pika.PlainCredentials("guest", "wrong")
    try:
        t.connect(credentials=credentials)
    except pika.exceptions.ProbableAuthenticationError as error:
        check("(403)" in str(error) and "ACCESS_REFUSED - Login was refused using authentication "
              "mechanism PLAIN" in str(error), str(error))
    else:
        raise AssertionError("a wrong password was accepted")


@suite.case
def an_unknown_user_is_refused_like_a_wrong_password(t):
    try:
        t.connect(credentials=pika.PlainCredentials("nobody", "guest"))
    except pika.exceptions.ProbableAuthenticationError as error:
        check("Login was refused" in str(error), str(error))
    else:
        raise AssertionError("an unknown user was accepted")


@suite.case
def an_unknown_virtual_host_is_not_allowed(t):
    try:
        t.connect(virtual_host="nowhere")
    except pika.exceptions.ProbableAccessDeniedError as error:
        check("530" in str(error) and "NOT_ALLOWED - vhost nowhere not found" in str(error), str(error))
    else:
        raise AssertionError("an unknown virtual host was opened")


@suite.case
def the_smallest_frame_size_works(t):
    connection = t.connect(frame_max=4096)
    channel = connection.channel()
    queue = t.queue()
    body = bytes(range(256)) * 100
    channel.basic_publish("", queue, body)
    equal(channel.basic_get(queue, auto_ack=True)[2], body, "body over several frames")


@suite.case
def a_channel_limit_is_kept(t):
    connection = t.connect(channel_max=4)
    for _ in range(4):
        connection.channel()
    try:
        connection.channel()
    except pika.exceptions.NoFreeChannels:
        return
    raise AssertionError("a fifth channel was opened")


@suite.case
def many_channels_of_one_connection_work_side_by_side(t):
    channels = [t.connection.channel() for _ in range(200)]
    queue = t.queue()
    for number, channel in enumerate(channels):
        channel.basic_publish("", queue, b"%d" % number)
    t.wait(lambda: t.count(queue) == len(channels), "a message from each channel")


@suite.case
def a_channel_number_can_be_used_again(t):
    for _ in range(3):
        channel = t.connection.channel(channel_number=7)
        channel.basic_qos(prefetch_count=1)
        channel.close()


@suite.case
def a_number_can_be_used_again_after_the_broker_closed_it(t):
    for _ in range(3):
        channel = t.connection.channel(channel_number=7)
        closes_channel(channel, 404, "NOT_FOUND - no queue 'missing' in vhost '/'",
                       lambda: channel.queue_declare("missing", passive=True))


@suite.case
def an_error_on_one_channel_leaves_the_others_alone(t):
    other = t.connection.channel()
    closes_channel(t.channel, 404, "NOT_FOUND - no exchange 'missing' in vhost '/'",
                   lambda: t.channel.exchange_declare("missing", passive=True))
    other.basic_qos(prefetch_count=1)
    check(t.connection.is_open)


@suite.case
def channel_flow_off_is_not_implemented(t):
    closes_connection(t.channel, 540, "NOT_IMPLEMENTED - active=false",
                      lambda: t.channel.flow(False))


@suite.case
def channel_flow_on_is_answered(t):
    equal(t.channel.flow(True), True, "flow-ok")


@suite.case
def heartbeats_keep_an_idle_connection_open(t):
    connection = t.connect(heartbeat=1)
    connection.process_data_events(3.5)  # pika gives up when the broker sends nothing for 2 s or so
    check(connection.is_open)
    connection.channel().basic_qos(prefetch_count=1)


@suite.case(seconds=90)
def publishers_hear_of_a_full_disk_and_of_its_end(t):
    with alone_on_the_disk():
        hear_of_a_full_disk(t)


@contextlib.contextmanager
def alone_on_the_disk():
    """Runs of this suite beside this one play with the same free space."""
    with open(paths.WORK / "disk.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def hear_of_a_full_disk(t):
    """The alarm's limit is set between the space that is free and what a ballast file takes of it."""
    free, ballast_bytes = shutil.disk_usage(paths.WORK).free, 4 << 30
    if free < 3 * ballast_bytes:
        raise Skip("too little free disk space to play with")
    with brokers.start(free_disk_min=free - ballast_bytes // 2) as server:
        events = []
        connection = pika.BlockingConnection(pika.ConnectionParameters(
            "127.0.0.1", server.amqp_port, heartbeat=0))
        connection.add_on_connection_blocked_callback(lambda *_: events.append("blocked"))
        connection.add_on_connection_unblocked_callback(lambda *_: events.append("unblocked"))
        channel = connection.channel()
        channel.queue_declare("q", durable=True)
        with ballast(server, ballast_bytes):
            publish_until(t, connection, channel, events, "blocked")
        t.wait(lambda: "unblocked" in events, "connection.unblocked", 30, connection)
        equal(events, ["blocked", "unblocked"], "events")
        t.wait(lambda: channel.queue_declare("q", passive=True).method.message_count > 0,
               "the message published meanwhile", 15, connection)
        connection.close()


class ballast:
    """A file without content that takes disk space while the block runs."""

    def __init__(self, server, size):
        self.path, self.size = server.directory / "ballast", size

    def __enter__(self):
        import os
        with open(self.path, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, self.size)

    def __exit__(self, *_):
        self.path.unlink()


def publish_until(t, connection, channel, events, wanted):
    """A broker that has raised its alarm tells a connection so when that publishes."""
    def seen():
        if wanted not in events:
            channel.basic_publish("", "q", b"x", pika.BasicProperties(delivery_mode=2))
            connection.process_data_events(0.2)
        return wanted in events
    t.wait(seen, f"connection.{wanted}", 40, connection)

"""What pika itself cannot say, sent as raw frames: field types of other clients, odd names and tags.

The broker keeps headers as they arrived, so a message's properties come back byte for byte.
"""

import struct
import uuid

from cases import check, equal
from context import suite
from frames import FrameClient, Refused, long, short, table

FIELDS = {  # RabbitMQ's types; `s` is a 16-bit integer, not a short string
    "boolean": b"t\x01", "signed 8": b"b\xfe", "unsigned 8": b"B\xfe", "signed 16": b"s\xff\xfe",
    "unsigned 16": b"u\xff\xfe", "signed 32": b"I\xff\xff\xff\xfe",
    "unsigned 32": b"i\xff\xff\xff\xfe", "signed 64": b"l" + struct.pack(">q", -2),
    "float": b"f" + struct.pack(">f", 1.5), "double": b"d" + struct.pack(">d", 0.1),
    "decimal": b"D\x02" + struct.pack(">I", 12345), "text": b"S" + long("나루"),
    "array": b"A" + long(b"t\x01" + b"I\0\0\0\x07" + b"A" + long(b"V")),
    "timestamp": b"T" + struct.pack(">Q", 1700000000), "table": b"F" + table(short("k") + b"V"),
    "void": b"V", "bytes": b"x" + long(b"\x00\xff"), "empty text": b"S" + long(b""),
    "empty array": b"A" + long(b""), "empty table": b"F" + table(b""),
}
ARGUMENTS = b"\0\0\0\0"  # an empty table
DURABLE, EXCLUSIVE, NO_WAIT = 2, 4, 16


def declare(client, name, bits=EXCLUSIVE, arguments=ARGUMENTS):
    """queue.declare; returns the name in declare-ok."""
    reply = client.call(50, 10, b"\0\0" + short(name) + bytes([bits]) + arguments, 11)
    return reply[1:1 + reply[0]].decode()


def round_trip(t, fields):
    """Publishes with this headers table in a fresh queue; returns (sent, received) properties."""
    with FrameClient(t.broker.amqp_port) as client:
        queue = declare(client, "")
        properties = struct.pack(">H", 1 << 13) + table(fields)
        client.publish(queue, properties, b"x")
        received, body = client.get(queue)
        equal(body, b"x", "body")
        return properties, received


@suite.case
def header_fields_of_every_type_come_back_byte_for_byte(t):
    wrong = []
    for name, value in FIELDS.items():
        sent, received = round_trip(t, short(name) + value)
        if sent != received:
            wrong.append(f"{name}: sent {sent.hex()}, got {received.hex()}")
    equal(wrong, [], "differences")


@suite.case
def a_table_of_all_types_comes_back_byte_for_byte(t):
    sent, received = round_trip(t, b"".join(short(name) + value for name, value in FIELDS.items()))
    equal(received, sent, "properties")


@suite.case
def repeated_and_empty_keys_come_back_byte_for_byte(t):
    sent, received = round_trip(t, short("a") + b"V" + short("a") + b"t\1" + short("") + b"t\0")
    equal(received, sent, "properties")


@suite.case(differs="3.10 writes it back as l, which means the same")
def the_other_64_bit_type_comes_back_byte_for_byte(t):
    sent, received = round_trip(t, short("a") + b"L" + struct.pack(">q", -2))
    equal(received, sent, "properties")


@suite.case
def deep_tables_come_back_byte_for_byte(t):
    fields = short("end") + b"V"
    for depth in range(30):
        fields = short(f"level {depth}") + b"F" + table(fields)
    sent, received = round_trip(t, fields)
    equal(received, sent, "properties")


@suite.case
def a_malformed_headers_table_is_a_syntax_error(t):
    for fields in (short("a") + b"?", short("a") + b"S\0\0\0\xff", b"\xffa"):
        try:
            round_trip(t, fields)
        except Refused as refused:
            check(refused.code in (501, 502, 541), f"closed with {refused}")
        except ConnectionError:
            pass
        else:
            raise AssertionError(f"accepted {fields!r}")


@suite.case
def an_empty_tag_is_replaced_by_a_generated_one(t):
    with FrameClient(t.broker.amqp_port) as client:
        queue = declare(client, "")
        tags = {consume(client, queue, "") for _ in range(5)}
        equal(len(tags), 5, "different tags")
        check(all(tag.startswith("amq.ctag-") for tag in tags), str(tags))


@suite.case
def a_tag_can_be_used_once_per_channel(t):
    with FrameClient(t.broker.amqp_port) as client:
        queue = declare(client, "")
        equal(consume(client, queue, "tag"), "tag", "tag")
        refused(530, "NOT_ALLOWED - attempt to reuse consumer tag 'tag'",
                lambda: consume(client, queue, "tag"))


@suite.case
def no_local_is_ignored(t):
    with FrameClient(t.broker.amqp_port) as client:
        queue = declare(client, "")
        consume(client, queue, "tag", bits=1 | 2)
        client.publish(queue, b"\0\0", b"mine")
        client.expect(60, 60)


@suite.case
def cancelling_an_unknown_tag_is_answered(t):
    with FrameClient(t.broker.amqp_port) as client:
        equal(client.call(60, 30, short("unknown") + b"\0", 31), short("unknown"), "cancel-ok")


@suite.case
def line_ends_in_names_are_removed(t):
    with FrameClient(t.broker.amqp_port) as client:
        name = "plain-" + uuid.uuid4().hex
        equal(declare(client, f"{name[:3]}\r\n{name[3:]}\n"), name, "name")


@suite.case
def a_declare_without_wait_is_silent_but_its_error_is_not(t):
    with FrameClient(t.broker.amqp_port) as client:
        name = "silent-" + uuid.uuid4().hex
        client.method(1, 50, 10, b"\0\0" + short(name) + bytes([EXCLUSIVE | NO_WAIT]) + ARGUMENTS)
        equal(declare(client, name), name, "the next answer")
        client.method(1, 50, 10, b"\0\0" + short("amq.mine") + bytes([NO_WAIT]) + ARGUMENTS)
        refused(403, "ACCESS_REFUSED - queue name 'amq.mine' contains reserved prefix 'amq.*'",
                lambda: client.expect(20, 41))


@suite.case
def integers_of_different_widths_are_equal_in_arguments(t):
    with FrameClient(t.broker.amqp_port) as client:
        name = "widths-" + uuid.uuid4().hex
        widths = (b"I\0\0\x03\xe8", b"l\0\0\0\0\0\0\x03\xe8", b"s\x03\xe8", b"u\x03\xe8",
                  b"i\0\0\x03\xe8", b"L\0\0\0\0\0\0\x03\xe8")
        for value in widths:
            declare(client, name, arguments=table(short("x-message-ttl") + value))
        refused(406, f"PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue '{name}' in "
                "vhost '/': received '1001' but current is '1000'",
                lambda: declare(client, name, arguments=table(short("x-message-ttl") + b"s\x03\xe9")))


@suite.case
def a_silent_peer_is_dropped_after_its_heartbeats(t):
    with FrameClient(t.broker.amqp_port, heartbeat=1) as client:
        beats = 0
        try:
            while True:  # the socket's timeout bounds this
                kind, channel, payload = client.read()
                equal((kind, channel, payload), (8, 0, b""), "heartbeat frame")
                beats += 1
        except ConnectionError:
            pass
        check(beats >= 1, "the broker sent no heartbeat itself")


@suite.case(differs="3.10 says nothing and closes after 3 s")
def too_big_a_tune_ok_is_not_allowed(t):
    refused(530, "NOT_ALLOWED - negotiated frame_max = 131073 is higher than the maximum allowed "
            "value (131072)", lambda: FrameClient(t.broker.amqp_port, frame_max=131073, opens=False).expect(10, 41))


def consume(client, queue, tag, bits=0):
    reply = client.call(60, 20, b"\0\0" + short(queue) + short(tag) + bytes([bits]) + ARGUMENTS, 21)
    return reply[1:].decode()


def refused(code, text, action):
    try:
        action()
    except Refused as error:
        equal((error.code, error.text), (code, text), "close")
    else:
        raise AssertionError(f"accepted; expected {code} {text}")

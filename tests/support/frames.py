"""The smallest AMQP 0-9-1 client: it sends the bytes it is told to and shows the bytes it gets.

For what a real client library cannot or will not say: field types of other clients, generated names,
odd names. Blocking, one channel, no heartbeats; every wait is bounded by the socket's timeout.
"""

import socket
import struct

METHOD, HEADER, BODY, HEARTBEAT = 1, 2, 3, 8


def short(text):
    raw = text if isinstance(text, bytes) else text.encode()
    return bytes([len(raw)]) + raw


def long(raw):
    raw = raw if isinstance(raw, bytes) else raw.encode()
    return struct.pack(">I", len(raw)) + raw


class Refused(Exception):
    """The broker closed the channel or the connection: (code, text)."""

    def __init__(self, code, text):
        super().__init__(f"{code} {text}")
        self.code, self.text = code, text


class FrameClient:
    """A connection with channel 1 open; with opens=False, one just negotiated."""

    def __init__(self, port, frame_max=131072, heartbeat=0, opens=True, user="guest", password="guest", vhost="/",
                 properties=b""):
        self.socket = self.open_socket(port)
        self.frame_max = frame_max
        self._unread = b""
        self.socket.sendall(b"AMQP\x00\x00\x09\x01")
        self.server_properties = self.expect(10, 10)[2:]
        capabilities = table(b"\x1cauthentication_failure_close" + b"t\x01"
                             + b"\x16consumer_cancel_notify" + b"t\x01"
                             + b"\x12connection.blocked" + b"t\x01")
        self.method(0, 10, 11, table(short("capabilities") + b"F" + capabilities + properties) + short("PLAIN")
                    + long(f"\0{user}\0{password}") + short("en_US"))
        self.tune = struct.unpack(">HIH", self.expect(10, 30))
        self.method(0, 10, 31, struct.pack(">HIH", self.tune[0], frame_max, heartbeat))
        if opens:
            self.method(0, 10, 40, short(vhost) + short("") + b"\0")
            self.expect(10, 41)
            self.call(20, 10, short(""), 11)

    def open_socket(self, port):
        return socket.create_connection(("127.0.0.1", port), timeout=15)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def frame(self, kind, channel, payload):
        self.socket.sendall(struct.pack(">BHI", kind, channel, len(payload)) + payload + b"\xce")

    def method(self, channel, class_id, method_id, arguments=b""):
        self.frame(METHOD, channel, struct.pack(">HH", class_id, method_id) + arguments)

    def call(self, class_id, method_id, arguments, reply_id):
        """Sends a method on channel 1; returns the arguments of the reply, or raises Refused."""
        self.method(1, class_id, method_id, arguments)
        return self.expect(class_id, reply_id)

    def expect(self, class_id, method_id):
        got, arguments = self.next_method()
        if got != (class_id, method_id):
            raise AssertionError(f"expected method {class_id}.{method_id}, got {got}")
        return arguments

    def next_method(self):
        """The next method, whichever it is: ((class, method), arguments)."""
        while True:
            kind, _, payload = self.read()
            if kind == HEARTBEAT:
                continue
            if kind != METHOD:
                raise AssertionError(f"expected a method, got a frame of type {kind}")
            got = struct.unpack_from(">HH", payload)
            self._check_close(payload)
            return got, payload[4:]

    @staticmethod
    def _check_close(payload):
        """Raises Refused when a method is channel.close or connection.close."""
        if struct.unpack_from(">HH", payload) in ((20, 40), (10, 50)):
            code, length = struct.unpack_from(">HB", payload, 4)
            raise Refused(code, payload[7:7 + length].decode())

    def read(self):
        """The next frame: (kind, channel, payload)."""
        kind, channel, size = struct.unpack(">BHI", self._take(7))
        payload = self._take(size + 1)
        if payload[-1] != 0xce:
            raise AssertionError("a frame does not end with the frame-end octet")
        return kind, channel, payload[:-1]

    def publish(self, key, properties, body=b"", exchange=""):
        """properties: the content header's flags and values, as bytes."""
        self.method(1, 60, 40, b"\0\0" + short(exchange) + short(key) + b"\0")
        self.frame(HEADER, 1, struct.pack(">HHQ", 60, 0, len(body)) + properties)
        for start in range(0, len(body), self.frame_max - 8):
            self.frame(BODY, 1, body[start:start + self.frame_max - 8])

    def get(self, queue):
        """Takes a message without acknowledgement; returns (properties as bytes, body)."""
        self.call(60, 70, b"\0\0" + short(queue) + b"\1", 71)
        return self.content()

    def content(self):
        """What follows a get-ok, deliver or return: (properties as bytes, body)."""
        _, _, header = self.read()
        size, = struct.unpack_from(">Q", header, 4)
        return header[12:], self.body(size)

    def body(self, size):
        """The frames behind a content header, joined; raises Refused when the broker ends the content with a close."""
        parts, got = [], 0
        while got < size:
            kind, _, part = self.read()
            if kind == HEARTBEAT:
                continue
            if kind == METHOD:
                self._check_close(part)
            if kind != BODY:
                raise AssertionError(f"expected a part of a body, got a frame of type {kind}")
            parts.append(part)
            got += len(part)
        return b"".join(parts)

    def _take(self, size):
        while len(self._unread) < size:
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError("the broker closed the connection")
            self._unread += more
        taken, self._unread = self._unread[:size], self._unread[size:]
        return taken


def table(fields):
    return long(fields)

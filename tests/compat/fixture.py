"""A data directory of an older (or today's) Naru: packed, unpacked, and read through AMQP and HTTP."""

import base64
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tarfile
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import broker as brokers
import paths
from frames import HEADER, HEARTBEAT, FrameClient, short, table

PACKED, LISTING = "data.tar.xz", "listing.json"
SETTINGS = ["storage.wal_file_bytes=33554432"]
TIMEOUT_S = 30 * float(os.environ.get("NARU_TIME_FACTOR", "1"))
RUN_MIN = 100  # so many messages of a queue are listed by their number and one digest
BASIC_ACK, BASIC_NONE, DELIVER, CANCELLED = (60, 80), (60, 72), (60, 60), (60, 31)


# ---- Packing

def pack(data, target):
    """The files of a data directory, without their zeros."""
    dig = [path for path in sorted(data.rglob("*")) if path.is_file()]
    for path in dig:
        subprocess.run(["fallocate", "--dig-holes", str(path)], check=True)
    tar = subprocess.run(["tar", "--create", "--sparse", "--format=gnu", "--sort=name", "--mtime=@0", "--owner=0",
                          "--group=0", "--numeric-owner", "--exclude=owner.pid", "-C", str(data.parent), data.name],
                         stdout=subprocess.PIPE, check=True)
    with open(target, "wb") as packed:
        subprocess.run(["xz", "-9e", "--stdout"], input=tar.stdout, stdout=packed, check=True)


def unpack(fixture, directory):
    """Makes directory/data of a fixture."""
    with tarfile.open(fixture / PACKED) as archive:
        archive.extractall(directory, filter="data") if hasattr(tarfile, "data_filter") else archive.extractall(directory)
    return directory / "data"


def fingerprint(data):
    """What each file holds, by its name."""
    found = {}
    for path in sorted(data.rglob("*")):
        if path.is_file():
            with open(path, "rb") as file:
                found[str(path.relative_to(data))] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def listing(fixture):
    """What must be found in it: {"definitions": …, "messages": {vhost: {queue: …}}}."""
    return json.loads((fixture / LISTING).read_text())


@contextlib.contextmanager
def broker_on(fixture):
    """A broker, not started, whose data is a copy of the fixture's."""
    broker = brokers.NaruBroker(settings=SETTINGS)
    try:
        unpack(fixture, broker.directory)
        yield broker
    finally:
        broker.close()


def store(command, data, *options):
    """Runs `naru store COMMAND`: (exit code, output)."""
    done = subprocess.run([str(paths.naru_binary()), "store", command, *options, str(data)], capture_output=True,
                          text=True, timeout=4 * TIMEOUT_S, check=False)
    return done.returncode, done.stdout + done.stderr


# ---- HTTP

def quote(name):
    return urllib.parse.quote(name, safe="")


def ask(broker, method, path, body=None, user="guest", password="guest"):
    """(status, what was answered)."""
    connection = http.client.HTTPConnection("127.0.0.1", broker.http_port, timeout=TIMEOUT_S)
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    connection.request(method, "/api/" + path, None if body is None else json.dumps(body),
                       {"Authorization": f"Basic {token}"})
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, json.loads(text) if text and response.status < 300 else text


def metrics(broker):
    """As Prometheus would read them."""
    with urllib.request.urlopen(f"http://127.0.0.1:{broker.http_port}/metrics", timeout=TIMEOUT_S) as answer:
        return answer.read().decode()


def definitions(broker):
    """Everything that is declared, in an order of its own."""
    status, found = ask(broker, "GET", "definitions")
    if status != 200:
        raise AssertionError(f"definitions: {status} {found}")
    return {kind: sorted(value, key=lambda it: json.dumps(it, sort_keys=True))
            for kind, value in found.items() if isinstance(value, list)}


# ---- Messages

class Client(FrameClient):
    """FrameClient, with what is sent and got in numbers."""

    def __init__(self, broker, vhost="/"):
        super().__init__(broker.amqp_port, vhost=vhost)
        self.socket.settimeout(TIMEOUT_S)
        self.published = self.confirmed = 0

    def confirms(self):
        self.call(85, 10, b"\0", 11)

    def send(self, key, properties, body=b"", exchange=""):
        self.published += 1
        self.publish(key, properties, body, exchange)

    def all_confirmed(self):
        while self.confirmed < self.published:
            got, arguments = self.next_method()
            if got != BASIC_ACK:
                raise AssertionError(f"expected a confirm, got {got}")
            tag, multiple = struct.unpack_from(">Q?", arguments)
            self.confirmed = tag if multiple else self.confirmed + 1

    def purge(self, queue):
        self.call(50, 30, b"\0\0" + short(queue) + b"\0", 31)

    def take(self, queue):
        """One message that is to be settled: (delivery tag, body)."""
        tag, = struct.unpack_from(">Q", self.call(60, 70, b"\0\0" + short(queue) + b"\0", 71))
        return tag, self.content()[1]

    def ack(self, tag):
        self.method(1, 60, 80, struct.pack(">QB", tag, 0))

    def reject(self, tag, requeue):
        self.method(1, 60, 90, struct.pack(">QB", tag, requeue))

    def synced(self):
        """Everything that was sent before has been taken."""
        self.call(90, 10, b"", 11) if self.published == 0 else self.all_confirmed()

    def read_all(self, queue, count):
        """Consumes `count` messages without acknowledgement, and what else there is then."""
        self.call(60, 20, b"\0\0" + short(queue) + short("all") + b"\2" + table(b""), 21)
        found, cancelled = [], False
        if count == 0:
            cancelled = self.cancel()
        while True:
            got, arguments = self.next_method()
            if got == CANCELLED:
                break
            if got != DELIVER:
                raise AssertionError(f"expected a delivery, got {got}")
            found.append(self.delivery(arguments))
            if len(found) >= count and not cancelled:
                cancelled = self.cancel()
        self.method(1, 60, 70, b"\0\0" + short(queue) + b"\1")
        got, _ = self.next_method()
        if got != BASIC_NONE:
            raise AssertionError(f"{queue!r} is not empty after {len(found)} messages: {got}")
        return found

    def hold_all(self, queue, count):
        """Consumes `count` messages that go back when the client does."""
        if count == 0:
            return
        self.call(60, 20, b"\0\0" + short(queue) + short("held") + b"\0" + table(b""), 21)
        for _ in range(count):
            got, arguments = self.next_method()
            if got != DELIVER:
                raise AssertionError(f"expected a delivery, got {got}")
            self.delivery(arguments)

    def cancel(self):
        self.method(1, 60, 30, short("all") + b"\0")
        return True

    def delivery(self, arguments):
        at = 1 + arguments[0] + 8
        redelivered = bool(arguments[at])
        exchange_end = at + 2 + arguments[at + 1]
        exchange = arguments[at + 2:exchange_end].decode()
        key = arguments[exchange_end + 1:exchange_end + 1 + arguments[exchange_end]].decode()
        properties, body = self.content_with_heartbeats()
        return message(exchange, key, properties, body) | {"redelivered": redelivered}

    def content_with_heartbeats(self):
        kind, _, header = self.read()
        while kind == HEARTBEAT:
            kind, _, header = self.read()
        if kind != HEADER:
            raise AssertionError(f"expected a header, got a frame of type {kind}")
        size, = struct.unpack_from(">Q", header, 4)
        return header[12:], self.body(size)


def message(exchange, key, properties, body):
    """As it is listed."""
    return {"exchange": exchange, "key": key, "properties": properties.hex(), "bytes": len(body),
            "sha256": hashlib.sha256(body).hexdigest()}


def read_messages(broker, counts):
    """{vhost: {queue: messages in order}} of all queues; `counts` alike, with how many to wait for."""
    found = {}
    for vhost, queues in counts.items():
        with Client(broker, vhost) as client:
            found[vhost] = {queue: client.read_all(queue, count) for queue, count in queues.items()}
    return found


def condensed(messages):
    """Long queues by their number, their first and last message, and one digest."""
    if isinstance(messages, dict) or len(messages) < RUN_MIN:
        return messages
    digest = hashlib.sha256(json.dumps(messages, sort_keys=True).encode()).hexdigest()
    return {"count": len(messages), "first": messages[0], "last": messages[-1], "all": digest}


def count_of(messages):
    return messages["count"] if isinstance(messages, dict) else len(messages)


# ---- Comparing

def differences(expected, found, where=""):
    """What of `expected` is not so in `found`, as texts. A later Naru may say more of a thing, not less."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return [line for key, value in expected.items()
                for line in ([f"{where}/{key}: missing"] if key not in found
                             else differences(value, found[key], f"{where}/{key}"))]
    if isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            return [f"{where}: {len(expected)} expected, {len(found)} found"]
        return [line for at, (one, other) in enumerate(zip(expected, found))
                for line in differences(one, other, f"{where}[{at}]")]
    return [] if expected == found else [f"{where}: {expected!r} expected, {found!r} found"]

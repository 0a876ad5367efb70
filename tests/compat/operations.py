"""What is done to a broker whose data become a fixture: a fixed script, with every kind of fact. See README.md.

It returns what must be found: {vhost: {queue: messages}}, each message as fixture.message() lists it, and with
"redelivered" where somebody may have had it.
"""

import struct

from fixture import Client, ask, message, quote
from frames import long, short, table

MIB = 1 << 20
TEN_YEARS_MS = 315_360_000_000
YEAR_S = 365 * 86400
# The script's wall clock: what is not to expire while this is tested lives until long after that; what is to be
# expired has been when anybody reads it.
FAR_S, PAST_S = 80 * YEAR_S, -400 * 86400
PERSISTENT = b"\x10\x00\x02"
PILOT = ("pilot", "over the bar")
SCATTERED, SCATTERED_EACH = 32, 60  # queues, messages a round: each of their pages is in many files
KEPT_EACH = 40  # of the messages that a thinned queue had
ROUNDS = 24  # of 30 MiB each: 384 MiB of log, and more than 128 MiB that is dead in what left it


def with_expiration(text):
    return struct.pack(">H", 0x1100) + b"\x02" + short(text)


def all_values():
    """A table with every type of value that a client can send."""
    inner = table(short("deep") + b"S" + long("down"))
    array = b"I" + struct.pack(">i", -7) + b"t\x01" + b"F" + inner
    fields = [("yes", b"t\x01"), ("no", b"t\x00"), ("i8", b"b\xfe"), ("u8", b"B\xfe"), ("i16", b"s" + struct.pack(">h", -300)),
              ("u16", b"u" + struct.pack(">H", 65000)), ("i32", b"I" + struct.pack(">i", -70000)),
              ("u32", b"i" + struct.pack(">I", 4_000_000_000)), ("i64", b"l" + struct.pack(">q", -5_000_000_000)),
              ("float", b"f" + struct.pack(">f", 0.5)), ("double", b"d" + struct.pack(">d", -0.25)),
              ("decimal", b"D" + b"\x02" + struct.pack(">I", 12345)), ("time", b"T" + struct.pack(">Q", 1_700_000_000)),
              ("text", b"S" + long("나루")), ("bytes", b"x" + long(b"\x00\xff")), ("void", b"V"),
              ("array", b"A" + long(array)), ("table", b"F" + inner)]
    return b"".join(short(name) + value for name, value in fields)


def all_properties():
    """A content header's flags and values: every property there is."""
    return (struct.pack(">H", 0xfffc) + short("text/plain") + short("gzip") + table(all_values()) + b"\x02" + b"\x07"
            + short("correlation") + short("reply-to") + short(str(TEN_YEARS_MS)) + short("message-id")
            + struct.pack(">Q", 1_700_000_000) + short("type") + short("guest") + short("app") + short("cluster"))


class Script:
    """One run of it. `broker` is started and stopped by the caller; `model` is what must be found."""

    def __init__(self, broker):
        self.broker = broker
        self.model = {"/": {}, "harbour": {}}

    # ---- Small steps

    def http(self, method, path, body=None):
        status, answer = ask(self.broker, method, path, body)
        if status >= 300:
            raise AssertionError(f"{method} {path}: {status} {answer}")

    def queue(self, name, vhost="/", **arguments):
        self.http("PUT", f"queues/{quote(vhost)}/{quote(name)}", {"durable": True, "arguments": arguments})
        self.model[vhost].setdefault(name, [])

    def exchange(self, name, kind="direct", vhost="/", **more):
        self.http("PUT", f"exchanges/{quote(vhost)}/{quote(name)}", {"type": kind, "durable": True, **more})

    def bind(self, source, destination, key="", kind="q", vhost="/", **arguments):
        self.http("POST", f"bindings/{quote(vhost)}/e/{quote(source)}/{kind}/{quote(destination)}",
                  {"routing_key": key, "arguments": arguments})

    def unbind(self, source, destination, key, kind="q", vhost="/"):
        self.http("DELETE", f"bindings/{quote(vhost)}/e/{quote(source)}/{kind}/{quote(destination)}/{quote(key)}")

    def send(self, client, key, properties=PERSISTENT, body=b"", exchange="", into=None, vhost="/"):
        client.send(key, properties, body, exchange)
        for queue in [key] if into is None else into:
            self.model[vhost][queue].append(message(exchange, key, properties, body))

    def client(self, vhost="/"):
        client = Client(self.broker, vhost)
        client.confirms()
        return client

    # ---- The parts

    def declare(self, mark):
        """Facts of group 0, of every kind; names with `mark`, so that it can be done again."""
        gone = f"gone-{mark}"
        self.http("PUT", "vhosts/harbour")
        self.http("PUT", f"vhosts/{gone}")
        self.exchange("in-it", vhost=gone)
        self.http("DELETE", f"vhosts/{gone}")
        self.http("PUT", f"users/{PILOT[0]}", {"password": PILOT[1], "tags": "administrator,monitoring"})
        self.http("PUT", f"users/barred-{mark}", {"password_hash": "", "tags": ""})
        self.http("PUT", f"users/left-{mark}", {"password": "x", "tags": ""})
        for user in (PILOT[0], f"barred-{mark}", f"left-{mark}", "guest"):
            self.http("PUT", f"permissions/harbour/{user}", {"configure": f"^{mark}-", "write": ".*", "read": ".*"})
        self.http("PUT", "permissions/harbour/guest", {"configure": ".*", "write": ".*", "read": ".*"})
        self.http("DELETE", f"permissions/harbour/barred-{mark}")
        self.http("DELETE", f"users/left-{mark}")
        for kind in ("direct", "fanout", "topic", "headers"):
            self.exchange(f"{kind}-{mark}", kind)
        self.exchange(f"inner-{mark}", "topic", internal=True, auto_delete=False, arguments={"note": mark, "list": [1, "two", None]})
        self.exchange(f"spare-{mark}", "fanout", arguments={"alternate-exchange": f"fanout-{mark}"})
        self.exchange(f"lost-{mark}")
        self.http("DELETE", f"exchanges/%2F/lost-{mark}")
        for name in (f"one-{mark}", f"two-{mark}", f"three-{mark}"):
            self.queue(name)
        self.bind(f"direct-{mark}", f"one-{mark}", "one")
        self.bind(f"direct-{mark}", f"one-{mark}", "not-any-more")
        self.unbind(f"direct-{mark}", f"one-{mark}", "not-any-more")
        self.bind(f"topic-{mark}", f"two-{mark}", "a.*.#")
        self.bind(f"headers-{mark}", f"three-{mark}", **{"x-match": "any", "text": "나루", "number": 7})
        self.bind(f"topic-{mark}", f"inner-{mark}", "#", kind="e")
        self.bind(f"inner-{mark}", f"three-{mark}", "b.#")
        for name in (f"one-{mark}", f"two-{mark}", f"three-{mark}"):
            self.bind(f"fanout-{mark}", name)
        with Client(self.broker) as client:  # values that JSON has not
            arguments = table(all_values())
            client.call(50, 10, b"\0\0" + short(f"values-{mark}") + b"\x02" + arguments, 11)
            client.call(40, 10, b"\0\0" + short(f"values-{mark}") + short("headers") + b"\x02" + arguments, 11)
            client.call(50, 20, b"\0\0" + short(f"values-{mark}") + short(f"values-{mark}") + short("k") + b"\0" + arguments, 21)
        self.model["/"][f"values-{mark}"] = []

    def publish(self, mark):
        """Messages by every way, with every property, of every level."""
        queues = (f"one-{mark}", f"two-{mark}", f"three-{mark}")
        self.queue(f"plain-{mark}")
        self.queue(f"plain-{mark}", vhost="harbour")
        for level in ("fsync", "interval", "memory"):
            self.queue(f"level-{level}-{mark}", **{"x-durability": level})
        self.queue(f"brief-{mark}", **{"x-message-ttl": TEN_YEARS_MS})
        with self.client() as client:
            plain = f"plain-{mark}"
            self.send(client, plain, all_properties(), b"with everything")
            self.send(client, plain, PERSISTENT)
            self.send(client, plain, with_expiration(str(TEN_YEARS_MS)), b"lives long")
            for size in (1, 4095, 4096, 70_000, 300_000):
                self.send(client, plain, PERSISTENT, struct.pack(">I", size)[:size] + bytes(max(size - 4, 0)))
            self.send(client, "one", body=b"direct", exchange=f"direct-{mark}", into=queues[:1])
            self.send(client, "a.b.c", body=b"topic", exchange=f"topic-{mark}", into=queues[1:2])
            self.send(client, "b.c", body=b"by two exchanges", exchange=f"topic-{mark}", into=queues[2:])
            self.send(client, "", body=b"to all", exchange=f"fanout-{mark}", into=queues)
            self.send(client, "", body=b"large, to all" + bytes(300_000), exchange=f"fanout-{mark}", into=queues)
            client.send(plain, b"\x00\x00", b"transient: gone with the broker")
            self.send(client, f"level-fsync-{mark}", body=b"fsync")
            self.send(client, f"level-interval-{mark}", body=b"interval")
            client.send(f"level-memory-{mark}", PERSISTENT, b"memory: gone with the broker")
            self.send(client, f"brief-{mark}", body=b"for ten years")
            self.send(client, f"brief-{mark}", with_expiration("315000000000"), b"for a little less")
            client.all_confirmed()
        with self.client("harbour") as client:
            self.send(client, f"plain-{mark}", body=b"in harbour", vhost="harbour")
            client.all_confirmed()
        self.transaction(mark)

    def transaction(self, mark):
        """More than one entry of the log takes, together."""
        self.queue(f"together-{mark}")
        with Client(self.broker) as client:
            client.call(90, 10, b"", 11)
            for number in range(90):
                self.send(client, f"together-{mark}", body=b"%d" % number + bytes(200_000))
            self.send(client, f"together-{mark}", body=b"large" + bytes(2 * MIB))
            client.call(90, 20, b"", 21)

    def settle(self, mark):
        """Messages that leave, and others that come back, by every way."""
        name = f"settled-{mark}"
        self.queue(name)
        with self.client() as client:
            for number in range(20):
                self.send(client, name, body=b"message %d" % number)
            client.all_confirmed()
        here = self.model["/"][name]
        with Client(self.broker) as client:
            tags = [client.take(name)[0] for _ in range(12)]
            for number in (0, 1, 2, 4):
                client.ack(tags[number])
            client.reject(tags[6], requeue=False)
            for number in (3, 5):
                client.reject(tags[number], requeue=True)
            client.call(20, 40, struct.pack(">H", 200) + short("") + struct.pack(">HH", 0, 0), 41)  # the others come back
        for number, each in enumerate(here[:12]):
            each["redelivered"] = True
        self.model["/"][name] = [each for number, each in enumerate(here) if number not in (0, 1, 2, 4, 6)]
        self.queue(f"purged-{mark}")
        self.queue(f"closed-{mark}")
        with self.client() as client:
            for number in range(5):
                client.send(f"purged-{mark}", PERSISTENT, b"purged")
                client.send(f"closed-{mark}", PERSISTENT, b"closed")
            client.all_confirmed()
            with Client(self.broker) as other:
                other.purge(f"purged-{mark}")
            self.send(client, f"purged-{mark}", body=b"after the purge")
            client.all_confirmed()
        self.http("DELETE", f"queues/%2F/closed-{mark}")
        del self.model["/"][f"closed-{mark}"]

    def deepen(self, count):
        """A queue with more messages than its lane keeps the places of in memory."""
        self.queue("deep")
        with self.client() as client:
            for number in range(count):
                self.send(client, "deep")
                if number % 2000 == 1999:
                    client.all_confirmed()
            client.all_confirmed()

    def thin(self, count):
        """Of the deep queue's first so many, whose places are in the log by now, few are left."""
        with Client(self.broker) as client:
            taken = [client.take("deep")[0] for _ in range(count)]
            for number, tag in enumerate(taken):
                if number % KEPT_EACH != 0:
                    client.ack(tag)
            client.call(20, 40, struct.pack(">H", 200) + short("") + struct.pack(">HH", 0, 0), 41)  # the others come back
        here = self.model["/"]["deep"]
        for each in here[:count]:
            each["redelivered"] = True
        self.model["/"]["deep"] = here[:count:KEPT_EACH] + here[count:]

    def reside(self):
        """Most of the log's first file, which is small, is still needed."""
        self.queue("resident")
        with self.client() as client:
            for number in range(3):
                self.send(client, "resident", body=b"%d" % number + bytes(900_000))
            client.all_confirmed()

    def outgrow(self):
        """More than the log keeps: files leave it, of which little is needed. One of some queues that grow together is in
        the lane of the deep one, which has no room for what it knows of it: pages of it go to the log.
        """
        self.queue("ballast")
        scattered = [f"scattered-{number}" for number in range(SCATTERED)]
        for name in scattered:
            self.queue(name)
        for number in range(ROUNDS):
            keep = f"keep-{number % 3}"
            self.queue(keep)
            with self.client() as client, Client(self.broker) as other:
                self.send(client, keep, body=b"kept %d" % number)
                for name in scattered:
                    for _ in range(SCATTERED_EACH):
                        self.send(client, name)
                for _ in range(2):
                    client.send("ballast", PERSISTENT, bytes(15 * MIB))
                client.all_confirmed()
                other.purge("ballast")

    def expire(self):
        """Messages whose time has run out when anybody reads them."""
        self.queue("expired", **{"x-message-ttl": 3_600_000})
        with self.client() as client:
            client.send("expired", PERSISTENT, b"for an hour")
            client.send("expired", with_expiration("1000"), b"for a second")
            client.all_confirmed()

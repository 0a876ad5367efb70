"""Which queues share a lane. Clients cannot see it, but the log shows it: an entry names its group, and the
record in it its routing key. Formats: docs/formats/wal.md, docs/formats/record.md."""

import pathlib
import re
import struct

from . import process, work

PREFIX = "lane-"
QUEUES = 40  # more than lanes: two of them must share one
BLOCK = 4096
FRAME_HEAD, ENTRY_HEAD = 64, 32
RECORDS = 1
KEY_LENGTH_BEFORE = 20


def entries(path):
    """(group, payload) of every entry of records in a file of the log, wherever a frame stands in it."""
    data = pathlib.Path(path).read_bytes()
    at = 0
    while at + FRAME_HEAD <= len(data):
        if data[at:at + 4] != b"NRWF":
            at += BLOCK
            continue
        length, = struct.unpack_from("<I", data, at + 12)
        entry, end = at + FRAME_HEAD, at + length
        while entry + ENTRY_HEAD <= end:
            size, group, kind = struct.unpack_from("<xxxxIIB", data, entry)
            if kind == RECORDS:
                yield group, data[entry + ENTRY_HEAD:entry + ENTRY_HEAD + size]
            entry += ENTRY_HEAD + size
        at += max(BLOCK, -(-length // BLOCK) * BLOCK)


def two_of_one_lane(bench, broker):
    """Declares queues PREFIX0, PREFIX1, … and returns the numbers of two in the same lane."""
    work.run_generator(bench, broker, {"queue": PREFIX, "queues": QUEUES, "publishers": QUEUES, "consumers": QUEUES,
                                       "count": 1, "size": 8, "ack-every": 1}, 60)
    name = re.compile(re.escape(PREFIX.encode()) + rb"(\d+)")
    lane_of = {}
    for path in sorted((broker.work / "data" / "wal").iterdir()):
        for group, payload in entries(path):
            if group == 0:
                continue
            for found in name.finditer(payload):
                # Where a record's key begins (its exchange is the default one), the key's length stands 20 bytes
                # before it; what follows the key may look like a digit.
                digits = found.group(1)[:payload[found.start() - KEY_LENGTH_BEFORE] - len(PREFIX)]
                if digits:
                    lane_of[int(digits)] = group
    seen = {}
    for queue, lane in sorted(lane_of.items()):
        if lane in seen:
            return seen[lane], queue
        seen[lane] = queue
    raise process.BenchError(f"the log shows no two of {len(lane_of)} queues in one lane")

"""Groups the functions of a callgrind profile by the step of a message's life that they belong to."""

import collections
import re
import subprocess

# The first that matches a function's name or the file it was found in.
GROUPS = [
    ("reading frames and methods", r"Session::(on_bytes|step|on_frame|on_channel_frame|on_channel_method|on_basic_method|handle|"
     r"find_channel|takes_input)|decode_method|split_method|amqp091::next_frame"),
    ("publish: header, properties, checks", r"Session::(on_method|publish|fill|examine|hold|refuse_body|on_content)|"
     r"parse_properties|PropertyReader|PublishMemo|CommandBatch"),
    ("acknowledgements", r"Session::(acknowledge|settle)|Unacked|BasicAck|settle_delivered|Lane::Impl::(settle|end_lease)|"
     r"Client::(settle|end_lease)"),
    ("client: permission, route, confirms", r"core::Client|PublishTracker|core::Shard|Outbox|core::Catalog"),
    ("queue: stage and apply", r"Lane::Impl::(enqueue|stage|end_record|make_visible|apply|append|flush)|put_enqueue|EntryStage|"
     r"FactReader|TargetReader|add_to|MemoryStore::put"),
    ("queue: index", r"QueueIndex|ready_order|ReadyOrder"),
    ("queue: dispatch", r"core::Lane|ConsumerRing|DeliveryBatches|MemoryStore|core::"),
    ("records", r"naru::message::"),
    ("deliveries: encoding", r"Session::(on_event|append_content|on_events)|protocol::Output|Pen::|"
     r"amqp091::(DeliverHead|write_|content_bytes|header_frame_bytes|fits_by_copy)"),
    ("session, the rest", r"naru::amqp091::|naru::protocol::"),
    ("the log", r"naru::(storage|cluster)::|crc32c"),
    ("connections and loop", r"naru::(server|io|app)::|boost::asio"),
    ("copying", r"memcpy|memmove|memset|memcmp"),
    ("allocator", r"malloc|free|operator new|operator delete|je_"),
]
_LINE = re.compile(r"\s*([\d,]+) \([ \d.]+%\)\s+(.*)")


def functions(output):
    """{file:function: instructions} of a callgrind file."""
    done = subprocess.run(["callgrind_annotate", "--auto=no", "--threshold=100", "--show-percs=yes", str(output)],
                          capture_output=True, text=True, check=False)
    counts = collections.Counter()
    for line in done.stdout.splitlines():
        match = _LINE.match(line)
        if match and "PROGRAM TOTALS" not in line:
            counts[re.sub(r" \[[^]]*\]$", "", match.group(2))] += int(match.group(1).replace(",", ""))
    return counts


def group_of(function):
    function = function.replace("(anonymous namespace)::", "").split("(")[0]  # arguments name types of other steps
    for name, pattern in GROUPS:
        if re.search(pattern, function):
            return name
    return "the rest"


def per_message(short, long, messages):
    """{group: instructions for each message}, by the difference of two profiles; the largest first."""
    difference = functions(long)
    difference.subtract(functions(short))
    groups = collections.Counter()
    for function, count in difference.items():
        groups[group_of(function)] += count
    return {name: count / messages for name, count in groups.most_common()}

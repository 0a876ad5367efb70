#pragma once
/// Frames of AMQP 0-9-1 as lines of text, both ways: what transcripts and tests of sessions are
/// written in.
///
///   1 queue.declare queue="q" durable=1 arguments={x-message-ttl:I 1000}
///   1 header size=5 delivery_mode=2 headers={n:S "v"}
///   1 body "hello"
///   0 heartbeat
///   1 publish routing_key="q" mandatory=1 body="hello" delivery_mode=2    method, header and body
///   raw 414d5150 00000901
///
/// Fields that are not named have their default. Strings know \" \\ \n \r \0 and \xNN. A table is
/// {name:TYPE value, …}, an array [TYPE value, …], with the type letters of the wire.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/byte_buffer.h"
#include "base/bytes.h"
#include "base/result.h"

namespace naru::wire {

/// Appends the octets that a line stands for. Errors: malformed, with what is wrong in the line.
Result<void> append_line(ByteBuffer& out, std::string_view line);

/// The same of text in the test itself; a line that does not read ends the test.
std::string octets(std::string_view line);

/// The frame at the front of `octets` as a line, and how many octets it has; octets that are no
/// frame as one `raw` line. Errors: need_more.
struct Described {
  std::string line;
  std::size_t bytes = 0;
};
Result<Described> describe(ByteView octets);

/// Whether `actual` is what `expected` asks for: the same frame, and every field that is named in
/// `expected` with its value, in which `*` stands for anything.
bool matches(std::string_view expected, std::string_view actual);

}  // namespace naru::wire

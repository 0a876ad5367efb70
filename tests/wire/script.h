#pragma once
/// Runs a transcript against the whole broker in memory (tests/support/broker_rig.h).
///
///   # free text; the clause that the transcript shows, e.g. [amqp091 §5]
///   @connect                        a connection, up to an open tenant, as guest
///   @connect b frame_max=4096       another one, called b; also: heartbeat, capabilities={…},
///                                   user, password, tenant
///   @open b                         a connection that has said nothing yet
///   > 1 queue.declare queue="q"     the client sends (amqp091_text.h)
///   < 1 queue.declare-ok            the server's next frame; fields not named may be anything
///   <                               nothing more was said
///   < closed                        the server ended the connection
///   b> 1 basic.get queue="q"        the same on connection b
///   @advance 5s                     time passes (ms, s)
///   @cut b                          the client's socket breaks
///   @kill                           the process dies and starts again; connections are gone
///   @power_loss                     the same, and what was not synced may be lost
///   @disk_low                       the disk alarm: publishers wait
///   @disk_full                      the log finds no room for new files: publishers are refused
///   @disk_free                      there is room again
///
/// `$name` in an expected field takes the field's value when it is first seen, and stands for it
/// afterwards, in both directions.

#include <cstdint>
#include <string>

#include "base/result.h"

namespace naru::wire {

struct ScriptOptions {
  std::uint16_t shards = 1;
  std::uint64_t seed = 1;
};

/// Errors: malformed (the transcript itself), precondition_failed (the server did something else);
/// `what` begins with the line's number.
Result<void> run_script(const std::string& text, const ScriptOptions& options);

}  // namespace naru::wire

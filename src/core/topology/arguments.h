#pragma once
/// The arguments of declarations that Naru knows: what they may be, when two declarations are
/// alike, and what follows from them. All others are kept and otherwise ignored. Texts are
/// RabbitMQ's.

#include <string>
#include <string_view>

#include "base/result.h"
#include "core/topology/infos.h"
#include "message/value.h"

namespace naru::core {

/// The argument alternate-exchange, or empty.
std::string alternate_of(const message::Table& arguments);

/// What the queue gives its messages at most: its argument x-durability, fsync without one; memory
/// when it is not durable.
message::Durability durability_of(const QueueInfo& queue);
/// What the queue's lane needs to know of it.
QueueSettings settings_of(const QueueInfo& queue);

/// The argument x-queue-type; "classic" when there is none. Naru has one kind of queue: the type
/// decides which other arguments and properties are accepted.
std::string_view queue_type_of(const message::Table& arguments);

/// Checks types and ranges, and that the arguments belong to the queue's type. `queue` is
/// "queue 'q' in vhost '/'". Errors: precondition_failed; not_implemented for streams.
Result<void> check_queue_arguments(std::string_view queue, const message::Table& arguments);
/// Errors: precondition_failed when the table is larger than what may be logged.
Result<void> check_size(std::string_view resource, const message::Table& arguments);

/// True for the arguments that are accepted and compared and do nothing yet.
bool is_known_without_effect(std::string_view argument);

// ---- Equivalence of a redeclaration (amqp091 §4); errors: already_exists ----

/// "inequivalent arg 'durable' for queue 'q' in vhost '/': received 'true' but current is 'false'"
Result<void> check_flag_equal(std::string_view property, std::string_view resource, bool current,
                              bool received);
Result<void> check_equal(std::string_view property, std::string_view resource,
                         std::string_view current, std::string_view received);
/// Compares the argument called `name`, which may be missing in either.
Result<void> check_argument_equal(std::string_view name, std::string_view resource,
                                  const message::Table& current, const message::Table& received);
/// Compares all arguments that queues of the current one's type know.
Result<void> check_queue_arguments_equal(std::string_view queue, const message::Table& current,
                                         const message::Table& received);

/// "invalid type 'bool' for arg 'alternate-exchange' in exchange 'x' in vhost '/'"
std::unexpected<Error> invalid_type(std::string_view argument, std::string_view resource,
                                    const message::Value& value);

}  // namespace naru::core

#pragma once
/// The commands that speak AMQP to any broker.

#include "cli/noun.h"

namespace naru::cli {

void add_publish_command(Command& root, const Shell& shell);  // publish.cc
void add_consume_command(Command& root, const Shell& shell);  // consume.cc
void add_get_command(Command& root, const Shell& shell);      // get.cc

/// "--url amqp://…" writes to `url`, which becomes NARU_AMQP_URL or the local broker without it.
void add_url_option(Command& command, const Shell& shell, std::string& url);

}  // namespace naru::cli

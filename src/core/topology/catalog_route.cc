#include "core/topology/catalog_impl.h"
#include "core/topology/texts.h"

namespace naru::core {

/// One message on its way through the graph.
struct Catalog::Impl::Walk {
  std::string_view key;
  ByteView header;
  const message::Codec* codec = nullptr;
  std::uint64_t number = 0;
  bool by_key = false;
  bool by_headers = false;
};

Result<const Route*> Catalog::Impl::route(TenantId tenant, std::string_view exchange,
                                          std::string_view key, ByteView header,
                                          const message::Codec* codec) {
  if (last_.route != nullptr && last_.version == version && last_.key == key &&
      last_.exchange == exchange && last_.tenant == tenant) {
    return last_.route;
  }
  last_.route = nullptr;
  NARU_TRY(found, find_route(tenant, exchange, key, header, codec));
  if (!found->by_headers) {
    last_.tenant = tenant;
    last_.exchange = exchange;
    last_.key = key;
    last_.version = version;
    last_.route = found;
  }
  return found;
}

Result<const Route*> Catalog::Impl::find_route(TenantId tenant_id, std::string_view exchange_name,
                                               std::string_view key, ByteView header,
                                               const message::Codec* codec) {
  const TenantNode* there = tenant(tenant_id);
  if (there == nullptr) return fail(Errc::not_found, "the vhost is gone");
  if (exchange_name.empty()) return default_route(*there, key);

  const auto at = there->exchanges.find(exchange_name);
  if (at == there->exchanges.end()) {
    return fail(Errc::not_found, "no " + exchange_text(exchange_name, there->name));
  }
  ExchangeNode& start = *at->second;
  if (start.info.internal) {
    return fail(Errc::access_refused,
                "cannot publish to internal " + exchange_text(exchange_name, there->name));
  }
  const bool keyless = start.keyless_generation == start.generation;
  if (const Route* known = routes_.find(start.info.id, keyless ? "" : key, start.generation)) {
    return known;
  }

  Walk message{.key = key, .header = header, .codec = codec, .number = ++walks_};
  NARU_TRY_VOID(walk(start, message));
  builder_.route().by_headers = message.by_headers;
  if (message.by_headers) return &builder_.route();
  if (!message.by_key) start.keyless_generation = start.generation;
  const Route* kept =
      routes_.insert(start.info.id, message.by_key ? key : "", start.generation, builder_.route());
  return kept != nullptr ? kept : &builder_.route();
}

const Route* Catalog::Impl::default_route(const TenantNode& tenant, std::string_view key) {
  builder_.clear();
  const auto at = tenant.queues.find(key);
  if (at != tenant.queues.end()) builder_.add(at->second->info.ref);
  return &builder_.route();
}

Result<void> Catalog::Impl::walk(ExchangeNode& start, Walk& walk) {
  builder_.clear();
  to_visit_.clear();
  to_visit_.push_back(&start);
  start.visited = walk.number;
  while (!to_visit_.empty()) {
    ExchangeNode& node = *to_visit_.back();
    to_visit_.pop_back();
    matches_.clear();
    NARU_TRY_VOID(match(node, walk));
    work_ += matches_.size();
    if (matches_.empty() && !node.info.alternate.empty()) {
      if (ExchangeNode* other = exchange(node.info.tenant, node.info.alternate)) {
        matches_.push_back(other);
      }
    }
    for (Destination* reached : matches_) {
      if (reached->visited == walk.number) continue;
      reached->visited = walk.number;
      if (reached->kind == Destination::Kind::queue) {
        builder_.add(static_cast<QueueNode*>(reached)->info.ref);
      } else {
        to_visit_.push_back(static_cast<ExchangeNode*>(reached));
      }
    }
  }
  return {};
}

Result<void> Catalog::Impl::match(ExchangeNode& node, Walk& walk) {
  if (auto* direct = std::get_if<DirectMatcher>(&node.matcher)) {
    walk.by_key = true;
    direct->match(walk.key, matches_);
  } else if (auto* topic = std::get_if<TopicMatcher>(&node.matcher)) {
    walk.by_key = true;
    work_ += topic->match(walk.key, matches_);
  } else if (auto* fanout = std::get_if<FanoutMatcher>(&node.matcher)) {
    fanout->match(matches_);
  } else {
    if (!walk.by_headers) {
      headers_.clear();
      if (walk.codec != nullptr) {
        NARU_TRY(decoded, walk.codec->headers(walk.header));
        headers_ = std::move(decoded);
      }
      header_index_.assign(headers_);
      walk.by_headers = true;
    }
    work_ += std::get<HeadersMatcher>(node.matcher).match(header_index_, matches_);
  }
  return {};
}

}  // namespace naru::core

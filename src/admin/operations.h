#pragma once
/// Everything the HTTP API can do, as one list: requests are dispatched by it, the OpenAPI document
/// is rendered from it, and docs/http-api.md is checked against it.

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace naru::admin {

class Call;
using CallRef = std::shared_ptr<Call>;

/// Who may ask. Each of the first four includes those after it, but monitoring may only look.
enum class Access : std::uint8_t {
  open,           // anybody, without a password
  management,     // users with a tag: management, policymaker, monitoring or administrator
  monitoring,     // monitoring or administrator
  administrator,  // administrator
};

struct Operation {
  std::string_view method;
  /// "/api/queues/{vhost}/{queue}". A {vhost} must exist and be one that the caller may enter (or,
  /// to look only, see).
  std::string_view path;
  Access access;
  void (*run)(const CallRef& call);
  std::string_view summary;
  /// Members of the body and parameters of the query: "durable:boolean arguments:object".
  std::string_view body = {};
  std::string_view query = {};
};

std::span<const Operation> operations();

}  // namespace naru::admin

// The list of operations as an OpenAPI 3.1 document.
#include <fmt/format.h>

#include "admin/call.h"
#include "admin/handlers.h"
#include "admin/http_api.h"

namespace naru::admin {

namespace {

/// Calls visit(name, type) for each of "durable:boolean arguments:object".
template <typename Visit>
void each_field(std::string_view fields, const Visit& visit) {
  while (!fields.empty()) {
    const std::string_view field = fields.substr(0, fields.find(' '));
    fields.remove_prefix(std::min(fields.size(), field.size() + 1));
    const std::size_t colon = field.find(':');
    visit(field.substr(0, colon), field.substr(colon + 1));
  }
}

json::object parameter(std::string_view name, std::string_view in, std::string_view type) {
  return {{"name", json_text(name)},
          {"in", json_text(in)},
          {"required", in == "path"},
          {"schema", {{"type", json_text(type)}}}};
}

json::array parameters_of(const Operation& operation) {
  json::array out;
  for (std::string_view rest = operation.path; rest.contains('{');) {
    rest.remove_prefix(rest.find('{') + 1);
    out.push_back(parameter(rest.substr(0, rest.find('}')), "path", "string"));
  }
  each_field(operation.query, [&](std::string_view name, std::string_view type) {
    out.push_back(parameter(name, "query", type));
  });
  return out;
}

std::string_view access_text(Access access) {
  switch (access) {
    case Access::open:
      return "anybody";
    case Access::management:
      return "management";
    case Access::monitoring:
      return "monitoring";
    case Access::administrator:
      return "administrator";
  }
  return "";
}

json::object render(const Operation& operation) {
  json::object out{{"summary", json_text(operation.summary)},
                   {"x-access", json_text(access_text(operation.access))},
                   {"responses", {{"default", {{"description", "see docs/http-api.md"}}}}}};
  json::array parameters = parameters_of(operation);
  if (!parameters.empty()) out["parameters"] = std::move(parameters);
  if (operation.access == Access::open) {
    out["security"] = json::array();
  }
  if (!operation.body.empty()) {
    json::object members;
    each_field(operation.body, [&](std::string_view name, std::string_view type) {
      members[json::string_view(name.data(), name.size())] = {{"type", json_text(type)}};
    });
    out["requestBody"] = {
        {"content",
         {{"application/json",
           {{"schema", {{"type", "object"}, {"properties", std::move(members)}}}}}}}};
  }
  return out;
}

std::string lower(std::string_view method) {
  std::string out;
  for (const char c : method) out += static_cast<char>(c - 'A' + 'a');
  return out;
}

}  // namespace

void get_openapi(const CallRef& call) {
  json::object paths;
  for (const Operation& operation : operations()) {
    json::value& path = paths[json::string_view(operation.path.data(), operation.path.size())];
    if (!path.is_object()) path.emplace_object();
    path.get_object()[lower(operation.method)] = render(operation);
  }
  call->reply(json::object{
      {"openapi", "3.1.0"},
      {"info", {{"title", "Naru"}, {"version", json_text(call->api().identity().naru_version)}}},
      {"components", {{"securitySchemes", {{"basic", {{"type", "http"}, {"scheme", "basic"}}}}}}},
      {"security", json::array{json::object{{"basic", json::array()}}}},
      {"paths", std::move(paths)}});
}

}  // namespace naru::admin

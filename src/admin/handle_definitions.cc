// Definitions: everything but messages, to be taken to another broker or kept.
#include <memory>

#include "admin/call.h"
#include "admin/definitions_export.h"
#include "admin/definitions_import.h"
#include "admin/handlers.h"
#include "admin/http_api.h"

namespace naru::admin {

namespace {

json::object product(const Identity& identity) {
  return {{"rabbit_version", json_text(identity.compatible_version)},
          {"rabbitmq_version", json_text(identity.compatible_version)},
          {"product_name", json_text(identity.product)},
          {"product_version", json_text(identity.compatible_version)},
          {"naru_version", json_text(identity.naru_version)}};
}

void export_definitions(const CallRef& call, const json::object& head) {
  HttpApi& api = call->api();
  call->wait_to_list(DefinitionsExport::row_count(api.catalog()), [call, head, &api] {
    call->reply_written(std::make_unique<DefinitionsExport>(api.catalog(), api.identity(), head,
                                                            call->tenant_or_all()));
  });
}

}  // namespace

void get_definitions(const CallRef& call) {
  const Identity& identity = call->api().identity();
  json::object head = product(identity);
  head["rabbitmq_definition_format"] = "cluster";
  head["original_cluster_name"] = json_text(identity.cluster_name);
  export_definitions(call, head);
}

void get_tenant_definitions(const CallRef& call) {
  json::object head = product(call->api().identity());
  head["rabbitmq_definition_format"] = "single_virtual_host";
  head["original_vhost_name"] = json_text(call->parameter("vhost"));
  export_definitions(call, head);
}

void post_definitions(const CallRef& call) {
  import_definitions(call, {});
}

void post_tenant_definitions(const CallRef& call) {
  import_definitions(call, call->parameter("vhost"));
}

}  // namespace naru::admin

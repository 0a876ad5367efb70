#pragma once
/// Writes definitions: everything but messages, to be taken to another broker or kept.

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "admin/http_api.h"
#include "admin/object_writing.h"
#include "admin/render.h"
#include "admin/rows.h"
#include "admin/writing.h"

namespace naru::admin {

/// Of one tenant, or of all. Equal catalogues give equal files. What there is is known from the
/// start, and left out when it is gone before its turn: so whatever an object needs, such as the
/// ends of a binding, is in the file too.
class DefinitionsExport final : public Writing {
 public:
  /// The catalogue and the identity outlive it. `head`: the members before the sections.
  DefinitionsExport(const core::Catalog& catalog, const Identity& identity,
                    const json::object& head, std::optional<core::TenantId> tenant);

  /// Of all tenants, at most.
  static std::size_t row_count(const core::Catalog& catalog);

  Result<Progress> advance(std::size_t rows_max) override { return text_.advance(rows_max); }
  std::string take() override { return text_.take(); }
  std::size_t memory_bytes() const override { return text_.memory_bytes(); }

 private:
  std::unique_ptr<Rows> users() const;
  std::unique_ptr<Rows> tenants() const;
  std::unique_ptr<Rows> permissions() const;
  std::unique_ptr<Rows> exchanges() const;
  std::unique_ptr<Rows> queues() const;
  std::unique_ptr<Rows> bindings() const;
  bool wanted(core::TenantId tenant) const { return !tenant_ || *tenant_ == tenant; }
  bool keeps(const core::QueueInfo& queue) const;
  /// The members of `object` that are called so; the vhost goes without saying when it is one's.
  json::object only(const json::object& object,
                    std::initializer_list<std::string_view> names) const;

  const core::Catalog& catalog_;
  const Renderer render_;
  const std::optional<core::TenantId> tenant_;
  ObjectWriting text_;
};

}  // namespace naru::admin

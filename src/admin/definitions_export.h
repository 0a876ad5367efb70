#pragma once
/// Writes definitions: everything but messages, to be taken to another broker or kept.

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "admin/http_api.h"
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
  DefinitionsExport(const core::Catalog& catalog, const Identity& identity, json::object head,
                    std::optional<core::TenantId> tenant);

  /// Of all tenants, at most.
  static std::size_t row_count(const core::Catalog& catalog);

  Result<Progress> advance(std::size_t rows_max) override;
  std::string take() override { return std::exchange(text_, {}); }
  std::size_t memory_bytes() const override;

 private:
  struct Section {
    std::string_view name;
    std::unique_ptr<Rows> rows;
  };

  std::unique_ptr<Rows> users() const;
  std::unique_ptr<Rows> tenants() const;
  std::unique_ptr<Rows> permissions() const;
  std::unique_ptr<Rows> exchanges() const;
  std::unique_ptr<Rows> queues() const;
  std::unique_ptr<Rows> bindings() const;
  bool wanted(core::TenantId tenant) const { return !tenant_ || *tenant_ == tenant; }
  bool keeps(const core::QueueInfo& queue) const;
  void write_row(Rows& rows);

  const core::Catalog& catalog_;
  const Renderer render_;
  const std::optional<core::TenantId> tenant_;
  std::deque<Section> sections_;  // the first of them is being written
  std::size_t at_ = 0;            // its next row
  bool is_begun_ = false;
  bool first_ = true;  // no row of it is written
  std::string text_;
};

}  // namespace naru::admin

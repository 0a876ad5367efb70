#pragma once
/// The rest of a long answer.

#include <memory>

#include "admin/operations.h"
#include "admin/writing.h"
#include "io/http.h"

namespace naru::admin {

/// Writes on as the peer takes what was written, one turn's rows at a time. Keeps the call, which
/// has a place in a line, until the last of it was sent or the peer is gone.
class WrittenBody final : public io::HttpBody {
 public:
  WrittenBody(CallRef call, std::unique_ptr<Writing> writing)
      : call_(std::move(call)), writing_(std::move(writing)) {}
  void next(Done done) override;

 private:
  void write(Done done);

  const CallRef call_;
  std::unique_ptr<Writing> writing_;  // null: it is whole
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace naru::admin

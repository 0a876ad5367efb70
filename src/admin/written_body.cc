#include "admin/written_body.h"

#include <string>
#include <utility>

#include "admin/call.h"
#include "admin/http_api.h"
#include "base/check.h"

namespace naru::admin {

void WrittenBody::next(Done done) {
  call_->api().shard().later(
      [this, alive = std::weak_ptr(alive_), done = std::move(done)](core::Shard&) mutable {
        if (!alive.expired()) write(std::move(done));
      });
}

void WrittenBody::write(Done done) {
  if (writing_ == nullptr) return done({});
  const Result<Writing::Progress> progress = writing_->advance(Call::kRowsPerTurn);
  NARU_CHECK(progress.has_value(), "what is wrong with a text is known before it begins");
  std::string piece = writing_->take();
  call_->account(writing_->memory_bytes());
  if (*progress == Writing::Progress::whole) writing_ = nullptr;
  if (piece.empty() && writing_ != nullptr) return next(std::move(done));
  done(std::move(piece));  // and this may be gone
}

}  // namespace naru::admin

#pragma once
/// The real Authenticator: argon2id on background threads, successes remembered.

#include <functional>
#include <memory>
#include <string>

#include "security/authenticator.h"
#include "security/login_cache.h"

namespace naru::security {

/// Owned by one shard; answers come on it. Destroyed after the background threads have ended.
class PooledAuthenticator final : public Authenticator {
 public:
  /// Runs `work` on a background thread, then `done` on the shard; false when too much waits
  /// already.
  using Submit = std::function<bool(std::move_only_function<void()> work,
                                    std::move_only_function<void()> done)>;
  explicit PooledAuthenticator(Submit submit) : submit_(std::move(submit)) {}

  void check(const std::string& user, std::optional<std::string> hash, std::string password,
             std::move_only_function<void(Result<bool>)> done) override;
  void hash(std::string password, std::move_only_function<void(Result<std::string>)> done) override;

 private:
  Submit submit_;
  LoginCache cache_;
};

}  // namespace naru::security

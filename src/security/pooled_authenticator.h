#pragma once
/// The real Authenticator: argon2id on background threads, successes remembered, and equal checks
/// done once.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "security/authenticator.h"
#include "security/login_cache.h"

namespace naru::security {

/// Owned by one shard; answers come on it. A thousand clients of one user that come back at once
/// ask the same: they wait for one check and share its answer. Destroyed after the background
/// threads have ended.
class PooledAuthenticator final : public Authenticator {
 public:
  /// Runs `work` on a background thread, then `done` on the shard; false when too much waits
  /// already.
  using Submit = std::function<bool(std::move_only_function<void()> work,
                                    std::move_only_function<void()> done)>;
  explicit PooledAuthenticator(Submit submit) : submit_(std::move(submit)) {}

  void check(const std::string& user, std::optional<std::string> hash, std::string password,
             std::move_only_function<void(Result<bool>)> done) override;
  bool remembers(const std::string& user, const std::string& hash,
                 std::string_view password) const override {
    return cache_.contains(user, hash, password);
  }
  void hash(std::string password, std::move_only_function<void(Result<std::string>)> done) override;

 private:
  using Done = std::move_only_function<void(Result<bool>)>;
  struct Check;
  void finish(Check& check);

  Submit submit_;
  LoginCache cache_;
  /// Who waits for which check; each waiter is a connection of this shard, which bounds them.
  std::map<LoginCache::Digest, std::vector<Done>> under_way_;
};

}  // namespace naru::security

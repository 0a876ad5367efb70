#pragma once
/// The real Authenticator: argon2id on background threads, successes remembered, and equal checks
/// done once.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "security/authenticator.h"
#include "security/fair_queue.h"
#include "security/login_cache.h"

namespace naru::security {

struct AuthenticatorLimits {
  /// Checks that the background threads are given at once; the others wait here, in fair turns.
  std::size_t at_once = 1;
  /// A check takes about 25 ms, so this many wait two seconds; whoever comes then has one of those
  /// who ask the most refused.
  std::size_t waiting_max = 80;
};

/// Owned by one shard; answers come on it. A thousand clients of one user that come back at once
/// ask the same: they wait for one check and share its answer. Destroyed after the background
/// threads have ended.
class PooledAuthenticator final : public Authenticator {
 public:
  /// Runs `work` on a background thread, then `done` on the shard; false when too much waits
  /// already.
  using Submit = std::function<bool(std::move_only_function<void()> work,
                                    std::move_only_function<void()> done)>;
  explicit PooledAuthenticator(Submit submit, AuthenticatorLimits limits = {})
      : submit_(std::move(submit)), limits_(limits) {}

  void check(LoginAttempt attempt, std::move_only_function<void(Result<bool>)> done) override;
  bool remembers(const std::string& user, const std::string& hash,
                 std::string_view password) const override {
    return cache_.contains(user, hash, password);
  }
  void hash(std::string password, std::move_only_function<void(Result<std::string>)> done) override;

 private:
  struct Check;
  using CheckRef = std::shared_ptr<Check>;

  void begin_next();
  void begin(const CheckRef& check);
  void answer(Check& check, const Result<bool>& result);

  Submit submit_;
  const AuthenticatorLimits limits_;
  LoginCache cache_;
  /// Each waiter of a check is a connection of this shard, which bounds them.
  std::map<LoginCache::Digest, CheckRef> under_way_;
  FairQueue<CheckRef> waiting_;
  std::size_t begun_ = 0;
};

}  // namespace naru::security

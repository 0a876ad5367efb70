#pragma once
/// Checks and makes password hashes away from the shards: argon2id costs tens of milliseconds.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace naru::security {

/// Somebody who wants to be believed.
struct LoginAttempt {
  std::string user;
  /// The stored hash; none for no such user, or one that may not log in.
  std::optional<std::string> hash;
  std::string password;
  /// Where it comes from: an address without port; attempts of one address wait for each other
  /// before they make others wait.
  std::string source;
  /// Asked when its turn has come: false when nobody waits for the answer any more.
  std::move_only_function<bool()> is_wanted = [] { return true; };
};

/// One per shard: answers come on the shard that asked. Implementations bound how many checks wait.
class Authenticator {
 public:
  virtual ~Authenticator() = default;

  /// Whether the password is what the hash was made of. Without a hash the answer is false after
  /// the same time. What is not wanted any more may never be answered. Errors: limit (too many are
  /// waiting).
  virtual void check(LoginAttempt attempt, std::move_only_function<void(Result<bool>)> done) = 0;
  /// Whether check() would say true at once, because it did before: that costs no hash.
  virtual bool remembers(const std::string& user, const std::string& hash,
                         std::string_view password) const = 0;
  /// Hashes a new password.
  virtual void hash(std::string password,
                    std::move_only_function<void(Result<std::string>)> done) = 0;
};

}  // namespace naru::security

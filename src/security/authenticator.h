#pragma once
/// Checks and makes password hashes away from the shards: argon2id costs tens of milliseconds.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace naru::security {

/// One per shard: answers come on the shard that asked. Implementations bound how many checks wait.
class Authenticator {
 public:
  virtual ~Authenticator() = default;

  /// Whether `password` is what `hash` was made of. Without a hash (no such user, or one that may
  /// not log in) the answer is false after the same time. Errors: limit (too many are waiting).
  virtual void check(const std::string& user, std::optional<std::string> hash, std::string password,
                     std::move_only_function<void(Result<bool>)> done) = 0;
  /// Whether check() would say true at once, because it did before: that costs no hash.
  virtual bool remembers(const std::string& user, const std::string& hash,
                         std::string_view password) const = 0;
  /// Hashes a new password.
  virtual void hash(std::string password,
                    std::move_only_function<void(Result<std::string>)> done) = 0;
};

}  // namespace naru::security

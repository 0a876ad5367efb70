#pragma once
/// Compares passwords without the cost of argon2id, which has tests of its own.

#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "security/authenticator.h"

namespace naru::testing {

/// A hash is "rig:" and the password.
class RigAuthenticator final : public security::Authenticator {
 public:
  void check(security::LoginAttempt attempt,
             std::move_only_function<void(Result<bool>)> done) override;
  bool remembers(const std::string& user, const std::string& hash,
                 std::string_view password) const override;
  void hash(std::string password, std::move_only_function<void(Result<std::string>)> done) override;

 private:
  std::set<std::string> accepted_;  // users with their hashes
};

}  // namespace naru::testing

#include "tests/support/rig_authenticator.h"

namespace naru::testing {

void RigAuthenticator::check(security::LoginAttempt attempt,
                             std::move_only_function<void(Result<bool>)> done) {
  const bool accepted = attempt.hash.has_value() && *attempt.hash == "rig:" + attempt.password;
  if (accepted) accepted_.insert(attempt.user + *attempt.hash);
  done(accepted);
}

bool RigAuthenticator::remembers(const std::string& user, const std::string& hash,
                                 std::string_view password) const {
  return accepted_.contains(user + hash) && hash == "rig:" + std::string(password);
}

void RigAuthenticator::hash(std::string password,
                            std::move_only_function<void(Result<std::string>)> done) {
  done("rig:" + password);
}

}  // namespace naru::testing

#include "security/pooled_authenticator.h"

#include <utility>

#include "security/password.h"

namespace naru::security {

namespace {
const char* const kBusy = "too many logins at once; try again";
}

struct PooledAuthenticator::Check {
  LoginCache::Digest digest{};
  std::string user, hash, password;
  bool accepted = false;
};

void PooledAuthenticator::check(const std::string& user, std::optional<std::string> hash,
                                std::string password, Done done) {
  if (hash && cache_.contains(user, *hash, password)) {
    wipe(password);
    return done(true);
  }
  auto check = std::make_shared<Check>();
  check->user = user;
  check->hash = std::move(hash).value_or("");
  check->password = std::move(password);
  check->digest = cache_.digest_of(user, check->hash, check->password);
  std::vector<Done>& waiting = under_way_[check->digest];
  waiting.push_back(std::move(done));
  if (waiting.size() > 1) return wipe(check->password);

  const bool taken = submit_(
      [check] {
        const bool known = !check->hash.empty();
        const std::string& against = known ? check->hash : unmatchable_hash();
        check->accepted = verify_password(against, check->password) && known;
      },
      [this, check] { finish(*check); });
  if (taken) return;
  wipe(check->password);
  auto refused = under_way_.extract(check->digest);
  for (Done& waiter : refused.mapped()) waiter(fail(Errc::limit, kBusy));
}

void PooledAuthenticator::finish(Check& check) {
  if (check.accepted) cache_.remember(check.user, check.hash, check.password);
  wipe(check.password);
  auto answered = under_way_.extract(check.digest);
  for (Done& waiter : answered.mapped()) waiter(check.accepted);
}

void PooledAuthenticator::hash(std::string password,
                               std::move_only_function<void(Result<std::string>)> done) {
  struct Hashing {
    std::string password;
    Result<std::string> hash;
    std::move_only_function<void(Result<std::string>)> done;
  };
  auto job = std::make_shared<Hashing>();
  job->password = std::move(password);
  job->done = std::move(done);
  const bool taken = submit_([job] { job->hash = hash_password(job->password); },
                             [job] {
                               wipe(job->password);
                               job->done(std::move(job->hash));
                             });
  if (!taken) {
    wipe(job->password);
    job->done(fail(Errc::limit, kBusy));
  }
}

}  // namespace naru::security

#include "security/pooled_authenticator.h"

#include <utility>

#include "security/password.h"

namespace naru::security {

namespace {
const char* const kBusy = "too many logins at once; try again";
}

void PooledAuthenticator::check(const std::string& user, std::optional<std::string> hash,
                                std::string password,
                                std::move_only_function<void(Result<bool>)> done) {
  if (hash && cache_.contains(user, *hash, password)) {
    wipe(password);
    return done(true);
  }
  struct Check {
    std::string user, hash, password;
    bool known = false;
    bool accepted = false;
    std::move_only_function<void(Result<bool>)> done;
  };
  auto job = std::make_shared<Check>();
  job->user = user;
  job->known = hash.has_value();
  job->hash = hash.value_or(unmatchable_hash());
  job->password = std::move(password);
  job->done = std::move(done);
  const bool taken =
      submit_([job] { job->accepted = verify_password(job->hash, job->password) && job->known; },
              [this, job] {
                if (job->accepted) cache_.remember(job->user, job->hash, job->password);
                wipe(job->password);
                job->done(job->accepted);
              });
  if (!taken) {
    wipe(job->password);
    job->done(fail(Errc::limit, kBusy));
  }
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

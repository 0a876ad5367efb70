#include "security/pooled_authenticator.h"

#include <utility>

#include "security/password.h"

namespace naru::security {

namespace {
const char* const kBusy = "too many logins at once; try again";
}

struct PooledAuthenticator::Check {
  struct Waiter {
    std::move_only_function<bool()> is_wanted;
    std::move_only_function<void(Result<bool>)> done;
  };
  LoginCache::Digest digest{};
  std::string user, hash, password;
  std::vector<Waiter> waiters;
  bool accepted = false;
};

void PooledAuthenticator::check(LoginAttempt attempt,
                                std::move_only_function<void(Result<bool>)> done) {
  if (attempt.hash && cache_.contains(attempt.user, *attempt.hash, attempt.password)) {
    wipe(attempt.password);
    return done(true);
  }
  const std::string hash = std::move(attempt.hash).value_or("");
  const LoginCache::Digest digest = cache_.digest_of(attempt.user, hash, attempt.password);
  CheckRef& check = under_way_[digest];
  const bool is_new = check == nullptr;
  if (is_new) {
    check = std::make_shared<Check>(digest, attempt.user, hash, std::move(attempt.password));
  }
  check->waiters.push_back({std::move(attempt.is_wanted), std::move(done)});
  wipe(attempt.password);
  if (!is_new) return;
  waiting_.put(attempt.source, attempt.user, check);
  begin_next();
  if (waiting_.size() > limits_.waiting_max) {
    answer(**waiting_.take_from_the_busiest(), fail(Errc::limit, kBusy));
  }
}

void PooledAuthenticator::begin_next() {
  while (begun_ < limits_.at_once) {
    const auto next = waiting_.take();
    if (!next) return;
    Check& check = **next;
    std::erase_if(check.waiters, [](Check::Waiter& waiter) { return !waiter.is_wanted(); });
    if (check.waiters.empty()) {
      answer(check, false);
    } else {
      begin(*next);
    }
  }
}

void PooledAuthenticator::begin(const CheckRef& check) {
  ++begun_;
  const bool taken = submit_(
      [check] {
        const bool known = !check->hash.empty();
        const std::string& against = known ? check->hash : unmatchable_hash();
        check->accepted = verify_password(against, check->password) && known;
      },
      [this, check] {
        --begun_;
        if (check->accepted) cache_.remember(check->user, check->hash, check->password);
        answer(*check, check->accepted);
        begin_next();
      });
  if (taken) return;
  --begun_;
  answer(*check, fail(Errc::limit, kBusy));
}

void PooledAuthenticator::answer(Check& check, const Result<bool>& result) {
  wipe(check.password);
  const auto held = under_way_.extract(check.digest);
  for (Check::Waiter& waiter : std::exchange(check.waiters, {})) waiter.done(result);
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

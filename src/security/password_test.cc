// What worries us: a wrong password that passes, a stale success after a change, an unknown user
// who answers faster.
#include "security/password.h"

#include <gtest/gtest.h>

#include "security/login_cache.h"
#include "security/pooled_authenticator.h"

namespace naru::security {
namespace {

class Passwords : public testing::Test {
 protected:
  void SetUp() override { initialise(); }
};

TEST_F(Passwords, OnlyTheRightOneMatches) {
  const std::string hash = hash_password("correct horse").value();
  EXPECT_TRUE(hash.starts_with("$argon2id$"));
  EXPECT_TRUE(verify_password(hash, "correct horse"));
  EXPECT_FALSE(verify_password(hash, "correct horsf"));
  EXPECT_FALSE(verify_password(hash, ""));
}

TEST_F(Passwords, TheSamePasswordHasManyHashes) {
  EXPECT_NE(hash_password("a").value(), hash_password("a").value());
}

TEST_F(Passwords, RabbitMqsSha256HashesAreAccepted) {
  // base64(salt 0x908dc60a + sha256(salt + "test12")), the worked example of RabbitMQ's password
  // guide.
  const std::string hash = "sha256:kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR";
  EXPECT_TRUE(verify_password(hash, "test12"));
  EXPECT_FALSE(verify_password(hash, "test13"));
}

TEST_F(Passwords, HashesComeAndGoAsRabbitMqWritesThem) {
  const std::string hash = "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR";
  for (const std::string algorithm : {"", "rabbit_password_hashing_sha256"}) {
    const auto stored = import_hash(hash, algorithm);
    ASSERT_TRUE(stored);
    EXPECT_TRUE(verify_password(*stored, "test12"));
    EXPECT_EQ(export_hash(*stored).hash, hash);
    EXPECT_EQ(export_hash(*stored).algorithm, "rabbit_password_hashing_sha256");
  }
  const std::string own = hash_password("secret").value();
  const ExportedHash exported = export_hash(own);
  EXPECT_EQ(import_hash(exported.hash, exported.algorithm), own);
  EXPECT_EQ(import_hash("", ""), "");
  EXPECT_FALSE(verify_password("", ""));
}

TEST_F(Passwords, HashesThatAreNoneAreRefused) {
  EXPECT_EQ(import_hash("AAAA", "").error().code, Errc::malformed);
  EXPECT_EQ(import_hash("no base64!", "").error().code, Errc::malformed);
  EXPECT_EQ(import_hash("x", "argon2id").error().code, Errc::malformed);
  EXPECT_EQ(import_hash("x", "rabbit_password_hashing_md5").error().code, Errc::not_implemented);
  // Dearer to check than ours: whoever knows the user's name could keep the machine busy.
  EXPECT_EQ(import_hash("$argon2id$v=19$m=1048576,t=10,p=1$c29tZXNhbHRzb21lc2FsdA$"
                        "RdescudvJCsgt3ub+b4dWRWJTmaaJObG3Yk5rQlJ0rA",
                        "argon2id")
                .error()
                .code,
            Errc::malformed);
}

TEST_F(Passwords, GarbageForAHashMatchesNothing) {
  for (const std::string hash : {"", "x", "sha256:", "sha256:AAAA", "$argon2id$v=19$broken"}) {
    EXPECT_FALSE(verify_password(hash, "")) << hash;
    EXPECT_FALSE(verify_password(hash, "x")) << hash;
  }
  EXPECT_FALSE(verify_password(std::string(100'000, 'a'), "x"));
}

TEST_F(Passwords, ARememberedLoginIsForgottenWhenTheStoredHashChanges) {
  LoginCache cache;
  cache.remember("ann", "hash-1", "secret");
  EXPECT_TRUE(cache.contains("ann", "hash-1", "secret"));
  EXPECT_FALSE(cache.contains("ann", "hash-2", "secret"));
  EXPECT_FALSE(cache.contains("ann", "hash-1", "secreT"));
  EXPECT_FALSE(cache.contains("bob", "hash-1", "secret"));
}

TEST_F(Passwords, TheCacheStaysBounded) {
  LoginCache cache(2);
  cache.remember("a", "h", "p");
  cache.remember("b", "h", "p");
  cache.remember("c", "h", "p");
  EXPECT_TRUE(cache.contains("c", "h", "p"));
  EXPECT_FALSE(cache.contains("a", "h", "p"));
}

/// Runs everything at once, or when told to, and counts what was asked.
struct Pool {
  int works = 0;
  bool full = false;
  bool hold = false;
  std::vector<std::move_only_function<void()>> held;
  PooledAuthenticator::Submit submit() {
    return [this](std::move_only_function<void()> work, std::move_only_function<void()> done) {
      if (full) return false;
      ++works;
      work();
      if (hold) {
        held.push_back(std::move(done));
      } else {
        done();
      }
      return true;
    };
  }
};

Result<bool> check(PooledAuthenticator& authenticator, std::optional<std::string> hash,
                   std::string password) {
  Result<bool> answer = fail(Errc::internal, "no answer");
  authenticator.check(
      {.user = "ann", .hash = std::move(hash), .password = std::move(password), .source = "here"},
      [&](Result<bool> result) { answer = std::move(result); });
  return answer;
}

TEST_F(Passwords, TheSecondLoginCostsNothing) {
  Pool pool;
  PooledAuthenticator authenticator(pool.submit());
  const std::string hash = hash_password("secret").value();
  EXPECT_EQ(check(authenticator, hash, "secret"), true);
  EXPECT_EQ(check(authenticator, hash, "secret"), true);
  EXPECT_EQ(pool.works, 1);
}

TEST_F(Passwords, EqualLoginsAtOnceAreOneCheck) {
  Pool pool;
  pool.hold = true;
  PooledAuthenticator authenticator(pool.submit(), {.at_once = 3});
  const std::string hash = hash_password("secret").value();
  int accepted = 0;
  int refused = 0;
  const auto ask = [&](const std::string& user, std::optional<std::string> stored,
                       const std::string& password) {
    authenticator.check(
        {.user = user, .hash = std::move(stored), .password = password, .source = "here"},
        [&](Result<bool> answer) { ++(answer.value() ? accepted : refused); });
  };
  for (int i = 0; i < 1000; ++i) ask("ann", hash, "secret");
  for (int i = 0; i < 10; ++i) ask("ann", hash, "wrong");
  ask("bob", std::nullopt, "secret");
  EXPECT_EQ(pool.works, 3);
  for (auto& done : pool.held) done();
  EXPECT_EQ(accepted, 1000);
  EXPECT_EQ(refused, 11);
}

TEST_F(Passwords, AnUnknownUserCostsAsMuchAsAKnownOne) {
  Pool pool;
  PooledAuthenticator authenticator(pool.submit());
  EXPECT_EQ(check(authenticator, std::nullopt, "secret"), false);
  EXPECT_EQ(check(authenticator, std::nullopt, "secret"), false);
  EXPECT_EQ(pool.works, 2);
}

/// Attempts that end when the pool is told to go on; the order and the outcome of each.
class Crowd : public Passwords {
 protected:
  Crowd() { pool.hold = true; }
  void ask(const std::string& user, const std::string& password, bool wanted = true) {
    authenticator.check(
        {.user = user,
         .hash = "no hash",
         .password = password,
         .source = "here",
         .is_wanted = [wanted] { return wanted; }},
        [this, user](Result<bool> answer) { (answer ? checked : refused).push_back(user); });
  }
  void go_on() {
    while (!pool.held.empty()) {
      auto held = std::exchange(pool.held, {});
      for (auto& done : held) done();
    }
  }
  Pool pool;
  PooledAuthenticator authenticator{pool.submit(), {.at_once = 1, .waiting_max = 10}};
  std::vector<std::string> checked;
  std::vector<std::string> refused;
};

TEST_F(Crowd, AFloodOfGuessesForOneNameDoesNotKeepAnotherWaiting) {
  for (int i = 0; i < 100; ++i) ask("ann", std::to_string(i));
  EXPECT_EQ(refused.size(), 89u) << "at once, as they would have to wait too long";
  ask("bob", "his own");
  EXPECT_EQ(refused, std::vector<std::string>(90, "ann"));
  go_on();
  ASSERT_EQ(checked.size(), 11u);
  EXPECT_TRUE(checked[1] == "bob" || checked[2] == "bob");
}

TEST_F(Crowd, WhatNobodyWaitsForIsNotChecked) {
  ask("ann", "1");
  for (int i = 2; i < 10; ++i) ask("ann", std::to_string(i), false);
  ask("ann", "10");
  go_on();
  EXPECT_EQ(pool.works, 2);
  ask("ann", "2");
  go_on();
  EXPECT_EQ(pool.works, 3) << "it comes back and is new";
}

TEST_F(Passwords, AFloodIsRefused) {
  Pool pool;
  pool.full = true;
  PooledAuthenticator authenticator(pool.submit());
  const std::string hash = hash_password("secret").value();
  const auto answer = check(authenticator, hash, "secret");
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Errc::limit);
  pool.full = false;
  EXPECT_EQ(check(authenticator, hash, "secret"), true);
}

}  // namespace
}  // namespace naru::security

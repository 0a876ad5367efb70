// What an import is decided by: the state as it would be, without a copy of the one that is there.

#include "core/topology/rehearsal.h"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <initializer_list>
#include <new>

#include "core/topology/metadata_fixture.h"

namespace {

// What this thread holds, as the allocator has given it out; the whole test program is counted.
thread_local std::ptrdiff_t held_bytes = 0;
thread_local std::ptrdiff_t most_held_bytes = 0;

}  // namespace

// A sanitizer's own operators see what these would not, in the whole program.
#ifndef NARU_SANITIZED
namespace {

void* give(std::size_t bytes) {
  void* const at = std::malloc(bytes);
  if (at == nullptr) std::abort();
  held_bytes += static_cast<std::ptrdiff_t>(malloc_usable_size(at));
  most_held_bytes = std::max(most_held_bytes, held_bytes);
  return at;
}
void take(void* at) noexcept {
  held_bytes -= static_cast<std::ptrdiff_t>(malloc_usable_size(at));
  std::free(at);
}

}  // namespace

void* operator new(std::size_t bytes) {
  return give(bytes);
}
void* operator new[](std::size_t bytes) {
  return give(bytes);
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return give(bytes);
}
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
  return give(bytes);
}
void operator delete(void* at) noexcept {
  take(at);
}
void operator delete[](void* at) noexcept {
  take(at);
}
void operator delete(void* at, std::size_t) noexcept {
  take(at);
}
void operator delete[](void* at, std::size_t) noexcept {
  take(at);
}
#endif

namespace naru::core {
namespace {

using testing::HasSubstr;

#ifdef NARU_SANITIZED
constexpr bool kCountsHeap = false;
#else
constexpr bool kCountsHeap = true;
#endif

constexpr std::size_t kEnough = 8 << 20;

class RehearsalTest : public MetadataTest {
 protected:
  RehearsalTest() {
    system.system = true;
    inside = system;
    inside.tenant = tenant;
  }

  /// The most that is held while a queue is rehearsed, beside what is there.
  std::size_t bytes_for_one_queue() {
    const std::ptrdiff_t before = held_bytes;
    most_held_bytes = before;
    Rehearsal rehearsal(catalog, random, kEnough);
    EXPECT_TRUE(rehearsal.run(durable("q"), inside));
    return static_cast<std::size_t>(most_held_bytes - before);
  }
  Actor in(TenantId where) const {
    Actor actor = system;
    actor.tenant = where;
    return actor;
  }
  static Error error_of(const Result<void>& decided) {
    return decided ? Error{Errc::ok, {}} : decided.error();
  }

  Actor system;  // in no tenant
  Actor inside;  // in "/"
};

TEST_F(RehearsalTest, OneQueueTakesAsMuchWhateverElseIsThere) {
  if (!kCountsHeap) GTEST_SKIP() << "a sanitizer's allocator does not tell what is held";
  const std::size_t alone = bytes_for_one_queue();
  EXPECT_GT(alone, 0u);
  for (int i = 0; i < 1000; ++i) {
    run(PutUserHashed{fmt::format("user{}", i), "hash", std::string(1000, 't')});
    run(PutTenant{fmt::format("vhost{}", i)});
  }
  EXPECT_LE(bytes_for_one_queue(), alone + 1024);
}

TEST_F(RehearsalTest, WhatItHoldsForAFileIsWhatItSays) {
  if (!kCountsHeap) GTEST_SKIP() << "a sanitizer's allocator does not tell what is held";
  const std::ptrdiff_t before = held_bytes;
  Rehearsal rehearsal(catalog, random, kEnough);
  const std::size_t said = rehearsal.memory_bytes();
  const std::ptrdiff_t empty = held_bytes - before;
  const auto check = [&](const char* what) {
    const auto held = static_cast<std::size_t>(held_bytes - before - empty);
    EXPECT_GT(rehearsal.memory_bytes() - said, held * 3 / 4) << what;
    EXPECT_LT(rehearsal.memory_bytes() - said, held * 5 / 4) << what;
  };
  for (int i = 0; i < 3000; ++i) {
    ASSERT_TRUE(rehearsal.run(
        PutUserHashed{fmt::format("user{}", i), "hash", std::string(1000, 't')}, system));
  }
  check("users");
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(rehearsal.run(PutTenant{fmt::format("{:0200}", i)}, system));
  }
  check("vhosts");
  for (int i = 0; i < 3000; ++i) {
    ASSERT_TRUE(rehearsal.run(durable(fmt::format("q{}", i)), inside));
  }
  check("queues");
  const std::size_t full = rehearsal.memory_bytes();
  for (int i = 0; i < 3000; ++i) {
    ASSERT_TRUE(rehearsal.run(PutPermission{fmt::format("user{}", i), "/", "", "", ""}, system));
  }
  EXPECT_EQ(rehearsal.memory_bytes(), full) << "nothing asks for a permission later";
}

TEST_F(RehearsalTest, UsersAndVhostsOfTheFileAndOfTheBrokerAreKnown) {
  ASSERT_TRUE(run(PutTenant{"old"}).changed());
  Rehearsal rehearsal(catalog, random, kEnough);
  const auto permit = [&](std::string who, std::string where) {
    return error_of(
        rehearsal.run(PutPermission{std::move(who), std::move(where), "", "", ""}, system));
  };
  EXPECT_EQ(permit("new", "/"), (Error{Errc::not_found, "no user 'new'"}));
  EXPECT_EQ(permit("guest", "made"), (Error{Errc::not_found, "no vhost 'made'"}));
  EXPECT_TRUE(rehearsal.run(PutUserHashed{"new", "", ""}, system));
  EXPECT_TRUE(rehearsal.run(PutUserHashed{"new", "", ""}, system));
  for (const char* name : {"made", "old", "made", "another", "/"}) {
    EXPECT_TRUE(rehearsal.run(PutTenant{name}, system)) << name;
  }
  for (const char* where : {"/", "old", "made", "another"}) {
    EXPECT_EQ(permit("new", where).code, Errc::ok);
    EXPECT_EQ(permit("guest", where).code, Errc::ok);
  }
  EXPECT_EQ(rehearsal.find_tenant("old"), catalog.find_tenant("old"));
  EXPECT_EQ(rehearsal.find_tenant("none"), std::nullopt);
  const TenantId made = rehearsal.find_tenant("made").value();
  EXPECT_GT(made, catalog.next_tenant());
  EXPECT_EQ(rehearsal.find_tenant("another"), made.next());

  // What is in one vhost is in no other.
  for (const TenantId where : {made, *catalog.find_tenant("old")}) {
    EXPECT_TRUE(rehearsal.run(durable("q"), in(where)));
    EXPECT_TRUE(rehearsal.run(bind("amq.direct", "q"), in(where)));
  }
  EXPECT_EQ(error_of(rehearsal.run(bind("amq.direct", "q"), in(made.next()))),
            (Error{Errc::not_found, "no queue 'q' in vhost 'another'"}));
  EXPECT_FALSE(rehearsal.run(durable("q"), in(made.next().next())));
}

TEST_F(RehearsalTest, AnAdministratorIsLeftAtEachStep) {
  run(PutUserHashed{"plain", "hash", "monitoring"});
  Rehearsal rehearsal(catalog, random, kEnough);
  const auto put = [&](std::string name, std::optional<std::string> hash, std::string tags) {
    return error_of(
        rehearsal.run(PutUserHashed{std::move(name), std::move(hash), std::move(tags)}, system));
  };
  EXPECT_EQ(put("guest", std::nullopt, "").code, Errc::resource_locked);
  EXPECT_EQ(put("guest", "", "administrator").code, Errc::resource_locked);
  EXPECT_EQ(put("guest", "other", "administrator,more").code, Errc::ok);
  EXPECT_EQ(put("new", "", "administrator").code, Errc::ok);
  EXPECT_EQ(put("guest", std::nullopt, "").code, Errc::resource_locked) << "new cannot log in";
  EXPECT_EQ(put("new", "hash", "administrator").code, Errc::ok);
  EXPECT_EQ(put("guest", std::nullopt, "").code, Errc::ok);
  EXPECT_THAT(put("new", std::nullopt, "").what, HasSubstr("user 'new' is the last administrator"));
  EXPECT_EQ(put("plain", std::nullopt, "administrator").code, Errc::ok) << "its password stays";
  EXPECT_EQ(put("new", std::nullopt, "").code, Errc::ok);
  EXPECT_EQ(put("plain", "", "administrator").code, Errc::resource_locked);
}

TEST_F(RehearsalTest, WhatIsThereStaysByTheNameThatItHas) {
  run(durable("q"));
  run(exchange("x", "headers"));
  Rehearsal rehearsal(catalog, random, kEnough);
  for (const char* name : {"q", "q\n", "\rq"}) {
    EXPECT_TRUE(is_declared(catalog, tenant, transient(name)));
    EXPECT_TRUE(rehearsal.run(transient(name), inside));
  }
  for (const char* name : {"x", "x\n"}) {
    EXPECT_TRUE(is_declared(catalog, tenant, exchange(name, "direct")));
    EXPECT_TRUE(rehearsal.run(exchange(name, "direct"), inside));
  }
  EXPECT_FALSE(is_declared(catalog, tenant, durable("x")));
  EXPECT_FALSE(is_declared(catalog, tenant.next(), durable("q")));
  EXPECT_FALSE(is_declared(catalog, tenant, PutTenant{"/"}));
  EXPECT_TRUE(rehearsal.run(durable("new\n"), inside));
  EXPECT_TRUE(rehearsal.run(transient("new"), inside)) << "the first one counts";
}

// A table is twice as large before the last one is let go of.
TEST_F(RehearsalTest, WhatIsTooMuchIsRefusedBeforeItIsHeld) {
  constexpr std::size_t kMost = 256 << 10;
  const auto fill = [&](const std::function<Metadata::Change(int)>& change) {
    const std::ptrdiff_t before = held_bytes;
    most_held_bytes = before;
    Rehearsal rehearsal(catalog, random, kMost);
    for (int i = 0; i < 100'000; ++i) {
      const auto decided = rehearsal.run(change(i), inside);
      if (decided) continue;
      EXPECT_EQ(decided.error(),
                (Error{Errc::limit,
                       "to decide so many definitions at once takes more than 262144 bytes; import "
                       "them in parts"}));
      EXPECT_LE(rehearsal.memory_bytes(), kMost);
      EXPECT_GT(i, 300);
      break;
    }
    // Beside it: the stage, and what the allocator rounds up.
    if (kCountsHeap) {
      EXPECT_LT(most_held_bytes - before, static_cast<std::ptrdiff_t>(kMost + (64 << 10)));
    }
    return rehearsal.memory_bytes();
  };
  for (const auto& change : std::initializer_list<std::function<Metadata::Change(int)>>{
           [&](int i) { return durable(fmt::format("q{}", i)); },
           [&](int i) { return exchange(fmt::format("x{}", i), "direct"); },
           [](int i) { return PutUserHashed{fmt::format("u{}", i), "", ""}; },
           [](int i) { return PutTenant{fmt::format("v{}", i)}; }}) {
    EXPECT_GT(fill(change), kMost / 4);
  }
}

// An import is decided over many turns, in which others go on.
TEST_F(RehearsalTest, TheCatalogueMayChangeBetween) {
  Rehearsal rehearsal(catalog, random, kEnough);
  EXPECT_TRUE(rehearsal.run(PutTenant{"made"}, system));
  const TenantId made = rehearsal.find_tenant("made").value();
  EXPECT_TRUE(rehearsal.run(durable("q"), in(made)));
  ASSERT_TRUE(run(PutTenant{"others"}).changed());
  ASSERT_TRUE(run(PutTenant{"made"}).changed());
  const TenantId others = rehearsal.find_tenant("others").value();
  EXPECT_NE(others, made);
  EXPECT_EQ(rehearsal.find_tenant("made"), made);
  EXPECT_TRUE(rehearsal.run(bind("amq.direct", "q"), in(made)));
  EXPECT_EQ(error_of(rehearsal.run(bind("amq.direct", "q"), in(others))),
            (Error{Errc::not_found, "no queue 'q' in vhost 'others'"}));
  EXPECT_TRUE(rehearsal.run(PutTenant{"later"}, system));
  EXPECT_TRUE(rehearsal.run(durable("q"), in(rehearsal.find_tenant("later").value())));
  EXPECT_TRUE(rehearsal.run(PutPermission{"guest", "others", "", "", ""}, system));
  ASSERT_TRUE(run(DeleteTenant{"others"}).changed());
  EXPECT_EQ(rehearsal.find_tenant("others"), std::nullopt);
  EXPECT_FALSE(rehearsal.run(durable("p"), in(others)));

  // Who administers is counted as it is.
  const auto demote_guest = [&] {
    return error_of(rehearsal.run(PutUserHashed{"guest", std::nullopt, ""}, system));
  };
  EXPECT_EQ(demote_guest().code, Errc::resource_locked);
  run(PutUserHashed{"second", "hash", "administrator"});
  EXPECT_EQ(demote_guest().code, Errc::ok);
}

}  // namespace
}  // namespace naru::core

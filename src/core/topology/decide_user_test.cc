// Users, permissions and tenants: who may change them, what they begin with, and that guest, once
// deleted, is gone for good.

#include "core/topology/metadata_fixture.h"

namespace naru::core {
namespace {

using testing::HasSubstr;

TEST_F(MetadataTest, AnEmptyDirectoryBeginsWithGuestInTheRootTenant) {
  const UserInfo* there = catalog.find_user("guest");
  ASSERT_NE(there, nullptr);
  EXPECT_EQ(there->password_hash, "hash");
  EXPECT_EQ(there->tags, "administrator");
  EXPECT_TRUE(catalog.may_enter({"guest", ""}, tenant));
  EXPECT_TRUE(catalog.authorize({"guest", ""}, tenant, security::Action::configure, "anything"));
}

TEST_F(MetadataTest, ADeletedGuestDoesNotComeBack) {
  run(PutUserHashed{"root", "hash", "administrator"});
  ASSERT_TRUE(run(DeleteUser{"guest"}).changed());
  Actor system;
  system.system = true;
  EXPECT_FALSE(run(Bootstrap{"hash"}, system).changed());
  EXPECT_EQ(catalog.find_user("guest"), nullptr);
  EXPECT_FALSE(catalog.may_enter({"guest", ""}, tenant));
}

TEST_F(MetadataTest, OnlyAdministratorsChangeUsersTenantsAndPermissions) {
  const Actor plain = user("plain", ".*", ".*", ".*");
  for (Metadata::Change& change : std::vector<Metadata::Change>{
           PutUserHashed{"plain", std::nullopt, "administrator"}, DeleteUser{"guest"},
           PutTenant{"t"}, DeleteTenant{"/"}, PutPermission{"plain", "/", "", "", ""},
           DeletePermission{"guest", "/"}}) {
    EXPECT_EQ(error(std::move(change), plain),
              (Error{Errc::access_refused, "user 'plain' is not an administrator"}));
  }
  EXPECT_NE(catalog.find_user("guest"), nullptr);
}

TEST_F(MetadataTest, AUserKeepsItsPasswordWhenOnlyItsTagsChange) {
  EXPECT_TRUE(run(PutUserHashed{"u", "one", ""}).changed());
  EXPECT_TRUE(run(PutUserHashed{"u", std::nullopt, "monitoring"}).changed());
  EXPECT_EQ(catalog.find_user("u")->password_hash, "one");
  EXPECT_EQ(catalog.find_user("u")->tags, "monitoring");
  EXPECT_FALSE(run(PutUserHashed{"u", std::nullopt, "monitoring"}).changed());
  EXPECT_TRUE(run(PutUserHashed{"u", "two", "monitoring"}).changed());
  EXPECT_EQ(catalog.find_user("u")->password_hash, "two");
  EXPECT_EQ(error(PutUserHashed{"", "x", ""}).code, Errc::precondition_failed);
}

TEST_F(MetadataTest, TheLastAdministratorWhoCanLogInStays) {
  const Error refused{Errc::resource_locked,
                      "user 'guest' is the last administrator who can log in: first give another "
                      "user the tag administrator and a password"};
  EXPECT_EQ(error(DeleteUser{"guest"}), refused);
  EXPECT_EQ(error(PutUserHashed{"guest", std::nullopt, "management"}), refused);
  EXPECT_EQ(error(PutUserHashed{"guest", "", "administrator"}), refused);
  run(PutUserHashed{"watcher", "hash", "monitoring"});
  run(PutUserHashed{"nopassword", "", "administrator"});
  EXPECT_EQ(error(DeleteUser{"guest"}), refused);
  EXPECT_TRUE(run(PutUserHashed{"guest", "other", "administrator"}).changed());
  EXPECT_TRUE(run(DeleteUser{"watcher"}).changed());
  EXPECT_TRUE(run(PutUserHashed{"root", "hash", "management,administrator"}).changed());
  EXPECT_TRUE(run(DeleteUser{"guest"}).changed());
}

TEST_F(MetadataTest, OfTwoAdministratorsWhoLeaveAtOnceOneStays) {
  run(PutUserHashed{"root", "hash", "administrator"});
  const auto first = submit(DeleteUser{"guest"});
  const auto second = submit(PutUserHashed{"root", std::nullopt, ""});
  turn();
  EXPECT_TRUE(first->changed());
  EXPECT_EQ(second->error().code, Errc::resource_locked);
}

TEST_F(MetadataTest, WhatIsNotThereCannotBeDeletedOrPermitted) {
  EXPECT_EQ(error(DeleteUser{"u"}), (Error{Errc::not_found, "no user 'u'"}));
  EXPECT_EQ(error(DeleteTenant{"t"}), (Error{Errc::not_found, "no vhost 't'"}));
  EXPECT_EQ(error(PutPermission{"u", "/", "", "", ""}).code, Errc::not_found);
  EXPECT_EQ(error(PutPermission{"guest", "t", "", "", ""}).code, Errc::not_found);
  run(PutUserHashed{"u", "x", ""});
  EXPECT_EQ(error(DeletePermission{"u", "/"}).code, Errc::not_found);
}

TEST_F(MetadataTest, PatternsAreCheckedWhenTheyAreGiven) {
  const Error refused = error(PutPermission{"guest", "/", "(", ".*", ".*"});
  EXPECT_EQ(refused.code, Errc::precondition_failed);
  EXPECT_THAT(refused.what, HasSubstr("'('"));
  EXPECT_TRUE(catalog.authorize({"guest", ""}, tenant, security::Action::configure, "q"));
}

TEST_F(MetadataTest, PatternsThatWereCheckedAreNotCheckedAgain) {
  EXPECT_TRUE(run(PutPermission{"guest", "/", "(", ".*", ".*", true}).changed());
  EXPECT_FALSE(catalog.authorize({"guest", ""}, tenant, security::Action::configure, "("));
}

TEST_F(MetadataTest, PermissionsTakeEffectWhenAnswered) {
  const Actor actor = user("u", "^mine-", "", "");
  EXPECT_TRUE(run(durable("mine-1"), actor).changed());
  EXPECT_EQ(error(durable("yours"), actor).code, Errc::access_refused);
  EXPECT_TRUE(run(DeletePermission{"u", "/"}).changed());
  EXPECT_EQ(error(durable("mine-2"), actor).code, Errc::access_refused);
}

TEST_F(MetadataTest, ANewTenantIsItsCreatorsAndIsApartFromTheOthers) {
  ASSERT_TRUE(run(PutTenant{"t"}).changed());
  EXPECT_FALSE(run(PutTenant{"t"}).changed());
  const TenantId made = *catalog.find_tenant("t");
  EXPECT_NE(made, tenant);
  EXPECT_NE(catalog.find_exchange(made, "amq.topic"), nullptr);
  Actor there = guest;
  there.tenant = made;
  EXPECT_TRUE(run(durable("q"), there).changed());
  EXPECT_EQ(queue("q"), nullptr);
  EXPECT_EQ(error(PutTenant{""}).code, Errc::precondition_failed);
}

TEST_F(MetadataTest, TenantsMadeInOneTurnAreTwoAndIdsAreNotUsedAgain) {
  const auto one = submit(PutTenant{"one"});
  const auto two = submit(PutTenant{"two"});
  turn();
  EXPECT_TRUE(one->changed());
  EXPECT_TRUE(two->changed());
  const TenantId largest = *catalog.find_tenant("two");
  EXPECT_NE(catalog.find_tenant("one"), largest);
  run(DeleteTenant{"two"});
  run(PutTenant{"three"});
  EXPECT_GT(*catalog.find_tenant("three"), largest);
}

TEST_F(MetadataTest, ADeletedUsersChangesThatWaitAreRefused) {
  const Actor actor = user("u", ".*", ".*", ".*");
  submit(durable("q"), actor);
  const auto waiting = submit(DeleteQueue{"q"}, actor);
  const auto deleted = submit(DeleteUser{"u"});
  turn();
  EXPECT_TRUE(deleted->changed());
  EXPECT_EQ(waiting->error().code, Errc::access_refused);
}

}  // namespace
}  // namespace naru::core

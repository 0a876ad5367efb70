// What worries us: a source that wins over the wrong one, a typing error that is silently ignored,
// a message that does not say where it was.
#include "app/load_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "app/settings.h"

namespace naru::app {
namespace {

using testing::HasSubstr;

struct Sources {
  Result<Config> load() {
    ConfigSources sources;
    if (!file.empty()) sources.file = {"naru.toml", file};
    sources.environment = [this](const char* name) -> const char* {
      const auto found = environment.find(name);
      return found == environment.end() ? nullptr : found->second.c_str();
    };
    sources.sets = sets;
    sources.data_dir = data_dir;
    return load_config(sources);
  }
  std::string error() {
    const Result<Config> loaded = load();
    EXPECT_FALSE(loaded);
    if (loaded) return "";
    EXPECT_EQ(loaded.error().what.find('\n'), std::string::npos) << "one line";
    return loaded.error().what;
  }
  std::string file;
  std::map<std::string, std::string> environment;
  std::vector<std::string> sets;
  std::optional<std::string> data_dir;
};

TEST(LoadConfig, WithoutSourcesEverythingHasItsDefault) {
  const Result<Config> config = Sources{}.load();
  ASSERT_TRUE(config);
  EXPECT_EQ(config->data_dir, "data");
  EXPECT_EQ(config->listeners_amqp, (std::vector<io::Endpoint>{{"127.0.0.1", 5672}}));
}

TEST(LoadConfig, FlagBeforeEnvironmentBeforeFileBeforeDefault) {
  Sources sources;
  sources.file = "[server]\nshards = 2\ndrain_ms = 2\nhandshake_ms = 2000\n";
  sources.environment = {{"NARU_SERVER_DRAIN_MS", "3"}, {"NARU_SERVER_HANDSHAKE_MS", "3000"}};
  sources.sets = {"server.handshake_ms=4000"};
  const Result<Config> config = sources.load();
  ASSERT_TRUE(config) << config.error().what;
  EXPECT_EQ(config->server_shards, 2u);
  EXPECT_EQ(config->server_drain_ms, 3u);
  EXPECT_EQ(config->server_handshake_ms, 4000u);
}

TEST(LoadConfig, ListenersAreAListOfAddresses) {
  Sources sources;
  sources.sets = {R"(listeners.amqp=["127.0.0.1:5673", "[::1]:0"])", "listeners.http=[]"};
  const Result<Config> config = sources.load();
  ASSERT_TRUE(config) << config.error().what;
  EXPECT_EQ(config->listeners_amqp, (std::vector<io::Endpoint>{{"127.0.0.1", 5673}, {"::1", 0}}));
  EXPECT_TRUE(config->listeners_http.empty());
}

TEST(LoadConfig, BareWordsAreTextsWhereATextIsWanted) {
  Sources sources;
  sources.environment = {{"NARU_LISTENERS_AMQP", "127.0.0.1:1234"}, {"NARU_LOG_LEVEL", "debug"}};
  sources.sets = {"data_dir=/var/lib/naru", "disk.free_min=2GiB"};
  const Result<Config> config = sources.load();
  ASSERT_TRUE(config) << config.error().what;
  EXPECT_EQ(config->listeners_amqp.at(0).port, 1234);
  EXPECT_EQ(config->log_level, "debug");
  EXPECT_EQ(config->data_dir, "/var/lib/naru");
  EXPECT_EQ(config->disk_free_min, std::uint64_t{2} << 30);
}

TEST(LoadConfig, TheDataDirectoryFlagWins) {
  Sources sources;
  sources.sets = {"data_dir=\"a\""};
  sources.data_dir = "b";
  EXPECT_EQ(sources.load()->data_dir, "b");
}

TEST(LoadConfig, AnUnknownKeyIsNamedWithItsPlaceAndANeighbour) {
  Sources sources;
  sources.file = "log.level = \"info\"\n[listeners]\nampq = [\"127.0.0.1:5672\"]\n";
  const std::string error = sources.error();
  EXPECT_THAT(error, HasSubstr("naru.toml: line 3"));
  EXPECT_THAT(error, HasSubstr("'listeners.ampq'"));
  EXPECT_THAT(error, HasSubstr("did you mean 'listeners.amqp'?"));
}

TEST(LoadConfig, AKeyLikeNoOtherGetsNoSuggestion) {
  Sources sources;
  sources.sets = {"quite_something_else=1"};
  EXPECT_THAT(sources.error(), testing::Not(HasSubstr("did you mean")));
}

TEST(LoadConfig, TheLastPartOfAKeyIsRecognised) {
  Sources sources;
  sources.sets = {"shards=2"};
  EXPECT_THAT(sources.error(), HasSubstr("did you mean 'server.shards'?"));
}

TEST(LoadConfig, VariablesThatNobodyReadsAreWarnedOfWithTheLikelyName) {
  EXPECT_THAT(warn_of_unknown_variables(
                  {"HOME", "NARU_URL", "NARU_PASSWORD", "NARU_BUILD", "NARU_DISK_FREE_MIN"}),
              testing::IsEmpty());
  EXPECT_THAT(
      warn_of_unknown_variables({"NARU_STORAGE_WAL_FILE_BYTE", "NARU_SHARDS", "NARU_WHATEVER"}),
      testing::ElementsAre(HasSubstr("NARU_STORAGE_WAL_FILE_BYTE is no setting and is ignored, did "
                                     "you mean NARU_STORAGE_WAL_FILE_BYTES?"),
                           HasSubstr("did you mean NARU_SERVER_SHARDS?"),
                           HasSubstr("NARU_WHATEVER is no setting and is ignored;")));
}

TEST(LoadConfig, AnAddressIsForOneListener) {
  Config config;
  config.listeners_http = config.listeners_amqp;
  const auto refused = check_agreement(config);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().what,
            "listeners.amqp and listeners.http both name 127.0.0.1:5672: give one of them another "
            "port");
  config.listeners_amqp = config.listeners_http = {{"127.0.0.1", 0}};
  EXPECT_TRUE(check_agreement(config));
}

TEST(LoadConfig, BrokenTomlSaysWhere) {
  Sources sources;
  sources.file = "[server]\nshards = \n";
  EXPECT_THAT(sources.error(), HasSubstr("naru.toml: line 2"));
}

TEST(LoadConfig, ValuesOfTheWrongKindAreRefused) {
  for (const char* set :
       {"server.shards=\"two\"", "server.shards=0", "server.shards=65", "server.shards=-1",
        "server.shards=1.5", "log.level=loud", "log.level=3", "listeners.amqp=[\"nowhere\"]",
        "listeners.amqp=[\"1.2.3.4:70000\"]", "listeners.amqp=5672", "disk.free_min=\"1 elephant\"",
        "data_dir=\"\"", "data_dir", "log.level={ a = 1 }"}) {
    Sources sources;
    sources.sets = {set};
    EXPECT_THAT(sources.error(), HasSubstr("--set")) << set;
  }
}

TEST(LoadConfig, WhateverAKeyHoldsTheMessageIsOneLine) {
  Sources sources;
  sources.file = "\"log\\nlevel\" = 1\n";
  EXPECT_THAT(sources.error(), HasSubstr("log level"));
}

TEST(LoadConfig, AKeyThatBeginsWrongIsRefused) {
  Sources sources;
  sources.file = "[:]\n";
  EXPECT_THAT(sources.error(), HasSubstr("line 1"));
  sources.file = "\uFEFB = 1\n";
  EXPECT_THAT(sources.error(), HasSubstr("line 1"));
}

TEST(LoadConfig, BytesThatNoNumberHoldsAreRefused) {
  Sources sources;
  sources.sets = {"disk.free_min=\"17179869184GiB\""};  // 2^64
  EXPECT_THAT(sources.error(), HasSubstr("more than any disk holds"));
}

TEST(LoadConfig, ASetCannotSmuggleASecondKeyIn) {
  Sources sources;
  sources.sets = {"server.shards=2\nvalue2=3"};
  EXPECT_FALSE(sources.load());
}

TEST(Settings, EveryDefaultIsAcceptedByItsOwnSetting) {
  const Config defaults;
  for (const Setting& setting : settings()) {
    Sources sources;
    sources.sets = {std::string(setting.key) + "=" + to_toml(defaults, setting)};
    EXPECT_TRUE(sources.load()) << setting.key;
    sources.sets.clear();
    sources.environment = {{environment_name(setting), to_toml(defaults, setting)}};
    EXPECT_TRUE(sources.load()) << environment_name(setting);
  }
}

TEST(Settings, ATextIsWrittenAsTomlWhateverItHolds) {
  Config config;
  config.amqp_product = "a \"quoted\\ name\nof two lines\x7f";
  const Setting& setting = *find_setting("amqp.product");
  Sources sources;
  sources.file = "amqp.product = " + to_toml(config, setting) + "\n";
  const Result<Config> read = sources.load();
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->amqp_product, config.amqp_product);
}

TEST(Settings, TheHelpIsItselfAConfiguration) {
  Sources sources;
  sources.file = settings_help();
  EXPECT_TRUE(sources.load());
}

TEST(LoadConfig, MemoryLimitIsBytesOrAShare) {
  Sources sources;
  EXPECT_EQ(sources.load()->memory_limit, (MemoryLimit{.bytes = 0, .percent = 60}));
  const std::uint64_t gib = std::uint64_t{1} << 30;
  for (const auto& [text, limit] : std::map<std::string, MemoryLimit>{
           {"memory.limit=\"25%\"", {.bytes = 0, .percent = 25}},
           {"memory.limit=100%", {.bytes = 0, .percent = 100}},
           {"memory.limit=2GiB", {.bytes = 2 * gib, .percent = 0}},
           {"memory.limit=1073741824", {.bytes = gib, .percent = 0}}}) {
    sources.sets = {text};
    const Result<Config> config = sources.load();
    ASSERT_TRUE(config) << config.error().what;
    EXPECT_EQ(config->memory_limit, limit) << text;
  }
}

TEST(LoadConfig, MemoryLimitHasToMakeSense) {
  Sources sources;
  for (const char* text : {"0%", "101%", "-5%", "6 %", "%", "sixty%", "5.5%"}) {
    sources.sets = {std::string("memory.limit=\"") + text + "\""};
    EXPECT_THAT(sources.error(), HasSubstr("memory.limit takes a share between")) << text;
  }
  sources.sets = {"memory.limit=much"};
  EXPECT_THAT(sources.error(), HasSubstr("memory.limit takes bytes, like \"2GiB\", or a share"));
  sources.sets = {"storage.cache_bytes=64MB"};
  EXPECT_THAT(sources.error(), HasSubstr("with KiB, MiB, GiB, TiB, PiB, EiB, like \"64MiB\""));
  sources.sets = {"storage.cache_bytes=20000000TiB"};
  EXPECT_THAT(sources.error(), HasSubstr("is more than any disk holds"));
  sources.sets = {"storage.cache_bytes=2TiB"};
  EXPECT_THAT(sources.error(), HasSubstr("is 2 TiB, and must lie between"));
  sources.sets = {"memory.limit=1MiB"};
  EXPECT_THAT(sources.error(), HasSubstr("is 1 MiB, and must lie between 64 MiB and"));
}

}  // namespace
}  // namespace naru::app

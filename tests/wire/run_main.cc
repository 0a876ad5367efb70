// Runs the transcripts of a folder, each on a broker of one shard and of two. Prints a case for
// each.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/wire/script.h"

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s FOLDER|FILE.wire...\n", argv[0]);
    return 2;
  }
  std::vector<std::filesystem::path> files;
  for (int i = 1; i < argc; ++i) {
    const std::filesystem::path path = argv[i];
    if (!std::filesystem::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
      if (entry.path().extension() == ".wire") files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  int failed = files.empty() ? 1 : 0;
  for (const auto& file : files) {
    std::ifstream stream(file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(stream),
                           std::istreambuf_iterator<char>()};
    const std::string name = file.parent_path().filename().string() + "/" + file.stem().string();
    for (std::uint16_t shards = 1; shards <= 2; ++shards) {
      const auto result = naru::wire::run_script(text, {shards, 1});
      if (!result) ++failed;
      std::printf("%s %s on %d shard%s%s%s\n", result ? "PASS" : "FAIL", name.c_str(), shards,
                  shards == 1 ? "" : "s", result ? "" : ": ",
                  result ? "" : result.error().what.c_str());
      std::fflush(stdout);
    }
  }
  return failed == 0 ? 0 : 1;
}

// Feeds every input of a corpus to a fuzz target, so that what the fuzzer once found stays found in
// builds without libFuzzer. Prints one case for the suite.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

// Exactly as long as the input, so that a sanitizer sees the first byte read beyond it.
void replay(const std::string& bytes) {
  auto copy = std::make_unique<std::uint8_t[]>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), copy.get());
  LLVMFuzzerTestOneInput(copy.get(), bytes.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
    return 2;
  }
  const std::filesystem::path corpus = argv[1];
  const std::string name = corpus.filename().string();
  std::vector<std::filesystem::path> inputs;
  if (std::filesystem::is_directory(corpus)) {
    for (const auto& entry : std::filesystem::directory_iterator(corpus)) {
      if (entry.is_regular_file()) inputs.push_back(entry.path());
    }
  }
  std::sort(inputs.begin(), inputs.end());
  if (inputs.empty()) {
    std::printf("FAIL %s: no seed in %s\n", name.c_str(), corpus.c_str());
    return 1;
  }
  replay("");
  for (const auto& input : inputs) {
    // Named first: when the target aborts, the log's last line says on which input.
    std::printf("%s\n", input.c_str());
    std::fflush(stdout);
    std::ifstream file(input, std::ios::binary);
    replay({std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()});
  }
  std::printf("PASS %s: %zu inputs\n", name.c_str(), inputs.size());
}

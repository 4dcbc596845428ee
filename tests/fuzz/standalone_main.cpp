// Runs a fuzz target without libFuzzer, which g++ lacks: every file named, every file below every
// folder named, and with --mutate=N that many random changes of each (seeded, so that a failure
// repeats).

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

void run(const std::string& input) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

std::string read_file(const fs::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

void mutate(std::string& text, const std::vector<std::string>& corpus, std::mt19937_64& random) {
    const auto below = [&random](std::size_t limit) {
        return limit == 0 ? 0 : static_cast<std::size_t>(random() % limit);
    };
    const std::size_t rounds = 1 + below(4);
    for (std::size_t round = 0; round < rounds; ++round) {
        const std::size_t at = below(text.size() + 1);
        const std::size_t length = below(std::min<std::size_t>(text.size() - at, 40) + 1);
        switch (below(6)) {
        case 0: text.insert(at, 1, static_cast<char>(below(256))); break;
        case 1:
            if (at < text.size()) {
                text[at] = static_cast<char>(below(256));
            }
            break;
        case 2: text.erase(at, length); break;
        case 3: text.insert(at, text.substr(at, length)); break;
        case 4: {
            const std::string& other = corpus[below(corpus.size())];
            const std::size_t from = below(other.size() + 1);
            text.insert(at, other.substr(from, below(80)));
            break;
        }
        default: text.resize(at); break;
        }
    }
}

} // namespace

int main(int argc, char** argv) {
    std::size_t mutations = 0;
    std::vector<std::string> corpus;
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        constexpr std::string_view kMutate = "--mutate=";
        if (argument.substr(0, kMutate.size()) == kMutate) {
            mutations = std::strtoul(argv[i] + kMutate.size(), nullptr, 10);
        } else if (fs::is_directory(argument)) {
            std::vector<fs::path> paths;
            for (const fs::directory_entry& entry : fs::recursive_directory_iterator(argument)) {
                if (entry.is_regular_file()) {
                    paths.push_back(entry.path());
                }
            }
            std::sort(paths.begin(), paths.end());
            for (const fs::path& path : paths) {
                corpus.push_back(read_file(path));
            }
        } else if (fs::is_regular_file(argument)) {
            corpus.push_back(read_file(argument));
        } else {
            std::fprintf(stderr, "%s: no such file or folder\n", argv[i]);
            return 2;
        }
    }
    if (corpus.empty()) {
        corpus.emplace_back();
    }
    std::size_t executions = 0;
    for (const std::string& input : corpus) {
        run(input);
        ++executions;
    }
    std::mt19937_64 random(20240229);
    for (std::size_t i = 0; i < mutations; ++i) {
        std::string text = corpus[i % corpus.size()];
        mutate(text, corpus, random);
        // A crash leaves the input that made it.
        std::ofstream("fuzz-last-input", std::ios::binary) << text;
        run(text);
        ++executions;
    }
    std::printf("%zu executions\n", executions);
    return 0;
}

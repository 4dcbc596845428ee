// Reads the files that standard input names, one in a line, and parses each whole with tree-sitter: the least that
// any analysis of them can cost. Prints the number of files and bytes. Whoever runs it takes its processor time.

#include <tree_sitter/api.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>

extern "C" const TSLanguage* tree_sitter_python(void);

namespace {

bool read_whole(const std::string& path, std::string& bytes) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file) return false;
    bytes.resize(static_cast<std::size_t>(file.tellg()));
    file.seekg(0);
    return static_cast<bool>(file.read(bytes.data(), static_cast<std::streamsize>(bytes.size())));
}

} // namespace

int main() {
    TSParser* const parser = ts_parser_new();
    ts_parser_set_language(parser, tree_sitter_python());
    std::size_t files = 0;
    std::size_t total = 0;
    std::string path;
    std::string bytes;
    while (std::getline(std::cin, path)) {
        if (!read_whole(path, bytes)) {
            std::fprintf(stderr, "cannot read %s\n", path.c_str());
            return EXIT_FAILURE;
        }
        TSTree* const tree = ts_parser_parse_string(parser, nullptr, bytes.data(),
                                                    static_cast<std::uint32_t>(bytes.size()));
        if (tree == nullptr) {
            std::fprintf(stderr, "no tree of %s\n", path.c_str());
            return EXIT_FAILURE;
        }
        ts_tree_delete(tree);
        ++files;
        total += bytes.size();
    }
    ts_parser_delete(parser);
    std::printf("%zu %zu\n", files, total);
    return EXIT_SUCCESS;
}

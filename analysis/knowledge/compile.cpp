// awaitls_knowledge_compiler: turns the knowledge tables into C++ (for the build) or Markdown (for
// the docs).

#include "analysis/knowledge/tables.h"

#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

namespace {

constexpr int kExitTables = 1; // a table is wrong
constexpr int kExitUsage = 2;  // wrong arguments, or a file cannot be read or written

bool read_file(const std::string& path, std::string& text) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream content;
    content << in.rdbuf();
    text = content.str();
    return in.good() || (in.eof() && !in.bad());
}

bool write_file(const std::string& path, const std::string& text) {
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << text;
    out.close();
    return !out.fail();
}

} // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const bool markdown = !arguments.empty() && arguments[0] == "--markdown";
    if (arguments.size() < 3 || (!markdown && arguments[0] != "--cpp")) {
        std::cerr << "usage: awaitls_knowledge_compiler --cpp|--markdown OUTPUT TABLE.tsv...\n";
        return kExitUsage;
    }
    std::vector<awaitls::analysis::tables::TableFile> files;
    for (std::size_t index = 2; index < arguments.size(); ++index) {
        const std::string& path = arguments[index];
        std::string text;
        if (!read_file(path, text)) {
            std::cerr << path << ": cannot be read\n";
            return kExitUsage;
        }
        files.push_back({path.substr(path.find_last_of('/') + 1), std::move(text)});
    }
    awaitls::analysis::tables::Tables tables;
    const std::vector<awaitls::analysis::tables::TableError> errors =
        awaitls::analysis::tables::read_tables(files, tables);
    for (const awaitls::analysis::tables::TableError& error : errors) {
        std::cerr << awaitls::analysis::tables::to_string(error) << '\n';
    }
    if (!errors.empty()) {
        return kExitTables;
    }
    const std::string text = markdown ? awaitls::analysis::tables::render_markdown(tables)
                                      : awaitls::analysis::tables::render_cpp(tables);
    if (!write_file(arguments[1], text)) {
        std::cerr << arguments[1] << ": cannot be written\n";
        return kExitUsage;
    }
    return 0;
}

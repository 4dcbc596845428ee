// awaitls_typeshed_reader: makes knowledge tables of the standard library's stubs, for what the tables of the repository do not
// say. The build runs it; the stubs come with the npm package that package.json pins.

#include "analysis/knowledge/typeshed.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
namespace tables = awaitls::analysis::tables;

/// Nobody meets them in async code, or they are gone from all versions that are supported.
constexpr const char* kLeftOut[] = {"tkinter",   "turtle",    "idlelib",        "lib2to3",
                                    "distutils", "encodings", "pydoc_data",     "lib2to3",
                                    "msilib",    "binhex",    "formatter",      "parser",
                                    "symbol",    "macpath",   "dummy_threading"};

std::string read_file(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream content;
    content << in.rdbuf();
    return content.str();
}

/// "asyncio.events" for "asyncio/events.pyi".
tables::Stub read_stub(const fs::path& root, const fs::path& file) {
    tables::Stub stub;
    std::string path = fs::relative(file, root).replace_extension().generic_string();
    constexpr std::string_view kInit = "/__init__";
    stub.package = path.ends_with(kInit);
    if (stub.package) path.resize(path.size() - kInit.size());
    std::replace(path.begin(), path.end(), '/', '.');
    stub.module = path;
    stub.text = read_file(file);
    return stub;
}

bool write_table(const fs::path& path, const char* header, std::vector<tables::Row> rows) {
    std::sort(rows.begin(), rows.end(),
              [](const auto& a, const auto& b) { return a.cells < b.cells; });
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << header << '\n';
    for (const tables::Row& row : rows) {
        for (std::size_t i = 0; i < row.cells.size(); ++i)
            out << (i == 0 ? "" : "\t") << row.cells[i];
        out << '\n';
    }
    out.close();
    return !out.fail();
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 4) {
        std::cerr << "usage: awaitls_typeshed_reader OUTPUT_DIR STDLIB_DIR TABLE.tsv...\n";
        return 2;
    }
    const fs::path output = argv[1];
    const fs::path root = argv[2];
    std::vector<tables::TableFile> files;
    for (int i = 3; i < argc; ++i)
        files.push_back({fs::path(argv[i]).filename().string(), read_file(argv[i])});
    tables::Tables known;
    for (const tables::TableError& error : tables::read_tables(files, known)) {
        std::cerr << tables::to_string(error) << '\n';
        return 1;
    }
    std::vector<tables::Stub> stubs;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root)) {
        if (entry.path().extension() != ".pyi") continue;
        tables::Stub stub = read_stub(root, entry.path());
        const std::string first = stub.module.substr(0, stub.module.find('.'));
        if (std::find(std::begin(kLeftOut), std::end(kLeftOut), first) == std::end(kLeftOut))
            stubs.push_back(std::move(stub));
    }
    if (stubs.empty()) {
        std::cerr << root << ": no stubs\n";
        return 2;
    }
    std::sort(stubs.begin(), stubs.end(),
              [](const auto& a, const auto& b) { return a.module < b.module; });
    const tables::Tables facts = tables::facts_of(stubs, known);
    if (!write_table(output / "api_typeshed.tsv", "name\tkind\treturns\tsource", facts.apis) ||
        !write_table(output / "classes_typeshed.tsv", "name\tbases\tflags\tsource",
                     facts.classes) ||
        !write_table(output / "aliases_typeshed.tsv", "name\tcanonical\tsource", facts.aliases)) {
        std::cerr << output << ": cannot be written\n";
        return 2;
    }
    return 0;
}

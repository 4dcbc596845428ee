#pragma once

// The build-time side of the knowledge tables: parsing and checking the .tsv files and rendering
// them as C++ arrays and as Markdown. Pure text in, text out; the tool in compile.cpp reads and
// writes the files.

#include <string>
#include <string_view>
#include <vector>

namespace awaitls::analysis::tables {

/// One input file. `name` decides which table its rows belong to: `blocking.tsv`, `classes*.tsv`,
/// `aliases*.tsv`, `runners.tsv`, `arguments.tsv`, `star_names.tsv`, `network_waits.tsv`,
/// `sessions.tsv`, `reentry.tsv`, or any `api_*.tsv`.
struct TableFile {
    std::string name;
    std::string text;
};

/// A mistake in an input file; `line` counts from 1.
struct TableError {
    std::string file;
    int line = 0;
    std::string message;
};

/// One data row: the cells of the columns that the table defines, the source last.
struct Row {
    std::string file;
    int line = 0;
    std::vector<std::string> cells;
};

/// All tables, each sorted by its first two cells.
struct Tables {
    std::vector<Row> blocking;      // name, use, kind, fix, replacement, source
    std::vector<Row> apis;          // name, kind, returns, source
    std::vector<Row> classes;       // name, bases, flags, source
    std::vector<Row> aliases;       // name, canonical, source
    std::vector<Row> runners;       // name, where, position, keyword, source
    std::vector<Row> arguments;     // name, use, source
    std::vector<Row> star_names;    // module, names separated by spaces, source
    std::vector<Row> network_waits; // name, source
    std::vector<Row> sessions;      // name, source
    std::vector<Row> reentry;       // name, source
};

/// Parses and checks the files. The tables may be used only when no error comes back. Errors are in
/// the order of files and lines, mistakes within one row before mistakes between rows.
std::vector<TableError> read_tables(const std::vector<TableFile>& files, Tables& tables);

/// `file:line: message`
std::string to_string(const TableError& error);

/// The C++ source that defines the arrays declared in knowledge_data.h.
std::string render_cpp(const Tables& tables);

/// The page for people: counts, then one table per category.
std::string render_markdown(const Tables& tables);

} // namespace awaitls::analysis::tables

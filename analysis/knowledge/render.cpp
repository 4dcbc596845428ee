#include "analysis/knowledge/table_words.h"
#include "analysis/knowledge/tables.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <set>
#include <sstream>

namespace awaitls::analysis::tables {

namespace {

std::string enclose(std::string_view before, std::string_view text, std::string_view after) {
    std::string result(before);
    result += text;
    result += after;
    return result;
}

std::string quoted(std::string_view text) {
    return enclose("\"", text, "\"sv");
}

/// `{a, b}`: the initializer of one array element.
std::string braced(const std::vector<std::string>& fields) {
    std::string joined;
    for (const std::string& field : fields) {
        joined += joined.empty() ? "" : ", ";
        joined += field;
    }
    return enclose("{", joined, "}");
}

template <typename Words>
std::string enum_value(std::string_view type, const Words& words, std::string_view word) {
    return enclose(type, "::", enumerator(words, word));
}

/// Writes `constexpr T name[] = {...}` and the span over it.
void render_array(std::ostringstream& out, const std::string& type, const std::string& name,
                  const std::vector<std::string>& items) {
    if (items.empty()) {
        out << "const std::span<const " << type << "> k" << name << ";\n\n";
        return;
    }
    out << "constexpr " << type << " k" << name << "Rows[] = {\n";
    for (const std::string& item : items) {
        out << "    " << item << ",\n";
    }
    out << "};\nconst std::span<const " << type << "> k" << name << "(k" << name << "Rows);\n\n";
}

template <typename Render>
std::vector<std::string> render_rows(const std::vector<Row>& rows, const Render& render) {
    std::vector<std::string> items;
    items.reserve(rows.size());
    for (const Row& row : rows) {
        items.push_back(render(row.cells));
    }
    return items;
}

std::vector<std::string> first_components(const Tables& tables) {
    std::set<std::string> roots;
    for (const Schema& schema : schemas()) {
        for (const Row& row : tables.*schema.rows) {
            roots.insert(row.cells[0].substr(0, row.cells[0].find('.')));
        }
    }
    return {roots.begin(), roots.end()};
}

std::string markdown_cell(const std::string& text) {
    std::string cell;
    for (const char c : text) {
        cell += c == '|' ? std::string("\\|") : std::string(1, c);
    }
    return cell;
}

std::string code(const std::string& text) {
    return text.empty() ? std::string() : enclose("`", markdown_cell(text), "`");
}

/// The operations of one kind; those of one module or class that are alike in all else share a
/// line.
void render_blocking(std::ostringstream& out, const std::vector<Row>& rows, std::string_view kind) {
    out << "\n## Blocking: " << kind
        << "\n\n| module or class | operations | use | fix | in async code |\n| --- | --- | --- | "
           "--- | "
           "--- |\n";
    std::map<std::vector<std::string>, std::string>
        lines; // owner, use, fix, replacement -> operations
    for (const Row& row : rows) {
        if (row.cells[2] == kind) {
            const std::size_t dot = row.cells[0].rfind('.');
            std::string& operations =
                lines[{row.cells[0].substr(0, dot), row.cells[1], row.cells[3], row.cells[4]}];
            operations += (operations.empty() ? "" : ", ") + code(row.cells[0].substr(dot + 1));
        }
    }
    for (const auto& [key, operations] : lines) {
        out << "| " << code(key[0]) << " | " << operations << " | " << key[1] << " | "
            << (key[2] == "none" ? "" : key[2]) << " | " << markdown_cell(key[3]) << " |\n";
    }
}

} // namespace

std::string render_cpp(const Tables& tables) {
    using Cells = std::vector<std::string>;
    std::ostringstream out;
    out << "// Written by awaitls_knowledge_compiler from the tables in analysis/knowledge.\n\n"
           "#include \"analysis/knowledge/knowledge_data.h\"\n\n"
           "namespace awaitls::analysis::data {\n\n"
           "using namespace std::string_view_literals;\n\n";
    std::vector<Row> blocking = tables.blocking;
    std::vector<Row> exempt;
    const auto first_exempt = std::stable_partition(
        blocking.begin(), blocking.end(), [](const Row& row) { return row.cells[2] != kNever; });
    std::move(first_exempt, blocking.end(), std::back_inserter(exempt));
    blocking.erase(first_exempt, blocking.end());
    render_array(out, "BlockingApi", "Blocking", render_rows(blocking, [](const Cells& cells) {
                     return braced({quoted(cells[0]), enum_value("BlockingUse", kUses, cells[1]),
                                    enum_value("BlockingKind", kBlockingKinds, cells[2]),
                                    enum_value("BlockingFix", kFixes, cells[3]), quoted(cells[4])});
                 }));
    render_array(out, "Api", "Apis", render_rows(tables.apis, [](const Cells& cells) {
                     return braced({quoted(cells[0]), enum_value("ApiKind", kApiKinds, cells[1]),
                                    quoted(cells[2])});
                 }));
    render_array(out, "ClassInfo", "Classes", render_rows(tables.classes, [](const Cells& cells) {
                     const std::vector<std::string> flags = split_list(cells[2], " ");
                     std::vector<std::string> fields = {quoted(cells[0]), quoted(cells[1])};
                     for (const std::string_view flag : kClassFlags) {
                         const bool set =
                             std::find(flags.begin(), flags.end(), flag) != flags.end();
                         fields.emplace_back(set ? "true" : "false");
                     }
                     return braced(fields);
                 }));
    render_array(out, "Alias", "Aliases", render_rows(tables.aliases, [](const Cells& cells) {
                     return braced({quoted(cells[0]), quoted(cells[1])});
                 }));
    render_array(out, "Runner", "Runners", render_rows(tables.runners, [](const Cells& cells) {
                     return braced({quoted(cells[0]), enum_value("RunsOn", kPlaces, cells[1]),
                                    cells[2], quoted(cells[3])});
                 }));
    render_array(
        out, "ArgumentRule", "Arguments", render_rows(tables.arguments, [](const Cells& cells) {
            return braced({quoted(cells[0]), enum_value("ArgumentUse", kArgumentUses, cells[1])});
        }));
    std::vector<std::string> modules;
    for (std::size_t index = 0; index < tables.star_names.size(); ++index) {
        const std::string array = "StarNames" + std::to_string(index);
        std::vector<std::string> names;
        for (const std::string& name : split(tables.star_names[index].cells[1], " ")) {
            names.push_back(quoted(name));
        }
        out << "constexpr std::string_view k" << array << "[] = {\n";
        for (const std::string& name : names) {
            out << "    " << name << ",\n";
        }
        out << "};\n\n";
        modules.push_back(braced({quoted(tables.star_names[index].cells[0]), "k" + array}));
    }
    render_array(out, "StarModule", "StarModules", modules);
    const auto first_cell = [](const Cells& cells) { return quoted(cells[0]); };
    render_array(out, "std::string_view", "NotBlocking", render_rows(exempt, first_cell));
    render_array(out, "std::string_view", "NetworkWaits",
                 render_rows(tables.network_waits, first_cell));
    render_array(out, "std::string_view", "Sessions", render_rows(tables.sessions, first_cell));
    render_array(out, "std::string_view", "Reentry", render_rows(tables.reentry, first_cell));
    std::vector<std::string> packages;
    for (const std::string& root : first_components(tables)) {
        packages.push_back(quoted(root));
    }
    render_array(out, "std::string_view", "Packages", packages);
    out << "} // namespace awaitls::analysis::data\n";
    return out.str();
}

std::string render_markdown(const Tables& tables) {
    std::ostringstream out;
    out << "# What awaitls knows about libraries\n\n"
           "Generated from the tables in `analysis/knowledge`; `./dev docs` renews it. Each row of "
           "a table "
           "has its source there.\nA name is written as users import it; a member that a class "
           "inherits "
           "stands under the base.\n\n"
           "| table | rows |\n| --- | ---: |\n";
    for (const Schema& schema : schemas()) {
        out << "| `" << schema.file << "` | " << (tables.*schema.rows).size() << " |\n";
    }
    std::map<std::string, std::map<std::string, int>> packages;
    for (const Row& row : tables.apis) {
        ++packages[row.cells[0].substr(0, row.cells[0].find('.'))][row.cells[1]];
    }
    out << "\n## Known functions, methods and classes by package\n\n| package | functions | "
           "coroutines and "
           "awaitables | managers and iterators | properties |\n| --- | ---: | ---: | ---: | ---: "
           "|\n";
    for (auto& [package, kinds] : packages) {
        if (kinds.size() == 1 && kinds.count("class") != 0) {
            continue;
        }
        out << "| `" << package << "` | " << kinds["function"] << " | "
            << kinds["coroutine"] + kinds["awaitable"] + kinds["coroutine-or-manager"] << " | "
            << kinds["async-manager"] + kinds["manager"] + kinds["async-iterator"] << " | "
            << kinds["property"] + kinds["coroutine-property"] << " |\n";
    }
    for (const Word& kind : kBlockingKinds) {
        render_blocking(out, tables.blocking, kind.word);
    }
    out << "\n## Where callables run\n\n| function | runs its callable in | position | keyword "
           "|\n| --- | "
           "--- | ---: | --- |\n";
    for (const Row& row : tables.runners) {
        out << "| " << code(row.cells[0]) << " | " << row.cells[1] << " | "
            << (row.cells[2] == "-1" ? "" : row.cells[2]) << " | " << code(row.cells[3]) << " |\n";
    }
    out << "\n## What becomes of a coroutine that is passed as an argument\n\n";
    for (const Word& use : kArgumentUses) {
        out << (use.word == "awaits"   ? "Awaited or run by: "
                : use.word == "spawns" ? "Made a task by: "
                                       : "Used as a plain value by: ");
        const char* separator = "";
        for (const Row& row : tables.arguments) {
            if (row.cells[1] == use.word) {
                out << separator << code(row.cells[0]);
                separator = ", ";
            }
        }
        out << ".\n\n";
    }
    const auto list = [&out](std::string_view title, const std::vector<Row>& rows) {
        out << "## " << title << "\n\n";
        const char* separator = "";
        for (const Row& row : rows) {
            out << separator << code(row.cells[0]);
            separator = ", ";
        }
        out << ".\n";
    };
    list("Awaits of a peer without a limit of their own", tables.network_waits);
    out << "\n";
    list("Sessions and pools to be shared", tables.sessions);
    out << "\n";
    list("Calls that run an event loop", tables.reentry);
    return out.str();
}

} // namespace awaitls::analysis::tables

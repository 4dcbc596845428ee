#include "analysis/knowledge/tables.h"

#include "analysis/knowledge/knowledge_data.h"
#include "analysis/knowledge/table_words.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <span>

namespace awaitls::analysis::tables {

const std::vector<Schema>& schemas() {
    static const std::vector<Schema> all = {
        {"blocking.tsv",
         &Tables::blocking,
         {"name", "use", "kind", "fix", "replacement", "source"},
         2},
        {"api_*.tsv", &Tables::apis, {"name", "kind", "returns", "source"}, 1},
        {"classes*.tsv", &Tables::classes, {"name", "bases", "flags", "source"}, 1},
        {"aliases*.tsv", &Tables::aliases, {"name", "canonical", "source"}, 1},
        {"runners.tsv", &Tables::runners, {"name", "where", "position", "keyword", "source"}, 1},
        {"arguments.tsv", &Tables::arguments, {"name", "use", "source"}, 1},
        {"star_names.tsv", &Tables::star_names, {"module", "names", "source"}, 1},
        {"network_waits.tsv", &Tables::network_waits, {"name", "source"}, 1},
        {"sessions.tsv", &Tables::sessions, {"name", "source"}, 1},
        {"reentry.tsv", &Tables::reentry, {"name", "source"}, 1},
    };
    return all;
}

std::vector<std::string> split(std::string_view text, std::string_view separator) {
    std::vector<std::string> parts;
    std::size_t start = 0;
    for (;;) {
        const std::size_t end = text.find(separator, start);
        parts.emplace_back(text.substr(start, end - start));
        if (end == std::string_view::npos) {
            return parts;
        }
        start = end + separator.size();
    }
}

std::vector<std::string> split_list(std::string_view text, std::string_view separator) {
    return text.empty() ? std::vector<std::string>() : split(text, separator);
}

namespace {

const Schema* find_schema(std::string_view file) {
    for (const Schema& schema : schemas()) {
        const std::size_t star = schema.file.find('*');
        if (star == std::string_view::npos ? file == schema.file
                                           : file.starts_with(schema.file.substr(0, star)) &&
                                                 file.ends_with(schema.file.substr(star + 1))) {
            return &schema;
        }
    }
    return nullptr;
}

bool is_identifier(std::string_view text) {
    const auto is_start = [](char c) {
        return std::isalpha(static_cast<unsigned char>(c)) || c == '_';
    };
    return !text.empty() && is_start(text.front()) &&
           std::all_of(text.begin(), text.end(), [&](char c) {
               return is_start(c) || std::isdigit(static_cast<unsigned char>(c));
           });
}

bool is_dotted_name(std::string_view text) {
    const std::vector<std::string> parts = split(text, ".");
    return std::all_of(parts.begin(), parts.end(), is_identifier);
}

/// Reads an annotation of names, `[...]`, `,`, `|`, `...` and `None` and collects its names; false
/// when the text is none. Whitespace is exactly one space after a comma and around `|`.
class AnnotationReader {
public:
    explicit AnnotationReader(std::string_view text) : text_(text) {}

    bool read(std::vector<std::string>& names) { return read_union(names) && at_ == text_.size(); }

private:
    bool read_union(std::vector<std::string>& names) {
        do {
            if (!read_item(names)) {
                return false;
            }
        } while (take(" | "));
        return true;
    }

    bool read_item(std::vector<std::string>& names) {
        if (take("...")) {
            return true;
        }
        if (take("[")) { // the parameter list of a Callable
            return take("]") || (read_list(names) && take("]"));
        }
        const std::size_t start = at_;
        while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 ||
                                      text_[at_] == '_' || text_[at_] == '.')) {
            ++at_;
        }
        const std::string_view name = text_.substr(start, at_ - start);
        if (!is_dotted_name(name)) {
            return false;
        }
        names.emplace_back(name);
        return !take("[") || (read_list(names) && take("]"));
    }

    bool read_list(std::vector<std::string>& names) {
        do {
            if (!read_union(names)) {
                return false;
            }
        } while (take(", "));
        return true;
    }

    bool take(std::string_view token) {
        if (!text_.substr(at_).starts_with(token)) {
            return false;
        }
        at_ += token.size();
        return true;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

class Reader {
public:
    explicit Reader(Tables& tables) : tables_(tables) {}

    void read_file(const TableFile& file) {
        const Schema* const schema = find_schema(file.name);
        if (schema == nullptr) {
            fail(file.name, 1, "no table has this name");
            return;
        }
        const std::vector<std::string> lines = split(file.text, "\n");
        bool header_seen = false;
        for (std::size_t index = 0; index < lines.size(); ++index) {
            const std::string& line = lines[index];
            const int number = static_cast<int>(index) + 1;
            if (line.empty() || line.front() == '#') {
                continue;
            }
            Row row{file.name, number, split(line, "\t")};
            if (!header_seen) {
                header_seen = true;
                if (!std::equal(row.cells.begin(), row.cells.end(), schema->columns.begin(),
                                schema->columns.end())) {
                    fail(row, "the first line must name the columns: " + column_names(*schema));
                    return;
                }
                continue;
            }
            if (check_cells(*schema, row)) {
                (tables_.*schema->rows).push_back(std::move(row));
            }
        }
        if (!header_seen) {
            fail(file.name, 1, "the first line must name the columns: " + column_names(*schema));
        }
    }

    /// Sorts and checks what holds between rows.
    void finish() {
        add_class_apis();
        for (const Schema& schema : schemas()) {
            sort_and_check_duplicates(schema);
        }
        for (const Row& row : tables_.aliases) {
            aliases_.emplace(row.cells[0], row.cells[1]);
        }
        for (const Row& row : tables_.classes) {
            classes_.insert(row.cells[0]);
        }
        for (const Schema& schema : schemas()) {
            if (schema.rows != &Tables::aliases && schema.rows != &Tables::star_names) {
                for (const Row& row : tables_.*schema.rows) {
                    check_canonical(row, row.cells[0]);
                }
            }
        }
        for (const Row& row : tables_.aliases) {
            check_canonical(row, row.cells[1]);
        }
        check_bases();
        for (const Row& row : tables_.apis) {
            check_returns(row);
        }
        check_blocking_owners();
    }

    std::vector<TableError> take_errors() { return std::move(errors_); }

private:
    void fail(const std::string& file, int line, std::string message) {
        errors_.push_back({file, line, std::move(message)});
    }

    void fail(const Row& row, std::string message) { fail(row.file, row.line, std::move(message)); }

    static std::string column_names(const Schema& schema) {
        std::string text;
        for (const std::string_view column : schema.columns) {
            text += (text.empty() ? "" : ", ") + std::string(column);
        }
        return text;
    }

    bool check_cells(const Schema& schema, const Row& row) {
        if (row.cells.size() != schema.columns.size()) {
            fail(row, std::to_string(schema.columns.size()) + " columns expected (" +
                          column_names(schema) + "), " + std::to_string(row.cells.size()) +
                          " found");
            return false;
        }
        const std::size_t errors_before = errors_.size();
        for (std::size_t index = 0; index < row.cells.size(); ++index) {
            check_cell(schema, row, schema.columns[index], row.cells[index]);
        }
        return errors_.size() == errors_before;
    }

    void check_cell(const Schema& schema, const Row& row, std::string_view column,
                    const std::string& cell) {
        if (std::any_of(cell.begin(), cell.end(), [](char c) {
                return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e;
            })) {
            fail(row, "column " + std::string(column) +
                          " holds a character that is not printable ASCII");
        } else if (!cell.empty() && (cell.front() == ' ' || cell.back() == ' ')) {
            fail(row, "column " + std::string(column) + " begins or ends with a space");
        } else if (column == "source") {
            check(row, !cell.empty(), "the source is missing");
        } else if (column == "name" || column == "canonical" || column == "module") {
            const bool wildcard = schema.rows == &Tables::blocking && cell.ends_with(".*");
            check(row, is_dotted_name(wildcard ? cell.substr(0, cell.size() - 2) : cell),
                  "`" + cell + "` is not a dotted name");
        } else if (column == "use" && schema.rows == &Tables::blocking) {
            check_word(row, kUses, column, cell);
        } else if (column == "use") {
            check_word(row, kArgumentUses, column, cell);
        } else if (column == "kind" && schema.rows == &Tables::blocking) {
            if (cell == kNever) {
                return;
            }
            check_word(row, kBlockingKinds, column, cell);
        } else if (column == "kind") {
            check_word(row, kApiKinds, column, cell);
        } else if (column == "fix") {
            check_word(row, kFixes, column, cell);
        } else if (column == "where") {
            check_word(row, kPlaces, column, cell);
        } else if (column == "position") {
            check(row, cell == "-1" || (cell.size() == 1 && cell >= "0" && cell <= "9"),
                  "position `" + cell + "` is neither -1 nor 0 to 9");
        } else if (column == "keyword") {
            check(row, cell.empty() || is_identifier(cell),
                  "keyword `" + cell + "` is no identifier");
        } else if (column == "bases") {
            for (const std::string& base : split_list(cell, ", ")) {
                check(row, is_dotted_name(base), "base `" + base + "` is not a dotted name");
            }
        } else if (column == "flags") {
            check_flags(row, cell);
        } else if (column == "names") {
            check_star_names(row, cell);
        } else if (column == "returns") {
            std::vector<std::string> names;
            check(row, cell.empty() || AnnotationReader(cell).read(names),
                  "`" + cell + "` is not an annotation of names and brackets");
        }
    }

    void check(const Row& row, bool right, const std::string& message) {
        if (!right) {
            fail(row, message);
        }
    }

    template <typename Words>
    void check_word(const Row& row, const Words& words, std::string_view column,
                    const std::string& cell) {
        if (enumerator(words, cell).empty()) {
            std::string known;
            for (const Word& word : words) {
                known += (known.empty() ? "" : ", ") + std::string(word.word);
            }
            fail(row, "unknown " + std::string(column) + " `" + cell + "`; known: " + known);
        }
    }

    void check_flags(const Row& row, const std::string& cell) {
        std::size_t next = 0;
        for (const std::string& flag : split_list(cell, " ")) {
            const auto found = std::find(kClassFlags.begin(), kClassFlags.end(), flag);
            const std::size_t index = static_cast<std::size_t>(found - kClassFlags.begin());
            if (found == kClassFlags.end() || index < next) {
                fail(row, "flag `" + flag +
                              "` is unknown, twice or out of the order with, async-with, "
                              "for, async-for, await, complete, source");
                return;
            }
            next = index + 1;
        }
    }

    void check_star_names(const Row& row, const std::string& cell) {
        const std::vector<std::string> names = split(cell, " ");
        for (std::size_t index = 0; index < names.size(); ++index) {
            if (!is_identifier(names[index])) {
                fail(row, "`" + names[index] + "` is no identifier");
            } else if (index > 0 && names[index - 1] >= names[index]) {
                fail(row, "`" + names[index] + "` is twice or out of order");
            }
        }
    }

    /// Calling a class gives an instance, unless a row of its own says more (websockets.connect).
    void add_class_apis() {
        std::set<std::string> known;
        for (const Row& row : tables_.apis) {
            known.insert(row.cells[0]);
        }
        for (const Row& row : tables_.classes) {
            if (known.insert(row.cells[0]).second) {
                tables_.apis.push_back(
                    {row.file, row.line, {row.cells[0], "class", row.cells[0], row.cells[3]}});
            }
        }
    }

    void sort_and_check_duplicates(const Schema& schema) {
        std::vector<Row>& rows = tables_.*schema.rows;
        const auto key = [&](const Row& row) {
            return std::span(row.cells.data(), schema.key_columns);
        };
        std::stable_sort(rows.begin(), rows.end(), [&](const Row& left, const Row& right) {
            return std::lexicographical_compare(key(left).begin(), key(left).end(),
                                                key(right).begin(), key(right).end());
        });
        for (const Row& row : rows) {
            if (row.cells[0].size() > data::kLongestName) {
                fail(row, "`" + row.cells[0] + "` is too long a name");
            }
        }
        for (std::size_t index = 1; index < rows.size(); ++index) {
            const Row& before = rows[index - 1];
            if (std::equal(key(before).begin(), key(before).end(), key(rows[index]).begin())) {
                fail(rows[index], "`" + rows[index].cells[0] + "` is already at " + before.file +
                                      ":" + std::to_string(before.line));
            }
        }
    }

    /// Every name but the first column of aliases.tsv must be what canonical_name gives for it.
    void check_canonical(const Row& row, const std::string& name) {
        std::string prefix = name;
        while (!prefix.empty()) {
            const auto alias = aliases_.find(prefix);
            if (alias != aliases_.end()) {
                fail(row, "`" + name + "` is not canonical: aliases.tsv says `" + alias->second +
                              name.substr(prefix.size()) + "`");
                return;
            }
            const std::size_t dot = prefix.rfind('.');
            prefix = dot == std::string::npos ? "" : prefix.substr(0, dot);
        }
    }

    void check_bases() {
        std::map<std::string, std::vector<std::string>> bases;
        for (const Row& row : tables_.classes) {
            bases[row.cells[0]] = split_list(row.cells[1], ", ");
        }
        for (const Row& row : tables_.classes) {
            for (const std::string& base : bases[row.cells[0]]) {
                check(row, bases.count(base) != 0,
                      "base `" + base + "` is no class of classes.tsv");
            }
            std::set<std::string> seen;
            const std::function<bool(const std::string&)> reaches_itself =
                [&](const std::string& name) {
                    const auto found = bases.find(name);
                    return found != bases.end() &&
                           std::any_of(found->second.begin(), found->second.end(),
                                       [&](const std::string& base) {
                                           return base == row.cells[0] ||
                                                  (seen.insert(base).second &&
                                                   reaches_itself(base));
                                       });
                };
            check(row, !reaches_itself(row.cells[0]), "`" + row.cells[0] + "` derives from itself");
        }
    }

    void check_returns(const Row& row) {
        std::vector<std::string> names;
        if (!row.cells[2].empty()) {
            AnnotationReader(row.cells[2]).read(names);
        }
        for (const std::string& name : names) {
            check(row,
                  name == "None" || classes_.count(name) != 0 ||
                      classes_.count("builtins." + name) != 0,
                  "`" + name + "` in the annotation is no class of classes.tsv");
            check_canonical(row, name);
        }
    }

    /// A name below a class must belong to a known class: `pkg.Class.method`, `pkg.Class.*`.
    void check_blocking_owners() {
        for (const Row& row : tables_.blocking) {
            const std::string& name = row.cells[0];
            if (row.cells[1] != "call") {
                check(row, classes_.count(name) != 0, "`" + name + "` is no class of classes.tsv");
                continue;
            }
            const std::string owner = name.substr(0, name.rfind('.'));
            const std::string last = owner.substr(owner.rfind('.') + 1);
            const bool looks_like_class =
                std::isupper(static_cast<unsigned char>(last.front())) != 0;
            if (name.ends_with(".*") || looks_like_class) {
                check(row, classes_.count(owner) != 0,
                      "`" + owner + "` is no class of classes.tsv");
            }
        }
    }

    Tables& tables_;
    std::vector<TableError> errors_;
    std::map<std::string, std::string> aliases_;
    std::set<std::string> classes_;
};

} // namespace

std::vector<TableError> read_tables(const std::vector<TableFile>& files, Tables& tables) {
    tables = Tables();
    Reader reader(tables);
    for (const TableFile& file : files) {
        reader.read_file(file);
    }
    reader.finish();
    return reader.take_errors();
}

std::string to_string(const TableError& error) {
    return error.file + ":" + std::to_string(error.line) + ": " + error.message;
}

} // namespace awaitls::analysis::tables

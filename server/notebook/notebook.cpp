#include "server/notebook/notebook.h"

#include "analysis/semantic/module.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

namespace awaitls::server {

namespace {

using nlohmann::json;

constexpr int kMaxDepth = 200; // of JSON

/// Finds values in JSON text by their place, which a parsed document no longer knows.
class JsonWalk {
public:
    explicit JsonWalk(std::string_view text) : text_(text) {}

    /// Calls visit(key) for each member of the object here; visit takes the value.
    template <typename Visit>
    void object(Visit visit) {
        expect('{');
        for (bool first = true; !accept('}'); first = false) {
            if (!first) expect(',');
            const std::string key = string();
            expect(':');
            visit(key);
        }
    }
    template <typename Visit>
    void array(Visit visit) {
        expect('[');
        for (bool first = true; !accept(']'); first = false) {
            if (!first) expect(',');
            visit();
        }
    }
    char next() {
        skip_blanks();
        return at_ < text_.size() ? text_[at_] : '\0';
    }
    std::string string() {
        const analysis::Span span = skip();
        const json value = json::parse(text_.substr(span.begin, span.size()), nullptr, false);
        if (!value.is_string()) fail("a string is missing");
        return value.get<std::string>();
    }
    /// Passes a value by.
    analysis::Span skip(int depth = 0) {
        if (depth > kMaxDepth) fail("it is nested too deeply");
        const char c = next();
        const std::uint32_t begin = static_cast<std::uint32_t>(at_);
        if (c == '"') {
            for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_)
                if (text_[at_] == '\\') ++at_;
            if (at_ >= text_.size()) fail("a string does not end");
            ++at_;
        } else if (c == '{') {
            ++at_;
            for (bool first = true; !accept('}'); first = false) {
                if (!first) expect(',');
                skip(depth + 1);
                expect(':');
                skip(depth + 1);
            }
        } else if (c == '[') {
            ++at_;
            for (bool first = true; !accept(']'); first = false) {
                if (!first) expect(',');
                skip(depth + 1);
            }
        } else {
            constexpr std::string_view kEnds = ",]} \t\r\n";
            while (at_ < text_.size() && kEnds.find(text_[at_]) == std::string_view::npos) ++at_;
            if (at_ == begin) fail("a value is missing");
        }
        return {begin, static_cast<std::uint32_t>(at_)};
    }
    void expect_end() {
        if (next() != '\0' || at_ < text_.size()) fail("something follows its end");
    }

private:
    [[noreturn]] void fail(const char* what) const {
        const std::string_view before = text_.substr(0, std::min(at_, text_.size()));
        const auto line = std::count(before.begin(), before.end(), '\n') + 1;
        throw std::runtime_error(std::string(what) + " (line " + std::to_string(line) + ")");
    }
    void skip_blanks() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' ||
                                      text_[at_] == '\n' || text_[at_] == '\r'))
            ++at_;
    }
    bool accept(char c) {
        if (next() != c) return false;
        ++at_;
        return true;
    }
    void expect(char c) {
        if (!accept(c)) fail((std::string("`") + c + "` is missing").c_str());
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

std::vector<std::string> split_lines(std::string_view text) {
    std::vector<std::string> result;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
        result.emplace_back(text.substr(0, end));
        text.remove_prefix(end);
    }
    return result;
}

/// Cell magics whose cell is Python all the same.
bool keeps_python(std::string_view magic) {
    for (const std::string_view known : {"%%time", "%%timeit", "%%capture", "%%prun", "%%python3",
                                         "%%python", "%%memit", "%%debug"})
        if (magic == known) return true;
    return false;
}

/// A line that IPython alone understands becomes a statement that does nothing. The magic of a whole cell must stay its first
/// line, so it becomes a comment, which no import is put in front of.
void take_magic_away(char* begin, std::size_t size) {
    constexpr std::string_view kBlanks = " \t\r\n";
    const std::string_view line(begin, size);
    const std::size_t first = line.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) return;
    const std::size_t end = line.find_last_not_of(kBlanks) + 1;
    const auto blank = [&](std::size_t from, char what) {
        std::fill(begin + from, begin + end, ' ');
        begin[from] = what;
    };
    const char c = line[first];
    const bool help = line[end - 1] == '?' && line.find_first_of("'\"#") == std::string_view::npos;
    if (c == '%' || c == '!' || c == '?' || help)
        return blank(first, line.substr(first).starts_with("%%") ? '#' : '0');
    // `files = !ls`, `out = %sql ..`
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) return;
    const std::size_t value = line.find_first_not_of(" \t", equals + 1);
    if (value != std::string_view::npos && (line[value] == '!' || line[value] == '%'))
        blank(value, '0');
}

void comment_out(char* begin, std::size_t size) {
    if (std::string_view(begin, size).find_first_not_of("\r\n") == std::string_view::npos) return;
    begin[0] = '#';
    // The rest of a character of several bytes.
    for (std::size_t i = 1; i < size && (static_cast<unsigned char>(begin[i]) & 0xc0U) == 0x80U;
         ++i)
        begin[i] = ' ';
}

/// Whether the first line that is not blank hands the cell to another language.
bool is_of_other_language(std::string_view source) {
    const std::size_t text = source.find_first_not_of(" \t\r\n");
    if (text == std::string_view::npos) return false;
    if (text > 0 && source[text - 1] != '\n') return false; // it is indented
    source.remove_prefix(text);
    return source.starts_with("%%") &&
           !keeps_python(source.substr(0, source.find_first_of(" \t\r\n")));
}

bool is_python_kernel(const json& metadata) {
    if (!metadata.is_object()) return true;
    const auto language = [&](const char* outer, const char* inner) -> std::optional<std::string> {
        const auto found = metadata.find(outer);
        if (found == metadata.end() || !found->is_object()) return std::nullopt;
        const auto name = found->find(inner);
        if (name == found->end() || !name->is_string()) return std::nullopt;
        return name->get<std::string>();
    };
    for (const auto& name : {language("language_info", "name"), language("kernelspec", "language")})
        if (name && *name != "python" && *name != "ipython") return false;
    return true;
}

struct RawCell {
    bool is_code = false;
    std::optional<analysis::Span> source;
};

/// Throws std::runtime_error where the text is no JSON of a notebook.
std::vector<RawCell> find_cells(std::string_view text, bool& is_python) {
    std::vector<RawCell> result;
    bool has_cells = false;
    JsonWalk walk(text);
    walk.object([&](const std::string& key) {
        if (key == "metadata") {
            const analysis::Span span = walk.skip();
            is_python =
                is_python_kernel(json::parse(text.substr(span.begin, span.size()), nullptr, false));
        } else if (key == "cells" && walk.next() == '[') {
            has_cells = true;
            walk.array([&] {
                RawCell cell;
                if (walk.next() != '{') {
                    walk.skip();
                    return;
                }
                walk.object([&](const std::string& member) {
                    if (member == "cell_type" && walk.next() == '"')
                        cell.is_code = walk.string() == "code";
                    else if (member == "source")
                        cell.source = walk.skip();
                    else
                        walk.skip();
                });
                result.push_back(cell);
            });
        } else {
            walk.skip();
        }
    });
    walk.expect_end();
    if (!has_cells) throw std::runtime_error("it has no cells");
    return result;
}

/// A string, or an array of strings.
std::optional<std::string> source_text(std::string_view value) {
    const json source = json::parse(value, nullptr, false);
    if (source.is_string()) return source.get<std::string>();
    if (!source.is_array()) return std::nullopt;
    std::string result;
    for (const json& line : source) {
        if (!line.is_string()) return std::nullopt;
        result += line.get<std::string>();
    }
    return result;
}

/// The value in the form and with the indentation that it had.
std::string written_source(std::string_view before, const std::vector<std::string>& lines) {
    const auto quoted = [](const std::string& text) {
        return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
    };
    if (before.front() != '[') {
        std::string text;
        for (const std::string& line : lines) text += line;
        return quoted(text);
    }
    // What stands between the brackets and their strings.
    const std::size_t first = before.find('"');
    const std::size_t last = before.rfind('"');
    const bool empty = first == std::string_view::npos;
    const std::string_view open = empty ? "[" : before.substr(0, first);
    const std::string_view close = empty ? "]" : before.substr(last + 1);
    std::string result(open);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (i > 0) {
            result += ',';
            result += open.substr(1);
        }
        result += quoted(lines[i]);
    }
    return result += close;
}

} // namespace

std::string announcement(std::size_t number) {
    return std::string(analysis::kCellMark) + "cell " + std::to_string(number) + "\n";
}

std::string as_python(std::string_view source) {
    std::string result(source);
    const bool other_language = is_of_other_language(source);
    for (std::size_t begin = 0; begin < result.size();) {
        const std::size_t end = std::min(result.find('\n', begin), result.size() - 1) + 1;
        (other_language ? comment_out : take_magic_away)(&result[begin], end - begin);
        begin = end;
    }
    return result;
}

std::vector<std::string_view> split_cells(std::string_view code) {
    std::vector<std::string_view> result;
    const std::string next = "\n" + std::string(analysis::kCellMark);
    while (!code.empty()) {
        const std::size_t end = std::min(code.find(next), code.size() - 1) + 1;
        result.push_back(code.substr(0, end));
        code.remove_prefix(end);
    }
    return result;
}

bool is_notebook(std::string_view path) {
    return path.ends_with(".ipynb");
}

Notebook read_notebook(std::string_view text) {
    Notebook result;
    bool is_python = true;
    std::vector<RawCell> cells;
    try {
        cells = find_cells(text, is_python);
    } catch (const std::exception& problem) {
        result.error = std::string("not a notebook: ") + problem.what();
        return result;
    }
    if (!is_python) return result;
    std::uint32_t line = 0;
    std::size_t number = 0;
    for (const RawCell& raw : cells) {
        if (!raw.is_code || !raw.source) continue;
        ++number;
        const std::optional<std::string> source =
            source_text(text.substr(raw.source->begin, raw.source->size()));
        if (!source) continue;
        Notebook::Cell cell;
        cell.number = number;
        cell.source = *raw.source;
        cell.lines = split_lines(*source);
        cell.analysed = split_lines(as_python(*source));
        result.text += announcement(number);
        result.shown += announcement(number);
        cell.begin = static_cast<std::uint32_t>(result.text.size());
        cell.line = ++line;
        for (const std::string& analysed : cell.analysed) result.text += analysed;
        for (const std::string& original : cell.lines) result.shown += original;
        line += static_cast<std::uint32_t>(cell.analysed.size());
        if (!result.text.ends_with('\n')) {
            result.text += '\n';
            result.shown += '\n';
        }
        result.cells.push_back(std::move(cell));
    }
    return result;
}

std::vector<CellLines> cells_of(std::string_view code, const Notebook& notebook) {
    std::vector<CellLines> result;
    std::size_t at = 0;
    std::uint32_t line = 0;
    for (const Notebook::Cell& cell : notebook.cells) {
        const std::size_t found = code.find(announcement(cell.number), at);
        if (found == std::string_view::npos) continue;
        line += static_cast<std::uint32_t>(
            std::count(code.begin() + static_cast<std::ptrdiff_t>(at),
                       code.begin() + static_cast<std::ptrdiff_t>(found), '\n'));
        at = found;
        result.push_back({cell.number, line + 1});
    }
    return result;
}

std::string with_code(std::string_view text, const Notebook& notebook, std::string_view code) {
    std::string result;
    std::uint32_t copied = 0;
    for (std::size_t i = 0; i < notebook.cells.size(); ++i) {
        const Notebook::Cell& cell = notebook.cells[i];
        const std::string mark = announcement(cell.number);
        const std::size_t found = code.find(mark);
        if (found == std::string_view::npos) continue; // nothing takes such a line away
        const std::size_t begin = found + mark.size();
        const std::size_t end = i + 1 < notebook.cells.size()
                                    ? code.find(announcement(notebook.cells[i + 1].number), begin)
                                    : code.size();
        std::vector<std::string> lines = split_lines(code.substr(begin, end - begin));
        // The last line has the line break that it had.
        const bool ended = !cell.lines.empty() && cell.lines.back().ends_with('\n');
        if (!lines.empty() && !ended && lines.back().ends_with('\n')) lines.back().pop_back();
        if (lines.size() == 1 && lines.front().empty()) lines.clear();
        // What was taken out of the way comes back.
        for (std::string& line : lines) {
            const auto same = [&](const std::string& analysed) {
                return std::string_view(analysed).substr(0, analysed.find('\n')) ==
                       std::string_view(line).substr(0, line.find('\n'));
            };
            const auto at = std::find_if(cell.analysed.begin(), cell.analysed.end(), same);
            if (at == cell.analysed.end()) continue;
            const std::string& original =
                cell.lines[static_cast<std::size_t>(at - cell.analysed.begin())];
            const bool breaks = line.ends_with('\n');
            line = original.substr(0, original.find('\n'));
            if (breaks) line += '\n';
        }
        if (lines == cell.lines) continue;
        result += text.substr(copied, cell.source.begin - copied);
        result += written_source(text.substr(cell.source.begin, cell.source.size()), lines);
        copied = cell.source.end;
    }
    return result += text.substr(copied);
}

} // namespace awaitls::server

#include "analysis/fix/imports.h"

#include "analysis/semantic/model.h"

#include <algorithm>
#include <optional>

namespace awaitls::analysis {

namespace {

/// Import sections in the order that isort gives them.
enum class Section : std::uint8_t { Future, Standard, ThirdParty, Local };

// Top-level modules of the standard library that async code commonly sits beside. A module that is missing here only makes a
// new import start a section of its own.
constexpr std::string_view kStandard[] = {
    "__future__",   "abc",         "argparse",    "array",        "ast",
    "asyncio",      "atexit",      "base64",      "bisect",       "builtins",
    "bz2",          "calendar",    "cmath",       "collections",  "concurrent",
    "configparser", "contextlib",  "contextvars", "copy",         "csv",
    "ctypes",       "dataclasses", "datetime",    "decimal",      "difflib",
    "dis",          "email",       "enum",        "errno",        "faulthandler",
    "fcntl",        "filecmp",     "fnmatch",     "fractions",    "ftplib",
    "functools",    "gc",          "getpass",     "gettext",      "glob",
    "graphlib",     "gzip",        "hashlib",     "heapq",        "hmac",
    "html",         "http",        "imaplib",     "importlib",    "inspect",
    "io",           "ipaddress",   "itertools",   "json",         "keyword",
    "linecache",    "locale",      "logging",     "lzma",         "mailbox",
    "marshal",      "math",        "mimetypes",   "mmap",         "multiprocessing",
    "netrc",        "numbers",     "operator",    "optparse",     "os",
    "pathlib",      "pdb",         "pickle",      "pkgutil",      "platform",
    "plistlib",     "poplib",      "pprint",      "profile",      "pstats",
    "pwd",          "queue",       "random",      "re",           "readline",
    "resource",     "runpy",       "sched",       "secrets",      "select",
    "selectors",    "shelve",      "shlex",       "shutil",       "signal",
    "site",         "smtplib",     "socket",      "socketserver", "sqlite3",
    "ssl",          "stat",        "statistics",  "string",       "struct",
    "subprocess",   "sys",         "sysconfig",   "tarfile",      "telnetlib",
    "tempfile",     "termios",     "textwrap",    "threading",    "time",
    "timeit",       "tkinter",     "token",       "tokenize",     "tomllib",
    "traceback",    "tracemalloc", "tty",         "types",        "typing",
    "unicodedata",  "unittest",    "urllib",      "uuid",         "venv",
    "warnings",     "wave",        "weakref",     "webbrowser",   "xml",
    "xmlrpc",       "zipfile",     "zlib",        "zoneinfo"};

bool is_standard(std::string_view module) {
    return std::binary_search(std::begin(kStandard), std::end(kStandard),
                              module.substr(0, module.find('.')));
}

struct ImportLine {
    Span span;          // of the statement, in the file
    std::string module; // dotted, with leading dots for relative ones
    bool from;
    Section section;
};

std::string module_of(const Tree& tree, NodeId statement) {
    const NodeId holder =
        tree.kind(statement) == Kind::ImportFrom ? statement : tree.child(statement, Kind::Alias);
    const NodeId module = holder == kNoNode ? kNoNode : tree.child(holder, Kind::ModuleName);
    if (module == kNoNode) return {};
    std::string result(tree[module].op, '.');
    bool first = true;
    for (const NodeId part : tree.children(module)) {
        if (!first) result += '.';
        first = false;
        result += tree.text(part);
    }
    return result;
}

Section section_of(std::string_view module) {
    if (module == "__future__") return Section::Future;
    if (!module.empty() && module.front() == '.') return Section::Local;
    return is_standard(module) ? Section::Standard : Section::ThirdParty;
}

/// Behind the line that contains the offset, with its terminator.
std::uint32_t next_line(std::string_view text, std::uint32_t at) {
    while (at < text.size() && text[at] != '\n' && text[at] != '\r') ++at;
    if (at < text.size() && text[at] == '\r') ++at;
    if (at < text.size() && text[at] == '\n') ++at;
    return at;
}

std::string line_ending(std::string_view text) {
    const std::size_t at = text.find_first_of("\r\n");
    if (at == std::string_view::npos || text[at] == '\n') return "\n";
    return at + 1 < text.size() && text[at + 1] == '\n' ? "\r\n" : "\r";
}

} // namespace

std::vector<Edit> import_edit(const std::vector<Slot>& slots, std::string_view text,
                              std::string_view module) {
    const std::string eol = line_ending(text);
    std::vector<ImportLine> imports;
    std::optional<std::uint32_t> docstring_end;
    std::uint32_t first_code = static_cast<std::uint32_t>(text.size());
    bool begun = false;
    bool block_over = false;
    for (const Slot& slot : slots) {
        if (slot.head >= 0 || slot.region->kind != RegionKind::Statements || block_over) break;
        const Tree& tree = slot.region->tree;
        for (const NodeId statement : tree.children(0)) {
            const Span span = tree[statement].span().shifted(slot.begin);
            const Kind kind = tree.kind(statement);
            if (kind == Kind::Import || kind == Kind::ImportFrom) {
                const std::string name = module_of(tree, statement);
                if (kind == Kind::Import && tree.child(statement, Kind::Alias) != kNoNode &&
                    tree.child(tree.child(statement, Kind::Alias), Role::AsName) == kNoNode &&
                    name == module)
                    return {};
                imports.push_back({span, name, kind == Kind::ImportFrom, section_of(name)});
            } else if (!begun && kind == Kind::ExprStmt &&
                       tree.is(tree.first_child(statement), Kind::String)) {
                docstring_end = span.end;
                begun = true;
                continue;
            } else if (!imports.empty()) {
                block_over = true;
                break;
            }
            begun = true;
            first_code = std::min(first_code, span.begin);
        }
    }
    if (!slots.empty()) {
        for (const Slot& slot : slots) {
            const Tree& tree = slot.region->tree;
            const NodeId first = tree.size() > 1 ? tree.first_child(0) : kNoNode;
            if (first == kNoNode) continue;
            const std::uint32_t begin = tree[first].begin + slot.begin;
            if (docstring_end && begin < *docstring_end) continue;
            first_code = std::min(first_code, begin);
            break;
        }
    }
    const std::string line = "import " + std::string(module);
    const Section section = section_of(module);
    // Beside the imports of its section: plain imports first, by name.
    const ImportLine* after = nullptr;
    const ImportLine* before = nullptr;
    for (const ImportLine& import : imports) {
        if (import.section != section) continue;
        if (!import.from && import.module < module)
            after = &import;
        else if (before == nullptr && (import.from || import.module > module))
            before = &import;
    }
    if (after != nullptr) {
        const std::uint32_t at = next_line(text, after->span.end);
        const bool terminated =
            at > after->span.end && (text[at - 1] == '\n' || text[at - 1] == '\r');
        return {{Span{at, at}, terminated ? line + eol : eol + line}};
    }
    if (before != nullptr) return {{Span{before->span.begin, before->span.begin}, line + eol}};
    // A section of its own, between those around it.
    for (const ImportLine& import : imports)
        if (import.section > section)
            return {{Span{import.span.begin, import.span.begin}, line + eol + eol}};
    if (!imports.empty()) {
        const ImportLine* last = nullptr;
        for (const ImportLine& import : imports)
            if (import.section < section) last = &import;
        if (last == nullptr) last = &imports.back();
        const std::uint32_t at = next_line(text, last->span.end);
        const bool terminated =
            at > last->span.end && (text[at - 1] == '\n' || text[at - 1] == '\r');
        return {{Span{at, at}, (terminated ? "" : eol) + eol + line + eol}};
    }
    if (docstring_end) {
        const std::uint32_t at = next_line(text, *docstring_end);
        const bool terminated = text[at - 1] == '\n' || text[at - 1] == '\r';
        const bool blank = at >= text.size() || text[at] == '\n' || text[at] == '\r';
        return {{Span{at, at}, (terminated ? "" : eol) + eol + line + eol + (blank ? "" : eol)}};
    }
    return {{Span{first_code, first_code}, line + eol + eol + eol}};
}

} // namespace awaitls::analysis

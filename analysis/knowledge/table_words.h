#pragma once

// The words and columns of the knowledge tables, shared by the reader and the renderers.

#include "analysis/knowledge/tables.h"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace awaitls::analysis::tables {

/// A word of a table and the C++ enumerator that it stands for.
struct Word {
    std::string_view word;
    std::string_view enumerator;
};

inline constexpr std::array kUses = {Word{"call", "Call"}, Word{"enter", "Enter"},
                                     Word{"iterate", "Iterate"}};

inline constexpr std::array kBlockingKinds = {
    Word{"sleep", "Sleep"},
    Word{"http", "Http"},
    Word{"subprocess", "Subprocess"},
    Word{"process-wait", "ProcessWait"},
    Word{"open", "Open"},
    Word{"file-method", "FileMethod"},
    Word{"directory-walk", "DirectoryWalk"},
    Word{"path", "Path"},
    Word{"input", "Input"},
    Word{"database", "Database"},
    Word{"socket", "Socket"},
    Word{"network", "Network"},
    Word{"lock", "Lock"},
    Word{"wait", "Wait"},
    Word{"cpu", "Cpu"},
    Word{"tls-certs", "TlsCerts"},
    Word{"import", "Import"},
};

/// The kind of a row that exempts a method from the wildcard of its class.
inline constexpr std::string_view kNever = "never";

inline constexpr std::array kFixes = {Word{"none", "None"}, Word{"sleep", "Sleep"},
                                      Word{"thread", "Thread"}};

inline constexpr std::array kApiKinds = {
    Word{"function", "Function"},
    Word{"coroutine", "Coroutine"},
    Word{"awaitable", "Awaitable"},
    Word{"coroutine-or-manager", "CoroutineOrManager"},
    Word{"async-manager", "AsyncManager"},
    Word{"manager", "Manager"},
    Word{"async-iterator", "AsyncIterator"},
    Word{"property", "Property"},
    Word{"coroutine-property", "CoroutineProperty"},
    Word{"class", "Class"},
};

inline constexpr std::array kPlaces = {Word{"loop", "Loop"}, Word{"thread", "Thread"},
                                       Word{"process", "Process"}, Word{"caller", "Caller"},
                                       Word{"new-loop", "NewLoop"}};

inline constexpr std::array kArgumentUses = {Word{"awaits", "Awaits"}, Word{"spawns", "Spawns"},
                                             Word{"discards", "Discards"}};

/// The words of the flags column of classes.tsv in the order of the bit fields of ClassInfo.
inline constexpr std::array<std::string_view, 7> kClassFlags = {
    "with", "async-with", "for", "async-for", "await", "complete", "source"};

template <typename Words>
std::string_view enumerator(const Words& words, std::string_view word) {
    for (const Word& candidate : words) {
        if (candidate.word == word) {
            return candidate.enumerator;
        }
    }
    return {};
}

/// One table: where its rows go and what its columns are called. The first `key_columns` cells
/// identify a row.
struct Schema {
    std::string_view file;
    std::vector<Row> Tables::*rows;
    std::vector<std::string_view> columns;
    std::size_t key_columns;
};

/// All tables, in the order of the pages and of checks.
const std::vector<Schema>& schemas();

/// The parts of a text between separators; at least one.
std::vector<std::string> split(std::string_view text, std::string_view separator);

/// The parts of a list cell; an empty cell has none.
std::vector<std::string> split_list(std::string_view text, std::string_view separator);

} // namespace awaitls::analysis::tables

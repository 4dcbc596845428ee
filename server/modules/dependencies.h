#pragma once

// What results rest on outside of their files, each thing once and by number.

#include "analysis/semantic/uses.h"
#include "server/files/file.h"
#include "server/modules/disk_modules.h"

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace awaitls::server {

/// Something outside of a file that results rest on, and how it was.
struct Dependency {
    enum class Kind : std::uint8_t {
        File,     // `name`: its path; `stamp`
        Scope,    // `name`: a folder; `answer`: DiskModules::scope_of() the files in it
        Question, // `answer`: the file that the module `name` means in the scope; empty: none
        Root,     // `hash`: whether there are modules below `name` in the scope
        Search,   // `hash`: of what was found
    };
    Kind kind = Kind::File;
    analysis::Uses::Search::Kind search{};
    std::uint32_t scope = 0; // number of a Scope; equal ones may stand for it
    std::string name;
    std::string base;
    std::string answer;
    std::uint64_t hash = 0;
    FileStamp stamp;
};

/// Where files of a scope or folder are looked at from: a file in it, which need not exist.
std::string some_file_in(const std::string& folder);

/// Belongs to one thread at a time.
class DependencyTable {
public:
    using Numbers = std::vector<std::uint32_t>; // sorted, each once

    /// The number of a dependency; that of an equal one keeps its answer, hash and stamp.
    std::uint32_t add(Dependency dependency);
    /// The numbers of all that was used for a file, the file itself among them.
    std::set<std::uint32_t> add(const std::string& path, const analysis::Uses& uses,
                                const DiskModules& modules);

    const std::vector<Dependency>& all() const { return all_; }
    Dependency& operator[](std::uint32_t number) { return all_[number]; }
    /// The Scope that stands for those with an answer. Requires: one was added.
    std::uint32_t scope_with(const std::string& answer) const { return scopes_.at(answer); }
    /// For who reads a table back: takes a dependency as it is.
    void restore(Dependency dependency) { all_.push_back(std::move(dependency)); }

    /// What a search gives now, asked as it was then.
    std::uint64_t answer_now(const Dependency& search, const analysis::Modules& modules) const;

private:
    std::vector<Dependency> all_;
    std::unordered_map<std::uint64_t, std::uint32_t> numbers_; // by a hash of what identifies them
    std::unordered_map<std::string, std::uint32_t> scopes_;    // the first, by Dependency::answer
};

/// Brings what results rest on from one table into another. Belongs to one thread at a time.
class DependencyMove {
public:
    /// Requires: `from` does not change, and both outlive this.
    DependencyMove(const DependencyTable& from, DependencyTable& to)
        : from_(from), to_(to), moved_(from.all().size(), kUnknown) {}

    /// The number in the other table.
    std::uint32_t operator()(std::uint32_t number);
    DependencyTable::Numbers operator()(const DependencyTable::Numbers& numbers);

private:
    static constexpr std::uint32_t kUnknown = 0xffff'ffff;
    const DependencyTable& from_;
    DependencyTable& to_;
    DependencyTable::Numbers moved_; // by number in `from_`
};

} // namespace awaitls::server

#pragma once

// What answers about a file rest on outside of it.

#include "analysis/semantic/module.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace awaitls::analysis {

/// What an evaluation asked about other modules, and so all that its answers rest on outside the file.
struct Uses {
    struct Question {
        std::string name;
        std::string importer; // path
        std::string answer;   // path; empty: there is none
    };
    struct Root {
        std::string name;
        std::string importer; // path
        bool known;           // there are modules below it, maybe
    };
    /// A search of the whole project.
    struct Search {
        enum class Kind : std::uint8_t {
            FilesWith,      // `name`
            SyncOverriders, // of the method `name` of `base`
            AsyncOverriders,
            ClassesWith, // a method `name`
            CallsOf,     // `name` in the file `importer` itself
            MentionsIn,  // of `name` in the file `importer` itself, with what stands around them
        };
        Kind kind;
        std::string name;
        std::string base;
        std::string importer; // path
        std::uint64_t answer; // hash
    };
    std::vector<Question> questions;
    std::vector<Root> roots;
    std::vector<Search> searches;
    std::vector<std::shared_ptr<const ModuleFile>> files; // in the order in which they were met
};

/// Asks again, where there are modules; `own` is the present module of the file under analysis.
std::uint64_t answer_of(const Uses::Search& search, const Modules* modules, const Module& own,
                        std::string_view own_path);

} // namespace awaitls::analysis

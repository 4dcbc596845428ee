#pragma once

// Which files of a project a question is about, from digests of all of them.

#include "analysis/semantic/digest.h"
#include "analysis/semantic/module.h"

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace awaitls::server {

/// Immutable; may be asked by any thread. Paths are absolute. The answers are those of analysis::Modules.
class ProjectIndex {
public:
    using Digests = std::map<std::string, std::shared_ptr<const analysis::FileDigest>, std::less<>>;

    static constexpr std::size_t kMaxFiles = 65'536;

    /// Requires: at most kMaxFiles.
    explicit ProjectIndex(const Digests& digests);

    /// The same with other digests of some files; null: the file is gone. Costs what changes, not the size of the project.
    std::shared_ptr<const ProjectIndex> with(const Digests& changes) const;

    /// All files in a folder, sorted.
    std::vector<std::string> files_below(const std::string& folder) const;
    std::optional<std::vector<std::string>> files_with(std::string_view word,
                                                       std::size_t limit) const;
    /// All of them, tests as well: sorted paths.
    std::vector<std::string> all_files_with(std::string_view word) const;
    std::vector<analysis::ClassPlace> overriders(std::string_view base, std::string_view method,
                                                 bool is_async) const;
    std::optional<std::vector<analysis::ClassPlace>> classes_with(std::string_view method,
                                                                  std::size_t limit) const;

private:
    struct Base;
    std::optional<std::vector<std::string>> find_files(std::string_view word, std::size_t limit,
                                                       bool tests) const;
    ProjectIndex(std::shared_ptr<const Base> base, Digests changed)
        : base_(std::move(base)), changed_(std::move(changed)) {}
    /// Calls visit(path, class name, is async, bases) for all methods of a name, where bases(take) calls take(name of a base);
    /// visit returns false to stop.
    template <typename Visit>
    void each_method(std::string_view name, Visit visit) const;
    /// Calls take(name) for all bases of all classes of a name.
    template <typename Take>
    void each_base(std::string_view name, Take take) const;
    /// A class with these bases derives from one of the name `base`, by names.
    template <typename Bases>
    bool derives(const Bases& bases, std::string_view base) const;

    std::shared_ptr<const Base> base_;
    Digests changed_; // since; they take the place of those in the base
};

/// Tests give stand-ins to what they test: they tell nothing about it.
bool is_test_file(std::string_view path);

} // namespace awaitls::server

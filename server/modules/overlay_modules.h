#pragma once

// The modules of a workspace as an editor has them: open documents before files.

#include "server/modules/disk_modules.h"

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace awaitls::server {

/// Immutable; may be asked by any thread.
class OverlayModules final : public analysis::Modules {
public:
    /// By path.
    using OpenModules =
        std::map<std::string, std::shared_ptr<const analysis::ModuleFile>, std::less<>>;

    OverlayModules(std::shared_ptr<const DiskModules> disk, OpenModules open)
        : disk_(std::move(disk)), open_(std::move(open)) {}

    std::optional<std::vector<std::string>>
    files_with(std::string_view word, std::string_view importer, std::size_t limit) const override {
        const std::shared_ptr<const ProjectIndex> index = index_of(importer);
        return index ? index->files_with(word, limit) : std::nullopt;
    }
    std::vector<analysis::ClassPlace> overriders(std::string_view base, std::string_view method,
                                                 bool is_async,
                                                 std::string_view importer) const override {
        const std::shared_ptr<const ProjectIndex> index = index_of(importer);
        return index ? index->overriders(base, method, is_async)
                     : std::vector<analysis::ClassPlace>{};
    }
    std::optional<std::vector<analysis::ClassPlace>>
    classes_with(std::string_view method, std::string_view importer,
                 std::size_t limit) const override {
        const std::shared_ptr<const ProjectIndex> index = index_of(importer);
        return index ? index->classes_with(method, limit) : std::nullopt;
    }

    std::shared_ptr<const analysis::ModuleFile> find(std::string_view name,
                                                     std::string_view importer) const override {
        const std::string path = disk_->locate(name, importer);
        return path.empty() ? nullptr : at(path);
    }
    bool has_root(std::string_view root, std::string_view importer) const override {
        return disk_->has_root(root, importer);
    }
    std::shared_ptr<const analysis::ModuleFile> at(std::string_view path) const override {
        const auto found = open_.find(path);
        return found != open_.end() ? found->second : disk_->at(path);
    }

    /// All files of a project that have the word, tests as well: sorted. Nothing where the project has no index.
    std::optional<std::vector<std::string>> project_files_with(std::string_view word,
                                                               const std::string& project) const {
        const std::shared_ptr<const ProjectIndex> index = index_of(project + "/.");
        return index ? std::optional(index->all_files_with(word)) : std::nullopt;
    }

private:
    /// That of the importer's project as the editor has it; null while there is none.
    std::shared_ptr<const ProjectIndex> index_of(std::string_view importer) const {
        const std::shared_ptr<const ProjectIndex> index = disk_->index_of(importer);
        if (!index) return nullptr;
        const std::string project = disk_->project_of(std::string(importer));
        const std::lock_guard lock(mutex_);
        std::shared_ptr<const ProjectIndex>& known = indexes_[project];
        if (known) return known;
        ProjectIndex::Digests changes;
        for (const auto& [path, file] : open_)
            if (disk_->project_of(path) == project)
                changes.emplace(path, file->digest
                                          ? file->digest
                                          : std::make_shared<const analysis::FileDigest>(
                                                analysis::digest_of(file->module->text())));
        known = changes.empty() ? index : index->with(changes);
        return known;
    }

    std::shared_ptr<const DiskModules> disk_;
    OpenModules open_;
    mutable std::mutex mutex_;
    mutable std::map<std::string, std::shared_ptr<const ProjectIndex>> indexes_; // by project
};

} // namespace awaitls::server

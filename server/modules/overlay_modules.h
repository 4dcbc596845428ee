#pragma once

// The modules of a workspace as an editor has them: open documents before files.

#include "server/modules/disk_modules.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace awaitls::server {

/// Immutable; may be asked by any thread.
class OverlayModules final : public analysis::Modules {
public:
    /// By path.
    using OpenModules =
        std::map<std::string, std::shared_ptr<const analysis::ModuleFile>, std::less<>>;

    OverlayModules(std::shared_ptr<const DiskModules> disk, OpenModules open)
        : disk_(std::move(disk)), open_(std::move(open)) {}

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

private:
    std::shared_ptr<const DiskModules> disk_;
    OpenModules open_;
};

} // namespace awaitls::server

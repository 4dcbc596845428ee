#pragma once

// A workspace in memory: modules by their dotted names, all of one project.

#include "analysis/semantic/digest.h"
#include "analysis/semantic/module.h"
#include "server/modules/effects_store.h"

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace awaitls::tests {

/// The path of module `a.b` is `/a/b.py`. A name that ends with `.__init__` is that of a package.
class MemoryModules final : public analysis::Modules {
public:
    /// `library`: it is installed, and not of the project.
    void set(const std::string& name, std::string text, bool library = false) {
        effects_ = nullptr;
        constexpr std::string_view kInit = ".__init__";
        auto file = std::make_shared<analysis::ModuleFile>();
        file->package = name.ends_with(kInit);
        file->name = file->package ? name.substr(0, name.size() - kInit.size()) : name;
        file->path = path_of(name);
        file->library = library;
        const auto before = files_.find(file->path);
        file->module =
            analysis::make_module(std::make_shared<const analysis::SourceText>(std::move(text)),
                                  before == files_.end() ? nullptr : before->second->module.get());
        names_[file->name] = file->path;
        files_[file->path] = std::move(file);
    }
    void remove(const std::string& name) {
        effects_ = nullptr;
        names_.erase(name);
        files_.erase(path_of(name));
    }

    std::shared_ptr<const analysis::ModuleFile> find(std::string_view name,
                                                     std::string_view) const override {
        const auto found = names_.find(name);
        return found == names_.end() ? nullptr : at(found->second);
    }
    bool has_root(std::string_view root, std::string_view) const override {
        const std::string below = std::string(root) + ".";
        for (const auto& [name, path] : names_)
            if (name == root || name.starts_with(below)) return true;
        return false;
    }
    std::shared_ptr<const analysis::ModuleFile> at(std::string_view path) const override {
        const auto found = files_.find(path);
        return found == files_.end() ? nullptr : found->second;
    }

    std::optional<std::vector<std::string>> files_with(std::string_view word, std::string_view,
                                                       std::size_t limit) const override {
        std::vector<std::string> result;
        for (const auto& [path, file] : files_)
            if (!file->library && file->module->text().find(word) != std::string::npos)
                result.push_back(path);
        if (result.size() > limit) return std::nullopt;
        return result;
    }
    std::vector<analysis::ClassPlace> overriders(std::string_view base, std::string_view method,
                                                 bool is_async, std::string_view) const override {
        std::vector<analysis::ClassPlace> result;
        each_method(method, [&](const std::string& path, const analysis::DeclaredClass& declared,
                                const analysis::DeclaredMethod& found) {
            if (found.is_async == is_async && derives(declared, base))
                result.push_back({path, declared.name});
        });
        return result;
    }
    std::optional<std::vector<analysis::ClassPlace>>
    classes_with(std::string_view method, std::string_view, std::size_t limit) const override {
        std::vector<analysis::ClassPlace> result;
        each_method(method, [&](const std::string& path, const analysis::DeclaredClass& declared,
                                const analysis::DeclaredMethod&) {
            result.push_back({path, declared.name});
        });
        if (result.size() > limit) return std::nullopt;
        return result;
    }

    analysis::SharedEffects* effects() const override { return effects_.get(); }
    /// From now on, and until something is set, analyses leave effects for one another.
    void share_effects() { effects_ = std::make_shared<server::EffectsStore>(); }

    static std::string path_of(std::string_view name) {
        std::string path = "/" + std::string(name) + ".py";
        for (std::size_t i = 0; i + 3 < path.size(); ++i)
            if (path[i] == '.') path[i] = '/';
        return path;
    }

private:
    bool derives(const analysis::DeclaredClass& declared, std::string_view base,
                 int depth = 0) const {
        for (const std::string& name : declared.bases) {
            if (name == base) return true;
            for (const auto& [path, file] : files_)
                for (const analysis::DeclaredClass& other :
                     analysis::digest_of(file->module->text()).classes)
                    if (depth < 4 && other.name == name && derives(other, base, depth + 1))
                        return true;
        }
        return false;
    }
    template <typename Visit>
    void each_method(std::string_view method, Visit visit) const {
        for (const auto& [path, file] : files_) {
            if (file->library) continue;
            const analysis::FileDigest digest = analysis::digest_of(file->module->text());
            for (const analysis::DeclaredClass& declared : digest.classes)
                for (const analysis::DeclaredMethod& found : declared.methods)
                    if (found.name == method) visit(path, declared, found);
        }
    }

    std::map<std::string, std::string, std::less<>> names_;
    std::map<std::string, std::shared_ptr<const analysis::ModuleFile>, std::less<>> files_;
    std::shared_ptr<server::EffectsStore> effects_;
};

} // namespace awaitls::tests

#include "server/modules/project_index.h"

#include <algorithm>
#include <cstdint>
#include <unordered_map>

namespace awaitls::server {

using analysis::ClassPlace;
using analysis::DeclaredClass;

namespace {
constexpr std::size_t kMaxAncestors = 64; // by name: classes of one name are taken for one
constexpr std::size_t kMaxChanged = 200;  // files, before the base is made anew
} // namespace

bool is_test_file(std::string_view path) {
    const std::string_view name = path.substr(path.rfind('/') + 1);
    return name.starts_with("test_") || name.ends_with("_test.py") || name == "conftest.py" ||
           path.find("/tests/") != std::string_view::npos ||
           path.find("/test/") != std::string_view::npos;
}

struct ProjectIndex::Base {
    struct Class {
        const std::string* path;
        const DeclaredClass* declared;
    };
    struct Method {
        std::uint32_t index; // in classes
        const analysis::DeclaredMethod* declared;
    };
    Digests digests;
    std::vector<const std::string*> paths;                      // of what are no tests
    std::vector<std::pair<std::uint32_t, std::uint32_t>> words; // hash, index in paths; sorted
    std::vector<Class> classes;                                 // in the order of the paths
    std::unordered_map<std::string_view, std::vector<std::uint32_t>> by_name; // of classes
    std::unordered_map<std::string_view, std::vector<Method>> methods;

    explicit Base(Digests all) : digests(std::move(all)) {
        std::size_t count = 0;
        for (const auto& [path, digest] : digests) count += digest->names.size();
        words.reserve(count);
        for (const auto& [path, digest] : digests) {
            if (!is_test_file(path)) {
                const std::uint32_t file = static_cast<std::uint32_t>(paths.size());
                paths.push_back(&path);
                for (const std::uint32_t word : digest->names) words.emplace_back(word, file);
            }
            for (const DeclaredClass& declared : digest->classes) {
                const std::uint32_t index = static_cast<std::uint32_t>(classes.size());
                classes.push_back({&path, &declared});
                by_name[declared.name].push_back(index);
                for (const analysis::DeclaredMethod& method : declared.methods)
                    methods[method.name].push_back({index, &method});
            }
        }
        std::sort(words.begin(), words.end());
    }
};

ProjectIndex::ProjectIndex(Digests digests)
    : base_(std::make_shared<const Base>(std::move(digests))) {}

std::shared_ptr<const ProjectIndex> ProjectIndex::with(const Digests& changes) const {
    Digests changed = changed_;
    for (const auto& [path, digest] : changes) changed[path] = digest;
    if (changed.size() <= kMaxChanged)
        return std::shared_ptr<const ProjectIndex>(new ProjectIndex(base_, std::move(changed)));
    Digests digests = base_->digests;
    for (const auto& [path, digest] : changed) {
        if (digest)
            digests[path] = digest;
        else
            digests.erase(path);
    }
    return std::make_shared<const ProjectIndex>(std::move(digests));
}

std::optional<std::vector<std::string>> ProjectIndex::files_with(std::string_view word,
                                                                 std::size_t limit) const {
    const std::uint32_t hash = analysis::name_hash(word);
    const auto& words = base_->words;
    const auto first = std::lower_bound(words.begin(), words.end(), std::pair(hash, 0U));
    std::vector<std::string> result;
    for (auto at = first; at != words.end() && at->first == hash; ++at) {
        const std::string& path = *base_->paths[at->second];
        if (changed_.contains(path)) continue;
        if (result.size() == limit) return std::nullopt;
        result.push_back(path);
    }
    for (const auto& [path, digest] : changed_)
        if (digest && !is_test_file(path) &&
            std::binary_search(digest->names.begin(), digest->names.end(), hash))
            result.push_back(path);
    if (result.size() > limit) return std::nullopt;
    if (!changed_.empty()) std::sort(result.begin(), result.end());
    return result;
}

template <typename Visit>
void ProjectIndex::each_method(std::string_view name, Visit visit) const {
    if (const auto found = base_->methods.find(name); found != base_->methods.end())
        for (const Base::Method& method : found->second) {
            const Base::Class& owner = base_->classes[method.index];
            if (!changed_.contains(*owner.path) &&
                !visit(*owner.path, *owner.declared, *method.declared))
                return;
        }
    for (const auto& [path, digest] : changed_) {
        if (!digest) continue;
        for (const DeclaredClass& declared : digest->classes)
            for (const analysis::DeclaredMethod& method : declared.methods)
                if (method.name == name && !visit(path, declared, method)) return;
    }
}

template <typename Visit>
void ProjectIndex::each_class(std::string_view name, Visit visit) const {
    if (const auto found = base_->by_name.find(name); found != base_->by_name.end())
        for (const std::uint32_t index : found->second)
            if (const Base::Class& owner = base_->classes[index]; !changed_.contains(*owner.path))
                visit(*owner.declared);
    for (const auto& [path, digest] : changed_) {
        if (!digest) continue;
        for (const DeclaredClass& declared : digest->classes)
            if (declared.name == name) visit(declared);
    }
}

bool ProjectIndex::derives(const DeclaredClass& declared, std::string_view base) const {
    std::vector<std::string_view> names(declared.bases.begin(), declared.bases.end());
    for (std::size_t i = 0; i < names.size() && i < kMaxAncestors; ++i) {
        if (names[i] == base) return true;
        each_class(names[i], [&](const DeclaredClass& found) {
            for (const std::string& name : found.bases)
                if (std::find(names.begin(), names.end(), name) == names.end())
                    names.push_back(name);
        });
    }
    return false;
}

std::vector<ClassPlace> ProjectIndex::overriders(std::string_view base, std::string_view method,
                                                 bool is_async) const {
    std::vector<ClassPlace> result;
    each_method(method, [&](const std::string& path, const DeclaredClass& declared,
                            const analysis::DeclaredMethod& found) {
        if (found.is_async == is_async && derives(declared, base))
            result.push_back({path, declared.name});
        return true;
    });
    std::stable_sort(result.begin(), result.end(),
                     [](const ClassPlace& a, const ClassPlace& b) { return a.path < b.path; });
    return result;
}

std::optional<std::vector<ClassPlace>> ProjectIndex::classes_with(std::string_view method,
                                                                  std::size_t limit) const {
    std::vector<ClassPlace> result;
    each_method(method, [&](const std::string& path, const DeclaredClass& declared,
                            const analysis::DeclaredMethod&) {
        ClassPlace place{path, declared.name};
        // A property has its setter, say.
        if (result.empty() || result.back() != place) result.push_back(std::move(place));
        return result.size() <= limit;
    });
    if (result.size() > limit) return std::nullopt;
    std::stable_sort(result.begin(), result.end(),
                     [](const ClassPlace& a, const ClassPlace& b) { return a.path < b.path; });
    return result;
}

} // namespace awaitls::server

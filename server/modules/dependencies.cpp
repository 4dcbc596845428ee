#include "server/modules/dependencies.h"

#include "analysis/text/text.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

namespace awaitls::server {

using analysis::Uses;
using Kind = Dependency::Kind;

namespace {

std::string folder_of(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return std::string(path.substr(0, slash == std::string_view::npos ? 0 : slash));
}

} // namespace

std::string some_file_in(const std::string& folder) {
    return folder + "/_.py";
}

std::uint32_t DependencyTable::add(Dependency dependency) {
    const auto is_same = [&](const Dependency& other) {
        return other.kind == dependency.kind && other.search == dependency.search &&
               other.scope == dependency.scope && other.name == dependency.name &&
               other.base == dependency.base;
    };
    std::uint64_t hash = analysis::hash_bytes(
        dependency.name, analysis::hash_bytes(dependency.base, dependency.scope));
    hash = analysis::hash_combine(hash, static_cast<std::uint64_t>(dependency.kind) * 16 +
                                            static_cast<std::uint64_t>(dependency.search));
    const std::uint32_t next = static_cast<std::uint32_t>(all_.size());
    for (;; ++hash) {
        const auto [known, is_new] = numbers_.try_emplace(hash, next);
        if (is_new) break;
        if (is_same(all_[known->second])) return known->second;
    }
    if (dependency.kind == Kind::Scope) scopes_.try_emplace(dependency.answer, next);
    all_.push_back(std::move(dependency));
    return next;
}

std::set<std::uint32_t> DependencyTable::add(const std::string& path, const Uses& uses,
                                             const DiskModules& modules) {
    std::set<std::uint32_t> used;
    const auto add_file = [&](const std::string& file) {
        if (file.empty()) return;
        Dependency dependency;
        dependency.name = file;
        used.insert(add(std::move(dependency)));
    };
    // The folders of importers are few.
    std::map<std::string, std::uint32_t> known;
    const auto scope_of = [&](const std::string& importer) {
        const std::string folder = folder_of(importer);
        if (const auto found = known.find(folder); found != known.end()) return found->second;
        Dependency scope;
        scope.kind = Kind::Scope;
        scope.name = folder;
        scope.answer = modules.scope_of(importer);
        std::string answer = scope.answer;
        used.insert(add(std::move(scope)));
        const std::uint32_t first = scopes_.at(answer);
        used.insert(first);
        known.emplace(folder, first);
        return first;
    };
    add_file(path);
    scope_of(path);
    for (const Uses::Root& root : uses.roots) {
        Dependency dependency;
        dependency.kind = Kind::Root;
        dependency.scope = scope_of(root.importer);
        dependency.name = root.name;
        dependency.hash = root.known ? 1 : 0;
        used.insert(add(std::move(dependency)));
    }
    for (const Uses::Question& question : uses.questions) {
        Dependency dependency;
        dependency.kind = Kind::Question;
        dependency.scope = scope_of(question.importer);
        dependency.name = question.name;
        dependency.answer = question.answer;
        used.insert(add(std::move(dependency)));
        add_file(question.answer);
    }
    for (const Uses::Search& search : uses.searches) {
        if (search.kind == Uses::Search::Kind::CallsOf ||
            search.kind == Uses::Search::Kind::MentionsIn) {
            add_file(search.importer);
            continue;
        }
        Dependency dependency;
        dependency.kind = Kind::Search;
        dependency.search = search.kind;
        dependency.scope = scope_of(search.importer);
        dependency.name = search.name;
        dependency.base = search.base;
        dependency.hash = search.answer;
        used.insert(add(std::move(dependency)));
    }
    for (const auto& file : uses.files) add_file(file->path);
    return used;
}

std::uint64_t DependencyTable::answer_now(const Dependency& search,
                                          const analysis::Modules& modules) const {
    static const std::shared_ptr<const analysis::Module> nothing =
        analysis::make_module(std::make_shared<const analysis::SourceText>(std::string()));
    const Uses::Search question{search.search, search.name, search.base,
                                some_file_in(all_[search.scope].name), 0};
    return analysis::answer_of(question, &modules, *nothing, {});
}

std::uint32_t DependencyMove::operator()(std::uint32_t number) {
    if (moved_[number] == kUnknown) {
        Dependency one = from_.all()[number];
        if (one.kind >= Dependency::Kind::Question) {
            // Another folder may stand for the scope there.
            const std::uint32_t scope = to_.add(from_.all()[one.scope]);
            one.scope = to_.scope_with(to_.all()[scope].answer);
        }
        moved_[number] = to_.add(std::move(one));
    }
    return moved_[number];
}

DependencyTable::Numbers DependencyMove::operator()(const DependencyTable::Numbers& numbers) {
    DependencyTable::Numbers result;
    result.reserve(numbers.size());
    for (const std::uint32_t number : numbers) result.push_back((*this)(number));
    std::sort(result.begin(), result.end());
    return result;
}

} // namespace awaitls::server

#include "server/lsp/closed_files.h"

#include "protocol/uri.h"
#include "server/files/discover.h"
#include "server/files/file.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace awaitls::server {

namespace {

using analysis::FileAnalysis;

/// Null when cancelled.
std::shared_ptr<const FileAnalysis> analyse_file(const ClosedFile& file, const std::string& bytes,
                                                 const ClosedContext& context) {
    std::string text = analysis::decode_source(bytes).text;
    // A file that others import is parsed already. Others are not kept: nobody may ask for them.
    const std::shared_ptr<const analysis::ModuleFile> known = context.disk.known(file.path);
    std::shared_ptr<const analysis::Module> module =
        known && known->module->text() == text
            ? known->module
            : analysis::make_module(std::make_shared<const analysis::SourceText>(std::move(text)));
    DiskModules::Name name = context.disk.name_of(file.path);
    return FileAnalysis::analyse_module(
        std::move(module), file.settings, file.path.substr(file.path.rfind('/') + 1), nullptr,
        &context.cancellation, {context.modules, file.path, std::move(name.dotted), name.package});
}

bool holds(const PreviousResults& previous, const std::string& key, const std::string& id) {
    const auto found = previous.find(key);
    return found != previous.end() && found->second.value == id;
}

} // namespace

FoundFiles find_files(const std::vector<WholeFolder>& folders, const DiskModules& modules,
                      const analysis::Cancellation& cancellation) {
    FoundFiles result;
    for (const WholeFolder& folder : folders) {
        ConfigResolver resolver;
        resolver.set_layers(folder.layers);
        const Discovery discovery = discover({folder.path}, [&](const std::string& path) {
            return cancellation.cancelled() ||
                   std::find(folder.inner.begin(), folder.inner.end(), path) !=
                       folder.inner.end() ||
                   resolver.excludes(path);
        });
        for (const DiscoveryProblem& problem : discovery.problems) {
            result.problems.push_back(problem.path + ": " + problem.message);
        }
        for (const DiscoveredFile& file : discovery.files) {
            if (cancellation.cancelled()) {
                return result;
            }
            FileSettings settings = resolver.resolve(file.path);
            if (settings.excluded) {
                continue;
            }
            result.projects.insert(modules.project_of(file.path));
            if (!settings.environment.empty()) {
                result.environments.emplace(settings.environment_base, settings.environment);
            }
            std::string uri = protocol::file_uri(file.path);
            std::string key = protocol::uri_key(uri);
            result.files.push_back({file.path, std::move(uri), std::move(key),
                                    std::move(settings.settings), settings.max_file_size});
        }
    }
    return result;
}

KeptResults::KeptResults(std::shared_ptr<const ClosedResults> results,
                         const std::set<std::string>& changed, const analysis::Modules& modules)
    : results_(std::move(results)) {
    if (!results_) {
        return;
    }
    dependencies_ = results_->dependencies;
    std::vector<bool> good(dependencies_.all().size(), true);
    for (std::uint32_t i = 0; i < good.size(); ++i) {
        Dependency& one = dependencies_[i];
        if (one.kind == Dependency::Kind::File) {
            good[i] = !changed.contains(one.name);
        } else if (one.kind == Dependency::Kind::Search) {
            const std::uint64_t now = dependencies_.answer_now(one, modules);
            good[i] = now == one.hash;
            one.hash = now;
        }
    }
    for (const ClosedResult& result : results_->files) {
        if (std::all_of(result.rests_on.begin(), result.rests_on.end(),
                        [&](std::uint32_t number) { return good[number]; })) {
            good_.emplace(result.path, &result);
        }
    }
}

const ClosedResult* KeptResults::find(const std::string& path) const {
    const auto found = good_.find(path);
    return found == good_.end() ? nullptr : found->second;
}

ClosedReports analyse_closed(const std::vector<ClosedFile>& files, std::size_t begin,
                             std::size_t end, const ClosedContext& context) {
    ClosedReports result;
    for (std::size_t i = begin; i < end; ++i) {
        const ClosedFile& file = files[i];
        if (const ClosedResult* const kept = context.kept.find(file.path)) {
            const std::string id = result_id(kept->hash);
            if (holds(context.previous, file.key, id)) {
                result.results.push_back(*kept);
                result.keys.push_back(file.key);
                result.reports.push_back(
                    protocol::workspace_unchanged_report(file.uri, std::nullopt, id));
                continue;
            }
        }
        ++result.analysed;
        const FileBytes bytes = read_file(file.path, file.max_file_size);
        if (!bytes.error.empty()) {
            result.problems.push_back(file.path + ": " + bytes.error);
        }
        if (!bytes.error.empty() || bytes.too_large) {
            continue;
        }
        DiagnosticsView view(context.style);
        DependencyTable::Numbers rests_on;
        try {
            std::shared_ptr<const FileAnalysis> analysis = analyse_file(file, bytes.bytes, context);
            if (!analysis) {
                return result;
            }
            {
                const std::lock_guard lock(context.mutex);
                const std::set<std::uint32_t> used =
                    context.kept.dependencies().add(file.path, analysis->uses(), context.disk);
                rests_on.assign(used.begin(), used.end());
            }
            auto uri = std::make_shared<const protocol::Uri>(protocol::parse_uri(file.uri));
            auto map =
                map_of_text(std::move(uri), 0, analysis->module()->source, context.style.encoding);
            view.show(std::move(analysis), std::move(map));
        } catch (const std::exception& error) {
            result.problems.push_back("the analysis of " + file.path + " failed: " + error.what());
            continue;
        }
        const std::string id = result_id(view.hash(0));
        result.results.push_back({file.path, view.hash(0), std::move(rests_on)});
        result.keys.push_back(file.key);
        if (holds(context.previous, file.key, id)) {
            result.reports.push_back(
                protocol::workspace_unchanged_report(file.uri, std::nullopt, id));
            continue;
        }
        protocol::DiagnosticsMessage report =
            protocol::DiagnosticsMessage::workspace_full_report(file.uri, std::nullopt, id);
        view.append_to(report, 0);
        result.reports.push_back(protocol::RawJson{report.finish()});
    }
    return result;
}

std::optional<ClosedReports> repeat_reports(const ClosedResults& results,
                                            const std::set<std::string>& open,
                                            const PreviousResults& previous) {
    ClosedReports reports;
    for (const ClosedResult& result : results.files) {
        const std::string uri = protocol::file_uri(result.path);
        std::string key = protocol::uri_key(uri);
        if (open.contains(key)) {
            continue;
        }
        const std::string id = result_id(result.hash);
        if (!holds(previous, key, id)) {
            return std::nullopt;
        }
        reports.reports.push_back(protocol::workspace_unchanged_report(uri, std::nullopt, id));
        reports.results.push_back(result);
        reports.keys.push_back(std::move(key));
    }
    return reports;
}

} // namespace awaitls::server

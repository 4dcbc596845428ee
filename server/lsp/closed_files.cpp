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
std::shared_ptr<const FileAnalysis> analyse_file(const ClosedFile& file, std::string text,
                                                 const ClosedContext& context) {
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

std::shared_ptr<const DocumentMap> map_of(const ClosedFile& file,
                                          std::shared_ptr<const analysis::SourceText> text,
                                          const ClosedContext& context) {
    auto uri = std::make_shared<const protocol::Uri>(protocol::parse_uri(file.uri));
    return map_of_text(std::move(uri), 0, std::move(text), context.style.encoding);
}

/// Shows findings that were stored for the file. False where a text cannot be read.
bool show_stored(const ClosedFile& file, std::vector<analysis::Diagnostic> findings,
                 const ClosedContext& context, DiagnosticsView& view) {
    const auto read = [&](const std::string& path) -> std::shared_ptr<const analysis::SourceText> {
        const FileBytes bytes = read_file(path, file.max_file_size);
        if (!bytes.error.empty() || bytes.too_large) return nullptr;
        return std::make_shared<const analysis::SourceText>(
            analysis::decode_source(bytes.bytes).text);
    };
    std::shared_ptr<const analysis::SourceText> text = read(file.path);
    if (!text) return false;
    for (analysis::Diagnostic& finding : findings) {
        for (analysis::Related& related : finding.related) {
            if (related.path.empty()) continue;
            related.source = read(related.path);
            if (!related.source) return false;
        }
    }
    view.show_findings(std::move(findings), map_of(file, std::move(text), context));
    return true;
}

/// What tells results of one file apart.
std::uint64_t settings_of(const ClosedFile& file) {
    return file.settings->fingerprint() ^ (file.max_file_size * 0x9e3779b97f4a7c15ULL);
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

std::shared_ptr<StoredResults> StoredResults::open(const std::string& cache_folder,
                                                   std::shared_ptr<const DiskModules> disk,
                                                   const OverlayModules::OpenModules& documents) {
    if (cache_folder.empty()) return nullptr;
    for (const auto& [path, document] : documents) {
        const FileBytes file = read_file(path, disk->max_file_size());
        if (!file.error.empty() || file.too_large ||
            analysis::decode_source(file.bytes).text != document->module->text())
            return nullptr;
    }
    std::string run = "server";
    for (const std::string& folder : disk->workspace()) run += '\n' + folder;
    const std::string key = ResultCache::key_of(run, disk->libraries(), disk->max_file_size());
    std::shared_ptr<StoredResults> result(
        new StoredResults(ResultCache::path_in(cache_folder, key), std::move(disk)));
    result->cache_.verify();
    return result;
}

StoredResults::StoredResults(const std::string& path, std::shared_ptr<const DiskModules> disk)
    : disk_(std::move(disk)), cache_(path, *disk_) {}

std::optional<StoredResults::Found> StoredResults::find(const ClosedFile& file,
                                                        DependencyTable& dependencies) {
    const ResultCache::Result* const result = cache_.find(file.path, settings_of(file));
    if (result == nullptr) return std::nullopt;
    if (!move_) move_.emplace(cache_.table(), dependencies);
    return Found{&result->findings, (*move_)(result->rests_on)};
}

void StoredResults::add(const ClosedFile& file, const FileAnalysis& analysis) {
    cache_.add(file.path, settings_of(file), analysis.diagnostics(), analysis.uses());
}

namespace {

/// Finds out what is to be said of a closed file, and what that rests on.
class ClosedFileWork {
public:
    ClosedFileWork(const ClosedFile& file, const ClosedContext& context, ClosedReports& result)
        : file_(file), context_(context), result_(result), view_(context.style) {}

    /// False when cancelled.
    bool operator()() {
        if (const ClosedResult* const kept = context_.kept.find(file_.path)) {
            if (holds(context_.previous, file_.key, result_id(kept->hash))) {
                rests_on_ = kept->rests_on;
                report(kept->hash);
                return true;
            }
        }
        try {
            if (take_stored()) return true;
            ++result_.analysed;
            return analyse();
        } catch (const std::exception& error) {
            result_.problems.push_back("the analysis of " + file_.path +
                                       " failed: " + error.what());
        }
        return true;
    }

private:
    bool take_stored() {
        if (context_.stored == nullptr) return false;
        std::optional<StoredResults::Found> found;
        {
            const std::lock_guard lock(context_.mutex);
            found = context_.stored->find(file_, context_.kept.dependencies());
        }
        if (!found) return false;
        if (!found->findings->empty() && !show_stored(file_, *found->findings, context_, view_))
            return false;
        rests_on_ = std::move(found->rests_on);
        report(found->findings->empty() ? DiagnosticsView::hash_of_none() : view_.hash(0));
        return true;
    }

    bool analyse() {
        const FileBytes bytes = read_file(file_.path, file_.max_file_size);
        if (!bytes.error.empty()) result_.problems.push_back(file_.path + ": " + bytes.error);
        if (!bytes.error.empty() || bytes.too_large) return true;
        analysis::Decoded decoded = analysis::decode_source(bytes.bytes);
        const bool is_lossy = !decoded.error.empty();
        std::shared_ptr<const FileAnalysis> analysis =
            analyse_file(file_, std::move(decoded.text), context_);
        if (!analysis) return false;
        const std::vector<analysis::GivenUp>& given_up = analysis->given_up();
        for (const analysis::GivenUp& rule : given_up)
            result_.problems.push_back(analysis->describe(rule, file_.path));
        {
            const std::lock_guard lock(context_.mutex);
            const std::set<std::uint32_t> used =
                context_.kept.dependencies().add(file_.path, analysis->uses(), context_.disk);
            rests_on_.assign(used.begin(), used.end());
        }
        if (context_.stored != nullptr && !is_lossy && given_up.empty())
            context_.stored->add(file_, *analysis);
        std::shared_ptr<const analysis::SourceText> text = analysis->module()->source;
        view_.show(std::move(analysis), map_of(file_, std::move(text), context_));
        report(view_.hash(0));
        return true;
    }

    /// What the view shows, where the client does not hold it.
    void report(std::uint64_t hash) {
        const std::string id = result_id(hash);
        result_.results.push_back({file_.path, hash, std::move(rests_on_)});
        result_.keys.push_back(file_.key);
        if (holds(context_.previous, file_.key, id)) {
            result_.reports.push_back(
                protocol::workspace_unchanged_report(file_.uri, std::nullopt, id));
            return;
        }
        protocol::DiagnosticsMessage message =
            protocol::DiagnosticsMessage::workspace_full_report(file_.uri, std::nullopt, id);
        if (view_.map()) view_.append_to(message, 0);
        result_.reports.push_back(protocol::RawJson{message.finish()});
    }

    const ClosedFile& file_;
    const ClosedContext& context_;
    ClosedReports& result_;
    DiagnosticsView view_;
    DependencyTable::Numbers rests_on_;
};

} // namespace

ClosedReports analyse_closed(const std::vector<ClosedFile>& files, std::size_t begin,
                             std::size_t end, const ClosedContext& context) {
    ClosedReports result;
    for (std::size_t i = begin; i < end; ++i)
        if (!ClosedFileWork(files[i], context, result)()) break;
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

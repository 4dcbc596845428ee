#include "server/lsp/call_hierarchy.h"

#include "protocol/codec.h"
#include "protocol/json_reader.h"
#include "protocol/json_text.h"
#include "protocol/uri.h"
#include "server/config/options.h"
#include "server/files/file.h"
#include "server/lsp/text_map.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>
#include <utility>

namespace awaitls::server {

namespace {

using analysis::CallEdge;
using analysis::CallItem;
using analysis::CallMark;
using analysis::CallSite;
using analysis::FileCalls;
using analysis::ModuleFile;
using protocol::RawJson;

const RawJson kNull{"null"};

/// In the order of CallItem::Kind.
constexpr std::array<std::string_view, 5> kKinds = {"module", "class", "constructor", "method",
                                                    "function"};

template <class T>
RawJson json_of(const T& value) {
    protocol::JsonWriter writer;
    protocol::write(writer, value);
    return RawJson{writer.take()};
}

std::string_view mark_name(CallMark mark) {
    switch (mark) {
    case CallMark::Plain: return {};
    case CallMark::Blocks: return "blocks";
    case CallMark::Awaited: return "awaited";
    case CallMark::Task: return "task";
    case CallMark::Callback: return "callback";
    case CallMark::Thread: return "thread";
    case CallMark::Process: return "process";
    }
    return {};
}

/// "[awaited, blocks: open]": what the calls do, each once; empty where they are plain.
std::string marks_of(const std::vector<CallSite>& sites) {
    std::vector<std::string> marks;
    for (const CallSite& site : sites) {
        std::string mark(mark_name(site.mark));
        if (!site.witness.empty()) {
            mark += ": " + site.witness;
        }
        if (!mark.empty() && std::find(marks.begin(), marks.end(), mark) == marks.end()) {
            marks.push_back(std::move(mark));
        }
    }
    std::string result;
    for (const std::string& mark : marks) {
        result += (result.empty() ? "[" : ", ") + mark;
    }
    return result.empty() ? result : result + "]";
}

protocol::SymbolKind symbol_kind(CallItem::Kind kind) {
    switch (kind) {
    case CallItem::Kind::Module: return protocol::SymbolKind::Module;
    case CallItem::Kind::Class: return protocol::SymbolKind::Class;
    case CallItem::Kind::Constructor: return protocol::SymbolKind::Constructor;
    case CallItem::Kind::Method: return protocol::SymbolKind::Method;
    case CallItem::Kind::Function: return protocol::SymbolKind::Function;
    }
    return protocol::SymbolKind::Function;
}

/// "main.inner" for "main.<locals>.inner".
std::string shown_name(std::string name) {
    constexpr std::string_view kLocals = "<locals>.";
    for (std::size_t at = name.find(kLocals); at != std::string::npos; at = name.find(kLocals)) {
        name.erase(at, kLocals.size());
    }
    return name;
}

/// Answers one question.
class CallHierarchy {
public:
    CallHierarchy(const CallQuestion& question, const CallWorld& world,
                  const analysis::Cancellation& cancellation)
        : question_(question), world_(world), cancellation_(cancellation) {
        OverlayModules::OpenModules modules;
        for (const CallWorld::Open& open : world.open) {
            if (!open.path.empty()) {
                // Nobody imports a notebook.
                (open.notebook ? notebooks_ : modules).emplace(open.path, module_of(open));
                maps_.emplace(open.path, &open);
            }
        }
        open_ = modules;
        modules_ = std::make_shared<const OverlayModules>(world.disk, std::move(modules));
    }

    std::optional<CallAnswer> answer() {
        const std::shared_ptr<const FileCalls> calls = asked_document();
        std::optional<std::vector<protocol::RawJson>> entries;
        if (calls) {
            entries = entries_of(*calls);
        }
        if (cancellation_.cancelled()) {
            return std::nullopt;
        }
        CallAnswer result{kNull, std::move(problems_)};
        if (entries) {
            protocol::JsonWriter writer;
            writer.begin_array();
            for (const RawJson& entry : *entries) {
                writer.raw(entry.text);
            }
            writer.end_array();
            result.result = RawJson{writer.take()};
        }
        return result;
    }

private:
    std::shared_ptr<const ModuleFile> module_of(const CallWorld::Open& open) const {
        if (open.file && open.file->module->text() == open.text->text()) {
            return open.file;
        }
        auto file = std::make_shared<ModuleFile>();
        DiskModules::Name name = world_.disk->name_of(open.path);
        file->path = open.path;
        file->name = std::move(name.dotted);
        file->package = name.package;
        file->module =
            analysis::make_module(open.text, open.file ? open.file->module.get() : nullptr);
        return file;
    }

    std::shared_ptr<const FileCalls> calls_of(const ModuleFile& file) const {
        return std::make_shared<const FileCalls>(
            file.module, world_.settings,
            analysis::ModulePlace{modules_, file.path, file.name, file.package, file.library,
                                  notebooks_.contains(file.path)});
    }

    /// Null where there is no such document.
    std::shared_ptr<const FileCalls> asked_document() {
        const protocol::Uri uri = protocol::parse_uri(question_.uri);
        std::optional<std::string> path = uri.is_file() ? uri.file_path() : std::nullopt;
        for (const CallWorld::Open& open : world_.open) {
            const std::optional<std::size_t> part = open.map->find(uri.key);
            if (!part) {
                continue;
            }
            asked_ = &open;
            asked_part_ = *part;
            path = open.path;
        }
        if (asked_ != nullptr && path->empty()) {
            source_ = asked_->text;
            return std::make_shared<const FileCalls>(
                analysis::make_module(source_), world_.settings,
                analysis::ModulePlace{nullptr, {}, {}, false, false, asked_->notebook});
        }
        const std::shared_ptr<const ModuleFile> file = path ? opened_or_read(*path) : nullptr;
        if (!file) {
            return nullptr;
        }
        source_ = file->module->source;
        library_ = file->library;
        return calls_of(*file);
    }
    std::shared_ptr<const ModuleFile> opened_or_read(const std::string& path) const {
        const auto notebook = notebooks_.find(path);
        return notebook != notebooks_.end() ? notebook->second : modules_->at(path);
    }

    std::optional<std::vector<RawJson>> entries_of(const FileCalls& calls) {
        const std::uint32_t offset =
            asked_ != nullptr ? asked_->map->offset(asked_part_, question_.position)
                              : TextMap(source_->text(), source_->lines(), world_.encoding)
                                    .offset(question_.position);
        std::vector<RawJson> entries;
        if (question_.kind == CallQuestion::Kind::Prepare) {
            for (const CallItem& item : calls.items_at(offset)) {
                entries.push_back(json_of(to_protocol(item, place(item, item.name_range), {})));
            }
            return entries.empty() ? std::nullopt : std::optional(std::move(entries));
        }
        const std::optional<CallItem> item = calls.find(question_.item, question_.name, offset);
        if (!item) {
            return std::nullopt;
        }
        if (question_.kind == CallQuestion::Kind::Outgoing) {
            for (const CallEdge& edge : calls.outgoing(*item)) {
                for (const auto& [part, sites] : by_part(*item, edge.sites)) {
                    // Each cell of a notebook is an item of its own.
                    if (item->kind != CallItem::Kind::Module || part == asked_part_) {
                        entries.push_back(json_of(protocol::CallHierarchyOutgoingCall{
                            to_protocol(edge.item, place(edge.item, edge.item.name_range), sites),
                            ranges(*item, sites)}));
                    }
                }
            }
        } else {
            for (const CallEdge& edge : callers_of(*item, calls)) {
                for (const auto& [part, sites] : by_part(edge.item, edge.sites)) {
                    entries.push_back(json_of(protocol::CallHierarchyIncomingCall{
                        to_protocol(edge.item, place(edge.item, sites.front().span), sites),
                        ranges(edge.item, sites)}));
                }
            }
        }
        return entries;
    }

    // ---- Callers ----

    /// The module of a file that may call; null where it is gone. Those that nobody imports are not
    /// kept: nobody may ask for them again.
    std::shared_ptr<const ModuleFile> read(const std::string& path) {
        for (const OverlayModules::OpenModules* const opened : {&open_, &notebooks_}) {
            if (const auto open = opened->find(path); open != opened->end()) {
                return open->second;
            }
        }
        if (std::shared_ptr<const ModuleFile> known = world_.disk->known(path)) {
            return known;
        }
        const FileBytes bytes = read_file(path, kDefaultMaxFileSize);
        if (bytes.too_large) {
            add_problem(path + " is too large to be searched for callers");
        }
        if (!bytes.error.empty() || bytes.too_large) {
            return nullptr;
        }
        auto file = std::make_shared<ModuleFile>();
        DiskModules::Name name = world_.disk->name_of(path);
        file->path = path;
        file->name = std::move(name.dotted);
        file->package = name.package;
        file->module = analysis::make_module(std::make_shared<const analysis::SourceText>(
            std::move(analysis::decode_source(bytes.bytes).text)));
        return file;
    }

    std::vector<std::string> projects_of(const CallItem& item) const {
        // Any project may call a library's functions.
        return library_ ? world_.projects
                        : std::vector<std::string>{world_.disk->project_of(item.path)};
    }

    /// The files that have a word, of those that may call the item.
    std::set<std::string> files_with(const std::string& word, const CallItem& item) {
        std::set<std::string> found;
        for (const std::string& project : projects_of(item)) {
            for (const auto& [path, notebook] : notebooks_) {
                if (mentions(*notebook, {word}) && world_.disk->project_of(path) == project) {
                    found.insert(path);
                }
            }
            if (const std::optional<std::vector<std::string>> paths =
                    modules_->project_files_with(word, project)) {
                found.insert(paths->begin(), paths->end());
                continue;
            }
            // The open documents are all that is known of such a folder.
            for (const auto& [path, file] : open_) {
                if (world_.disk->project_of(path) == project) {
                    found.insert(path);
                }
            }
            add_problem(project + " has no index, as it is no project or has too many files: "
                                  "callers are looked for in open documents only");
        }
        return found;
    }

    void add_problem(std::string problem) {
        if (std::find(problems_.begin(), problems_.end(), problem) == problems_.end()) {
            problems_.push_back(std::move(problem));
        }
    }

    std::vector<CallEdge> callers_of(const CallItem& item, const FileCalls& own) {
        std::vector<CallEdge> result;
        std::vector<std::string> names = analysis::names_of(item);
        if (names.empty()) {
            return result;
        }
        if (item.path.empty()) {
            return own.incoming(item, cancellation_).value_or(std::vector<CallEdge>());
        }
        // A file may give the item other names, which others call it by. Each file is visited once,
        // and asked for more names again when it may have some of those that came up since.
        std::map<std::string, std::size_t> files; // -> names it was asked about
        std::size_t searched = 0;                 // names
        files.emplace(item.path, 0);
        bool too_many = false;
        for (bool again = true; again;) {
            for (; searched < names.size(); ++searched) {
                const std::set<std::string> found = files_with(names[searched], item);
                if (searched == 0 && !library_ && !found.contains(item.path) &&
                    !notebooks_.contains(item.path)) {
                    add_problem(item.path + " is excluded from its project: other files that are "
                                            "excluded are not searched for callers");
                }
                for (const std::string& path : found) {
                    too_many =
                        too_many || (files.size() >= world_.max_files && !files.contains(path));
                    if (!too_many) {
                        files.emplace(path, 0);
                    }
                }
            }
            again = false;
            std::vector<std::string> more;
            for (auto& [path, asked] : files) {
                if (cancellation_.cancelled()) {
                    return {};
                }
                if (asked == names.size()) {
                    continue;
                }
                const bool first = asked == 0;
                const std::vector<std::string> fresh(
                    names.begin() + static_cast<std::ptrdiff_t>(asked), names.end());
                asked = names.size();
                const std::shared_ptr<const ModuleFile> file = read(path);
                if (!file || (!first && !mentions(*file, fresh))) {
                    continue;
                }
                const std::shared_ptr<const FileCalls> calls = calls_of(*file);
                if (first) {
                    std::optional<std::vector<CallEdge>> edges =
                        calls->incoming(item, cancellation_);
                    if (!edges) {
                        return {};
                    }
                    std::move(edges->begin(), edges->end(), std::back_inserter(result));
                }
                analysis::CallLeads leads = calls->leads(item, names);
                std::move(leads.paths.begin(), leads.paths.end(), std::back_inserter(more));
                for (std::string& name : leads.names) {
                    names.push_back(std::move(name));
                    again = true;
                }
            }
            for (std::string& path : more) {
                again = files.emplace(std::move(path), 0).second || again;
            }
        }
        if (too_many) {
            add_problem("more than " + std::to_string(world_.max_files) + " files may call `" +
                        shown_name(item.name) + "`: callers in the others are not shown");
        }
        std::stable_sort(result.begin(), result.end(), [](const CallEdge& a, const CallEdge& b) {
            return a.item.path < b.item.path;
        });
        return result;
    }

    static bool mentions(const ModuleFile& file, const std::vector<std::string>& names) {
        return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
            return file.module->text().find(name) != std::string::npos;
        });
    }

    // ---- What the client gets ----

    struct Place {
        std::string uri;
        const CallWorld::Open* open = nullptr; // null: the file is closed
        std::size_t part = 0;
        protocol::Range range;
    };
    /// Where a span of an item's file is.
    Place place(const CallItem& item, analysis::Span span) const {
        const auto known = maps_.find(item.path);
        const CallWorld::Open* const open = item.path.empty()      ? asked_
                                            : known != maps_.end() ? known->second
                                                                   : nullptr;
        if (open == nullptr) {
            return {
                protocol::file_uri(item.path), nullptr, 0,
                TextMap(item.source->text(), item.source->lines(), world_.encoding).range(span)};
        }
        const DocumentMap::Place found = open->map->place(span);
        return {open->map->parts()[found.part].uri->text, open, found.part, found.range};
    }

    /// The sites of an item's calls: those of a notebook's code stand in several cells.
    std::map<std::size_t, std::vector<CallSite>> by_part(const CallItem& item,
                                                         const std::vector<CallSite>& sites) const {
        std::map<std::size_t, std::vector<CallSite>> result;
        for (const CallSite& site : sites) {
            result[place(item, site.span).part].push_back(site);
        }
        return result;
    }

    std::vector<protocol::Range> ranges(const CallItem& item,
                                        const std::vector<CallSite>& sites) const {
        std::vector<protocol::Range> result;
        for (const CallSite& site : sites) {
            result.push_back(place(item, site.span).range);
        }
        return result;
    }

    /// `at` is somewhere in the item: a module may have several parts.
    protocol::CallHierarchyItem to_protocol(const CallItem& item, const Place& at,
                                            const std::vector<CallSite>& sites) const {
        protocol::CallHierarchyItem result;
        result.uri = at.uri;
        result.kind = symbol_kind(item.kind);
        result.name = shown_name(item.name);
        if (item.kind == CallItem::Kind::Module) {
            const std::string path =
                protocol::parse_uri(at.open != nullptr ? at.open->uri : at.uri).path;
            result.name = path.substr(path.rfind('/') + 1);
            if (at.open != nullptr && at.open->notebook) {
                result.name += ", cell " + std::to_string(at.open->map->parts()[at.part].cell);
            }
            const TextMap map = at.open != nullptr ? at.open->map->text_map(at.part)
                                                   : TextMap(item.source->text(),
                                                             item.source->lines(), world_.encoding);
            result.range = map.range({0, static_cast<std::uint32_t>(map.text().size())});
        } else {
            result.range = place(item, item.range).range;
            result.selection_range = place(item, item.name_range).range;
        }
        const std::string marks = marks_of(sites);
        std::string detail = item.module;
        detail += detail.empty() || marks.empty() ? marks : " " + marks;
        if (!detail.empty()) {
            result.detail = std::move(detail);
        }
        protocol::JsonWriter data;
        data.begin_object();
        data.key("uri");
        data.string(result.uri);
        data.key("kind");
        data.string(kKinds[static_cast<std::size_t>(item.kind)]);
        data.key("name");
        data.string(item.name);
        data.key("position");
        protocol::write(data, result.selection_range.start);
        data.end_object();
        result.data = RawJson{data.take()};
        return result;
    }

    const CallQuestion& question_;
    const CallWorld& world_;
    const analysis::Cancellation& cancellation_;
    OverlayModules::OpenModules open_;
    OverlayModules::OpenModules notebooks_;
    std::map<std::string, const CallWorld::Open*> maps_; // by path
    std::shared_ptr<const OverlayModules> modules_;
    std::shared_ptr<const analysis::SourceText> source_; // of the document
    bool library_ = false;                               // the document is of one
    const CallWorld::Open* asked_ = nullptr;             // the document; null: it is closed
    std::size_t asked_part_ = 0;
    std::vector<std::string> problems_;
};

} // namespace

std::optional<CallQuestion> read_call_data(const protocol::CallHierarchyItem& item) {
    const protocol::ParsedJson parsed =
        protocol::parse_json(item.data.present() ? item.data.text : "null");
    if (!parsed.value) {
        return std::nullopt;
    }
    try {
        const protocol::Reader data(*parsed.value, "data");
        CallQuestion result;
        result.uri = data.field("uri").string();
        result.name = data.field("name").string();
        const std::string& kind = data.field("kind").string();
        const auto known = std::find(kKinds.begin(), kKinds.end(), kind);
        const protocol::Reader position = data.field("position");
        result.position = {position.field("line").position_number(),
                           position.field("character").position_number()};
        if (known == kKinds.end() || protocol::uri_key(result.uri) != protocol::uri_key(item.uri)) {
            return std::nullopt;
        }
        result.item = static_cast<CallItem::Kind>(known - kKinds.begin());
        if (result.name.empty() != (result.item == CallItem::Kind::Module)) {
            return std::nullopt;
        }
        return result;
    } catch (const protocol::ReadError&) {
        return std::nullopt;
    }
}

std::optional<CallAnswer> answer_about_calls(const CallQuestion& question, const CallWorld& world,
                                             const analysis::Cancellation& cancellation) {
    return CallHierarchy(question, world, cancellation).answer();
}

} // namespace awaitls::server

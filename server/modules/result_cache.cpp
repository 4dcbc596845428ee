#include "server/modules/result_cache.h"

#include "analysis/semantic/uses.h"
#include "generated/version.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <system_error>

namespace awaitls::server {

using analysis::Diagnostic;
using analysis::Uses;
using Kind = Dependency::Kind;

namespace {

constexpr std::string_view kMagic = "awaitls results 1\n";
constexpr std::uint64_t kMaxCacheSize = 1'000'000'000; // bytes
constexpr std::chrono::hours kUnusedFor{24 * 30};      // then a cache is removed
/// Two writes within so many nanoseconds may leave the same time on a file; some file systems count in whole seconds.
constexpr std::int64_t kTimeStep = 20'000'000;
constexpr std::int64_t kCoarseTimeStep = 2'000'000'000;

// --- bytes -----------------------------------------------------------------------------------------

class Writer {
public:
    void number(std::uint64_t value) {
        while (value >= 0x80) {
            out_.push_back(static_cast<char>(value | 0x80));
            value >>= 7;
        }
        out_.push_back(static_cast<char>(value));
    }
    void fixed(std::uint64_t value) {
        for (int i = 0; i < 8; ++i) out_.push_back(static_cast<char>(value >> (8 * i)));
    }
    /// Each text once; then its number.
    void text(std::string_view value) {
        const auto [known, is_new] = texts_.try_emplace(std::string(value), texts_.size());
        number(known->second);
        if (!is_new) return;
        number(value.size());
        out_ += value;
    }
    void numbers(const std::vector<std::uint32_t>& sorted) {
        number(sorted.size());
        std::uint32_t before = 0;
        for (const std::uint32_t value : sorted) {
            number(value - before);
            before = value;
        }
    }
    std::string take() { return std::move(out_); }

private:
    std::string out_;
    std::unordered_map<std::string, std::uint64_t> texts_;
};

/// Reads what a Writer wrote. Whatever the bytes are, it ends: what is not there reads as nothing, and fails.
class Reader {
public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}

    bool failed() const { return failed_; }
    bool at_end() const { return bytes_.empty(); }

    std::uint64_t number() {
        std::uint64_t result = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            if (bytes_.empty()) break;
            const auto byte = static_cast<unsigned char>(bytes_.front());
            bytes_.remove_prefix(1);
            result |= std::uint64_t{byte & 0x7fU} << shift;
            if (byte < 0x80) return result;
        }
        failed_ = true;
        return 0;
    }
    std::uint32_t small() {
        const std::uint64_t value = number();
        if (value > 0xffff'ffffU) failed_ = true;
        return static_cast<std::uint32_t>(value);
    }
    std::uint64_t fixed() {
        std::uint64_t result = 0;
        for (unsigned i = 0; i < 8; ++i) {
            if (bytes_.empty()) {
                failed_ = true;
                return 0;
            }
            result |= std::uint64_t{static_cast<unsigned char>(bytes_.front())} << (8 * i);
            bytes_.remove_prefix(1);
        }
        return result;
    }
    std::string text() {
        const std::uint64_t at = number();
        if (at < texts_.size()) return std::string(texts_[at]);
        const std::uint64_t size = number();
        if (failed_ || at != texts_.size() || size > bytes_.size()) {
            failed_ = true;
            return {};
        }
        texts_.push_back(bytes_.substr(0, size));
        bytes_.remove_prefix(size);
        return std::string(texts_.back());
    }
    /// How many follow, each of at least a byte.
    std::size_t count() {
        const std::uint64_t value = number();
        if (value > bytes_.size()) failed_ = true;
        return failed_ ? 0 : static_cast<std::size_t>(value);
    }
    std::vector<std::uint32_t> numbers(std::size_t below) {
        std::vector<std::uint32_t> result(count());
        std::uint64_t before = 0;
        for (std::uint32_t& value : result) {
            before += number();
            if (before >= below) failed_ = true;
            value = static_cast<std::uint32_t>(before);
        }
        return failed_ ? std::vector<std::uint32_t>{} : result;
    }

private:
    std::string_view bytes_;
    std::vector<std::string_view> texts_;
    bool failed_ = false;
};

void write(Writer& out, const analysis::Span& span) {
    out.number(span.begin);
    out.number(span.end);
}
void write(Writer& out, const Diagnostic& finding) {
    out.number(finding.rule);
    out.number(finding.shape);
    out.number(static_cast<std::uint64_t>(finding.severity));
    write(out, finding.span);
    out.text(finding.message);
    out.number(finding.unnecessary ? 1 : 0);
    out.fixed(finding.region);
    out.number(finding.related.size());
    for (const analysis::Related& related : finding.related) {
        write(out, related.span);
        out.text(related.message);
        out.text(related.path);
    }
    out.number(finding.fixes.size());
    for (const analysis::Fix& fix : finding.fixes) {
        out.text(fix.title);
        out.number(static_cast<std::uint64_t>(fix.applicability));
        out.number(fix.edits.size());
        for (const analysis::Edit& edit : fix.edits) {
            write(out, edit.span);
            out.text(edit.text);
        }
        out.number(fix.imports.size());
        for (const std::string& import : fix.imports) out.text(import);
    }
}

analysis::Span read_span(Reader& in) {
    const std::uint32_t begin = in.small();
    return {begin, in.small()};
}
Diagnostic read_finding(Reader& in) {
    Diagnostic finding;
    finding.rule = static_cast<std::uint16_t>(in.small());
    finding.shape = static_cast<std::uint8_t>(in.small());
    finding.severity = static_cast<analysis::Severity>(in.small());
    finding.span = read_span(in);
    finding.message = in.text();
    finding.unnecessary = in.number() != 0;
    finding.region = in.fixed();
    finding.related.resize(in.count());
    for (analysis::Related& related : finding.related) {
        related.span = read_span(in);
        related.message = in.text();
        related.path = in.text();
    }
    finding.fixes.resize(in.count());
    for (analysis::Fix& fix : finding.fixes) {
        fix.title = in.text();
        fix.applicability = static_cast<analysis::Applicability>(in.small());
        fix.edits.resize(in.count());
        for (analysis::Edit& edit : fix.edits) {
            edit.span = read_span(in);
            edit.text = in.text();
        }
        fix.imports.resize(in.count());
        for (std::string& import : fix.imports) import = in.text();
    }
    return finding;
}

} // namespace

// --- the cache -----------------------------------------------------------------------------------

std::string ResultCache::default_folder() {
    const auto variable = [](const char* name) {
        const char* const value = std::getenv(name);
        return std::string(value == nullptr ? "" : value);
    };
    // The specification has relative ones ignored.
    if (const std::string caches = variable("XDG_CACHE_HOME"); caches.starts_with('/'))
        return caches + "/awaitls";
    const std::string home = variable("HOME");
    return home.starts_with('/') ? home + "/.cache/awaitls" : std::string();
}

std::string ResultCache::key_of(std::string_view run, const Libraries& libraries,
                                std::uint64_t max_file_size) {
    std::string key(run);
    const auto add = [&](const std::vector<std::string>& items) {
        key += '\n';
        for (const std::string& item : items) key += item + '\n';
    };
    add(libraries.given);
    add(libraries.fallback);
    for (const auto& [folder, packages] : libraries.of_folders) {
        key += folder;
        add(packages);
    }
    return key + fmt::format("{} {}", libraries.of_projects, max_file_size);
}

std::uint64_t ResultCache::program_stamp() {
    const FileStamp stamp = stamp_of("/proc/self/exe").value_or(FileStamp{});
    return analysis::hash_bytes(fmt::format("{} {} {}", kVersion, stamp.size, stamp.modified));
}

std::int64_t ResultCache::now() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

std::string ResultCache::path_in(const std::string& folder, std::string_view key) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string name;
    std::uint64_t hash = analysis::hash_bytes(key);
    for (int i = 0; i < 16; ++i, hash >>= 4) name += kDigits[hash & 0xf];
    return folder + "/" + name + ".results";
}

ResultCache::ResultCache(std::string path, const DiskModules& modules)
    : path_(std::move(path)), key_(program_stamp()), modules_(modules) {
    const FileBytes file = read_file(path_, kMaxCacheSize);
    if (!file.error.empty() || file.too_large || read(file.bytes)) return;
    table_ = {};
    results_.clear();
    effects_.clear();
    projects_.clear();
}

bool ResultCache::read(std::string_view bytes) {
    constexpr std::size_t kFixed = 8;
    if (!bytes.starts_with(kMagic) || bytes.size() < kMagic.size() + 2 * kFixed) return false;
    const std::string_view body = bytes.substr(0, bytes.size() - kFixed);
    if (Reader(bytes.substr(body.size())).fixed() != analysis::hash_bytes(body)) return false;
    Reader in(body.substr(kMagic.size()));
    if (in.fixed() != key_) return false;
    for (std::size_t left = in.count(); left > 0 && !in.failed(); --left) {
        Dependency one;
        one.kind = static_cast<Kind>(in.number());
        one.search = static_cast<Uses::Search::Kind>(in.number());
        one.scope = in.small();
        one.name = in.text();
        one.base = in.text();
        one.answer = in.text();
        one.hash = in.fixed();
        one.stamp.size = in.number();
        one.stamp.modified = static_cast<std::int64_t>(in.fixed());
        one.stamp.changed = static_cast<std::int64_t>(in.fixed());
        table_.restore(std::move(one));
    }
    const std::size_t size = table_.all().size();
    for (const Dependency& one : table_.all())
        if (one.kind > Kind::Search || one.search > Uses::Search::Kind::MentionsIn ||
            (one.kind >= Kind::Question &&
             (one.scope >= size || table_.all()[one.scope].kind != Kind::Scope)))
            return false;
    for (std::size_t left = in.count(); left > 0 && !in.failed(); --left) {
        const std::string path = in.text();
        Result& result = results_[path];
        result.settings = in.fixed();
        result.rests_on = in.numbers(size);
        for (std::size_t findings = in.count(); findings > 0 && !in.failed(); --findings)
            result.findings.push_back(read_finding(in));
    }
    for (std::map<std::string, Numbers>* const list : {&effects_, &projects_})
        for (std::size_t left = in.count(); left > 0 && !in.failed(); --left) {
            const std::string path = in.text();
            (*list)[path] = in.numbers(size);
        }
    return !in.failed() && in.at_end();
}

std::string ResultCache::written() const {
    Writer out;
    out.fixed(key_);
    out.number(new_table_.all().size());
    for (const Dependency& one : new_table_.all()) {
        out.number(static_cast<std::uint64_t>(one.kind));
        out.number(static_cast<std::uint64_t>(one.search));
        out.number(one.scope);
        out.text(one.name);
        out.text(one.base);
        out.text(one.answer);
        out.fixed(one.hash);
        out.number(one.stamp.size);
        out.fixed(static_cast<std::uint64_t>(one.stamp.modified));
        out.fixed(static_cast<std::uint64_t>(one.stamp.changed));
    }
    out.number(new_results_.size());
    for (const auto& [path, result] : new_results_) {
        out.text(path);
        out.fixed(result.settings);
        out.numbers(result.rests_on);
        out.number(result.findings.size());
        for (const Diagnostic& finding : result.findings) write(out, finding);
    }
    out.number(new_effects_.size());
    for (const auto& [path, numbers] : new_effects_) {
        out.text(path);
        out.numbers(Numbers(numbers.begin(), numbers.end()));
    }
    out.number(projects_.size());
    for (const auto& [project, files] : projects_) {
        out.text(project);
        out.numbers(files);
    }
    std::string result = std::string(kMagic) + out.take();
    Writer sum;
    sum.fixed(analysis::hash_bytes(result));
    return result + sum.take();
}

bool ResultCache::holds(const Dependency& one, const std::set<std::string>& same_projects) const {
    if (one.kind == Kind::File) return stamp_of(one.name) == one.stamp;
    if (one.kind == Kind::Scope) return modules_.scope_of(some_file_in(one.name)) == one.answer;
    const std::string importer = some_file_in(table_.all()[one.scope].name);
    switch (one.kind) {
    case Kind::Question: return modules_.locate(one.name, importer) == one.answer;
    case Kind::Root: return modules_.has_root(one.name, importer) == (one.hash != 0);
    case Kind::Search: {
        if (same_projects.contains(modules_.project_of(importer))) return true;
        return table_.answer_now(one, modules_) == one.hash;
    }
    default: return false;
    }
}

void ResultCache::verify() {
    const std::vector<Dependency>& all = table_.all();
    good_.assign(all.size(), false);
    std::set<std::string> same_projects;
    const auto look_at = [&](bool searches) {
        for (std::size_t i = 0; i < all.size(); ++i)
            if ((all[i].kind == Kind::Search) == searches) good_[i] = holds(all[i], same_projects);
    };
    look_at(false);
    for (const auto& [project, files] : projects_) {
        const std::vector<std::string> present = modules_.files_of(project);
        bool same = present.size() == files.size();
        std::set<std::string_view> before;
        for (const std::uint32_t file : files) {
            same = same && good_[file];
            before.insert(all[file].name);
        }
        same = same && std::all_of(present.begin(), present.end(),
                                   [&](const std::string& path) { return before.contains(path); });
        if (same) same_projects.insert(project);
    }
    look_at(true);
    // What rests on a file rests on what the effects of its functions rest on, and so on.
    const auto all_good = [&](const Numbers& numbers) {
        return std::all_of(numbers.begin(), numbers.end(),
                           [&](std::uint32_t number) { return good_[number]; });
    };
    std::unordered_map<std::string_view, std::uint32_t> file_numbers;
    for (std::uint32_t i = 0; i < all.size(); ++i)
        if (all[i].kind == Kind::File) file_numbers.emplace(all[i].name, i);
    for (bool more = true; more;) {
        more = false;
        for (const auto& [path, numbers] : effects_) {
            const auto file = file_numbers.find(path);
            if (file == file_numbers.end() || !good_[file->second] || all_good(numbers)) continue;
            good_[file->second] = false;
            more = true;
        }
    }
    for (auto& [path, result] : results_) result.holds = all_good(result.rests_on);
}

const ResultCache::Result* ResultCache::find(const std::string& path,
                                             std::uint64_t settings) const {
    const auto found = results_.find(path);
    const bool holds =
        found != results_.end() && found->second.holds && found->second.settings == settings;
    return holds ? &found->second : nullptr;
}

void ResultCache::add(const std::string& path, std::uint64_t settings,
                      const std::vector<Diagnostic>& findings, const Uses& uses) {
    const std::lock_guard lock(mutex_);
    const std::set<std::uint32_t> used = new_table_.add(path, uses, modules_);
    Result& result = new_results_[path];
    result.settings = settings;
    result.rests_on.assign(used.begin(), used.end());
    result.findings = findings;
}

void ResultCache::add_effects(const std::string& path, const Uses& uses) {
    const std::lock_guard lock(mutex_);
    new_effects_[path].merge(new_table_.add(path, uses, modules_));
}

void ResultCache::keep_what_holds() {
    DependencyMove move(table_, new_table_);
    for (const auto& [path, result] : results_) {
        if (!result.holds || new_results_.contains(path)) continue;
        Result kept = result;
        kept.rests_on = move(kept.rests_on);
        new_results_.emplace(path, std::move(kept));
    }
    for (const auto& [path, numbers] : effects_)
        if (std::all_of(numbers.begin(), numbers.end(), [&](std::uint32_t n) { return good_[n]; }))
            for (const std::uint32_t number : numbers) new_effects_[path].insert(move(number));
}

std::string ResultCache::save(std::int64_t begin) {
    const std::lock_guard lock(mutex_);
    const bool all_hold = std::all_of(results_.begin(), results_.end(),
                                      [](const auto& entry) { return entry.second.holds; });
    if (new_results_.empty() && all_hold) return {};
    keep_what_holds();
    std::set<std::string> searched;
    for (const Dependency& one : new_table_.all())
        if (one.kind == Kind::Search)
            searched.insert(modules_.project_of(some_file_in(new_table_.all()[one.scope].name)));
    projects_.clear();
    for (const std::string& project : searched) {
        Numbers& files = projects_[project];
        for (const std::string& path : modules_.files_of(project)) {
            Dependency file;
            file.name = path;
            files.push_back(new_table_.add(std::move(file)));
        }
        std::sort(files.begin(), files.end());
    }
    for (std::uint32_t number = 0; number < new_table_.all().size(); ++number) {
        Dependency& one = new_table_[number];
        if (one.kind != Kind::File) continue;
        const FileStamp stamp = stamp_of(one.name).value_or(FileStamp{});
        const std::int64_t last = std::max(stamp.modified, stamp.changed);
        const bool coarse = last % 1'000'000'000 == 0;
        // What was written since may have been read before: it is never taken for the same.
        one.stamp = last + (coarse ? kCoarseTimeStep : kTimeStep) < begin ? stamp : FileStamp{};
    }
    std::error_code error;
    const std::filesystem::path folder = std::filesystem::path(path_).parent_path();
    std::filesystem::create_directories(folder, error);
    if (error) return error.message();
    const auto now = std::filesystem::file_time_type::clock::now();
    for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
         at.increment(error)) {
        std::error_code ignored;
        if (at->path().extension() == ".results" &&
            now - at->last_write_time(ignored) > kUnusedFor && !ignored)
            std::filesystem::remove(at->path(), ignored);
    }
    return write_file(path_, written());
}

} // namespace awaitls::server

#include "server/modules/disk_modules.h"

#include "server/config/environment.h"
#include "server/files/file.h"
#include "server/modules/stdlib_names.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

namespace awaitls::server {

namespace {

using analysis::ModuleFile;

constexpr std::string_view kStubs = "-stubs"; // behind a package's name: PEP 561

/// Larger projects are not indexed.
constexpr std::size_t kMaxIndexedFiles = 40'000;
static_assert(kMaxIndexedFiles <= ProjectIndex::kMaxFiles);
constexpr std::size_t kIndexPortion = 64; // files that one thread reads at a time

std::string parent_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? std::string() : path.substr(0, slash == 0 ? 1 : slash);
}

std::string_view name_in(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

std::string join(const std::string& folder, std::string_view name) {
    std::string result = folder;
    if (result.empty() || result.back() != '/') result += '/';
    result += name;
    return result;
}

/// "store" for "store.py" and "store.pyi"; the name itself for other files.
std::string_view stem(std::string_view name) {
    for (const std::string_view ending : {".pyi", ".py"})
        if (name.ends_with(ending)) return name.substr(0, name.size() - ending.size());
    return name;
}

bool is_python(std::string_view path) {
    return path.ends_with(".py") || path.ends_with(".pyi");
}

/// Null where the file cannot be read.
std::shared_ptr<const analysis::FileDigest> read_digest(const std::string& path,
                                                        std::uint64_t max_file_size) {
    const FileBytes bytes = read_file(path, max_file_size);
    if (!bytes.error.empty() || bytes.too_large) return nullptr;
    return std::make_shared<const analysis::FileDigest>(
        analysis::digest_of(analysis::decode_source(bytes.bytes).text));
}

} // namespace

Libraries Libraries::find(const std::string& environment) {
    Libraries result;
    if (!environment.empty()) {
        result.given = package_folders(environment);
        return result;
    }
    const ProcessEnvironment process = process_environment();
    if (!process.active.empty()) result.given = package_folders(process.active);
    result.of_projects = true;
    if (!process.fallback.empty()) result.fallback = package_folders(process.fallback);
    return result;
}

bool Libraries::add(const std::string& folder, const std::string& environment) {
    if (of_folders.contains(folder)) return false;
    std::vector<std::string> packages = package_folders(environment);
    if (packages.empty()) return false;
    of_folders.emplace(folder, std::move(packages));
    return true;
}

DiskModules::DiskModules(std::uint64_t max_file_size, Libraries libraries,
                         std::vector<std::string> workspace)
    : max_file_size_(max_file_size),
      libraries_(std::move(libraries)),
      workspace_(std::move(workspace)) {
    note_libraries(libraries_.given);
    note_libraries(libraries_.fallback);
    for (const auto& [folder_path, packages] : libraries_.of_folders) note_libraries(packages);
}

void DiskModules::note_libraries(const std::vector<std::string>& folders) const {
    const std::lock_guard lock(mutex_);
    for (const std::string& folder_path : folders) library_folders_.emplace(folder_path, folders);
}

std::vector<std::string> DiskModules::libraries_of(const std::string& project) const {
    for (std::string at = project;; at = parent_of(at)) {
        const auto found = libraries_.of_folders.find(at);
        if (found != libraries_.of_folders.end()) return found->second;
        if (at.size() <= 1) break;
    }
    if (!libraries_.given.empty()) return libraries_.given;
    if (libraries_.of_projects && holds(project, ".venv")) {
        std::vector<std::string> own = package_folders(join(project, ".venv"));
        note_libraries(own);
        if (!own.empty()) return own;
    }
    return libraries_.fallback;
}

std::string DiskModules::library_of(const std::string& path) const {
    const std::lock_guard lock(mutex_);
    // The innermost: a project's environment may be inside of what a `.pth` file names.
    std::string found;
    for (const auto& [folder_path, all] : library_folders_)
        if (path.size() > folder_path.size() && path.starts_with(folder_path) &&
            path[folder_path.size()] == '/' && folder_path.size() > found.size())
            found = folder_path;
    return found;
}

std::shared_ptr<DiskModules::Entry> DiskModules::entry(const std::string& path) const {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<Entry>& found = entries_[path];
    if (!found) found = std::make_shared<Entry>();
    return found;
}

std::shared_ptr<const DiskModules::Names> DiskModules::folder(const std::string& path) const {
    {
        const std::lock_guard lock(mutex_);
        if (const auto known = folders_.find(path); known != folders_.end()) return known->second;
    }
    auto names = std::make_shared<Names>();
    std::error_code error;
    for (std::filesystem::directory_iterator at(path, error), end; !error && at != end;
         at.increment(error))
        names->insert(at->path().filename().string());
    const std::lock_guard lock(mutex_);
    // Another thread may have been faster.
    return folders_.emplace(path, std::move(names)).first->second;
}

bool DiskModules::holds(const std::string& folder_path, const std::string& name) const {
    return folder(folder_path)->contains(name);
}

std::string DiskModules::package_root(std::string folder_path) const {
    while (folder_path.size() > 1 &&
           (holds(folder_path, "__init__.py") || holds(folder_path, "__init__.pyi")))
        folder_path = parent_of(folder_path);
    return folder_path;
}

bool DiskModules::has_mark(const std::string& folder_path) const {
    for (const char* const mark : {"pyproject.toml", "setup.py", "setup.cfg", ".git"})
        if (holds(folder_path, mark))
            // A package may have a module of that name.
            return std::string_view(mark) != "setup.py" || !holds(folder_path, "__init__.py");
    return false;
}

bool DiskModules::is_project(const std::string& folder_path) const {
    return has_mark(folder_path) ||
           std::find(workspace_.begin(), workspace_.end(), folder_path) != workspace_.end();
}

std::string DiskModules::project_root(std::string folder_path) const {
    for (std::string at = folder_path;; at = parent_of(at)) {
        if (has_mark(at)) return at;
        if (at.size() <= 1) break;
    }
    std::string result = folder_path;
    for (const std::string& outer : workspace_)
        if (outer.size() < result.size() && join(folder_path, "").starts_with(join(outer, "")))
            result = outer;
    return result;
}

std::string DiskModules::locate_below(const std::string& root, std::string_view name) const {
    std::string at = root;
    for (;;) {
        const std::size_t dot = name.find('.');
        const std::string part(name.substr(0, dot));
        if (part.empty()) return {};
        if (dot != std::string_view::npos) {
            if (!holds(at, part)) return {};
            at = join(at, part);
            name = name.substr(dot + 1);
            continue;
        }
        if (holds(at, part)) {
            const std::string package = join(at, part);
            for (const char* const init : {"__init__.pyi", "__init__.py"})
                if (holds(package, init)) return join(package, init);
        }
        for (const char* const ending : {".pyi", ".py"})
            if (holds(at, part + ending)) return join(at, part + ending);
        return {};
    }
}

std::shared_ptr<const ModuleFile> DiskModules::find(std::string_view name,
                                                    std::string_view importer) const {
    const std::string path = locate(name, importer);
    return path.empty() ? nullptr : at(path);
}

std::shared_ptr<DiskModules::Roots> DiskModules::roots_of(const std::string& folder_path) const {
    {
        const std::lock_guard lock(mutex_);
        if (const auto found = roots_.find(folder_path); found != roots_.end())
            return found->second;
    }
    auto roots = std::make_shared<Roots>();
    if (std::string library = library_of(folder_path + "/."); !library.empty()) {
        {
            const std::lock_guard lock(mutex_);
            roots->libraries = library_folders_.at(library);
        }
        roots->package = roots->project = roots->source = std::move(library);
    } else {
        roots->package = package_root(folder_path);
        roots->project = project_root(folder_path);
        roots->source = join(roots->project, "src");
        roots->libraries = libraries_of(roots->project);
    }
    const std::lock_guard lock(mutex_);
    const std::shared_ptr<Roots>& shared =
        same_roots_.emplace(roots->package + '\n' + roots->project, roots).first->second;
    return roots_.emplace(folder_path, shared).first->second;
}

bool DiskModules::has_root(std::string_view root, std::string_view importer) const {
    if (is_stdlib_module(root)) return false;
    const std::shared_ptr<Roots> found_roots = roots_of(parent_of(std::string(importer)));
    Roots& roots = *found_roots;
    {
        const std::lock_guard lock(mutex_);
        if (const auto found = roots.known.find(root); found != roots.known.end())
            return found->second;
    }
    const std::string name(root);
    bool known = false;
    for (const std::string* const at : {&roots.package, &roots.project, &roots.source})
        known = known || holds(*at, name) || holds(*at, name + ".py") || holds(*at, name + ".pyi");
    for (const std::string& at : roots.libraries)
        known = known || holds(at, name) || holds(at, name + ".py") || holds(at, name + ".pyi") ||
                holds(at, name + std::string(kStubs));
    const std::lock_guard lock(mutex_);
    return roots.known.emplace(name, known).first->second;
}

std::string DiskModules::locate(std::string_view name, std::string_view importer) const {
    if (is_stdlib_module(name.substr(0, name.find('.')))) return {};
    const std::shared_ptr<Roots> found_roots = roots_of(parent_of(std::string(importer)));
    Roots& roots = *found_roots;
    {
        const std::lock_guard lock(mutex_);
        if (const auto found = roots.located.find(name); found != roots.located.end())
            return found->second;
    }
    std::string path;
    for (const std::string* const root : {&roots.package, &roots.project, &roots.source}) {
        path = locate_below(*root, name);
        if (!path.empty()) break;
    }
    const std::string_view root = name.substr(0, name.find('.'));
    std::string stubs(name);
    stubs.insert(root.size(), kStubs);
    for (std::size_t i = 0; path.empty() && i < roots.libraries.size(); ++i) {
        path = locate_below(roots.libraries[i], stubs);
        if (path.empty()) path = locate_below(roots.libraries[i], name);
    }
    const std::lock_guard lock(mutex_);
    return roots.located.emplace(name, std::move(path)).first->second;
}

std::shared_ptr<DiskModules> DiskModules::copy(Libraries libraries,
                                               std::vector<std::string> workspace) const {
    auto result =
        std::make_shared<DiskModules>(max_file_size_, std::move(libraries), std::move(workspace));
    result->index_with(files_below_, index_when_asked_);
    result->indexes_ = indexes_;
    result->kept_bytes_ = kept_bytes_;
    const std::lock_guard lock(mutex_);
    result->folders_ = folders_;
    return result;
}

std::shared_ptr<const DiskModules> DiskModules::with(Libraries libraries) const {
    return copy(std::move(libraries), workspace_);
}

std::shared_ptr<const DiskModules> DiskModules::with(std::vector<std::string> workspace) const {
    return copy(libraries_, std::move(workspace));
}

std::shared_ptr<const DiskModules>
DiskModules::with(const std::string& project, std::shared_ptr<const ProjectIndex> index) const {
    std::shared_ptr<DiskModules> result = copy(libraries_, workspace_);
    result->indexes_[project] = std::move(index);
    const std::lock_guard lock(mutex_);
    result->entries_ = entries_;
    return result;
}

std::shared_ptr<const DiskModules>
DiskModules::changed(const std::vector<std::string>& paths) const {
    std::shared_ptr<DiskModules> result = copy(libraries_, workspace_);
    for (auto& [project, index] : result->indexes_) {
        if (!index) continue;
        ProjectIndex::Digests changes;
        for (const std::string& path : paths) {
            if (!path.starts_with(join(project, ""))) continue;
            std::vector<std::string> files;
            if (is_python(path)) {
                files.push_back(path);
            } else {
                // A folder may have come or gone with all that is in it.
                files = index->files_below(path);
                std::error_code error;
                if (files_below_ && std::filesystem::is_directory(path, error)) {
                    const std::lock_guard lock(listing_);
                    for (std::string& file : files_below_(path, {}))
                        files.push_back(std::move(file));
                }
            }
            for (const std::string& file : files)
                changes.emplace(file, read_digest(file, max_file_size_));
        }
        if (!changes.empty()) index = index->with(changes);
    }
    const std::lock_guard lock(mutex_);
    result->entries_ = entries_;
    for (const std::string& path : paths) {
        // A folder may have come or gone with all that is in it.
        const auto inside = [&](const auto& entry) {
            return entry.first == path || entry.first.starts_with(path + "/");
        };
        std::erase_if(result->entries_, inside);
        std::erase_if(result->folders_, inside);
        for (std::string at = parent_of(path); at.size() > 1; at = parent_of(at))
            result->folders_.erase(at);
    }
    return result;
}

std::shared_ptr<DiskModules::Entry> DiskModules::known_entry(const std::string& path) const {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(path);
    return found == entries_.end() ? nullptr : found->second;
}

std::shared_ptr<const ModuleFile> DiskModules::known(const std::string& path) const {
    const std::shared_ptr<Entry> found = known_entry(path);
    if (!found) return nullptr;
    const std::unique_lock lock(found->mutex, std::try_to_lock); // else it is being read
    return lock.owns_lock() ? found->file.lock() : nullptr;
}

void DiskModules::forget() const {
    kept_bytes_->store(0, std::memory_order_relaxed);
    std::vector<std::shared_ptr<const ModuleFile>> modules; // die outside of the lock
    const std::lock_guard lock(mutex_);
    for (auto at = entries_.begin(); at != entries_.end();) {
        const std::shared_ptr<Entry> known = at->second;
        const std::unique_lock entry_lock(known->mutex, std::try_to_lock);
        bool held = !entry_lock.owns_lock(); // it is being read
        if (!held) {
            modules.push_back(std::move(known->kept));
            held = modules.back() ? modules.back().use_count() > 1 : !known->file.expired();
        }
        at = held ? std::next(at) : entries_.erase(at);
    }
    folders_.clear();
    roots_.clear();
    same_roots_.clear();
}

std::shared_ptr<const ModuleFile> DiskModules::at(std::string_view path) const {
    const std::string key(path);
    const std::shared_ptr<Entry> entry_of_path = entry(key);
    Entry& found = *entry_of_path;
    const std::lock_guard lock(found.mutex);
    if (found.kept) return found.kept;
    if (found.read && !found.exists) return nullptr;
    if (std::shared_ptr<const ModuleFile> held = found.file.lock()) return held;
    FileBytes read = read_file(key, max_file_size_);
    if (read.error.empty() && !read.too_large)
        found.kept = make(key, std::move(analysis::decode_source(read.bytes).text));
    if (found.kept) *kept_bytes_ += found.kept->module->text().size();
    // One that is gone since it was forgotten may be written anew at this moment.
    if (!found.read) found.exists = found.kept != nullptr;
    found.read = true;
    found.file = found.kept;
    return found.kept;
}

std::shared_ptr<const analysis::Module> DiskModules::put(const std::string& path,
                                                         std::string text) const {
    const std::shared_ptr<Entry> entry_of_path = entry(path);
    Entry& found = *entry_of_path;
    {
        const std::lock_guard lock(found.mutex);
        if (!found.read) {
            found.kept = make(path, text);
            found.file = found.kept;
            *kept_bytes_ += text.size();
            if (index_when_asked_)
                found.digest =
                    std::make_shared<const analysis::FileDigest>(analysis::digest_of(text));
            found.read = found.exists = true;
        }
        const std::shared_ptr<const ModuleFile> file = found.file.lock();
        if (file && file->module->text() == text) return file->module;
    }
    return analysis::make_module(std::make_shared<const analysis::SourceText>(std::move(text)));
}

std::shared_ptr<const ModuleFile> DiskModules::make(const std::string& path,
                                                    std::string text) const {
    auto file = std::make_shared<ModuleFile>();
    Name name = name_of(path);
    file->path = path;
    file->name = std::move(name.dotted);
    file->package = name.package;
    file->library = !library_of(path).empty();
    file->module =
        analysis::make_module(std::make_shared<const analysis::SourceText>(std::move(text)));
    return file;
}

// --- the index -----------------------------------------------------------------------------------

void DiskModules::one_after_the_other(std::size_t count,
                                      const std::function<void(std::size_t)>& work) {
    for (std::size_t i = 0; i < count; ++i) work(i);
}

void DiskModules::index_with(FilesBelow files_below, ForEach when_asked) {
    files_below_ = std::move(files_below);
    index_when_asked_ = std::move(when_asked);
}

std::string DiskModules::scope_of(const std::string& path) const {
    const std::shared_ptr<const Roots> roots = roots_of(parent_of(path));
    std::string result = roots->package + '\n' + roots->project;
    for (const std::string& folder_path : roots->libraries) result += '\n' + folder_path;
    return result;
}

std::string DiskModules::project_of(const std::string& path) const {
    return roots_of(parent_of(path))->project;
}

std::shared_ptr<const ProjectIndex> DiskModules::index_of(std::string_view importer) const {
    if (indexes_.empty() && !index_when_asked_) return nullptr;
    const std::string project = project_of(std::string(importer));
    if (const auto given = indexes_.find(project); given != indexes_.end()) return given->second;
    if (!index_when_asked_) return nullptr;
    std::shared_ptr<Project> found;
    {
        const std::lock_guard lock(mutex_);
        std::shared_ptr<Project>& known = projects_[project];
        if (!known) known = std::make_shared<Project>();
        found = known; // and never goes
    }
    std::call_once(found->indexed,
                   [&] { found->index = make_index(project, {}, index_when_asked_); });
    return found->index;
}

std::vector<std::string> DiskModules::files_of(const std::string& project,
                                               const std::function<bool()>& stop) const {
    if (!is_project(project) || !files_below_) return {};
    std::vector<std::string> paths;
    {
        const std::lock_guard lock(listing_);
        paths = files_below_(project, stop);
    }
    std::erase_if(paths, [&](const std::string& path) {
        return path.ends_with(".ipynb") || !library_of(path).empty();
    });
    std::sort(paths.begin(), paths.end());
    paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
    return paths;
}

std::shared_ptr<const ProjectIndex> DiskModules::make_index(const std::string& project,
                                                            const std::function<bool()>& stop,
                                                            const ForEach& for_each) const {
    if (!is_project(project)) return nullptr;
    std::vector<std::string> paths = files_of(project, stop);
    if (paths.size() > kMaxIndexedFiles) {
        const std::lock_guard lock(mutex_);
        too_large_.insert(project);
        return nullptr;
    }

    std::vector<std::shared_ptr<const analysis::FileDigest>> digests(paths.size());
    const auto read_portion = [&](std::size_t portion) {
        const std::size_t end = std::min((portion + 1) * kIndexPortion, paths.size());
        for (std::size_t i = portion * kIndexPortion; i < end; ++i) {
            if (stop && stop()) throw Stopped{};
            digests[i] = digest_of(paths[i]);
        }
    };
    const std::size_t portions = (paths.size() + kIndexPortion - 1) / kIndexPortion;
    for_each(portions, read_portion);
    ProjectIndex::Digests found;
    for (std::size_t i = 0; i < paths.size(); ++i)
        if (digests[i]) found.emplace_hint(found.end(), std::move(paths[i]), std::move(digests[i]));
    return std::make_shared<const ProjectIndex>(found);
}

std::vector<std::string> DiskModules::too_large_projects() const {
    const std::lock_guard lock(mutex_);
    return {too_large_.begin(), too_large_.end()};
}

std::shared_ptr<const analysis::FileDigest> DiskModules::digest_of(const std::string& path) const {
    if (const std::shared_ptr<Entry> known = known_entry(path)) {
        const std::lock_guard lock(known->mutex);
        if (known->digest || (known->read && !known->exists)) return known->digest;
        if (const std::shared_ptr<const ModuleFile> file = known->file.lock())
            return std::make_shared<const analysis::FileDigest>(
                analysis::digest_of(file->module->text()));
    }
    return read_digest(path, max_file_size_);
}

std::optional<std::vector<std::string>>
DiskModules::files_with(std::string_view word, std::string_view importer, std::size_t limit) const {
    const std::shared_ptr<const ProjectIndex> index = index_of(importer);
    return index == nullptr ? std::nullopt : index->files_with(word, limit);
}

std::vector<analysis::ClassPlace> DiskModules::overriders(std::string_view base,
                                                          std::string_view method, bool is_async,
                                                          std::string_view importer) const {
    const std::shared_ptr<const ProjectIndex> index = index_of(importer);
    return index == nullptr ? std::vector<analysis::ClassPlace>{}
                            : index->overriders(base, method, is_async);
}

std::optional<std::vector<analysis::ClassPlace>>
DiskModules::classes_with(std::string_view method, std::string_view importer,
                          std::size_t limit) const {
    const std::shared_ptr<const ProjectIndex> index = index_of(importer);
    return index == nullptr ? std::nullopt : index->classes_with(method, limit);
}

DiskModules::Name DiskModules::name_of(const std::string& path) const {
    Name result;
    const std::string folder_path = parent_of(path);
    const std::shared_ptr<const Roots> found_roots = roots_of(folder_path);
    const Roots& roots = *found_roots;
    std::string root = roots.package;
    if (root == folder_path) {
        // No package: what the project's folder makes of it is the best guess that relative imports have.
        root = roots.project;
        const std::string& src = roots.source;
        if (folder_path == src || folder_path.starts_with(src + "/")) root = src;
    }
    std::string inner = relative_to(path, root);
    result.package = stem(name_in(inner)) == "__init__";
    inner = result.package ? relative_to(folder_path, root) : std::string(stem(inner));
    if (result.package && folder_path == root) inner.clear();
    std::replace(inner.begin(), inner.end(), '/', '.');
    // Stubs are called what they are of.
    const std::size_t root_end = std::min(inner.find('.'), inner.size());
    if (std::string_view(inner).substr(0, root_end).ends_with(kStubs))
        inner.erase(root_end - kStubs.size(), kStubs.size());
    result.dotted = std::move(inner);
    return result;
}

} // namespace awaitls::server

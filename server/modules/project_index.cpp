#include "server/modules/project_index.h"

#include <algorithm>
#include <cstdint>

namespace awaitls::server {

using analysis::ClassPlace;
using analysis::DeclaredClass;

namespace {

constexpr std::size_t kMaxAncestors = 64; // by name: classes of one name are taken for one
constexpr std::size_t kMaxChanged = 200;  // files, before the base is made anew

/// Which files have a word. An entry is four bytes: of the top bits of the word's hash the last 16, and the file; the bits before
/// those say which bucket it is in. The number of buckets follows that of the entries.
class Words {
public:
    struct Posting {
        std::uint32_t key; // key_of() the hash
        std::uint32_t file;
    };

    Words() : Words(0) {}
    /// For about so many entries.
    explicit Words(std::size_t entries) {
        while (bits_ < 16 && (std::size_t{8} << bits_) < entries) ++bits_;
    }
    /// An empty one whose keys are those of another.
    static Words like(const Words& other) {
        Words result;
        result.bits_ = other.bits_;
        return result;
    }

    std::uint32_t key_of(std::uint32_t hash) const { return hash >> (16 - bits_); }

    /// `each(add)` calls add(key, file) for all entries, and does so twice; files in rising order.
    template <typename Each>
    void fill(const Each& each) {
        begin_.assign((std::size_t{1} << bits_) + 1, 0);
        each([&](std::uint32_t key, std::uint32_t) { ++begin_[(key >> 16) + 1]; });
        for (std::size_t i = 1; i < begin_.size(); ++i) begin_[i] += begin_[i - 1];
        entries_.resize(begin_.back());
        std::vector<std::uint32_t> next(begin_.begin(), begin_.end() - 1);
        each([&](std::uint32_t key, std::uint32_t file) {
            entries_[next[key >> 16]++] = (key << 16) | file;
        });
    }

    /// Calls visit(file) in rising order; visit returns false to stop.
    template <typename Visit>
    void each_file(std::uint32_t hash, Visit visit) const {
        if (entries_.empty()) return;
        const std::uint32_t key = key_of(hash);
        const std::size_t bucket = key >> 16;
        for (std::uint32_t i = begin_[bucket]; i < begin_[bucket + 1]; ++i)
            if (entries_[i] >> 16 == (key & 0xffff) && !visit(entries_[i] & 0xffff)) return;
    }
    /// Calls visit(key, file) for all entries.
    template <typename Visit>
    void each(Visit visit) const {
        for (std::size_t bucket = 0; bucket + 1 < begin_.size(); ++bucket)
            for (std::uint32_t i = begin_[bucket]; i < begin_[bucket + 1]; ++i)
                visit(static_cast<std::uint32_t>(bucket << 16) | entries_[i] >> 16,
                      entries_[i] & 0xffff);
    }

private:
    unsigned bits_ = 0;                // of the number of buckets
    std::vector<std::uint32_t> begin_; // of each bucket in entries_
    std::vector<std::uint32_t> entries_;
};

/// Strings, each once, by numbers in their order.
class Names {
public:
    Names() = default;
    explicit Names(std::vector<std::string_view> names) {
        std::sort(names.begin(), names.end());
        names.erase(std::unique(names.begin(), names.end()), names.end());
        begin_.reserve(names.size() + 1);
        for (const std::string_view name : names) {
            begin_.push_back(static_cast<std::uint32_t>(text_.size()));
            text_ += name;
        }
        begin_.push_back(static_cast<std::uint32_t>(text_.size()));
    }
    std::size_t size() const { return begin_.empty() ? 0 : begin_.size() - 1; }
    std::string_view operator[](std::uint32_t number) const {
        return std::string_view(text_).substr(begin_[number], begin_[number + 1] - begin_[number]);
    }
    std::optional<std::uint32_t> find(std::string_view name) const {
        std::size_t first = 0;
        for (std::size_t count = size(); count > 0;) {
            const std::size_t half = count / 2;
            if ((*this)[static_cast<std::uint32_t>(first + half)] < name) {
                first += half + 1;
                count -= half + 1;
            } else {
                count = half;
            }
        }
        const std::uint32_t number = static_cast<std::uint32_t>(first);
        return first < size() && (*this)[number] == name ? std::optional(number) : std::nullopt;
    }

private:
    std::string text_;
    std::vector<std::uint32_t> begin_;
};

} // namespace

bool is_test_file(std::string_view path) {
    const std::string_view name = path.substr(path.rfind('/') + 1);
    return name.starts_with("test_") || name.ends_with("_test.py") || name == "conftest.py" ||
           path.find("/tests/") != std::string_view::npos ||
           path.find("/test/") != std::string_view::npos;
}

/// Takes less than half a byte for a byte of source, as it stands for files that nobody looks at.
struct ProjectIndex::Base {
    struct Class {
        std::uint32_t path;
        std::uint32_t name;
        std::uint32_t bases; // where they begin; they end where those of the next class begin
    };
    struct Method {
        std::uint32_t name;
        std::uint32_t owner : 31; // index in classes
        std::uint32_t is_async : 1;
    };
    std::vector<std::string> paths; // sorted
    std::vector<bool> is_test;      // likewise
    Words words;
    Names names;                // of classes, bases and methods
    std::vector<Class> classes; // in the order of the paths; behind them one that ends the last
    std::vector<std::uint32_t> bases;
    std::vector<std::uint32_t> by_name; // indices of the classes in the order of the names
    std::vector<Method> methods;        // in the order of the names, then of the classes

    explicit Base(const Digests& digests) {
        std::size_t entries = 0;
        for (const auto& [path, digest] : digests) {
            paths.push_back(path);
            entries += digest->names.size();
        }
        words = Words(entries);
        words.fill([&](const auto& add) {
            std::uint32_t file = 0;
            for (const auto& [path, digest] : digests) {
                for (const std::uint32_t word : digest->names) add(words.key_of(word), file);
                ++file;
            }
        });
        std::vector<std::pair<std::uint32_t, const DeclaredClass*>> declared;
        std::uint32_t file = 0;
        for (const auto& [path, digest] : digests) {
            for (const DeclaredClass& one : digest->classes) declared.emplace_back(file, &one);
            ++file;
        }
        take_classes(declared);
        note_tests();
    }
    /// That of another, but for some files.
    Base(const Base& before, const Digests& changed) {
        for (const std::string& path : before.paths)
            if (!changed.contains(path)) paths.push_back(path);
        for (const auto& [path, digest] : changed)
            if (digest) paths.push_back(path);
        std::sort(paths.begin(), paths.end());
        constexpr std::uint32_t kGone = 0xffff'ffff;
        std::vector<std::uint32_t> numbers; // of the files before, as they are now
        for (const std::string& path : before.paths)
            numbers.push_back(changed.contains(path) ? kGone : number_of(path));
        words = Words::like(before.words);
        std::vector<Words::Posting> postings;
        before.words.each([&](std::uint32_t key, std::uint32_t file) {
            if (numbers[file] != kGone) postings.push_back({key, numbers[file]});
        });
        for (const auto& [path, digest] : changed)
            if (digest)
                for (const std::uint32_t word : digest->names)
                    postings.push_back({words.key_of(word), number_of(path)});
        std::stable_sort(postings.begin(), postings.end(),
                         [](const auto& a, const auto& b) { return a.file < b.file; });
        words.fill([&](const auto& add) {
            for (const Words::Posting& posting : postings) add(posting.key, posting.file);
        });

        std::vector<DeclaredClass> kept(before.classes.size() - 1);
        for (std::size_t i = 0; i < kept.size(); ++i) {
            kept[i].name = before.names[before.classes[i].name];
            for (std::uint32_t b = before.classes[i].bases; b < before.classes[i + 1].bases; ++b)
                kept[i].bases.emplace_back(before.names[before.bases[b]]);
        }
        for (const Method& method : before.methods)
            kept[method.owner].methods.push_back(
                {std::string(before.names[method.name]), method.is_async != 0});
        std::vector<std::pair<std::uint32_t, const DeclaredClass*>> declared;
        for (std::size_t i = 0; i < kept.size(); ++i)
            if (const std::uint32_t file = numbers[before.classes[i].path]; file != kGone)
                declared.emplace_back(file, &kept[i]);
        for (const auto& [path, digest] : changed)
            if (digest)
                for (const DeclaredClass& one : digest->classes)
                    declared.emplace_back(number_of(path), &one);
        std::stable_sort(declared.begin(), declared.end(),
                         [](const auto& a, const auto& b) { return a.first < b.first; });
        take_classes(declared);
        note_tests();
    }

private:
    void note_tests() {
        for (const std::string& path : paths) is_test.push_back(is_test_file(path));
    }
    std::uint32_t number_of(const std::string& path) const {
        return static_cast<std::uint32_t>(std::lower_bound(paths.begin(), paths.end(), path) -
                                          paths.begin());
    }
    void take_classes(const std::vector<std::pair<std::uint32_t, const DeclaredClass*>>& declared) {
        std::vector<std::string_view> all;
        for (const auto& [file, one] : declared) {
            all.push_back(one->name);
            all.insert(all.end(), one->bases.begin(), one->bases.end());
            for (const analysis::DeclaredMethod& method : one->methods) all.push_back(method.name);
        }
        names = Names(std::move(all));
        for (const auto& [file, one] : declared) {
            const std::uint32_t index = static_cast<std::uint32_t>(classes.size());
            classes.push_back(
                {file, *names.find(one->name), static_cast<std::uint32_t>(bases.size())});
            for (const std::string& base : one->bases) bases.push_back(*names.find(base));
            for (const analysis::DeclaredMethod& method : one->methods)
                methods.push_back(
                    {*names.find(method.name), index & 0x7fff'ffffU, method.is_async});
            by_name.push_back(index);
        }
        classes.push_back({0, 0, static_cast<std::uint32_t>(bases.size())});
        const auto by_number = [](const Method& a, const Method& b) { return a.name < b.name; };
        std::stable_sort(methods.begin(), methods.end(), by_number);
        std::stable_sort(by_name.begin(), by_name.end(), [&](std::uint32_t a, std::uint32_t b) {
            return classes[a].name < classes[b].name;
        });
    }
};

ProjectIndex::ProjectIndex(const Digests& digests) : base_(std::make_shared<const Base>(digests)) {}

std::shared_ptr<const ProjectIndex> ProjectIndex::with(const Digests& changes) const {
    Digests changed = changed_;
    for (const auto& [path, digest] : changes) changed[path] = digest;
    std::shared_ptr<const Base> base = base_;
    if (changed.size() > kMaxChanged && base_->paths.size() + changed.size() <= kMaxFiles) {
        base = std::make_shared<const Base>(*base_, changed);
        changed.clear();
    }
    return std::shared_ptr<const ProjectIndex>(
        new ProjectIndex(std::move(base), std::move(changed)));
}

std::vector<std::string> ProjectIndex::files_below(const std::string& folder) const {
    const std::string prefix = folder + "/";
    std::vector<std::string> result;
    auto at = std::lower_bound(base_->paths.begin(), base_->paths.end(), prefix);
    for (; at != base_->paths.end() && at->starts_with(prefix); ++at)
        if (!changed_.contains(*at)) result.push_back(*at);
    for (const auto& [path, digest] : changed_)
        if (digest && path.starts_with(prefix)) result.push_back(path);
    std::sort(result.begin(), result.end());
    return result;
}

std::optional<std::vector<std::string>> ProjectIndex::files_with(std::string_view word,
                                                                 std::size_t limit) const {
    return find_files(word, limit, false);
}

std::optional<std::vector<std::string>>
ProjectIndex::find_files(std::string_view word, std::size_t limit, bool tests) const {
    const std::uint32_t hash = analysis::name_hash(word);
    // So many at least: changed files may not have the word any more.
    const std::size_t enough = limit + changed_.size();
    std::vector<std::uint32_t> found;
    base_->words.each_file(hash, [&](std::uint32_t file) {
        if (tests || !base_->is_test[file]) found.push_back(file);
        return found.size() <= enough;
    });
    if (found.size() > enough) return std::nullopt;
    std::vector<std::string> result;
    for (const std::uint32_t file : found)
        if (const std::string& path = base_->paths[file]; !changed_.contains(path))
            result.push_back(path);
    for (const auto& [path, digest] : changed_)
        if (digest && (tests || !is_test_file(path)) &&
            std::binary_search(digest->names.begin(), digest->names.end(), hash))
            result.push_back(path);
    if (result.size() > limit) return std::nullopt;
    if (!changed_.empty()) std::sort(result.begin(), result.end());
    return result;
}

std::vector<std::string> ProjectIndex::all_files_with(std::string_view word) const {
    return *find_files(word, kMaxFiles + changed_.size(), true);
}

template <typename Visit>
void ProjectIndex::each_method(std::string_view name, Visit visit) const {
    if (const std::optional<std::uint32_t> number = base_->names.find(name)) {
        auto at =
            std::lower_bound(base_->methods.begin(), base_->methods.end(), *number,
                             [](const Base::Method& a, std::uint32_t n) { return a.name < n; });
        for (; at != base_->methods.end() && at->name == *number; ++at) {
            const Base::Class& owner = base_->classes[at->owner];
            const std::string& path = base_->paths[owner.path];
            if (changed_.contains(path)) continue;
            const auto bases = [&, index = at->owner](const auto& take) {
                for (std::uint32_t b = base_->classes[index].bases;
                     b < base_->classes[index + 1].bases; ++b)
                    take(base_->names[base_->bases[b]]);
            };
            if (!visit(path, base_->names[owner.name], at->is_async != 0, bases)) return;
        }
    }
    for (const auto& [path, digest] : changed_) {
        if (!digest) continue;
        for (const DeclaredClass& declared : digest->classes) {
            const auto bases = [&declared = declared](const auto& take) {
                for (const std::string& base : declared.bases) take(std::string_view(base));
            };
            for (const analysis::DeclaredMethod& method : declared.methods)
                if (method.name == name && !visit(path, declared.name, method.is_async, bases))
                    return;
        }
    }
}

template <typename Take>
void ProjectIndex::each_base(std::string_view name, Take take) const {
    if (const std::optional<std::uint32_t> number = base_->names.find(name)) {
        auto at = std::lower_bound(
            base_->by_name.begin(), base_->by_name.end(), *number,
            [&](std::uint32_t a, std::uint32_t n) { return base_->classes[a].name < n; });
        for (; at != base_->by_name.end() && base_->classes[*at].name == *number; ++at) {
            if (changed_.contains(base_->paths[base_->classes[*at].path])) continue;
            for (std::uint32_t b = base_->classes[*at].bases; b < base_->classes[*at + 1].bases;
                 ++b)
                take(base_->names[base_->bases[b]]);
        }
    }
    for (const auto& [path, digest] : changed_) {
        if (!digest) continue;
        for (const DeclaredClass& declared : digest->classes)
            if (declared.name == name)
                for (const std::string& base : declared.bases) take(std::string_view(base));
    }
}

template <typename Bases>
bool ProjectIndex::derives(const Bases& bases, std::string_view base) const {
    std::vector<std::string_view> names;
    const auto add = [&](std::string_view name) {
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    };
    bases(add);
    for (std::size_t i = 0; i < names.size() && i < kMaxAncestors; ++i) {
        if (names[i] == base) return true;
        each_base(names[i], add);
    }
    return false;
}

std::vector<ClassPlace> ProjectIndex::overriders(std::string_view base, std::string_view method,
                                                 bool is_async) const {
    std::vector<ClassPlace> result;
    each_method(method, [&](const std::string& path, std::string_view owner, bool found_async,
                            const auto& bases) {
        if (found_async == is_async && derives(bases, base))
            result.push_back({path, std::string(owner)});
        return true;
    });
    std::stable_sort(result.begin(), result.end(),
                     [](const ClassPlace& a, const ClassPlace& b) { return a.path < b.path; });
    return result;
}

std::optional<std::vector<ClassPlace>> ProjectIndex::classes_with(std::string_view method,
                                                                  std::size_t limit) const {
    std::vector<ClassPlace> result;
    each_method(method, [&](const std::string& path, std::string_view owner, bool, const auto&) {
        ClassPlace place{path, std::string(owner)};
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

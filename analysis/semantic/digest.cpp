#include "analysis/semantic/digest.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace awaitls::analysis {

namespace {

constexpr std::array<bool, 256> kWordBytes = [] {
    std::array<bool, 256> result{};
    for (int c = 'a'; c <= 'z'; ++c) result[static_cast<std::size_t>(c)] = true;
    for (int c = 'A'; c <= 'Z'; ++c) result[static_cast<std::size_t>(c)] = true;
    for (int c = '0'; c <= '9'; ++c) result[static_cast<std::size_t>(c)] = true;
    for (int c = 0x80; c < 0x100; ++c) result[static_cast<std::size_t>(c)] = true;
    result['_'] = true;
    return result;
}();
bool is_word(char c) {
    return kWordBytes[static_cast<unsigned char>(c)];
}

constexpr std::uint32_t kSeed = 2'166'136'261U; // FNV-1a
constexpr std::uint32_t kPrime = 16'777'619U;

/// A set of hashes that is cheap to clear.
class HashSet {
public:
    void insert(std::uint32_t hash) {
        if ((count_ + 1) * 2 > slots_.size()) grow();
        std::size_t at = hash & (slots_.size() - 1);
        while (slots_[at] != 0 && slots_[at] != hash) at = (at + 1) & (slots_.size() - 1);
        if (slots_[at] == hash) return;
        slots_[at] = hash;
        ++count_;
    }
    std::vector<std::uint32_t> sorted() const {
        std::vector<std::uint32_t> result;
        result.reserve(count_);
        for (const std::uint32_t hash : slots_)
            if (hash != 0) result.push_back(hash);
        std::sort(result.begin(), result.end());
        return result;
    }

private:
    void grow() {
        const std::vector<std::uint32_t> before = std::move(slots_);
        slots_.assign(std::max<std::size_t>(before.size() * 2, 256), 0);
        count_ = 0;
        for (const std::uint32_t hash : before)
            if (hash != 0) insert(hash);
    }

    std::vector<std::uint32_t> slots_; // 0: free
    std::size_t count_ = 0;
};

/// Follows the headers of classes and methods by their indentation.
class Headers {
public:
    explicit Headers(std::string_view text) : text_(text) {}

    /// A line that starts with a word: `at` is its first, `column` where that stands.
    void line(std::size_t at, std::size_t column) {
        while (!open_.empty() && column <= open_.back().column) open_.pop_back();
        if (starts(at, "class")) {
            class_header(at + 5, column);
        } else if (!open_.empty()) {
            Open& owner = open_.back();
            if (owner.body == 0) owner.body = column;
            if (owner.body != column) return;
            const bool is_async = starts(at, "async");
            std::size_t def = is_async ? skip_blanks(at + 5) : at;
            if (!starts(def, "def")) return;
            def = skip_blanks(def + 3);
            classes_[owner.index].methods.push_back({std::string(word(def)), is_async});
        }
    }
    std::vector<DeclaredClass> take() { return std::move(classes_); }

private:
    struct Open {
        std::size_t index;
        std::size_t column;
        std::size_t body; // column of the first line in it; 0 while unknown
    };

    bool starts(std::size_t at, std::string_view keyword) const {
        return text_.substr(at, keyword.size()) == keyword &&
               (at + keyword.size() >= text_.size() || !is_word(text_[at + keyword.size()]));
    }
    std::size_t skip_blanks(std::size_t at) const {
        while (at < text_.size() && (text_[at] == ' ' || text_[at] == '\t')) ++at;
        return at;
    }
    std::string_view word(std::size_t at) const {
        std::size_t end = at;
        while (end < text_.size() && is_word(text_[end])) ++end;
        return text_.substr(at, end - at);
    }

    void class_header(std::size_t at, std::size_t column) {
        at = skip_blanks(at);
        const std::string_view name = word(at);
        if (name.empty()) return;
        DeclaredClass declared;
        declared.name = name;
        at = skip_blanks(at + name.size());
        if (at < text_.size() && text_[at] == '[') at = behind_brackets(at);
        if (at < text_.size() && text_[at] == '(') read_bases(at + 1, declared.bases);
        open_.push_back({classes_.size(), column, 0});
        classes_.push_back(std::move(declared));
    }

    std::size_t behind_brackets(std::size_t at) const {
        int depth = 0;
        for (; at < text_.size(); ++at) {
            if (text_[at] == '[') ++depth;
            if (text_[at] == ']' && --depth == 0) return at + 1;
        }
        return at;
    }

    /// The bases up to the closing bracket: of each the last word before a bracket or comma.
    void read_bases(std::size_t at, std::vector<std::string>& bases) const {
        int depth = 0;
        std::string_view last;
        bool named = false; // `metaclass=..`
        const auto end_base = [&] {
            if (!last.empty() && !named) bases.emplace_back(last);
            last = {};
            named = false;
        };
        while (at < text_.size()) {
            const char c = text_[at];
            if (is_word(c)) {
                const std::string_view found = word(at);
                if (depth == 0) last = found;
                at += found.size();
                continue;
            }
            if (c == '#') {
                at = std::min(text_.find('\n', at), text_.size());
                continue;
            }
            if (c == '(' || c == '[' || c == '{') ++depth;
            if (c == ')' && depth == 0) break;
            if (c == ')' || c == ']' || c == '}') --depth;
            if (c == '=' && depth == 0) named = true;
            if (c == ',' && depth == 0) end_base();
            ++at;
        }
        end_base();
    }

    std::string_view text_;
    std::vector<Open> open_; // classes around the line, the innermost last
    std::vector<DeclaredClass> classes_;
};

} // namespace

std::uint32_t name_hash(std::string_view name) {
    std::uint32_t hash = kSeed;
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * kPrime;
    return hash == 0 ? 1 : hash;
}

FileDigest digest_of(std::string_view text) {
    HashSet names;
    Headers headers(text);
    std::size_t line = 0; // where it starts
    bool fresh = true;    // nothing but blanks so far
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at];
        if (c == '\n' || c == '\r') {
            line = ++at;
            fresh = true;
        } else if (is_word(c)) {
            const std::size_t begin = at;
            std::uint32_t hash = kSeed;
            for (; at < text.size() && is_word(text[at]); ++at)
                hash = (hash ^ static_cast<unsigned char>(text[at])) * kPrime;
            names.insert(hash == 0 ? 1 : hash);
            if (fresh) headers.line(begin, begin - line);
            fresh = false;
        } else {
            fresh = fresh && (c == ' ' || c == '\t' || c == '\f');
            ++at;
        }
    }
    return {names.sorted(), headers.take()};
}

} // namespace awaitls::analysis

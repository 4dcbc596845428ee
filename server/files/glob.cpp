#include "server/files/glob.h"

#include <algorithm>
#include <span>
#include <utility>

namespace awaitls::server {

namespace {

constexpr std::size_t kMaxAlternatives = 64;

/// The index of the `}` that closes the `{` at `open`, and the commas of that level; npos where
/// there is none.
std::size_t closing_brace(std::string_view pattern, std::size_t open,
                          std::vector<std::size_t>& commas) {
    int depth = 0;
    for (std::size_t at = open; at < pattern.size(); ++at) {
        if (pattern[at] == '\\') {
            ++at;
        } else if (pattern[at] == '{') {
            ++depth;
        } else if (pattern[at] == ',' && depth == 1) {
            commas.push_back(at);
        } else if (pattern[at] == '}' && --depth == 0) {
            return at;
        }
    }
    return std::string_view::npos;
}

/// The patterns that `{a,b}` stands for. Stops at kMaxAlternatives; the rest then keeps its braces.
std::vector<std::string> expand_braces(std::string_view pattern) {
    std::vector<std::string> done;
    std::vector<std::string> open{std::string(pattern)};
    while (!open.empty()) {
        const std::string text = std::move(open.back());
        open.pop_back();
        std::size_t brace = std::string::npos;
        std::size_t close = std::string::npos;
        std::vector<std::size_t> commas;
        for (std::size_t at = 0; at < text.size() && close == std::string::npos; ++at) {
            if (text[at] == '\\') {
                ++at;
            } else if (text[at] == '{') {
                commas.clear();
                brace = at;
                close = closing_brace(text, at, commas);
            }
        }
        if (close == std::string::npos ||
            done.size() + open.size() + commas.size() >= kMaxAlternatives) {
            done.push_back(text);
            continue;
        }
        commas.push_back(close);
        std::size_t from = brace + 1;
        for (const std::size_t comma : commas) {
            open.push_back(text.substr(0, brace) + text.substr(from, comma - from) +
                           text.substr(close + 1));
            from = comma + 1;
        }
    }
    return done;
}

} // namespace

Glob::Glob(std::string_view pattern, Wildcards wildcards)
    : any_matches_separator_(wildcards == Wildcards::CrossSeparators) {
    if (any_matches_separator_) {
        for (const std::string& alternative : expand_braces(pattern))
            compile(alternative, wildcards);
    } else {
        compile(pattern, wildcards);
    }
}

/// Reads `[a-z]` at `at`, which is left on the closing bracket. False, and nothing read, where none
/// closes it.
bool Glob::read_set(std::string_view pattern, std::size_t& at, std::vector<Token>& tokens) {
    std::size_t next = at + 1;
    const bool negated = next < pattern.size() && (pattern[next] == '!' || pattern[next] == '^');
    if (negated) ++next;
    ByteSet set;
    bool first = true;
    while (next < pattern.size() && (first || pattern[next] != ']')) {
        first = false;
        if (pattern[next] == '\\' && next + 1 < pattern.size()) ++next;
        const unsigned char low = static_cast<unsigned char>(pattern[next]);
        unsigned char high = low;
        if (next + 2 < pattern.size() && pattern[next + 1] == '-' && pattern[next + 2] != ']') {
            next += 2;
            if (pattern[next] == '\\' && next + 1 < pattern.size()) ++next;
            high = static_cast<unsigned char>(pattern[next]);
        }
        for (unsigned byte = low; byte <= high; ++byte) set.set(byte);
        ++next;
    }
    if (next >= pattern.size()) return false;
    if (negated) set.flip();
    set.reset(static_cast<unsigned char>('/'));
    tokens.push_back({Step::OneOf, 0, static_cast<std::uint32_t>(sets_.size())});
    sets_.push_back(set);
    at = next;
    return true;
}

void Glob::compile(std::string_view pattern, Wildcards wildcards) {
    const Step run = wildcards == Wildcards::CrossSeparators ? Step::RunAcross : Step::Run;
    std::vector<Token> tokens;
    for (std::size_t at = 0; at < pattern.size(); ++at) {
        const char c = pattern[at];
        if (c == '*') {
            std::size_t end = at;
            while (end < pattern.size() && pattern[end] == '*') ++end;
            const bool starts_component = at == 0 || pattern[at - 1] == '/';
            const bool double_star = end - at == 2 && starts_component;
            if (double_star && end == pattern.size()) {
                tokens.push_back({Step::RunAcross});
            } else if (double_star && pattern[end] == '/') {
                tokens.push_back({Step::Folders});
                ++end;
            } else {
                tokens.push_back({run});
            }
            at = end - 1;
        } else if (c == '?') {
            tokens.push_back({Step::Any});
        } else if (c == '[' && read_set(pattern, at, tokens)) {
            continue;
        } else {
            if (c == '\\' && at + 1 < pattern.size()) ++at;
            tokens.push_back({Step::Byte, pattern[at]});
        }
    }
    alternatives_.push_back(std::move(tokens));
}

bool Glob::matches(std::string_view path) const {
    return std::any_of(alternatives_.begin(), alternatives_.end(),
                       [&](const std::vector<Token>& tokens) { return run(tokens, path); });
}

bool Glob::run(const std::vector<Token>& all, std::string_view path) const {
    // Literal ends are compared first: they refuse nearly every path.
    std::span<const Token> tokens(all);
    while (!tokens.empty() && tokens.back().step == Step::Byte) {
        if (path.empty() || path.back() != tokens.back().byte) return false;
        path.remove_suffix(1);
        tokens = tokens.first(tokens.size() - 1);
    }
    while (!tokens.empty() && tokens.front().step == Step::Byte) {
        if (path.empty() || path.front() != tokens.front().byte) return false;
        path.remove_prefix(1);
        tokens = tokens.subspan(1);
    }
    // live[i]: the path so far matches the first i tokens. A run can also be left without a byte.
    std::vector<char> live(tokens.size() + 1, 0);
    std::vector<char> next(tokens.size() + 1, 0);
    const auto enter = [&](std::vector<char>& states, std::size_t state) {
        states[state] = 1;
        while (state < tokens.size()) {
            const Step step = tokens[state].step;
            if (step != Step::Run && step != Step::RunAcross && step != Step::Folders) break;
            states[++state] = 1;
        }
    };
    enter(live, 0);
    for (const char c : path) {
        std::fill(next.begin(), next.end(), 0);
        for (std::size_t state = 0; state < tokens.size(); ++state) {
            if (!live[state]) continue;
            const Token& token = tokens[state];
            switch (token.step) {
            case Step::Byte:
                if (c == token.byte) enter(next, state + 1);
                break;
            case Step::OneOf:
                if (sets_[token.set].test(static_cast<unsigned char>(c))) enter(next, state + 1);
                break;
            case Step::Any:
                if (c != '/' || any_matches_separator_) enter(next, state + 1);
                break;
            case Step::Run:
                if (c != '/') enter(next, state);
                break;
            case Step::RunAcross: enter(next, state); break;
            case Step::Folders:
                // Inside the folders the state stays; only a separator lets the next token start.
                next[state] = 1;
                if (c == '/') enter(next, state + 1);
                break;
            }
        }
        std::swap(live, next);
    }
    return live[tokens.size()] != 0;
}

} // namespace awaitls::server

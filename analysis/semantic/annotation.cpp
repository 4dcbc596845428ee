#include "analysis/semantic/annotation.h"

#include <algorithm>

namespace awaitls::analysis {

namespace {

constexpr int kMaxDepth = 32;

class Parser {
public:
    explicit Parser(std::string_view text) : text_(text) {}

    Annotation run() {
        Annotation result = parse_union(0);
        skip_blanks();
        return at_ == text_.size() ? result : Annotation{};
    }

private:
    static bool is_name(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '.' || static_cast<unsigned char>(c) >= 0x80;
    }

    void skip_blanks() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' ||
                                      text_[at_] == '\n' || text_[at_] == '\r'))
            ++at_;
    }

    bool take(char c) {
        skip_blanks();
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }

    Annotation parse_union(int depth) {
        Annotation first = parse_term(depth);
        skip_blanks();
        if (at_ >= text_.size() || text_[at_] != '|') return first;
        Annotation result{"|", {}};
        result.arguments.push_back(std::move(first));
        while (take('|')) result.arguments.push_back(parse_term(depth));
        return result;
    }

    std::vector<Annotation> parse_arguments(int depth) {
        std::vector<Annotation> arguments;
        while (!take(']')) {
            skip_blanks();
            if (at_ >= text_.size()) break;
            const std::size_t before = at_;
            arguments.push_back(parse_union(depth + 1));
            if (!take(',') && at_ == before) ++at_; // not understood: go on behind it
        }
        return arguments;
    }

    Annotation parse_term(int depth) {
        if (depth > kMaxDepth) {
            at_ = text_.size();
            return {};
        }
        skip_blanks();
        if (at_ >= text_.size()) return {};
        const char c = text_[at_];
        if (c == '"' || c == '\'') {
            const std::size_t begin = ++at_;
            while (at_ < text_.size() && text_[at_] != c) ++at_;
            const std::string_view inner = text_.substr(begin, at_ - begin);
            if (at_ < text_.size()) ++at_;
            return depth < kMaxDepth ? Parser(inner).run() : Annotation{};
        }
        if (c == '[') {
            ++at_;
            return {"[]", parse_arguments(depth)};
        }
        if (c == '(') {
            ++at_;
            Annotation inner = parse_union(depth + 1);
            take(')');
            return inner;
        }
        const std::size_t begin = at_;
        while (at_ < text_.size() && is_name(text_[at_])) ++at_;
        Annotation result{text_.substr(begin, at_ - begin), {}};
        if (result.name.find_first_not_of('.') == std::string_view::npos) result.name = {}; // `...`
        if (take('[')) result.arguments = parse_arguments(depth);
        return result;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

} // namespace

Annotation parse_annotation(std::string_view text) {
    return Parser(text).run();
}

bool is_plain_annotation(std::string_view text) {
    for (std::size_t at = text.find('.'); at != std::string_view::npos;
         at = text.find('.', at + 1)) {
        constexpr std::string_view kBlanks = " \t\f\r\n\\";
        if (at > 0 && kBlanks.find(text[at - 1]) != std::string_view::npos) return false;
        if (at + 1 < text.size() && kBlanks.find(text[at + 1]) != std::string_view::npos)
            return false;
    }
    return text.find_first_of("#\\\f") == std::string_view::npos;
}

std::string plain_annotation(std::string_view text) {
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at];
        if (c == '"' || c == '\'') {
            const std::size_t close = text.find(c, at + 1);
            const std::size_t end = close == std::string_view::npos ? text.size() : close + 1;
            result += text.substr(at, end - at);
            at = end;
        } else if (c == '#') {
            at = std::min(text.find_first_of("\r\n", at), text.size());
        } else {
            if (std::string_view(" \t\f\r\n\\").find(c) == std::string_view::npos) result += c;
            ++at;
        }
    }
    return result;
}

} // namespace awaitls::analysis

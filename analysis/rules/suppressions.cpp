#include "analysis/rules/suppressions.h"

#include "analysis/rules/catalog.h"

#include <algorithm>
#include <cctype>

namespace awaitls::analysis {

namespace {

bool is_code_char(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
               return std::tolower(static_cast<unsigned char>(x)) ==
                      std::tolower(static_cast<unsigned char>(y));
           });
}

class CommentReader {
public:
    CommentReader(std::string_view text, std::uint32_t begin) : text_(text), begin_(begin) {}

    /// Reads the suppressions of a comment; one comment may hold several, each behind a `#`.
    void read(std::vector<Suppression>& out) {
        std::size_t at = 0;
        while (at < text_.size()) {
            const std::size_t next = text_.find('#', at + 1);
            part(at, next == std::string_view::npos ? text_.size() : next, out);
            if (next == std::string_view::npos) break;
            at = next;
        }
    }

private:
    void skip_blanks() {
        while (at_ < end_ && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
    }
    bool take(std::string_view word) {
        if (end_ - at_ < word.size() || !equals_ignoring_case(text_.substr(at_, word.size()), word))
            return false;
        at_ += word.size();
        return true;
    }
    bool take_colon() {
        const std::size_t before = at_;
        skip_blanks();
        if (at_ < end_ && text_[at_] == ':') {
            ++at_;
            skip_blanks();
            return true;
        }
        at_ = before;
        return false;
    }
    Span span(std::size_t a, std::size_t b) const {
        return {begin_ + static_cast<std::uint32_t>(a), begin_ + static_cast<std::uint32_t>(b)};
    }

    void codes(Suppression& result, char close) {
        const std::size_t first = at_;
        std::size_t last = at_;
        while (at_ < end_) {
            while (at_ < end_ && (text_[at_] == ' ' || text_[at_] == ',' || text_[at_] == '\t'))
                ++at_;
            const std::size_t code = at_;
            while (at_ < end_ && is_code_char(text_[at_])) ++at_;
            if (at_ == code) break;
            // Behind the codes of a noqa plain words may follow.
            const std::string_view word = text_.substr(code, at_ - code);
            result.code_spans.push_back(span(code, at_));
            result.codes_text.emplace_back(word);
            last = at_;
            if (close == 0 && at_ < end_ && text_[at_] != ',' && text_[at_] != ' ') break;
            if (close == 0) {
                // flake8 separates codes by commas or blanks; a word that is no code ends the list.
                std::size_t peek = at_;
                while (peek < end_ && (text_[peek] == ' ' || text_[peek] == '\t')) ++peek;
                if (peek >= end_ || text_[peek] != ',') {
                    std::size_t stop = peek;
                    while (stop < end_ && is_code_char(text_[stop])) ++stop;
                    const std::string_view following = text_.substr(peek, stop - peek);
                    if (select_rules(following).empty()) break;
                }
            }
        }
        result.codes = span(first, last);
        if (close != 0) {
            while (at_ < end_ && text_[at_] != close) ++at_;
            if (at_ < end_) ++at_;
        }
        result.all = result.codes_text.empty();
    }

    void part(std::size_t from, std::size_t to, std::vector<Suppression>& out) {
        at_ = from + 1;
        end_ = to;
        skip_blanks();
        Suppression result;
        result.comment = span(from, to);
        if (take("noqa")) {
            if (at_ < end_ && is_code_char(text_[at_])) return;
            result.form = Suppression::Form::Noqa;
            if (take_colon())
                codes(result, 0);
            else
                result.all = true;
        } else if (take("ruff") || take("flake8")) {
            if (!take_colon() || !take("noqa")) return;
            result.form = Suppression::Form::Noqa;
            result.file = true;
            if (take_colon())
                codes(result, 0);
            else
                result.all = true;
        } else if (take("awaitls")) {
            if (!take_colon() || !take("ignore")) return;
            result.form = Suppression::Form::Own;
            result.file = take("-file");
            if (at_ < end_ && is_code_char(text_[at_])) return;
            skip_blanks();
            if (at_ < end_ && text_[at_] == '[') {
                ++at_;
                codes(result, ']');
            } else {
                result.all = true;
            }
        } else if (take("pyright") || take("basedpyright") || take("type") || take("ty") ||
                   take("pyrefly") || take("mypy")) {
            if (!take_colon() || !take("ignore")) return;
            if (at_ < end_ && is_code_char(text_[at_])) return;
            result.form = Suppression::Form::TypeChecker;
            if (at_ < end_ && text_[at_] == '[') {
                ++at_;
                codes(result, ']');
            } else {
                result.all = true;
            }
        } else {
            return;
        }
        out.push_back(std::move(result));
    }

    std::string_view text_;
    std::uint32_t begin_;
    std::size_t at_ = 0;
    std::size_t end_ = 0;
};

} // namespace

std::vector<Suppression> find_suppressions(const Tree& tree) {
    std::vector<Suppression> result;
    const std::string_view text = tree.text();
    for (const Comment& comment : tree.comments()) {
        const std::string_view content = tree.text(comment.span);
        // Most comments say nothing of the kind.
        if (content.find("noqa") == std::string_view::npos &&
            content.find("NOQA") == std::string_view::npos &&
            content.find("NoQA") == std::string_view::npos &&
            content.find("ignore") == std::string_view::npos)
            continue;
        const std::size_t before = result.size();
        CommentReader(content, comment.span.begin).read(result);
        std::uint32_t begin = comment.span.begin;
        while (begin > 0 && text[begin - 1] != '\n' && text[begin - 1] != '\r') --begin;
        for (std::size_t i = before; i < result.size(); ++i) {
            result[i].line_begin = begin;
            result[i].line_end = comment.span.end;
        }
    }
    return result;
}

bool code_means(std::string_view code, std::size_t rule, std::size_t shape) {
    return (selected_shapes(code, rule) >> shape & 1U) != 0;
}

bool has_type_checker_alias(std::size_t rule) {
    for (const std::string_view alias : catalog()[rule].info.aliases) {
        const bool code =
            !alias.empty() && std::isupper(static_cast<unsigned char>(alias.front())) != 0;
        if (!code) return true;
    }
    return false;
}

} // namespace awaitls::analysis

#include "analysis/syntax/quick_parser.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace awaitls::analysis {

namespace {

/// Nested constructs beyond this are left to tree-sitter.
constexpr int kMaxDepth = 120;

/// Thrown by nothing outside of this file: the text is for tree-sitter.
struct NotKnown {};

enum class Token : std::uint8_t {
    End,     // of the text
    Newline, // of a logical line
    Name,
    Number,
    String, // its prefix and opening quote are looked at by whoever takes it
    // Keywords
    False,
    None,
    True,
    And,
    As,
    Assert,
    Async,
    Await,
    Break,
    Class,
    Continue,
    Def,
    Del,
    Elif,
    Else,
    Except,
    Finally,
    For,
    From,
    Global,
    If,
    Import,
    In,
    Is,
    Lambda,
    Nonlocal,
    Not,
    Or,
    Pass,
    Raise,
    Return,
    Try,
    While,
    With,
    Yield,
    // Operators
    LeftParen,
    RightParen,
    LeftBracket,
    RightBracket,
    LeftBrace,
    RightBrace,
    Comma,
    Colon,
    ColonEqual,
    Dot,
    Ellipsis,
    Semicolon,
    Equal,
    Arrow,
    At,
    Exclamation, // in a replacement field
    Operator,    // op says which
    Augmented,   // likewise, with `=` behind it
};

struct Keyword {
    std::string_view text;
    Token token;
};
constexpr Keyword kKeywords[] = {
    {"False", Token::False},
    {"None", Token::None},
    {"True", Token::True},
    {"and", Token::And},
    {"as", Token::As},
    {"assert", Token::Assert},
    {"async", Token::Async},
    {"await", Token::Await},
    {"break", Token::Break},
    {"class", Token::Class},
    {"continue", Token::Continue},
    {"def", Token::Def},
    {"del", Token::Del},
    {"elif", Token::Elif},
    {"else", Token::Else},
    {"except", Token::Except},
    {"finally", Token::Finally},
    {"for", Token::For},
    {"from", Token::From},
    {"global", Token::Global},
    {"if", Token::If},
    {"import", Token::Import},
    {"in", Token::In},
    {"is", Token::Is},
    {"lambda", Token::Lambda},
    {"nonlocal", Token::Nonlocal},
    {"not", Token::Not},
    {"or", Token::Or},
    {"pass", Token::Pass},
    {"raise", Token::Raise},
    {"return", Token::Return},
    {"try", Token::Try},
    {"while", Token::While},
    {"with", Token::With},
    {"yield", Token::Yield},
};

/// Keywords by first letter and length, so that most names are told from them without looking further.
struct KeywordTable {
    std::array<std::array<std::uint8_t, 9>, 128> first{}; // 1 + index in kKeywords
    std::array<std::uint8_t, std::size(kKeywords) + 1> next{};
    constexpr KeywordTable() {
        for (std::size_t i = 0; i < std::size(kKeywords); ++i) {
            std::uint8_t& head = first[static_cast<std::size_t>(kKeywords[i].text.front())]
                                      [kKeywords[i].text.size()];
            next[i + 1] = head;
            head = static_cast<std::uint8_t>(i + 1);
        }
    }
};
constexpr KeywordTable kKeywordTable;

Token keyword_or_name(std::string_view text) {
    if (text.size() > 8) return Token::Name;
    std::size_t at = kKeywordTable.first[static_cast<unsigned char>(text.front())][text.size()];
    for (; at != 0; at = kKeywordTable.next[at])
        if (kKeywords[at - 1].text == text) return kKeywords[at - 1].token;
    return Token::Name;
}

enum CharacterClass : std::uint8_t { kOther, kBlank, kLetter, kDigit };
constexpr std::array<std::uint8_t, 256> kClasses = [] {
    std::array<std::uint8_t, 256> result{};
    for (int c = 'a'; c <= 'z'; ++c) result[static_cast<std::size_t>(c)] = kLetter;
    for (int c = 'A'; c <= 'Z'; ++c) result[static_cast<std::size_t>(c)] = kLetter;
    for (int c = '0'; c <= '9'; ++c) result[static_cast<std::size_t>(c)] = kDigit;
    result['_'] = kLetter;
    result[' '] = kBlank;
    return result;
}();
std::uint8_t class_of(char c) {
    return kClasses[static_cast<unsigned char>(c)];
}

using Index = std::uint32_t;
constexpr Index kNothing = 0xffffffffU;

/// A node before it has its place in the flat array.
struct Draft {
    std::uint32_t begin, end;
    Index first, last; // children
    Index next;        // sibling
    Kind kind;
    Role role;
    std::uint8_t flags;
    std::uint8_t op;
};

/// An expression, with the parentheses around it.
struct Expression {
    Index node;
    std::uint32_t begin, end;
};

struct Buffers {
    std::vector<Draft> drafts;
    std::vector<std::pair<Index, NodeId>> open;
    std::vector<Node> nodes;
};

class QuickParser {
public:
    QuickParser(std::string_view text, bool without_body, Buffers& buffers)
        : text_(text), without_body_(without_body), drafts_(buffers.drafts), buffers_(buffers) {
        drafts_.clear();
    }

    Lowered run() {
        const Index root = make(Kind::Module, 0, static_cast<std::uint32_t>(text_.size()));
        start_line();
        base_ = column_;
        while (column_ >= 0) {
            if (column_ != base_) throw NotKnown{};
            statement_line(root);
        }
        while (waiting_at_ < waiting_.size()) take_comment();
        flatten(root);
        return std::move(result_);
    }

private:
    // --- drafts ------------------------------------------------------------------------------------

    Index make(Kind kind, std::uint32_t begin, std::uint32_t end) {
        drafts_.push_back({begin, end, kNothing, kNothing, kNothing, kind, Role::None, 0, 0});
        return static_cast<Index>(drafts_.size() - 1);
    }
    void attach(Index parent, Index child, Role role) {
        drafts_[child].role = role;
        Draft& up = drafts_[parent];
        if (up.first == kNothing)
            up.first = child;
        else
            drafts_[up.last].next = child;
        up.last = child;
    }
    void attach(Index parent, const Expression& child, Role role) {
        attach(parent, child.node, role);
    }
    /// A node of one child around an expression.
    Expression around(Kind kind, std::uint32_t begin, const Expression& inner, Role role) {
        const Index node = make(kind, begin, inner.end);
        attach(node, inner, role);
        return {node, begin, inner.end};
    }

    /// The drafts in pre-order.
    void flatten(Index root) {
        std::vector<Node>& nodes = buffers_.nodes;
        nodes.clear();
        std::vector<std::pair<Index, NodeId>>& open = buffers_.open; // a draft, and its parent
        open.assign(1, {root, kNoNode});
        // A node's `next` is known when the next one that is no part of it is met.
        while (!open.empty()) {
            const auto [at, parent] = open.back();
            open.pop_back();
            const Draft& draft = drafts_[at];
            const NodeId id = static_cast<NodeId>(nodes.size());
            nodes.push_back({draft.begin, draft.end, id + 1, parent, draft.kind, draft.role,
                             draft.flags, draft.op});
            if (draft.next != kNothing) open.push_back({draft.next, parent});
            if (draft.first != kNothing) open.push_back({draft.first, id});
        }
        for (NodeId id = static_cast<NodeId>(nodes.size()); id-- > 1;) {
            Node& up = nodes[nodes[id].parent];
            up.next = std::max(up.next, nodes[id].next);
        }
        result_.nodes = nodes;
    }

    // --- tokens ------------------------------------------------------------------------------------

    char at(std::uint32_t offset) const { return offset < text_.size() ? text_[offset] : '\0'; }

    void comment() {
        const std::uint32_t begin = position_;
        const void* const end = std::memchr(text_.data() + begin, '\n', text_.size() - begin);
        position_ = end == nullptr
                        ? static_cast<std::uint32_t>(text_.size())
                        : static_cast<std::uint32_t>(static_cast<const char*>(end) - text_.data());
        std::uint32_t before = begin;
        while (before > 0 && text_[before - 1] == ' ') --before;
        const bool own_line = before == 0 || text_[before - 1] == '\n';
        // Behind a backslash a line goes on.
        if (own_line && before > 1 && text_[before - 2] == '\\') throw NotKnown{};
        if (own_line && static_cast<std::int32_t>(begin - before) < indent_) throw NotKnown{};
        result_.comments.push_back({{begin, position_}, own_line});
        last_end_ = position_;
    }

    /// Takes the next token of the line.
    void next() {
        last_end_ = end_;
        std::uint32_t line =
            0; // where the token's line starts, if it is another one than that of the token before
        for (;;) {
            const char c = at(position_);
            if (c == ' ') {
                ++position_;
            } else if (c == '#') {
                comment();
            } else if (c == '\n') {
                if (brackets_ == 0) {
                    begin_ = end_ = position_;
                    token_ = Token::Newline;
                    return;
                }
                line = ++position_;
            } else if (c == '\\' && at(position_ + 1) == '\n') {
                line = position_ += 2;
                // A line that consists of the backslash, or is behind the last one, is for others.
                if (position_ >= text_.size() || at(position_) == '\n') throw NotKnown{};
            } else {
                break;
            }
        }
        begin_ = position_;
        if (position_ >= text_.size()) {
            end_ = position_;
            token_ = Token::End;
            if (brackets_ != 0) throw NotKnown{};
            return;
        }
        const char c = text_[position_];
        // The grammar may end the block there, even between brackets.
        if (line > 0 && static_cast<std::int32_t>(position_ - line) < indent_ && c != ')' &&
            c != ']' && c != '}')
            throw NotKnown{};
        switch (class_of(c)) {
        case kLetter: word(); return;
        case kDigit: number(); return;
        default: break;
        }
        if (c == '"' || c == '\'') {
            token_ = Token::String;
            end_ = position_;
            return;
        }
        if (c == '.' && class_of(at(position_ + 1)) == kDigit) {
            number();
            return;
        }
        sign(c);
        position_ = end_;
    }

    void word() {
        std::uint32_t end = position_ + 1;
        while (class_of(at(end)) >= kLetter) ++end;
        const char behind = at(end);
        if (static_cast<unsigned char>(behind) >= 0x80) throw NotKnown{};
        if ((behind == '"' || behind == '\'') && end - position_ <= 2) {
            token_ = Token::String;
            end_ = position_;
            return;
        }
        token_ = keyword_or_name(text_.substr(position_, end - position_));
        position_ = end_ = end;
    }

    void number() {
        std::uint32_t end = position_;
        float_ = false;
        const char marker = static_cast<char>(at(end + 1) | 0x20);
        if (at(end) == '0' && (marker == 'x' || marker == 'o' || marker == 'b')) {
            end += 2;
            const std::uint32_t digits = end;
            while (class_of(at(end)) >= kLetter) ++end;
            if (end == digits ||
                !std::all_of(text_.begin() + digits, text_.begin() + end, [marker](char c) {
                    if (marker == 'b') return c == '0' || c == '1';
                    if (marker == 'o') return c >= '0' && c <= '7';
                    return class_of(c) == kDigit || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
                }))
                throw NotKnown{};
        } else {
            const auto digits = [&] {
                const std::uint32_t first = end;
                while (class_of(at(end)) == kDigit ||
                       (at(end) == '_' && end > first && at(end - 1) != '_'))
                    ++end;
                if (end > first && (at(end) == '_' || at(end - 1) == '_')) throw NotKnown{};
                return end > first;
            };
            const std::uint32_t first = end;
            const bool whole = digits();
            if (whole && at(first) == '0' && end > first + 1) throw NotKnown{};
            if (at(end) == '.') {
                ++end;
                float_ = true;
                digits();
            }
            if ((at(end) | 0x20) == 'e') {
                ++end;
                float_ = true;
                if (at(end) == '+' || at(end) == '-') ++end;
                if (!digits()) throw NotKnown{};
            }
            if (at(end) == 'j') ++end;
        }
        if (class_of(at(end)) >= kLetter || static_cast<unsigned char>(at(end)) >= 0x80)
            throw NotKnown{};
        token_ = Token::Number;
        position_ = end_ = end;
    }

    void operation(Op op, std::uint32_t length) {
        end_ = position_ + length;
        op_ = op;
        token_ = Token::Operator;
        if (at(end_) == '=' && op < Op::And) {
            ++end_;
            token_ = Token::Augmented;
        }
    }

    void sign(char c) {
        const char second = at(position_ + 1);
        const auto simple = [&](Token token, std::uint32_t length = 1) {
            token_ = token;
            end_ = position_ + length;
        };
        switch (c) {
        case '(':
            ++brackets_;
            simple(Token::LeftParen);
            return;
        case '[':
            ++brackets_;
            simple(Token::LeftBracket);
            return;
        case '{':
            ++brackets_;
            simple(Token::LeftBrace);
            return;
        case ')':
            --brackets_;
            simple(Token::RightParen);
            return;
        case ']':
            --brackets_;
            simple(Token::RightBracket);
            return;
        case '}':
            --brackets_;
            simple(Token::RightBrace);
            return;
        case ',': simple(Token::Comma); return;
        case ':':
            if (second == '=' && field_ != brackets_)
                simple(Token::ColonEqual, 2);
            else
                simple(Token::Colon);
            return;
        case '.':
            if (second == '.' && at(position_ + 2) == '.')
                simple(Token::Ellipsis, 3);
            else
                simple(Token::Dot);
            return;
        case ';': simple(Token::Semicolon); return;
        case '=':
            if (second == '=')
                operation(Op::Eq, 2);
            else
                simple(Token::Equal);
            return;
        case '-':
            if (second == '>')
                simple(Token::Arrow, 2);
            else
                operation(Op::Sub, 1);
            return;
        case '@':
            operation(Op::MatMul, 1);
            if (token_ == Token::Operator) token_ = Token::At;
            return;
        case '+': operation(Op::Add, 1); return;
        case '*':
            if (second == '*')
                operation(Op::Pow, 2);
            else
                operation(Op::Mul, 1);
            return;
        case '/':
            if (second == '/')
                operation(Op::FloorDiv, 2);
            else
                operation(Op::Div, 1);
            return;
        case '%': operation(Op::Mod, 1); return;
        case '&': operation(Op::BitAnd, 1); return;
        case '|': operation(Op::BitOr, 1); return;
        case '^': operation(Op::BitXor, 1); return;
        case '~':
            op_ = Op::Invert;
            simple(Token::Operator);
            return;
        case '<':
            if (second == '<')
                operation(Op::LShift, 2);
            else if (second == '=')
                operation(Op::LtE, 2);
            else if (second != '>')
                operation(Op::Lt, 1);
            else
                throw NotKnown{};
            return;
        case '>':
            if (second == '>')
                operation(Op::RShift, 2);
            else if (second == '=')
                operation(Op::GtE, 2);
            else
                operation(Op::Gt, 1);
            return;
        case '!':
            if (second == '=')
                operation(Op::NotEq, 2);
            else
                simple(Token::Exclamation);
            return;
        default: throw NotKnown{};
        }
    }

    bool is(Token token) const { return token_ == token; }
    bool is_operator(Op op) const { return token_ == Token::Operator && op_ == op; }
    void expect(Token token) {
        if (token_ != token) throw NotKnown{};
        next();
    }
    bool accept(Token token) {
        if (token_ != token) return false;
        next();
        return true;
    }
    std::string_view word_text() const { return text_.substr(begin_, end_ - begin_); }
    /// The first character behind the token that is no blank.
    char behind_blanks() const {
        std::uint32_t offset = end_;
        while (at(offset) == ' ') ++offset;
        return at(offset);
    }

    // --- lines -------------------------------------------------------------------------------------

    struct Waiting {
        std::uint32_t begin, end, indent;
    };

    /// Finds the next line with code: its column, -1 at the end. Its comments wait until it is known whose they are.
    void start_line() {
        for (;;) {
            const std::uint32_t line = position_;
            while (at(position_) == ' ') ++position_;
            if (position_ >= text_.size()) {
                column_ = -1;
                return;
            }
            const char c = text_[position_];
            if (c == '\n') {
                ++position_;
            } else if (c == '#') {
                const void* const end =
                    std::memchr(text_.data() + position_, '\n', text_.size() - position_);
                const std::uint32_t begin = position_;
                position_ =
                    end == nullptr
                        ? static_cast<std::uint32_t>(text_.size())
                        : static_cast<std::uint32_t>(static_cast<const char*>(end) - text_.data());
                waiting_.push_back({begin, position_, begin - line});
            } else {
                column_ = static_cast<std::int32_t>(position_ - line);
                if (column_ >= 0xfff0 || c == '\\') throw NotKnown{};
                // What is on the way belongs to the file.
                if (waiting_at_ == waiting_.size()) {
                    waiting_.clear();
                    waiting_at_ = 0;
                }
                return;
            }
        }
    }
    void take_comment() {
        const Waiting& waiting = waiting_[waiting_at_++];
        result_.comments.push_back({{waiting.begin, waiting.end}, true});
        last_end_ = waiting.end;
    }
    /// Behind the last statement of a block: takes the comments that are the block's, and returns where it ends.
    std::uint32_t end_block(std::int32_t indent) {
        while (waiting_at_ < waiting_.size() &&
               static_cast<std::int32_t>(waiting_[waiting_at_].indent) >= indent)
            take_comment();
        return last_end_;
    }
    void start_statement() {
        while (waiting_at_ < waiting_.size()) take_comment();
        waiting_.clear();
        waiting_at_ = 0;
        next();
    }
    /// At the end of a logical line.
    void end_line() {
        if (is(Token::Newline))
            ++position_;
        else if (!is(Token::End))
            throw NotKnown{};
        start_line();
    }

    // --- statements --------------------------------------------------------------------------------

    struct Nesting {
        explicit Nesting(int& depth) : depth_(depth) {
            if (++depth_ > kMaxDepth) throw NotKnown{};
        }
        ~Nesting() { --depth_; }
        Nesting(const Nesting&) = delete;
        Nesting& operator=(const Nesting&) = delete;
        int& depth_;
    };

    bool starts_compound() const {
        switch (token_) {
        case Token::At:
        case Token::Def:
        case Token::Class:
        case Token::Async:
        case Token::If:
        case Token::While:
        case Token::For:
        case Token::With:
        case Token::Try: return true;
        default: return false;
        }
    }

    void statement_line(Index parent) {
        start_statement();
        if (starts_compound()) {
            compound(parent);
            return;
        }
        simple_statements(parent);
        // Comments of the line are the block's.
        end_line();
    }

    /// Up to the end of the line, which stays.
    void simple_statements(Index parent) {
        for (;;) {
            attach(parent, simple_statement(), Role::Statement);
            if (!is(Token::Semicolon)) break;
            next();
            if (is(Token::Newline) || is(Token::End)) break;
        }
    }

    /// The statements behind a `:`.
    Index block() {
        const Nesting nesting(depth_);
        if (!is(Token::Colon)) throw NotKnown{};
        next();
        if (!is(Token::Newline)) {
            if (starts_compound() || is(Token::End)) throw NotKnown{};
            const Index result = make(Kind::Block, begin_, begin_);
            simple_statements(result);
            // The `:` of an annotation may be that of the header to the grammar.
            for (Index c = drafts_[result].first; c != kNothing; c = drafts_[c].next)
                if (drafts_[c].kind == Kind::AnnAssign) throw NotKnown{};
            drafts_[result].end = last_end_;
            // The grammar may end the block at a line's indentation between brackets.
            if (text_.substr(drafts_[result].begin, end_ - drafts_[result].begin).find('\n') !=
                std::string_view::npos)
                throw NotKnown{};
            end_line();
            return result;
        }
        const std::int32_t outer = indent_;
        const std::uint32_t header_end = last_end_;
        ++position_;
        start_line();
        if (without_body_ && outer < 0 && column_ < 0)
            return make(Kind::Block, header_end, header_end);
        indent_ = column_;
        if (indent_ <= outer || indent_ <= base_) throw NotKnown{};
        const Index result = make(Kind::Block, position_, position_);
        do {
            statement_line(result);
        } while (column_ == indent_);
        if (column_ > indent_) throw NotKnown{};
        drafts_[result].end = end_block(indent_);
        indent_ = outer;
        return result;
    }

    Index compound(Index parent) {
        const std::uint32_t begin = begin_;
        Index node = kNothing;
        if (is(Token::At)) {
            node = make(Kind::FunctionDef, begin, begin);
            const std::int32_t column = column_;
            while (is(Token::At)) {
                const std::uint32_t sign = begin_;
                next();
                const Expression value = named_expression();
                const Index decorator = make(Kind::Decorator, sign, value.end);
                attach(decorator, value, Role::Value);
                attach(node, decorator, Role::Decorator);
                if (!is(Token::Newline)) throw NotKnown{};
                drafts_[decorator].end = last_end_;
                end_line();
                if (column_ != column) throw NotKnown{};
                start_statement();
            }
            if (is(Token::Class))
                drafts_[node].kind = Kind::ClassDef;
            else if (!is(Token::Def) && !is(Token::Async))
                throw NotKnown{};
        }
        bool is_async = false;
        if (is(Token::Async)) {
            is_async = true;
            next();
            if (!is(Token::Def) && (node != kNothing || (!is(Token::For) && !is(Token::With))))
                throw NotKnown{};
        }
        switch (token_) {
        case Token::Def:
            if (node == kNothing) node = make(Kind::FunctionDef, begin, begin);
            function(node);
            break;
        case Token::Class:
            if (node == kNothing) node = make(Kind::ClassDef, begin, begin);
            class_statement(node);
            break;
        case Token::If: node = if_statement(); break;
        case Token::While: node = while_statement(); break;
        case Token::For: node = for_statement(begin); break;
        case Token::With: node = with_statement(begin); break;
        default: node = try_statement(); break;
        }
        if (is_async) drafts_[node].flags |= node_flag::kAsync;
        attach(parent, node, Role::Statement);
        return node;
    }

    Index identifier() {
        if (!is(Token::Name)) throw NotKnown{};
        const Index node = make(Kind::Identifier, begin_, end_);
        next();
        return node;
    }

    void attach_body(Index node, Index body) {
        attach(node, body, Role::Body);
        drafts_[node].end = drafts_[body].end;
    }

    void function(Index node) {
        next();
        attach(node, identifier(), Role::Name);
        if (!is(Token::LeftParen)) throw NotKnown{};
        const Index list = make(Kind::Parameters, begin_, begin_);
        next();
        parameters(list, Token::RightParen);
        drafts_[list].end = end_;
        expect(Token::RightParen);
        attach(node, list, Role::None);
        if (accept(Token::Arrow)) attach(node, annotation(), Role::Returns);
        attach_body(node, block());
    }

    Expression annotation() {
        if (is_operator(Op::Mul)) throw NotKnown{};
        const Expression result = expression();
        check_annotation(result.node);
        return result;
    }

    /// The grammar has a syntax of its own for types with arguments, and sees errors where those meet anything unusual.
    void check_annotation(Index node) const {
        const Draft& draft = drafts_[node];
        switch (draft.kind) {
        case Kind::Name:
        case Kind::None:
        case Kind::True:
        case Kind::False:
        case Kind::String:
        case Kind::Integer:
        case Kind::Ellipsis:
        case Kind::List: return;
        case Kind::Attribute:
        case Kind::Call: check_dotted_name(draft.first); return;
        case Kind::Subscript:
            check_dotted_name(draft.first);
            for (Index c = drafts_[draft.first].next; c != kNothing; c = drafts_[c].next)
                check_annotation(c);
            return;
        case Kind::Binary:
            if (static_cast<Op>(draft.op) != Op::BitOr) throw NotKnown{};
            for (Index c = draft.first; c != kNothing; c = drafts_[c].next) check_annotation(c);
            return;
        default: throw NotKnown{};
        }
    }
    void check_dotted_name(Index node) const {
        while (drafts_[node].kind == Kind::Attribute) node = drafts_[node].first;
        if (drafts_[node].kind != Kind::Name) throw NotKnown{};
    }

    /// Up to the token that ends them, which stays.
    void parameters(Index list, Token end) {
        bool keyword_only = false;
        const bool annotated = end == Token::RightParen;
        while (!is(end)) {
            const std::uint32_t begin = begin_;
            ParameterForm form =
                keyword_only ? ParameterForm::KeywordOnly : ParameterForm::Ordinary;
            if (is_operator(Op::Div)) {
                if (drafts_[list].first == kNothing) throw NotKnown{};
                for (Index c = drafts_[list].first; c != kNothing; c = drafts_[c].next)
                    drafts_[c].op = static_cast<std::uint8_t>(ParameterForm::PositionalOnly);
                next();
            } else {
                if (is_operator(Op::Mul)) {
                    keyword_only = true;
                    form = ParameterForm::VarArgs;
                    next();
                } else if (is_operator(Op::Pow)) {
                    form = ParameterForm::VarKeywords;
                    next();
                }
                if (form != ParameterForm::VarArgs || is(Token::Name)) {
                    const std::uint32_t name_end = end_;
                    const Index name = identifier();
                    const Index parameter = make(Kind::Parameter, begin, name_end);
                    drafts_[parameter].op = static_cast<std::uint8_t>(form);
                    attach(parameter, name, Role::Name);
                    if (annotated && accept(Token::Colon)) {
                        const Expression type = annotation();
                        attach(parameter, type, Role::Annotation);
                        drafts_[parameter].end = type.end;
                    }
                    if (is(Token::Equal)) {
                        if (form == ParameterForm::VarArgs || form == ParameterForm::VarKeywords)
                            throw NotKnown{};
                        next();
                        const Expression value = expression();
                        attach(parameter, value, Role::Default);
                        drafts_[parameter].end = value.end;
                    }
                    attach(list, parameter, Role::Item);
                }
            }
            if (!is(Token::Comma)) break;
            next();
        }
        if (!is(end)) throw NotKnown{};
    }

    void class_statement(Index node) {
        next();
        attach(node, identifier(), Role::Name);
        if (is(Token::LeftParen)) {
            next();
            arguments(node, Role::Base);
            expect(Token::RightParen);
        }
        attach_body(node, block());
    }

    Index if_statement() {
        const Index node = make(Kind::If, begin_, begin_);
        next();
        attach(node, named_expression(), Role::Test);
        attach_body(node, block());
        while (continues(Token::Elif)) {
            const Index branch = make(Kind::Elif, begin_, begin_);
            next();
            attach(branch, named_expression(), Role::Test);
            attach_body(branch, block());
            attach(node, branch, Role::OrElse);
            drafts_[node].end = drafts_[branch].end;
        }
        else_clause(node);
        return node;
    }

    /// True when the next line goes on with the statement whose block ended; the keyword is the token then.
    bool continues(Token keyword) {
        if (column_ < 0 || column_ != (indent_ < 0 ? base_ : indent_)) return false;
        std::uint32_t end = position_;
        while (class_of(at(end)) >= kLetter) ++end;
        if (end == position_ ||
            keyword_or_name(text_.substr(position_, end - position_)) != keyword)
            return false;
        start_statement();
        return true;
    }

    void else_clause(Index node) {
        if (!continues(Token::Else)) return;
        const Index branch = make(Kind::Else, begin_, begin_);
        next();
        attach_body(branch, block());
        attach(node, branch, Role::OrElse);
        drafts_[node].end = drafts_[branch].end;
    }

    Index while_statement() {
        const Index node = make(Kind::While, begin_, begin_);
        next();
        attach(node, named_expression(), Role::Test);
        attach_body(node, block());
        else_clause(node);
        return node;
    }

    Index for_statement(std::uint32_t begin) {
        const Index node = make(Kind::For, begin, begin);
        next();
        attach(node, targets(), Role::Target);
        expect(Token::In);
        attach(node, expressions(), Role::Iter);
        attach_body(node, block());
        else_clause(node);
        return node;
    }

    Index with_statement(std::uint32_t begin) {
        const Index node = make(Kind::With, begin, begin);
        next();
        if (is(Token::LeftParen)) throw NotKnown{};
        for (;;) {
            const Expression value = expression();
            if (drafts_[value.node].kind == Kind::Tuple) throw NotKnown{};
            Expression item = around(Kind::WithItem, value.begin, value, Role::Value);
            if (accept(Token::As)) {
                const Expression target = star_target();
                store(target.node, node_flag::kStore);
                attach(item.node, target, Role::Target);
                drafts_[item.node].end = target.end;
            }
            attach(node, item, Role::Item);
            if (!accept(Token::Comma)) break;
        }
        attach_body(node, block());
        return node;
    }

    Index try_statement() {
        const Index node = make(Kind::Try, begin_, begin_);
        next();
        attach_body(node, block());
        bool handled = false;
        while (continues(Token::Except)) {
            const Index handler = make(Kind::Except, begin_, begin_);
            next();
            if (is_operator(Op::Mul)) {
                drafts_[handler].flags |= node_flag::kStar;
                next();
            }
            if (!is(Token::Colon)) {
                attach(handler, expression(), Role::Value);
                if (accept(Token::As)) {
                    if (!is(Token::Name)) throw NotKnown{};
                    const Index name = make(Kind::Name, begin_, end_);
                    drafts_[name].flags = node_flag::kStore;
                    next();
                    attach(handler, name, Role::Target);
                }
            }
            attach_body(handler, block());
            attach(node, handler, Role::Item);
            drafts_[node].end = drafts_[handler].end;
            handled = true;
        }
        if (handled) else_clause(node);
        if (continues(Token::Finally)) {
            const Index last = make(Kind::Finally, begin_, begin_);
            next();
            attach_body(last, block());
            attach(node, last, Role::Item);
            drafts_[node].end = drafts_[last].end;
            handled = true;
        }
        if (!handled) throw NotKnown{};
        return node;
    }

    Index leaf_statement(Kind kind) {
        const Index node = make(kind, begin_, end_);
        next();
        return node;
    }

    bool at_end() const { return is(Token::Newline) || is(Token::End) || is(Token::Semicolon); }

    Index simple_statement() {
        switch (token_) {
        case Token::Pass: return leaf_statement(Kind::Pass);
        case Token::Break: return leaf_statement(Kind::Break);
        case Token::Continue: return leaf_statement(Kind::Continue);
        case Token::Return: {
            const Index node = leaf_statement(Kind::Return);
            if (!at_end()) add(node, expressions(), Role::Value);
            return node;
        }
        case Token::Raise: {
            const Index node = leaf_statement(Kind::Raise);
            if (at_end()) return node;
            add(node, expression(), Role::Value);
            if (accept(Token::From)) add(node, expression(), Role::Cause);
            return node;
        }
        case Token::Assert: {
            const Index node = leaf_statement(Kind::Assert);
            add(node, expression(), Role::Test);
            if (accept(Token::Comma)) add(node, expression(), Role::Value);
            return node;
        }
        case Token::Del: {
            const Index node = leaf_statement(Kind::Delete);
            for (;;) {
                const Expression target = primary();
                store(target.node, node_flag::kDel);
                add(node, target, Role::Target);
                if (!is(Token::Comma)) break;
                drafts_[node].end = end_;
                next();
                if (at_end()) break;
            }
            return node;
        }
        case Token::Global: return names_statement(Kind::Global);
        case Token::Nonlocal: return names_statement(Kind::Nonlocal);
        case Token::Import: return import_statement();
        case Token::From: return from_statement();
        case Token::Name: {
            // Words that are keywords in some places only.
            const std::string_view name = word_text();
            const char behind = behind_blanks();
            if (name == "print" || name == "exec") {
                if (at(end_) != '(') throw NotKnown{};
                const Index node = expression_statement();
                if (drafts_[node].kind != Kind::ExprStmt) throw NotKnown{};
                const Draft& value = drafts_[drafts_[node].first];
                if (value.kind != Kind::Call || drafts_[value.first].kind != Kind::Name)
                    throw NotKnown{};
                return node;
            }
            if (name == "type" && behind != '=' && behind != ':') throw NotKnown{};
            if (name == "match" && behind != '=' && behind != ':' && behind != '.')
                throw NotKnown{};
            return expression_statement();
        }
        default: return expression_statement();
        }
    }

    /// Attaches the last part of a statement so far.
    void add(Index node, const Expression& part, Role role) {
        attach(node, part, role);
        drafts_[node].end = part.end;
    }

    Index names_statement(Kind kind) {
        const Index node = leaf_statement(kind);
        for (;;) {
            drafts_[node].end = end_;
            attach(node, identifier(), Role::Name);
            if (!accept(Token::Comma)) break;
        }
        return node;
    }

    /// `a.b.c` as identifiers of a node, which ends with them.
    void dotted_name(Index node) {
        for (;;) {
            drafts_[node].end = end_;
            attach(node, identifier(), Role::Name);
            if (!accept(Token::Dot)) break;
        }
    }

    Index import_statement() {
        const Index node = leaf_statement(Kind::Import);
        for (;;) {
            const Index alias = make(Kind::Alias, begin_, begin_);
            const Index module = make(Kind::ModuleName, begin_, begin_);
            dotted_name(module);
            attach(alias, module, Role::Name);
            drafts_[alias].end = drafts_[module].end;
            as_name(alias);
            attach(node, alias, Role::Item);
            drafts_[node].end = drafts_[alias].end;
            if (!accept(Token::Comma)) break;
        }
        return node;
    }

    void as_name(Index alias) {
        if (!accept(Token::As)) return;
        drafts_[alias].end = end_;
        attach(alias, identifier(), Role::AsName);
    }

    Index from_statement() {
        const Index node = leaf_statement(Kind::ImportFrom);
        const Index module = make(Kind::ModuleName, begin_, begin_);
        std::uint32_t dots = 0;
        while (is(Token::Dot) || is(Token::Ellipsis)) {
            dots += is(Token::Dot) ? 1 : 3;
            drafts_[module].end = end_;
            next();
        }
        drafts_[module].op = static_cast<std::uint8_t>(std::min<std::uint32_t>(dots, 255));
        if (!is(Token::Import)) dotted_name(module);
        if (dots == 0 && drafts_[module].first == kNothing) throw NotKnown{};
        attach(node, module, Role::Name);
        const std::string_view name =
            text_.substr(drafts_[module].begin, drafts_[module].end - drafts_[module].begin);
        const bool is_future = name == "__future__";
        if (!is_future && name.starts_with("__future__")) throw NotKnown{};
        if (!is(Token::Import)) throw NotKnown{};
        next();
        if (is_operator(Op::Mul)) {
            if (is_future) throw NotKnown{};
            drafts_[node].flags |= node_flag::kStar;
            drafts_[node].end = end_;
            next();
            return node;
        }
        const bool bracketed = accept(Token::LeftParen);
        for (;;) {
            const Index alias = make(Kind::Alias, begin_, end_);
            attach(alias, identifier(), Role::Name);
            as_name(alias);
            attach(node, alias, Role::Item);
            drafts_[node].end = drafts_[alias].end;
            if (!is(Token::Comma)) break;
            next();
            if (bracketed && is(Token::RightParen)) break;
        }
        if (bracketed) {
            drafts_[node].end = end_;
            expect(Token::RightParen);
        }
        return node;
    }

    Index expression_statement() {
        const std::uint32_t begin = begin_;
        const Expression first = is(Token::Yield) ? yield_expression() : expressions();
        if (is(Token::Equal)) return assignment(first, begin);
        if (is(Token::Colon)) {
            const Kind kind = drafts_[first.node].kind;
            if (kind != Kind::Name && kind != Kind::Attribute && kind != Kind::Subscript)
                throw NotKnown{};
            store(first.node, node_flag::kStore);
            const Index node = make(Kind::AnnAssign, begin, begin);
            attach(node, first, Role::Target);
            next();
            add(node, annotation(), Role::Annotation);
            if (accept(Token::Equal)) add(node, value_of_assignment(), Role::Value);
            if (is(Token::Equal)) throw NotKnown{};
            return node;
        }
        if (is(Token::Augmented)) {
            const Kind kind = drafts_[first.node].kind;
            if (kind != Kind::Name && kind != Kind::Attribute && kind != Kind::Subscript)
                throw NotKnown{};
            store(first.node, node_flag::kStore);
            const Index node = make(Kind::AugAssign, begin, begin);
            drafts_[node].op = static_cast<std::uint8_t>(op_);
            attach(node, first, Role::Target);
            next();
            add(node, value_of_assignment(), Role::Value);
            if (is(Token::Equal)) throw NotKnown{};
            return node;
        }
        // Behind a comma the grammar may go on with an assignment on the next line.
        if (text_[first.end - 1] == ',') throw NotKnown{};
        const Index node = make(Kind::ExprStmt, begin, first.end);
        attach(node, first, Role::Value);
        return node;
    }

    Expression value_of_assignment() {
        return is(Token::Yield) ? yield_expression() : expressions();
    }

    Index assignment(const Expression& target, std::uint32_t begin) {
        const Nesting nesting(depth_);
        store(target.node, node_flag::kStore);
        const Index node = make(Kind::Assign, begin, begin);
        attach(node, target, Role::Target);
        next();
        const std::uint32_t value_begin = begin_;
        const Expression value = value_of_assignment();
        if (is(Token::Equal)) {
            const Index inner = assignment(value, value_begin);
            add(node, {inner, value_begin, drafts_[inner].end}, Role::Value);
        } else {
            if (is(Token::Augmented) || is(Token::Colon)) throw NotKnown{};
            add(node, value, Role::Value);
        }
        return node;
    }

    /// Turns an expression into a target.
    void store(Index node, std::uint8_t flag) {
        Draft& draft = drafts_[node];
        // The grammar takes `(a) = b` for a tuple.
        if ((draft.flags & node_flag::kParenthesized) != 0) throw NotKnown{};
        switch (draft.kind) {
        case Kind::Name:
        case Kind::Attribute:
        case Kind::Subscript: draft.flags |= flag; return;
        case Kind::Starred:
        case Kind::Tuple:
        case Kind::List:
            draft.flags |= flag;
            for (Index c = draft.first; c != kNothing; c = drafts_[c].next) store(c, flag);
            return;
        default: throw NotKnown{};
        }
    }

    // --- expressions -------------------------------------------------------------------------------

    /// What may stand behind `for`: names, attributes and the like, in tuples.
    Expression targets() {
        const Expression first = star_target();
        store(first.node, node_flag::kStore);
        if (!is(Token::Comma)) return first;
        const Index tuple = make(Kind::Tuple, first.begin, first.end);
        drafts_[tuple].flags = node_flag::kStore;
        attach(tuple, first, Role::Element);
        while (is(Token::Comma)) {
            drafts_[tuple].end = end_;
            next();
            if (is(Token::In)) break;
            const Expression item = star_target();
            store(item.node, node_flag::kStore);
            add(tuple, item, Role::Element);
        }
        return {tuple, first.begin, drafts_[tuple].end};
    }

    Expression star_target() {
        if (is_operator(Op::Mul)) return starred([this] { return primary(); });
        return primary();
    }

    template <typename Inner>
    Expression starred(Inner inner) {
        const std::uint32_t begin = begin_;
        const char behind = at(end_);
        if (class_of(behind) != kLetter || (begin > 0 && class_of(text_[begin - 1]) >= kLetter))
            throw NotKnown{};
        next();
        const Expression value = inner();
        switch (drafts_[value.node].kind) {
        case Kind::Name:
        case Kind::Attribute:
        case Kind::Subscript:
        case Kind::Call: break;
        default: throw NotKnown{};
        }
        return around(Kind::Starred, begin, value, Role::Value);
    }

    /// One or more, with commas: then a tuple.
    Expression expressions() {
        const Expression first = star_or_named();
        if (!is(Token::Comma)) {
            if (drafts_[first.node].kind == Kind::Starred) throw NotKnown{};
            return first;
        }
        const Index tuple = make(Kind::Tuple, first.begin, first.end);
        attach(tuple, first, Role::Element);
        while (is(Token::Comma)) {
            drafts_[tuple].end = end_;
            next();
            if (!starts_expression()) break;
            add(tuple, star_or_named(), Role::Element);
        }
        return {tuple, first.begin, drafts_[tuple].end};
    }

    bool starts_expression() const {
        switch (token_) {
        case Token::Name:
        case Token::Number:
        case Token::String:
        case Token::False:
        case Token::None:
        case Token::True:
        case Token::Await:
        case Token::Lambda:
        case Token::Not:
        case Token::LeftParen:
        case Token::LeftBracket:
        case Token::LeftBrace:
        case Token::Ellipsis: return true;
        case Token::Operator:
            return op_ == Op::Sub || op_ == Op::Add || op_ == Op::Invert || op_ == Op::Mul;
        default: return false;
        }
    }

    Expression star_or_named() {
        if (is_operator(Op::Mul)) return starred([this] { return bit_or(); });
        return expression();
    }

    /// An element of a bracketed list or an argument.
    Expression element() {
        if (is_operator(Op::Mul)) return starred([this] { return bit_or(); });
        return named_expression();
    }

    Expression named_expression() {
        if (is(Token::Name) && behind_blanks() == ':') {
            std::uint32_t offset = end_;
            while (at(offset) == ' ') ++offset;
            if (at(offset + 1) == '=' && field_ != brackets_) {
                const Index name = make(Kind::Name, begin_, end_);
                drafts_[name].flags = node_flag::kStore;
                const Expression target{name, begin_, end_};
                next();
                next();
                const Expression value = expression();
                // The grammar reads `a := b if c else d` as a choice between `a := b` and `d`.
                if (drafts_[value.node].kind == Kind::Conditional &&
                    (drafts_[value.node].flags & node_flag::kParenthesized) == 0)
                    throw NotKnown{};
                const Index node = make(Kind::NamedExpr, target.begin, value.end);
                attach(node, target, Role::Target);
                attach(node, value, Role::Value);
                return {node, target.begin, value.end};
            }
        }
        return expression();
    }

    Expression yield_expression() {
        const Nesting nesting(depth_);
        const std::uint32_t begin = begin_;
        const std::uint32_t end = end_;
        next();
        if (accept(Token::From)) return around(Kind::YieldFrom, begin, expression(), Role::Value);
        if (starts_expression()) return around(Kind::Yield, begin, expressions(), Role::Value);
        return {make(Kind::Yield, begin, end), begin, end};
    }

    Expression expression() {
        const Nesting nesting(depth_);
        if (is(Token::Lambda)) return lambda();
        const Expression body = disjunction();
        if (!is(Token::If)) return body;
        next();
        const Expression test = disjunction();
        expect(Token::Else);
        const Expression other = expression();
        const Index node = make(Kind::Conditional, body.begin, other.end);
        attach(node, body, Role::Body);
        attach(node, test, Role::Test);
        attach(node, other, Role::OrElse);
        return {node, body.begin, other.end};
    }

    Expression lambda() {
        const std::uint32_t begin = begin_;
        next();
        Index list = kNothing;
        if (!is(Token::Colon)) {
            list = make(Kind::Parameters, begin_, begin_);
            parameters(list, Token::Colon);
            drafts_[list].end = last_end_;
        }
        // A replacement field ends at a colon of its own.
        if (!is(Token::Colon) || field_ == brackets_) throw NotKnown{};
        next();
        const Expression body = expression();
        const Index node = make(Kind::Lambda, begin, body.end);
        if (list != kNothing) attach(node, list, Role::None);
        attach(node, body, Role::Body);
        return {node, begin, body.end};
    }

    Expression joined(Kind kind, Op op, const Expression& left, const Expression& right) {
        const Index node = make(kind, left.begin, right.end);
        drafts_[node].op = static_cast<std::uint8_t>(op);
        attach(node, left, Role::Left);
        attach(node, right, Role::Right);
        return {node, left.begin, right.end};
    }

    Expression disjunction() {
        Expression left = conjunction();
        while (accept(Token::Or)) left = joined(Kind::BoolOp, Op::Or, left, conjunction());
        return left;
    }

    Expression conjunction() {
        Expression left = inversion();
        while (accept(Token::And)) left = joined(Kind::BoolOp, Op::And, left, inversion());
        return left;
    }

    Expression inversion() {
        if (!is(Token::Not)) return comparison();
        const Nesting nesting(depth_);
        const std::uint32_t begin = begin_;
        next();
        return around(Kind::Not, begin, inversion(), Role::Value);
    }

    /// The comparison operator at the token, which it takes; None where there is none.
    Op comparison_operator() {
        switch (token_) {
        case Token::Operator:
            if (op_ < Op::Eq || op_ > Op::GtE) return Op::None;
            break;
        case Token::In: next(); return Op::In;
        case Token::Is: next(); return accept(Token::Not) ? Op::IsNot : Op::Is;
        case Token::Not:
            next();
            if (!is(Token::In)) throw NotKnown{};
            next();
            return Op::NotIn;
        default: return Op::None;
        }
        const Op op = op_;
        next();
        return op;
    }

    Expression comparison() {
        const Expression first = bit_or();
        const Op op = comparison_operator();
        if (op == Op::None) return first;
        const Index node = make(Kind::Compare, first.begin, first.end);
        drafts_[node].op = static_cast<std::uint8_t>(op);
        attach(node, first, Role::None);
        do {
            add(node, bit_or(), Role::None);
        } while (comparison_operator() != Op::None);
        return {node, first.begin, drafts_[node].end};
    }

    static int precedence(Op op) {
        switch (op) {
        case Op::BitOr: return 1;
        case Op::BitXor: return 2;
        case Op::BitAnd: return 3;
        case Op::LShift:
        case Op::RShift: return 4;
        case Op::Add:
        case Op::Sub: return 5;
        case Op::Mul:
        case Op::Div:
        case Op::FloorDiv:
        case Op::Mod:
        case Op::MatMul: return 6;
        default: return 0;
        }
    }

    Expression bit_or() { return binary(1); }

    Expression binary(int least) {
        Expression left = unary();
        while (is(Token::Operator) || is(Token::At)) {
            const Op op = op_;
            const int rank = precedence(op);
            if (rank < least) break;
            next();
            const Expression right = binary(rank + 1);
            // The grammar has the ranks of `^` and `&` the other way round.
            if ((op == Op::BitXor || op == Op::BitAnd) &&
                (is_bitwise(left.node) || is_bitwise(right.node)))
                throw NotKnown{};
            left = joined(Kind::Binary, op, left, right);
        }
        return left;
    }
    bool is_bitwise(Index node) const {
        const Draft& draft = drafts_[node];
        const Op op = static_cast<Op>(draft.op);
        return draft.kind == Kind::Binary && (op == Op::BitXor || op == Op::BitAnd) &&
               (draft.flags & node_flag::kParenthesized) == 0;
    }

    Expression unary() {
        if (is(Token::Operator) && (op_ == Op::Sub || op_ == Op::Add || op_ == Op::Invert)) {
            const Nesting nesting(depth_);
            const std::uint32_t begin = begin_;
            const Op op = op_ == Op::Sub ? Op::Minus : op_ == Op::Add ? Op::Plus : op_;
            next();
            const Expression node = around(Kind::Unary, begin, unary(), Role::Value);
            drafts_[node.node].op = static_cast<std::uint8_t>(op);
            return node;
        }
        Expression left = awaited();
        if (is_operator(Op::Pow)) {
            const Nesting nesting(depth_);
            next();
            left = joined(Kind::Binary, Op::Pow, left, unary());
        }
        return left;
    }

    Expression awaited() {
        if (!is(Token::Await)) return primary();
        const std::uint32_t begin = begin_;
        next();
        if (is(Token::Await)) throw NotKnown{};
        return around(Kind::Await, begin, primary(), Role::Value);
    }

    Expression primary() {
        Expression object = atom();
        for (;;) {
            switch (token_) {
            case Token::Dot: {
                const std::uint32_t dot = end_;
                next();
                // The grammar does not find a name on the line behind the dot's.
                if (begin_ - dot > 1) throw NotKnown{};
                const std::uint32_t end = end_;
                const Index name = identifier();
                const Index node = make(Kind::Attribute, object.begin, end);
                attach(node, object, Role::Object);
                attach(node, name, Role::Attr);
                object = {node, object.begin, end};
                break;
            }
            case Token::LeftParen: {
                const Nesting nesting(depth_);
                const Index node = make(Kind::Call, object.begin, begin_);
                attach(node, object, Role::Callee);
                const std::uint32_t bracket = begin_;
                next();
                call_arguments(node, bracket);
                drafts_[node].end = end_;
                expect(Token::RightParen);
                object = {node, object.begin, drafts_[node].end};
                break;
            }
            case Token::LeftBracket: {
                const Nesting nesting(depth_);
                const Index node = make(Kind::Subscript, object.begin, begin_);
                attach(node, object, Role::Object);
                next();
                if (is(Token::RightBracket)) throw NotKnown{};
                while (!is(Token::RightBracket)) {
                    attach(node, index(), Role::Index);
                    if (!accept(Token::Comma)) break;
                }
                drafts_[node].end = end_;
                expect(Token::RightBracket);
                object = {node, object.begin, drafts_[node].end};
                break;
            }
            default: return object;
            }
        }
    }

    Expression index() {
        const std::uint32_t begin = begin_;
        if (is(Token::ColonEqual)) throw NotKnown{};
        if (!is(Token::Colon)) {
            const Expression first = element();
            if (!is(Token::Colon)) return first;
            if (drafts_[first.node].kind == Kind::Starred) throw NotKnown{};
            const Index node = make(Kind::Slice, begin, begin);
            attach(node, first, Role::None);
            return slice(node, begin);
        }
        return slice(make(Kind::Slice, begin, begin), begin);
    }

    Expression slice(Index node, std::uint32_t begin) {
        for (int colons = 0; is(Token::Colon) && colons < 2; ++colons) {
            drafts_[node].end = end_;
            next();
            if (!is(Token::Colon) && !is(Token::Comma) && !is(Token::RightBracket))
                add(node, expression(), Role::None);
        }
        return {node, begin, drafts_[node].end};
    }

    /// Up to the closing bracket, which stays.
    void call_arguments(Index call, std::uint32_t bracket) {
        if (is(Token::RightParen)) return;
        if (!is_keyword_argument() && !is(Token::Operator)) {
            const Expression first = named_expression();
            if (is(Token::For) || is(Token::Async)) {
                // A generator shares the brackets with the call.
                const Index node = make(Kind::Generator, bracket, bracket);
                comprehension(node, first);
                if (!is(Token::RightParen)) throw NotKnown{};
                drafts_[node].end = end_;
                attach(call, node, Role::Argument);
                return;
            }
            attach(call, first, Role::Argument);
            if (!is(Token::Comma)) return;
            next();
        }
        arguments(call, Role::Argument);
    }

    bool is_keyword_argument() const {
        if (!is(Token::Name)) return false;
        std::uint32_t offset = end_;
        while (at(offset) == ' ') ++offset;
        if (at(offset) == '=') return at(offset + 1) != '=';
        // The sign may stand on a line of its own.
        if (at(offset) == '\n' || at(offset) == '#' || at(offset) == '\\') {
            while (at(offset) == ' ' || at(offset) == '\n') ++offset;
            if (at(offset) == '=' || at(offset) == '#' || at(offset) == '\\') throw NotKnown{};
        }
        return false;
    }

    void arguments(Index call, Role role) {
        while (!is(Token::RightParen)) {
            if (is_operator(Op::Pow)) {
                const std::uint32_t begin = begin_;
                next();
                attach(call, around(Kind::DoubleStarred, begin, expression(), Role::Value), role);
            } else if (is_keyword_argument()) {
                const std::uint32_t begin = begin_;
                const Index name = identifier();
                expect(Token::Equal);
                const Expression value = expression();
                const Index node = make(Kind::Keyword, begin, value.end);
                attach(node, name, Role::Name);
                attach(node, value, Role::Value);
                attach(call, node, role);
            } else if (is_operator(Op::Mul)) {
                attach(call, starred([this] { return expression(); }), role);
            } else {
                attach(call, named_expression(), role);
            }
            if (!accept(Token::Comma)) break;
        }
        if (!is(Token::RightParen)) throw NotKnown{};
    }

    /// The clauses behind an element, which becomes the first child.
    void comprehension(Index node, const Expression& element) {
        if (drafts_[element.node].kind == Kind::Starred) throw NotKnown{};
        attach(node, element, Role::Element);
        while (is(Token::For) || is(Token::Async) || is(Token::If)) {
            const std::uint32_t begin = begin_;
            if (is(Token::If)) {
                next();
                Expression test{};
                if (is(Token::Lambda))
                    throw NotKnown{};
                else
                    test = condition();
                attach(node, around(Kind::CompIf, begin, test, Role::Test), Role::Item);
                continue;
            }
            const bool is_async = accept(Token::Async);
            if (!is(Token::For)) throw NotKnown{};
            next();
            const Index clause = make(Kind::CompFor, begin, begin);
            if (is_async) drafts_[clause].flags |= node_flag::kAsync;
            attach(clause, targets(), Role::Target);
            expect(Token::In);
            add(clause, disjunction(), Role::Iter);
            attach(node, clause, Role::Item);
        }
    }

    /// Behind `if` in a comprehension: another `if` is the next clause.
    Expression condition() {
        if (is(Token::Name) && behind_blanks() == ':') return named_expression();
        return disjunction();
    }

    Expression leaf(Kind kind) {
        const Expression result{make(kind, begin_, end_), begin_, end_};
        next();
        return result;
    }

    Expression atom() {
        switch (token_) {
        case Token::Name: return leaf(Kind::Name);
        case Token::Number: return leaf(float_ ? Kind::Float : Kind::Integer);
        case Token::True: return leaf(Kind::True);
        case Token::False: return leaf(Kind::False);
        case Token::None: return leaf(Kind::None);
        case Token::Ellipsis: return leaf(Kind::Ellipsis);
        case Token::String: return strings();
        case Token::LeftParen: return parenthesized();
        case Token::LeftBracket: return list();
        case Token::LeftBrace: return braces();
        default: throw NotKnown{};
        }
    }

    Expression parenthesized() {
        const Nesting nesting(depth_);
        const std::uint32_t begin = begin_;
        next();
        if (is(Token::RightParen)) {
            const std::uint32_t end = end_;
            next();
            return {make(Kind::Tuple, begin, end), begin, end};
        }
        if (is(Token::Yield)) {
            const Expression inner = yield_expression();
            return close_parentheses(begin, inner);
        }
        const Expression first = element();
        if (is(Token::For) || is(Token::Async)) {
            const Index node = make(Kind::Generator, begin, begin);
            comprehension(node, first);
            return close(node, Token::RightParen);
        }
        if (is(Token::Comma)) {
            const Index node = make(Kind::Tuple, begin, begin);
            return elements(node, first, Token::RightParen);
        }
        if (drafts_[first.node].kind == Kind::Starred) throw NotKnown{};
        return close_parentheses(begin, first);
    }

    Expression close_parentheses(std::uint32_t begin, const Expression& inner) {
        drafts_[inner.node].flags |= node_flag::kParenthesized;
        const std::uint32_t end = end_;
        expect(Token::RightParen);
        return {inner.node, begin, end};
    }

    Expression close(Index node, Token bracket) {
        drafts_[node].end = end_;
        expect(bracket);
        return {node, drafts_[node].begin, drafts_[node].end};
    }

    Expression elements(Index node, const Expression& first, Token bracket) {
        attach(node, first, Role::Element);
        while (accept(Token::Comma) && !is(bracket)) attach(node, element(), Role::Element);
        return close(node, bracket);
    }

    Expression list() {
        const Nesting nesting(depth_);
        const Index node = make(Kind::List, begin_, begin_);
        next();
        if (is(Token::RightBracket)) return close(node, Token::RightBracket);
        const Expression first = element();
        if (is(Token::For) || is(Token::Async)) {
            drafts_[node].kind = Kind::ListComp;
            comprehension(node, first);
            return close(node, Token::RightBracket);
        }
        return elements(node, first, Token::RightBracket);
    }

    Expression braces() {
        const Nesting nesting(depth_);
        const Index node = make(Kind::Dict, begin_, begin_);
        next();
        bool first = true;
        while (!is(Token::RightBrace)) {
            if (is_operator(Op::Pow)) {
                if (drafts_[node].kind != Kind::Dict) throw NotKnown{};
                const std::uint32_t begin = begin_;
                next();
                attach(node, around(Kind::DoubleStarred, begin, bit_or(), Role::Value),
                       Role::Element);
            } else {
                const Expression key = element();
                if (is(Token::Colon)) {
                    if (drafts_[node].kind != Kind::Dict || drafts_[key.node].kind == Kind::Starred)
                        throw NotKnown{};
                    next();
                    const Expression value = expression();
                    const Index pair = make(Kind::Pair, key.begin, value.end);
                    attach(pair, key, Role::Key);
                    attach(pair, value, Role::Value);
                    const Expression whole{pair, key.begin, value.end};
                    if (first && (is(Token::For) || is(Token::Async))) {
                        drafts_[node].kind = Kind::DictComp;
                        comprehension(node, whole);
                        return close(node, Token::RightBrace);
                    }
                    attach(node, whole, Role::Element);
                } else {
                    if (first && (is(Token::For) || is(Token::Async))) {
                        drafts_[node].kind = Kind::SetComp;
                        comprehension(node, key);
                        return close(node, Token::RightBrace);
                    }
                    if (!first && drafts_[node].kind != Kind::Set) throw NotKnown{};
                    drafts_[node].kind = Kind::Set;
                    attach(node, key, Role::Element);
                }
            }
            first = false;
            if (!accept(Token::Comma)) break;
        }
        return close(node, Token::RightBrace);
    }

    // --- strings -----------------------------------------------------------------------------------

    Expression strings() {
        const Expression first = string();
        if (!is(Token::String)) return first;
        const Index node = make(Kind::String, first.begin, first.end);
        attach(node, first, Role::None);
        while (is(Token::String)) add(node, string(), Role::None);
        return {node, first.begin, drafts_[node].end};
    }

    Expression string() {
        const std::uint32_t begin = begin_;
        const Index node = make(Kind::String, begin, begin);
        std::uint8_t flags = 0;
        while (at(position_) != '"' && at(position_) != '\'') {
            switch (at(position_++) | 0x20) {
            case 'b': flags |= node_flag::kBytes; break;
            case 'f': flags |= node_flag::kFormat; break;
            case 'r':
            case 'u': break;
            default: throw NotKnown{};
            }
        }
        drafts_[node].flags = flags;
        const char quote = at(position_);
        const bool triple = at(position_ + 1) == quote && at(position_ + 2) == quote;
        position_ += triple ? 3 : 1;
        const bool format = (flags & node_flag::kFormat) != 0;
        for (;;) {
            if (position_ >= text_.size()) throw NotKnown{};
            const char c = text_[position_];
            if (c == quote) {
                if (!triple) break;
                if (at(position_ + 1) == quote && at(position_ + 2) == quote) break;
                ++position_;
            } else if (c == '\\') {
                // Names of characters have braces, and a raw brace may mean either.
                if (format && (at(position_ + 1) == 'N' || at(position_ + 1) == '{' ||
                               at(position_ + 1) == '}'))
                    throw NotKnown{};
                position_ += 2;
            } else if (c == '\n' && !triple) {
                throw NotKnown{};
            } else if (format && c == '{') {
                if (at(position_ + 1) == '{')
                    position_ += 2;
                else
                    attach(node, replacement_field(quote, triple), Role::None);
            } else if (format && c == '}') {
                if (at(position_ + 1) != '}') throw NotKnown{};
                position_ += 2;
            } else {
                ++position_;
            }
        }
        position_ += triple ? 3 : 1;
        if (position_ > text_.size()) throw NotKnown{};
        drafts_[node].end = end_ = position_;
        const std::uint32_t end = end_;
        next();
        return {node, begin, end};
    }

    /// `{value!r:format}`; the position is at the brace, and then behind it.
    Index replacement_field(char quote, bool triple) {
        const Nesting nesting(depth_);
        const std::uint32_t begin = position_;
        const int brackets = std::exchange(brackets_, brackets_ + 1);
        const int field = std::exchange(field_, brackets_);
        const Index node = make(Kind::Interpolation, begin, begin);
        ++position_;
        next();
        attach(node, is(Token::Yield) ? yield_expression() : expressions(), Role::Value);
        if (is(Token::Equal)) next();
        if (is(Token::Exclamation)) {
            const char form = at(position_);
            if (form != 'r' && form != 's' && form != 'a') throw NotKnown{};
            ++position_;
            end_ = position_;
            next();
        }
        if (is(Token::Colon)) {
            position_ = end_;
            if (at(position_) == '=') throw NotKnown{}; // `:=` to the grammar
            for (;;) {
                const char c = at(position_);
                if (position_ >= text_.size() || c == '\n' || c == '\\' || (c == quote && !triple))
                    throw NotKnown{};
                if (c == '}') break;
                if (c == '{') {
                    if (at(position_ + 1) == '{') throw NotKnown{};
                    // Its values stand for themselves.
                    const Index inner = replacement_field(quote, triple);
                    for (Index c2 = drafts_[inner].first; c2 != kNothing;) {
                        const Index following = drafts_[c2].next;
                        drafts_[c2].next = kNothing;
                        attach(node, c2, Role::Value);
                        c2 = following;
                    }
                } else {
                    ++position_;
                }
            }
            ++position_;
        } else {
            if (!is(Token::RightBrace)) throw NotKnown{};
            position_ = end_;
        }
        brackets_ = brackets;
        field_ = field;
        drafts_[node].end = position_;
        return node;
    }

    std::string_view text_;
    const bool without_body_;
    std::vector<Draft>& drafts_;
    Buffers& buffers_;
    Lowered result_;
    std::vector<Waiting> waiting_; // comments on lines of their own that no block has yet
    std::size_t waiting_at_ = 0;
    std::uint32_t position_ = 0; // behind the token
    std::uint32_t begin_ = 0;    // of the token
    std::uint32_t end_ = 0;
    std::uint32_t last_end_ = 0; // of the token or comment before
    Token token_ = Token::Newline;
    Op op_ = Op::None;
    bool float_ = false;       // of a Number
    int brackets_ = 0;         // that are open
    int field_ = -1;           // brackets_ directly in the innermost replacement field
    std::int32_t column_ = -1; // of the line that comes next; -1 at the end
    std::int32_t indent_ = -1; // of the innermost block; -1 outside
    std::int32_t base_ = 0;    // column of the region's statements
    int depth_ = 0;
};

} // namespace

std::optional<Lowered> parse_quickly(std::string_view text, bool without_body) {
    // Tabs and carriage returns have rules of their own.
    for (const char c : {'\t', '\r', '\f', '\0'})
        if (std::memchr(text.data(), c, text.size()) != nullptr) return std::nullopt;
    thread_local Buffers buffers;
    try {
        return QuickParser(text, without_body, buffers).run();
    } catch (const NotKnown&) {
        return std::nullopt;
    }
}

} // namespace awaitls::analysis

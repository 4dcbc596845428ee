#include "analysis/syntax/parser.h"

#include "analysis/syntax/lower.h"
#include "analysis/syntax/quick_parser.h"

#include <tree_sitter/api.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

extern "C" const TSLanguage* tree_sitter_python(void);

namespace awaitls::analysis {

class ParseTree {
public:
    explicit ParseTree(TSTree* tree) : tree_(tree) {}
    ~ParseTree() { ts_tree_delete(tree_); }
    ParseTree(const ParseTree&) = delete;
    ParseTree& operator=(const ParseTree&) = delete;

    const TSTree* get() const { return tree_; }

    std::vector<StatementMark> marks; // of its lowering

private:
    TSTree* tree_;
};

namespace {

/// A smaller region costs less to parse anew.
constexpr std::size_t kIncrementalBytes = 512;

/// The parser asks the progress callback once in a hundred steps. Valid code needs well under one call per 100 bytes;
/// error recovery on garbage grows with the square of the length and is cut off here.
constexpr std::uint64_t kBaseTicks = 20'000;
constexpr std::uint64_t kTicksPerByte = 1;

struct Budget {
    std::uint64_t ticks;
};

bool out_of_budget(TSParseState* state) {
    Budget* const budget = static_cast<Budget*>(state->payload);
    if (budget->ticks == 0) return true;
    --budget->ticks;
    return false;
}

const char* read_text(void* payload, std::uint32_t offset, TSPoint, std::uint32_t* length) {
    const std::string& text = *static_cast<const std::string*>(payload);
    if (offset >= text.size()) {
        *length = 0;
        return "";
    }
    *length = static_cast<std::uint32_t>(text.size() - offset);
    return text.data() + offset;
}

struct ParserHolder {
    TSParser* parser = ts_parser_new();
    ParserHolder() { ts_parser_set_language(parser, tree_sitter_python()); }
    ~ParserHolder() { ts_parser_delete(parser); }
    ParserHolder(const ParserHolder&) = delete;
    ParserHolder& operator=(const ParserHolder&) = delete;
};

TSTree* run_parser(const std::string& text, const TSTree* old) {
    thread_local ParserHolder holder;
    Budget budget{kBaseTicks + kTicksPerByte * text.size()};
    TSInput input{};
    input.payload = const_cast<std::string*>(&text);
    input.read = read_text;
    input.encoding = TSInputEncodingUTF8;
    TSParseOptions options{};
    options.payload = &budget;
    options.progress_callback = out_of_budget;
    TSTree* const tree = ts_parser_parse_with_options(holder.parser, old, input, options);
    if (tree == nullptr) ts_parser_reset(holder.parser);
    return tree;
}

TSPoint point_at(std::string_view text, std::uint32_t offset) {
    const std::string_view before = text.substr(0, offset);
    const std::size_t rows =
        static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
    const std::size_t line = before.rfind('\n');
    const std::size_t column = line == std::string_view::npos ? offset : offset - line - 1;
    return {static_cast<std::uint32_t>(rows), static_cast<std::uint32_t>(column)};
}

TSTree* parse_incrementally(const std::string& text, const TSTree* previous,
                            std::string_view previous_text) {
    const CommonEnds ends = common_ends(previous_text, text);
    TSInputEdit edit{};
    edit.start_byte = ends.prefix;
    edit.old_end_byte = static_cast<std::uint32_t>(previous_text.size()) - ends.suffix;
    edit.new_end_byte = static_cast<std::uint32_t>(text.size()) - ends.suffix;
    edit.start_point = point_at(previous_text, edit.start_byte);
    edit.old_end_point = point_at(previous_text, edit.old_end_byte);
    edit.new_end_point = point_at(text, edit.new_end_byte);
    TSTree* const edited = ts_tree_copy(previous);
    ts_tree_edit(edited, &edit);
    TSTree* const tree = run_parser(text, edited);
    ts_tree_delete(edited);
    return tree;
}

/// A lone CR ends a line in Python but not in the grammar.
std::string with_line_feeds(const std::string& text) {
    std::string result = text;
    for (std::size_t i = 0; i < result.size(); ++i)
        if (result[i] == '\r' && (i + 1 == result.size() || result[i + 1] != '\n'))
            result[i] = '\n';
    return result;
}

bool has_lone_carriage_return(std::string_view text) {
    for (std::size_t at = text.find('\r'); at != std::string_view::npos;
         at = text.find('\r', at + 1))
        if (at + 1 == text.size() || text[at + 1] != '\n') return true;
    return false;
}

} // namespace

ParsedRegion parse_region(std::string text, std::shared_ptr<const ParseTree> previous,
                          const Tree* previous_tree, bool without_body) {
    ParsedRegion result;
    // Nobody is typing here.
    if (previous_tree == nullptr) {
        if (std::optional<Lowered> quick = parse_quickly(text, without_body)) {
            result.tree =
                Tree(std::move(text), std::move(quick->nodes), std::move(quick->comments), {});
            return result;
        }
    }
    const bool normal = !has_lone_carriage_return(text);
    const std::string* source = &text;
    std::string changed;
    if (!normal) {
        changed = with_line_feeds(text);
        source = &changed;
    }
    TSTree* tree = nullptr;
    if (previous && normal && text.size() >= kIncrementalBytes) {
        tree = parse_incrementally(text, previous->get(), previous_tree->text());
        // A reused tree is the same as a new one only where the text has no errors.
        if (tree != nullptr && ts_node_has_error(ts_tree_root_node(tree))) {
            ts_tree_delete(tree);
            tree = nullptr;
        }
    }
    const bool incremental = tree != nullptr;
    if (tree == nullptr) tree = run_parser(*source, nullptr);
    if (tree == nullptr) {
        const std::uint32_t size = static_cast<std::uint32_t>(text.size());
        std::vector<Node> nodes{
            Node{0, size, 1, kNoNode, Kind::Module, Role::None, node_flag::kDamaged, 0}};
        result.tree = Tree(std::move(text), std::move(nodes), {}, {Span{0, size}});
        result.gave_up = true;
        return result;
    }
    auto parse = std::make_shared<ParseTree>(tree);
    std::optional<EarlierLowering> earlier;
    if (incremental)
        earlier.emplace(
            EarlierLowering{previous_tree->nodes(), previous_tree->comments(), previous->marks});
    Lowered lowered = lower(tree, *source, earlier ? &*earlier : nullptr);
    result.python2 = lowered.python2;
    result.tree = Tree(std::move(text), std::move(lowered.nodes), std::move(lowered.comments),
                       std::move(lowered.damage));
    // A parse is some thirty times its text: it is kept where the region is being edited, as the next edit is probably there
    // too.
    if (previous_tree != nullptr && normal && result.tree.text().size() >= kIncrementalBytes) {
        parse->marks = std::move(lowered.marks);
        parse->marks.shrink_to_fit();
        result.parse = std::move(parse);
    }
    return result;
}

} // namespace awaitls::analysis

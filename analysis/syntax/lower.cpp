#include "analysis/syntax/lower.h"

#include "analysis/syntax/tree_walk.h"

#include <tree_sitter/api.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

extern "C" const TSLanguage* tree_sitter_python(void);

namespace awaitls::analysis {

namespace {

/// The grammar's node types that the lowering knows. Everything else is skipped.
enum class T : std::uint8_t {
    Unknown, // anonymous tokens without meaning here, supertypes
    Module,
    AliasedImport,
    ArgumentList,
    AsPattern,
    AsPatternTarget,
    AssertStatement,
    Assignment,
    Attribute,
    AugmentedAssignment,
    Await,
    BinaryOperator,
    Block,
    BooleanOperator,
    BreakStatement,
    Call,
    CaseClause,
    CasePattern,
    Chevron,
    ClassDefinition,
    ClassPattern,
    Comment,
    ComparisonOperator,
    ConcatenatedString,
    ConditionalExpression,
    ConstrainedType,
    ContinueStatement,
    DecoratedDefinition,
    Decorator,
    DefaultParameter,
    DeleteStatement,
    Dictionary,
    DictionaryComprehension,
    DictionarySplat,
    DictionarySplatPattern,
    DottedName,
    ElifClause,
    Ellipsis,
    ElseClause,
    Error,
    ExceptClause,
    ExecStatement,
    ExpressionList,
    ExpressionStatement,
    False,
    FinallyClause,
    Float,
    ForInClause,
    ForStatement,
    FormatExpression,
    FormatSpecifier,
    FunctionDefinition,
    FutureImportStatement,
    GeneratorExpression,
    GenericType,
    GlobalStatement,
    Identifier,
    IfClause,
    IfStatement,
    ImportFromStatement,
    ImportPrefix,
    ImportStatement,
    Integer,
    Interpolation,
    KeywordArgument,
    KeywordPattern,
    KeywordSeparator,
    Lambda,
    LambdaParameters,
    List,
    ListComprehension,
    ListPattern,
    ListSplat,
    ListSplatPattern,
    MatchStatement,
    MemberType,
    NamedExpression,
    None,
    NonlocalStatement,
    NotOperator,
    Pair,
    Parameters,
    ParenthesizedExpression,
    ParenthesizedListSplat,
    PassStatement,
    PatternList,
    PositionalSeparator,
    PrintStatement,
    RaiseStatement,
    RelativeImport,
    ReturnStatement,
    Set,
    SetComprehension,
    Slice,
    SplatPattern,
    SplatType,
    String,
    StringStart,
    Subscript,
    True,
    TryStatement,
    Tuple,
    TuplePattern,
    Type,
    TypeAliasStatement,
    TypeParameter,
    TypedDefaultParameter,
    TypedParameter,
    UnaryOperator,
    UnionType,
    WhileStatement,
    WildcardImport,
    WithClause,
    WithItem,
    WithStatement,
    Yield,
    // Anonymous tokens.
    TokenAsync,
    TokenFrom,
    TokenStar,
    TokenOperator,
};

struct TypeName {
    const char* name;
    T type;
};

constexpr TypeName kNamed[] = {
    {"module", T::Module},
    {"aliased_import", T::AliasedImport},
    {"argument_list", T::ArgumentList},
    {"as_pattern", T::AsPattern},
    {"as_pattern_target", T::AsPatternTarget},
    {"assert_statement", T::AssertStatement},
    {"assignment", T::Assignment},
    {"attribute", T::Attribute},
    {"augmented_assignment", T::AugmentedAssignment},
    {"await", T::Await},
    {"binary_operator", T::BinaryOperator},
    {"block", T::Block},
    {"boolean_operator", T::BooleanOperator},
    {"break_statement", T::BreakStatement},
    {"call", T::Call},
    {"case_clause", T::CaseClause},
    {"case_pattern", T::CasePattern},
    {"chevron", T::Chevron},
    {"class_definition", T::ClassDefinition},
    {"class_pattern", T::ClassPattern},
    {"comment", T::Comment},
    {"comparison_operator", T::ComparisonOperator},
    {"concatenated_string", T::ConcatenatedString},
    {"conditional_expression", T::ConditionalExpression},
    {"constrained_type", T::ConstrainedType},
    {"continue_statement", T::ContinueStatement},
    {"decorated_definition", T::DecoratedDefinition},
    {"decorator", T::Decorator},
    {"default_parameter", T::DefaultParameter},
    {"delete_statement", T::DeleteStatement},
    {"dictionary", T::Dictionary},
    {"dictionary_comprehension", T::DictionaryComprehension},
    {"dictionary_splat", T::DictionarySplat},
    {"dictionary_splat_pattern", T::DictionarySplatPattern},
    {"dotted_name", T::DottedName},
    {"elif_clause", T::ElifClause},
    {"ellipsis", T::Ellipsis},
    {"else_clause", T::ElseClause},
    {"except_clause", T::ExceptClause},
    {"exec_statement", T::ExecStatement},
    {"expression_list", T::ExpressionList},
    {"expression_statement", T::ExpressionStatement},
    {"false", T::False},
    {"finally_clause", T::FinallyClause},
    {"float", T::Float},
    {"for_in_clause", T::ForInClause},
    {"for_statement", T::ForStatement},
    {"format_expression", T::FormatExpression},
    {"format_specifier", T::FormatSpecifier},
    {"function_definition", T::FunctionDefinition},
    {"future_import_statement", T::FutureImportStatement},
    {"generator_expression", T::GeneratorExpression},
    {"generic_type", T::GenericType},
    {"global_statement", T::GlobalStatement},
    {"identifier", T::Identifier},
    {"if_clause", T::IfClause},
    {"if_statement", T::IfStatement},
    {"import_from_statement", T::ImportFromStatement},
    {"import_prefix", T::ImportPrefix},
    {"import_statement", T::ImportStatement},
    {"integer", T::Integer},
    {"interpolation", T::Interpolation},
    {"keyword_argument", T::KeywordArgument},
    {"keyword_pattern", T::KeywordPattern},
    {"keyword_separator", T::KeywordSeparator},
    {"lambda", T::Lambda},
    {"lambda_parameters", T::LambdaParameters},
    {"list", T::List},
    {"list_comprehension", T::ListComprehension},
    {"list_pattern", T::ListPattern},
    {"list_splat", T::ListSplat},
    {"list_splat_pattern", T::ListSplatPattern},
    {"match_statement", T::MatchStatement},
    {"member_type", T::MemberType},
    {"named_expression", T::NamedExpression},
    {"none", T::None},
    {"nonlocal_statement", T::NonlocalStatement},
    {"not_operator", T::NotOperator},
    {"pair", T::Pair},
    {"parameters", T::Parameters},
    {"parenthesized_expression", T::ParenthesizedExpression},
    {"parenthesized_list_splat", T::ParenthesizedListSplat},
    {"pass_statement", T::PassStatement},
    {"pattern_list", T::PatternList},
    {"positional_separator", T::PositionalSeparator},
    {"print_statement", T::PrintStatement},
    {"raise_statement", T::RaiseStatement},
    {"relative_import", T::RelativeImport},
    {"return_statement", T::ReturnStatement},
    {"set", T::Set},
    {"set_comprehension", T::SetComprehension},
    {"slice", T::Slice},
    {"splat_pattern", T::SplatPattern},
    {"splat_type", T::SplatType},
    {"string", T::String},
    {"string_start", T::StringStart},
    {"subscript", T::Subscript},
    {"true", T::True},
    {"try_statement", T::TryStatement},
    {"tuple", T::Tuple},
    {"tuple_pattern", T::TuplePattern},
    {"type", T::Type},
    {"type_alias_statement", T::TypeAliasStatement},
    {"type_parameter", T::TypeParameter},
    {"typed_default_parameter", T::TypedDefaultParameter},
    {"typed_parameter", T::TypedParameter},
    {"unary_operator", T::UnaryOperator},
    {"union_type", T::UnionType},
    {"while_statement", T::WhileStatement},
    {"wildcard_import", T::WildcardImport},
    {"with_clause", T::WithClause},
    {"with_item", T::WithItem},
    {"with_statement", T::WithStatement},
    {"yield", T::Yield},
};

struct OperatorName {
    const char* name;
    Op op;
};

constexpr OperatorName kOperators[] = {
    {"+", Op::Add},        {"-", Op::Sub},     {"*", Op::Mul},        {"/", Op::Div},
    {"//", Op::FloorDiv},  {"%", Op::Mod},     {"**", Op::Pow},       {"@", Op::MatMul},
    {"<<", Op::LShift},    {">>", Op::RShift}, {"&", Op::BitAnd},     {"|", Op::BitOr},
    {"^", Op::BitXor},     {"~", Op::Invert},  {"and", Op::And},      {"or", Op::Or},
    {"==", Op::Eq},        {"!=", Op::NotEq},  {"<>", Op::NotEq},     {"<", Op::Lt},
    {"<=", Op::LtE},       {">", Op::Gt},      {">=", Op::GtE},       {"is", Op::Is},
    {"is not", Op::IsNot}, {"in", Op::In},     {"not in", Op::NotIn}, {"+=", Op::Add},
    {"-=", Op::Sub},       {"*=", Op::Mul},    {"/=", Op::Div},       {"//=", Op::FloorDiv},
    {"%=", Op::Mod},       {"**=", Op::Pow},   {"@=", Op::MatMul},    {"<<=", Op::LShift},
    {">>=", Op::RShift},   {"&=", Op::BitAnd}, {"|=", Op::BitOr},     {"^=", Op::BitXor},
};

/// The grammar's numbers, looked up by name once.
struct Grammar {
    std::vector<T> types;
    std::vector<Op> operators;
    TSFieldId alternative, argument, arguments, attribute, body, cause, condition, expression,
        function, key, left, name, object, parameters, return_type, right, subject, subscript,
        superclasses, type, type_parameters, value, alias, consequence, guard;

    Grammar() {
        const TSLanguage* const language = tree_sitter_python();
        const std::uint32_t count = ts_language_symbol_count(language);
        types.assign(count + 1, T::Unknown);
        operators.assign(count + 1, Op::None);
        for (std::uint32_t symbol = 0; symbol < count; ++symbol) {
            const TSSymbol id = static_cast<TSSymbol>(symbol);
            const char* const text = ts_language_symbol_name(language, id);
            const TSSymbolType kind = ts_language_symbol_type(language, id);
            if (kind == TSSymbolTypeRegular) {
                for (const TypeName& entry : kNamed)
                    if (std::strcmp(entry.name, text) == 0) types[symbol] = entry.type;
            } else if (kind == TSSymbolTypeAnonymous) {
                for (const OperatorName& entry : kOperators) {
                    if (std::strcmp(entry.name, text) != 0) continue;
                    types[symbol] = T::TokenOperator;
                    operators[symbol] = entry.op;
                }
                if (std::strcmp(text, "async") == 0) types[symbol] = T::TokenAsync;
                if (std::strcmp(text, "from") == 0) types[symbol] = T::TokenFrom;
                if (std::strcmp(text, "except*") == 0) types[symbol] = T::TokenStar;
            }
        }
        const auto field = [language](const char* text) {
            return ts_language_field_id_for_name(language, text,
                                                 static_cast<std::uint32_t>(std::strlen(text)));
        };
        alternative = field("alternative");
        argument = field("argument");
        arguments = field("arguments");
        attribute = field("attribute");
        body = field("body");
        cause = field("cause");
        condition = field("condition");
        expression = field("expression");
        function = field("function");
        key = field("key");
        left = field("left");
        name = field("name");
        object = field("object");
        parameters = field("parameters");
        return_type = field("return_type");
        right = field("right");
        subject = field("subject");
        subscript = field("subscript");
        superclasses = field("superclasses");
        type = field("type");
        type_parameters = field("type_parameters");
        value = field("value");
        alias = field("alias");
        consequence = field("consequence");
        guard = field("guard");
    }

    T type_of(TSSymbol symbol) const {
        if (symbol == static_cast<TSSymbol>(-1)) return T::Error;
        return symbol < types.size() ? types[symbol] : T::Unknown;
    }
};

const Grammar& grammar() {
    static const Grammar instance;
    return instance;
}

struct Frame {
    T type;
    NodeId node;          // children attach to this node
    NodeId opened[2];     // nodes to close when the frame ends
    std::uint16_t index;  // lowered children so far
    std::uint16_t column; // Block, Module: column of its statements; kNoColumn while unknown
    Role role;          // of the children of a frame that has no node of its own; None: by position
    std::uint8_t flags; // store / del / parenthesized that pass to the children
    bool pattern;       // inside a match pattern
    bool keyword_only;  // Parameters: behind the bare star
    Kind wrap;          // children are wrapped in a node of this kind (Module: no)
    std::uint32_t mark; // of the statement that the frame is of
};
constexpr std::uint32_t kNoMark = 0xffffffffU;
constexpr std::uint16_t kNoColumn = 0xffff;

constexpr std::size_t kMaxSpareNodes = 65'536;

/// Room for the nodes of a region, empty.
std::vector<Node>& spare_nodes() {
    thread_local std::vector<Node> nodes;
    return nodes;
}

class Lowering {
public:
    Lowering(const TSTree* tree, std::string_view text, const EarlierLowering* earlier)
        : g_(grammar()),
          tree_(tree),
          text_(text),
          root_(ts_tree_root_node(tree)),
          earlier_(earlier) {
        errors_ = ts_node_has_error(root_);
        result_.nodes.swap(spare_nodes());
    }

    Lowered run() {
        push_node(Kind::Module, Role::None, 0, static_cast<std::uint32_t>(text_.size()), 0);
        stack_.push_back(frame(T::Module, 0));
        for (std::size_t at = text_.find('\0'); at != std::string_view::npos;
             at = text_.find('\0', at + 1))
            damage(static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at + 1), 0);
        if (g_.type_of(ts_node_symbol(root_)) == T::Error) damage_error(root_);
        const std::unique_ptr<TreeWalk, void (*)(TreeWalk*)> walk(tree_walk_new(tree_),
                                                                  tree_walk_delete);
        bool down = tree_walk_first_child(walk.get());
        if (down) {
            for (;;) {
                if (enter(*walk) && tree_walk_first_child(walk.get())) continue;
                if (entered_) leave();
                if (tree_walk_next_sibling(walk.get())) continue;
                bool done = false;
                for (;;) {
                    if (!tree_walk_parent(walk.get())) {
                        done = true;
                        break;
                    }
                    if (stack_.size() == 1) {
                        done = true;
                        break;
                    }
                    leave();
                    if (tree_walk_next_sibling(walk.get())) break;
                }
                if (done) break;
            }
        }
        // What the parser made up may have no node.
        if (errors_ && result_.damage.empty())
            damage(0, static_cast<std::uint32_t>(text_.size()), 0);
        result_.nodes[0].next = static_cast<NodeId>(result_.nodes.size());
        if (!result_.damage.empty() || result_.python2) result_.marks.clear();
        std::sort(result_.damage.begin(), result_.damage.end(), [](Span a, Span b) {
            return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
        });
        // The result is kept, so it has no room to spare; that stays here for the next region.
        std::vector<Node> nodes(result_.nodes);
        result_.nodes.swap(nodes);
        if (nodes.capacity() <= kMaxSpareNodes) {
            nodes.clear();
            spare_nodes().swap(nodes);
        }
        return std::move(result_);
    }

private:
    static Frame frame(T type, NodeId node) {
        return {type,  node,  {kNoNode, kNoNode}, 0,      kNoColumn, Role::None, 0,
                false, false, Kind::Module,       kNoMark};
    }

    NodeId push_node(Kind kind, Role role, std::uint32_t begin, std::uint32_t end,
                     std::uint8_t flags) {
        const NodeId id = static_cast<NodeId>(result_.nodes.size());
        const NodeId parent = stack_.empty() ? kNoNode : stack_.back().node;
        result_.nodes.push_back({begin, end, id + 1, parent, kind, role, flags, 0});
        return id;
    }

    void damage(std::uint32_t begin, std::uint32_t end, NodeId near) {
        result_.damage.push_back({begin, end});
        for (NodeId n = near; n != kNoNode; n = result_.nodes[n].parent) {
            if (result_.nodes[n].has(node_flag::kDamaged)) break;
            result_.nodes[n].flags |= node_flag::kDamaged;
        }
    }

    void damage_error(TSNode node) {
        damage(ts_node_start_byte(node), ts_node_end_byte(node), stack_.back().node);
    }

    /// Ends the newest frame.
    void leave() {
        Frame& top = stack_.back();
        const NodeId end = static_cast<NodeId>(result_.nodes.size());
        for (const NodeId id : top.opened) {
            if (id == kNoNode) continue;
            result_.nodes[id].next = end;
            const Node& node = result_.nodes[id];
            if (node.kind == Kind::Block && end == id + 1) damage(node.begin, node.end, id);
            if (node.kind == Kind::Try) check_try(id, end);
        }
        if (top.type == T::UnionType && top.opened[0] != kNoNode) regroup_union(top.opened[0], end);
        if (top.mark != kNoMark) {
            StatementMark& mark = result_.marks[top.mark];
            mark.nodes_end = end;
            mark.comments_end = static_cast<std::uint32_t>(result_.comments.size());
            mark.marks_end = static_cast<std::uint32_t>(result_.marks.size());
        }
        stack_.pop_back();
    }

    bool is_union(NodeId id) const {
        const Node& node = result_.nodes[id];
        return node.kind == Kind::Binary && node.op == static_cast<std::uint8_t>(Op::BitOr) &&
               !node.has(node_flag::kParenthesized);
    }

    /// The grammar reads the annotation `a[x] | b | c` as `a[x] | (b | c)`; Python groups to the left. The union's nodes are
    /// the last ones.
    void regroup_union(NodeId root, NodeId end) {
        const NodeId left = root + 1;
        if (left >= end) return;
        const NodeId right = result_.nodes[left].next;
        if (right >= end || !is_union(right)) return;
        // The parts in text order: what is no union itself.
        std::vector<NodeId> parts{left};
        std::vector<NodeId> unions;
        for (NodeId id = right; id < end;) {
            if (is_union(id)) {
                unions.push_back(id);
                ++id;
            } else {
                parts.push_back(id);
                id = result_.nodes[id].next;
            }
        }
        if (parts.size() != unions.size() + 2) return;
        const std::vector<Node> before(result_.nodes.begin() + root, result_.nodes.begin() + end);
        const NodeId count = static_cast<NodeId>(unions.size());
        // All unions, the outermost first, then the parts: the first two are of the innermost union.
        NodeId at = root + 1;
        for (NodeId u = 0; u < count; ++u, ++at) {
            Node& node = result_.nodes[at];
            node = before[0];
            node.end = before[parts[count - u] - root].end;
            node.flags = 0;
            node.role = Role::Left;
            node.parent = at - 1;
        }
        for (std::size_t p = 0; p < parts.size(); ++p) {
            const NodeId first = parts[p];
            const NodeId behind = before[first - root].next;
            const NodeId shift = at - first;
            for (NodeId id = first; id < behind; ++id, ++at) {
                Node node = before[id - root];
                node.next += shift;
                node.parent += shift;
                result_.nodes[at] = node;
            }
            Node& top = result_.nodes[first + shift];
            top.role = p == 0 ? Role::Left : Role::Right;
            top.parent = root + count - (p == 0 ? 0 : static_cast<NodeId>(p) - 1);
            if (p > 0) result_.nodes[top.parent].next = at;
        }
    }

    void check_try(NodeId id, NodeId end) {
        for (NodeId c = id + 1; c < end; c = result_.nodes[c].next)
            if (result_.nodes[c].kind == Kind::Except || result_.nodes[c].kind == Kind::Finally)
                return;
        damage(result_.nodes[id].begin, result_.nodes[id].end, id);
    }

    /// Emits a node for a grammar node and opens a frame for its children.
    NodeId open(T type, Kind kind, Role role, TSNode node, std::uint8_t flags = 0) {
        return open_span(type, kind, role, ts_node_start_byte(node), ts_node_end_byte(node), flags);
    }
    NodeId open_span(T type, Kind kind, Role role, std::uint32_t begin, std::uint32_t end,
                     std::uint8_t flags) {
        if (begin == type_call_arguments_) begin = type_call_begin_;
        Frame& parent = stack_.back();
        NodeId wrapper = kNoNode;
        const bool pattern = parent.pattern;
        if (parent.wrap != Kind::Module) {
            wrapper = push_node(parent.wrap, Role::Item, begin, end, 0);
            role = Role::Value;
        }
        ++parent.index;
        const std::uint8_t inherited = parent.flags;
        Frame next = frame(type, kNoNode);
        next.pattern = pattern;
        const NodeId id = static_cast<NodeId>(result_.nodes.size());
        const NodeId up = wrapper != kNoNode ? wrapper : parent.node;
        result_.nodes.push_back(
            {begin, end, id + 1, up, kind, role, static_cast<std::uint8_t>(flags | inherited), 0});
        next.node = id;
        next.opened[0] = id;
        next.opened[1] = wrapper;
        stack_.push_back(next);
        entered_ = true;
        return id;
    }

    /// Opens a frame without a node: the children take its place.
    void pass_through(T type, Role role) {
        ++stack_.back().index;
        Frame next = frame(type, stack_.back().node);
        next.role = role;
        next.flags = stack_.back().flags;
        next.pattern = stack_.back().pattern;
        next.wrap = stack_.back().wrap;
        stack_.push_back(next);
        entered_ = true;
    }

    std::string_view text_of(TSNode node) const {
        const std::uint32_t begin = ts_node_start_byte(node);
        return text_.substr(begin, ts_node_end_byte(node) - begin);
    }

    /// True when a backslash joins the line that starts here to the one above.
    bool is_joined(std::uint32_t line) const {
        std::uint32_t end = line;
        if (end > 0 && text_[end - 1] == '\n') --end;
        if (end > 0 && text_[end - 1] == '\r') --end;
        if (end == line || end == 0 || text_[end - 1] != '\\') return false;
        return result_.comments.empty() || result_.comments.back().span.end < end;
    }

    /// Column of a statement that is the first thing on its line; kNoColumn behind other code.
    std::uint16_t own_line_column(std::uint32_t begin) const {
        std::uint32_t at = begin;
        while (at > 0 && (text_[at - 1] == ' ' || text_[at - 1] == '\t' || text_[at - 1] == '\f'))
            --at;
        if (at > 0 && text_[at - 1] != '\n' && text_[at - 1] != '\r') return kNoColumn;
        if (is_joined(at)) return kNoColumn;
        std::uint32_t column = 0;
        for (; at < begin; ++at) {
            if (text_[at] == '\t')
                column = (column / 8 + 1) * 8;
            else if (text_[at] == '\f')
                column = 0;
            else
                ++column;
        }
        return static_cast<std::uint16_t>(std::min<std::uint32_t>(column, kNoColumn - 1));
    }

    /// Behind other code a statement follows `;`, or the `:` of its header. The grammar invents a line end that is missing, and
    /// shows no node for it.
    bool is_separated(std::uint32_t begin) const {
        constexpr std::string_view kBlanks = " \t\f\\\r\n";
        std::uint32_t at = begin;
        while (at > 0 && kBlanks.find(text_[at - 1]) != std::string_view::npos) --at;
        return at == 0 || text_[at - 1] == ';' || text_[at - 1] == ':';
    }

    void check_column(Frame& block, TSNode node) {
        const std::uint32_t begin = ts_node_start_byte(node);
        const std::uint16_t column = own_line_column(begin);
        if (column == kNoColumn) {
            if (!is_separated(begin)) damage(begin, ts_node_end_byte(node), block.node);
            return;
        }
        if (block.column == kNoColumn)
            block.column = column;
        else if (block.column != column)
            damage(begin, ts_node_end_byte(node), block.node);
    }

    /// The grammar reads the assignment `type(x).y = z` as a type alias of `(x).y`. True for such a one; what its chain of
    /// attributes and subscripts starts with is then lowered to the call, or the subscript, of `type`.
    bool is_type_call(TSNode node) {
        const TSNode left = ts_node_child_by_field_id(node, g_.left);
        TSNode first = left;
        int steps = 0;
        for (T kind = T::Type; !ts_node_is_null(first);) {
            first = ts_node_named_child(first, 0);
            kind = ts_node_is_null(first) ? T::Unknown : g_.type_of(ts_node_symbol(first));
            const bool called = kind == T::ParenthesizedExpression || kind == T::Tuple;
            if ((called && steps > 0) || kind == T::List) {
                type_call_arguments_ = ts_node_start_byte(first);
                type_call_begin_ = ts_node_start_byte(node);
                return true;
            }
            if (kind != T::Attribute && kind != T::Subscript && kind != T::Call &&
                kind != T::MemberType && kind != T::Type)
                break;
            steps += kind != T::Type;
        }
        return false;
    }

    /// The call `type(...)`, or the subscript `type[...]`, whose brackets are the node.
    bool enter_type_call(T type, TSNode node, Role role) {
        const bool subscript = type == T::List;
        open(T::ArgumentList, subscript ? Kind::Subscript : Kind::Call, role, node);
        stack_.back().role = subscript ? Role::Index : Role::Argument;
        constexpr std::uint32_t kLength = 4; // `type`
        push_node(Kind::Name, subscript ? Role::Object : Role::Callee, type_call_begin_,
                  type_call_begin_ + kLength, 0);
        return true;
    }

    /// Copies what the earlier lowering made of a statement's subtree. False when it did not see the subtree.
    bool take_over(const StatementMark& wanted) {
        if (earlier_ == nullptr || wanted.subtree == nullptr) return false;
        // The trees have their common subtrees in the same order.
        const std::vector<StatementMark>& marks = earlier_->marks;
        std::size_t found = earlier_at_;
        while (found < marks.size() && marks[found].subtree != wanted.subtree) ++found;
        if (found == marks.size() || marks[found].role != wanted.role ||
            marks[found].flags != wanted.flags)
            return false;
        const StatementMark& old = marks[found];
        earlier_at_ = old.marks_end;
        const std::uint32_t bytes =
            wanted.begin - old.begin; // these wrap around where the statement moved up
        const NodeId nodes = wanted.nodes - old.nodes;
        const std::uint32_t comments = wanted.comments - old.comments;
        const NodeId parent = stack_.back().node;
        for (NodeId n = old.nodes; n < old.nodes_end; ++n) {
            Node node = earlier_->nodes[n];
            node.begin += bytes;
            node.end += bytes;
            node.next += nodes;
            node.parent = node.parent < old.nodes ? parent : node.parent + nodes;
            result_.nodes.push_back(node);
        }
        for (std::uint32_t c = old.comments; c < old.comments_end; ++c) {
            Comment comment = earlier_->comments[c];
            comment.span.begin += bytes;
            comment.span.end += bytes;
            result_.comments.push_back(comment);
        }
        const std::uint32_t shift = static_cast<std::uint32_t>(result_.marks.size() - found);
        for (std::size_t m = found; m < old.marks_end; ++m) {
            StatementMark mark = marks[m];
            mark.begin += bytes;
            mark.nodes += nodes;
            mark.nodes_end += nodes;
            mark.comments += comments;
            mark.comments_end += comments;
            mark.marks_end += shift;
            result_.marks.push_back(mark);
        }
        ++stack_.back().index;
        return true;
    }

    Role role_of(TSFieldId field) const;
    bool enter(const TreeWalk& walk);
    bool enter_token(T type, TSSymbol symbol, TSNode node);
    bool enter_identifier(TSNode node, Role role, TSFieldId field);
    bool enter_pattern(T type, TSNode node);
    bool enter_parameter(T type, TSNode node);
    bool enter_statement(T type, TSNode node);
    bool enter_expression(T type, TSNode node, Role role, TSFieldId field);
    bool leaf(Kind kind, Role role, TSNode node, std::uint8_t flags = 0) {
        open(T::Unknown, kind, role, node, flags);
        return false;
    }

    const Grammar& g_;
    const TSTree* tree_;
    std::string_view text_;
    TSNode root_;
    const EarlierLowering* earlier_;
    std::size_t earlier_at_ = 0; // earlier marks before it are used or gone
    Lowered result_;
    std::vector<Frame> stack_;
    std::vector<std::uint32_t> power_begins_; // of misread `await a ** b`: where the await starts
    std::vector<std::uint32_t> power_left_ends_; // and where its operand ends
    bool errors_ = false;
    bool entered_ = false;              // enter() pushed a frame
    std::uint32_t splat_ = 0xffffffffU; // the `*` of the newest misread `[*f(x)]`
    std::uint32_t type_call_arguments_ =
        0xffffffffU; // the bracket behind `type` of the newest misread `type(x).y = z`
    std::uint32_t type_call_begin_ = 0; // and where that statement starts
};

/// The role of a child by its parent's type, its field and its position.
Role Lowering::role_of(TSFieldId field) const {
    const Frame& parent = stack_.back();
    if (parent.role != Role::None) return parent.role;
    switch (parent.type) {
    case T::Module:
    case T::Block: return Role::Statement;
    case T::Assignment:
    case T::AugmentedAssignment:
    case T::TypeAliasStatement:
        return field == g_.left ? Role::Target : field == g_.type ? Role::Annotation : Role::Value;
    case T::NamedExpression: return field == g_.name ? Role::Target : Role::Value;
    case T::ForStatement:
    case T::ForInClause:
        return field == g_.left    ? Role::Target
               : field == g_.right ? Role::Iter
               : field == g_.body  ? Role::Body
                                   : Role::OrElse;
    case T::WhileStatement:
    case T::IfStatement:
    case T::ElifClause:
        return field == g_.condition     ? Role::Test
               : field == g_.alternative ? Role::OrElse
                                         : Role::Body;
    case T::WithStatement:
    case T::ElseClause:
    case T::FinallyClause: return Role::Body;
    case T::TryStatement: return field == g_.body ? Role::Body : Role::Item;
    case T::ExceptClause:
        return field == g_.value ? Role::Value : field == g_.alias ? Role::Target : Role::Body;
    case T::MatchStatement: return field == g_.subject ? Role::Value : Role::Item;
    case T::CaseClause:
        return field == g_.guard ? Role::Test : field == g_.consequence ? Role::Body : Role::Item;
    case T::FunctionDefinition:
    case T::ClassDefinition:
        if (field == g_.return_type) return Role::Returns;
        if (field == g_.body) return Role::Body;
        if (field == g_.superclasses) return Role::Base;
        return field == g_.name ? Role::Name : Role::None;
    case T::Lambda: return field == g_.body ? Role::Body : Role::None;
    case T::Attribute: return field == g_.object ? Role::Object : Role::Attr;
    case T::MemberType: return parent.index == 0 ? Role::Object : Role::Attr;
    case T::Subscript: return field == g_.value ? Role::Object : Role::Index;
    case T::GenericType: return parent.index == 0 ? Role::Object : Role::Index;
    case T::Call: return field == g_.function ? Role::Callee : Role::Argument;
    case T::ArgumentList: return Role::Argument;
    case T::KeywordArgument: return field == g_.name ? Role::Name : Role::Value;
    case T::BinaryOperator:
    case T::BooleanOperator: return field == g_.left ? Role::Left : Role::Right;
    case T::UnionType: return parent.index == 0 ? Role::Left : Role::Right;
    case T::ConditionalExpression:
        return parent.index == 0 ? Role::Body : parent.index == 1 ? Role::Test : Role::OrElse;
    case T::ListComprehension:
    case T::SetComprehension:
    case T::DictionaryComprehension:
    case T::GeneratorExpression: return field == g_.body ? Role::Element : Role::Item;
    case T::IfClause: return Role::Test;
    case T::Pair: return field == g_.key ? Role::Key : Role::Value;
    case T::WithClause: return Role::Item;
    case T::RaiseStatement: return field == g_.cause ? Role::Cause : Role::Value;
    case T::AssertStatement: return parent.index == 0 ? Role::Test : Role::Value;
    case T::DeleteStatement: return Role::Target;
    case T::AliasedImport: return field == g_.alias ? Role::AsName : Role::Name;
    case T::TypedParameter:
    case T::TypedDefaultParameter:
    case T::DefaultParameter:
        return field == g_.type ? Role::Annotation : field == g_.value ? Role::Default : Role::Name;
    case T::List:
    case T::Tuple:
    case T::Set:
    case T::Dictionary:
    case T::ExpressionList: return Role::Element;
    case T::ExpressionStatement:
    case T::ReturnStatement:
    case T::Await:
    case T::NotOperator:
    case T::UnaryOperator:
    case T::ListSplat:
    case T::DictionarySplat:
    case T::Yield:
    case T::Decorator:
    case T::WithItem:
    case T::Interpolation: return Role::Value;
    default: return Role::None;
    }
}

bool Lowering::enter_token(T type, TSSymbol symbol, TSNode node) {
    Frame& parent = stack_.back();
    Node& owner = result_.nodes[parent.node];
    switch (type) {
    case T::TokenAsync: owner.flags |= node_flag::kAsync; break;
    case T::TokenStar: owner.flags |= node_flag::kStar; break;
    case T::TokenFrom:
        if (parent.type == T::Yield) owner.kind = Kind::YieldFrom;
        break;
    case T::TokenOperator:
        if (parent.type == T::ExceptClause && g_.operators[symbol] == Op::Mul) {
            owner.flags |= node_flag::kStar;
        } else if (parent.type == T::UnaryOperator) {
            const Op op = g_.operators[symbol];
            owner.op = static_cast<std::uint8_t>(op == Op::Add   ? Op::Plus
                                                 : op == Op::Sub ? Op::Minus
                                                                 : op);
        } else if (owner.op == 0 &&
                   (parent.type == T::BinaryOperator || parent.type == T::BooleanOperator ||
                    parent.type == T::ComparisonOperator ||
                    parent.type == T::AugmentedAssignment)) {
            owner.op = static_cast<std::uint8_t>(g_.operators[symbol]);
        }
        break;
    default: break;
    }
    if (errors_ && ts_node_is_missing(node)) damage_error(node);
    return false;
}

bool Lowering::enter_identifier(TSNode node, Role role, TSFieldId field) {
    const Frame& parent = stack_.back();
    const std::string_view name = text_of(node);
    if (name.size() == 5 && (name == "await" || name == "async")) damage_error(node);
    switch (parent.type) {
    case T::Attribute:
    case T::MemberType:
        if (role == Role::Attr) return leaf(Kind::Identifier, role, node);
        break;
    case T::KeywordArgument:
        if (role == Role::Name) return leaf(Kind::Identifier, role, node);
        break;
    case T::FunctionDefinition:
    case T::ClassDefinition:
        if (field == g_.name) return leaf(Kind::Identifier, Role::Name, node);
        break;
    case T::AliasedImport: return leaf(Kind::Identifier, Role::AsName, node);
    case T::DottedName: return leaf(Kind::Identifier, Role::Name, node);
    case T::GlobalStatement:
    case T::NonlocalStatement: return leaf(Kind::Identifier, Role::Name, node);
    case T::DefaultParameter:
    case T::TypedDefaultParameter:
    case T::TypedParameter:
    case T::ListSplatPattern:
    case T::DictionarySplatPattern:
        if (role == Role::Name) return leaf(Kind::Identifier, Role::Name, node);
        break;
    default: break;
    }
    return leaf(Kind::Name, role, node);
}

/// Inside a match pattern only the names count: captured ones are stored, others read.
bool Lowering::enter_pattern(T type, TSNode node) {
    switch (type) {
    case T::CasePattern:
    case T::ClassPattern:
    case T::ListPattern:
    case T::TuplePattern:
    case T::SplatPattern:
    case T::AsPattern:
    case T::KeywordPattern: pass_through(type, Role::None); return true;
    case T::DottedName: {
        const bool capture =
            stack_.back().type != T::ClassPattern && ts_node_named_child_count(node) == 1;
        const TSNode first = ts_node_named_child(node, 0);
        if (ts_node_is_null(first)) return false;
        return leaf(Kind::Name, Role::None, first, capture ? node_flag::kStore : 0);
    }
    case T::Identifier:
        if (stack_.back().type == T::KeywordPattern) return false;
        if (text_of(node) == "_") return false;
        return leaf(Kind::Name, Role::None, node, node_flag::kStore);
    case T::Error: damage_error(node); return false;
    case T::Comment: return false;
    case T::Unknown: {
        // union_pattern, dict_pattern, complex_pattern and the like hold nested patterns.
        if (!ts_node_is_named(node)) return false;
        pass_through(type, Role::None);
        return true;
    }
    default: return false;
    }
}

bool Lowering::enter_parameter(T type, TSNode node) {
    Frame& list = stack_.back();
    const auto form = [&list] {
        return static_cast<std::uint8_t>(list.keyword_only ? ParameterForm::KeywordOnly
                                                           : ParameterForm::Ordinary);
    };
    switch (type) {
    case T::KeywordSeparator: list.keyword_only = true; return false;
    case T::PositionalSeparator:
        for (NodeId c = list.node + 1; c < result_.nodes.size(); c = result_.nodes[c].next)
            result_.nodes[c].op = static_cast<std::uint8_t>(ParameterForm::PositionalOnly);
        return false;
    case T::Identifier: {
        const std::uint8_t op = form();
        const NodeId id = open(type, Kind::Parameter, Role::Item, node);
        result_.nodes[id].op = op;
        const NodeId name = push_node(Kind::Identifier, Role::Name, ts_node_start_byte(node),
                                      ts_node_end_byte(node), 0);
        (void)name;
        return false;
    }
    case T::DefaultParameter:
    case T::TypedParameter:
    case T::TypedDefaultParameter: {
        const std::uint8_t op = form();
        const NodeId id = open(type, Kind::Parameter, Role::Item, node);
        result_.nodes[id].op = op;
        return true;
    }
    case T::ListSplatPattern:
    case T::DictionarySplatPattern: {
        if (type == T::ListSplatPattern) list.keyword_only = true;
        const NodeId id = open(type, Kind::Parameter, Role::Item, node);
        result_.nodes[id].op = static_cast<std::uint8_t>(
            type == T::ListSplatPattern ? ParameterForm::VarArgs : ParameterForm::VarKeywords);
        stack_.back().role = Role::Name;
        return true;
    }
    default: return false;
    }
}

bool Lowering::enter_statement(T type, TSNode node) {
    const Role role = Role::Statement;
    switch (type) {
    case T::ExpressionStatement: {
        const TSNode first = ts_node_named_child(node, 0);
        const T inner = ts_node_is_null(first) ? T::Unknown : g_.type_of(ts_node_symbol(first));
        if (inner == T::Assignment || inner == T::AugmentedAssignment) {
            pass_through(type, Role::Statement);
            return true;
        }
        open(type, Kind::ExprStmt, role, node);
        if (ts_node_child_count(node) > 1) {
            // `a, b` as a statement: the grammar leaves the tuple out.
            const NodeId tuple = push_node(Kind::Tuple, Role::Value, ts_node_start_byte(node),
                                           ts_node_end_byte(node), 0);
            stack_.back().node = tuple;
            stack_.back().opened[1] = tuple;
            stack_.back().role = Role::Element;
        }
        return true;
    }
    case T::DecoratedDefinition: {
        const TSNode last = ts_node_named_child(node, ts_node_named_child_count(node) - 1);
        const T inner = ts_node_is_null(last) ? T::Unknown : g_.type_of(ts_node_symbol(last));
        open(type, inner == T::ClassDefinition ? Kind::ClassDef : Kind::FunctionDef, role, node);
        return true;
    }
    case T::FunctionDefinition: open(type, Kind::FunctionDef, role, node); return true;
    case T::ClassDefinition: open(type, Kind::ClassDef, role, node); return true;
    case T::ReturnStatement: open(type, Kind::Return, role, node); return true;
    case T::DeleteStatement:
        open(type, Kind::Delete, role, node);
        stack_.back().flags = node_flag::kDel;
        return true;
    case T::ForStatement: open(type, Kind::For, role, node); return true;
    case T::WhileStatement: open(type, Kind::While, role, node); return true;
    case T::IfStatement: open(type, Kind::If, role, node); return true;
    case T::WithStatement: open(type, Kind::With, role, node); return true;
    case T::MatchStatement: open(type, Kind::Match, role, node); return true;
    case T::RaiseStatement: open(type, Kind::Raise, role, node); return true;
    case T::TryStatement: open(type, Kind::Try, role, node); return true;
    case T::AssertStatement: open(type, Kind::Assert, role, node); return true;
    case T::ImportStatement: open(type, Kind::Import, role, node); return true;
    case T::ImportFromStatement: open(type, Kind::ImportFrom, role, node); return true;
    case T::FutureImportStatement: {
        open(type, Kind::ImportFrom, role, node);
        const std::uint32_t begin = ts_node_start_byte(node);
        const std::size_t at = text_.find("__future__", begin);
        const std::uint32_t start =
            at == std::string_view::npos ? begin : static_cast<std::uint32_t>(at);
        const std::uint32_t end = std::min(start + 10, ts_node_end_byte(node));
        const NodeId module = push_node(Kind::ModuleName, Role::Name, start, end, 0);
        result_.nodes.push_back(
            {start, end, module + 2, module, Kind::Identifier, Role::Name, 0, 0});
        result_.nodes[module].next = module + 2;
        return true;
    }
    case T::GlobalStatement: open(type, Kind::Global, role, node); return true;
    case T::NonlocalStatement: open(type, Kind::Nonlocal, role, node); return true;
    case T::PassStatement: return leaf(Kind::Pass, role, node);
    case T::BreakStatement: return leaf(Kind::Break, role, node);
    case T::ContinueStatement: return leaf(Kind::Continue, role, node);
    case T::TypeAliasStatement: {
        const bool alias = !is_type_call(node);
        open(type, alias ? Kind::TypeAlias : Kind::Assign, role, node);
        return true;
    }
    case T::PrintStatement:
    case T::ExecStatement:
        result_.python2 = true;
        damage_error(node);
        open(type, Kind::Error, role, node);
        return true;
    default: return false;
    }
}

bool Lowering::enter_expression(T type, TSNode node, Role role, TSFieldId field) {
    constexpr std::uint8_t kTargetFlags = node_flag::kStore | node_flag::kDel;
    const std::uint8_t context = stack_.back().flags & kTargetFlags;
    // Targets inside a starred or bracketed target are targets too; everything else starts afresh.
    const auto keep_target = [&] {
        stack_.back().flags = context;
        return true;
    };
    const std::uint32_t begin_byte = ts_node_start_byte(node);
    if (begin_byte < text_.size() && text_[begin_byte] == '*' &&
        (type == T::Call || type == T::Attribute || type == T::Subscript)) {
        // The grammar reads the lone element of `[*f(x)]` as a call of `*f`.
        const Kind kind = type == T::Call        ? Kind::Call
                          : type == T::Attribute ? Kind::Attribute
                                                 : Kind::Subscript;
        const std::uint32_t end_byte = ts_node_end_byte(node);
        if (splat_ == begin_byte) {
            open_span(type, kind, role, begin_byte + 1, end_byte, 0);
            return true;
        }
        splat_ = begin_byte;
        open(T::ListSplat, Kind::Starred, role, node);
        const NodeId inner = push_node(kind, Role::Value, begin_byte + 1, end_byte, 0);
        stack_.back().type = type;
        stack_.back().node = inner;
        stack_.back().opened[1] = inner;
        return true;
    }
    if (begin_byte == type_call_arguments_ &&
        (type == T::ParenthesizedExpression || type == T::Tuple || type == T::List))
        return enter_type_call(type, node, role);
    switch (type) {
    case T::ParenthesizedExpression:
        pass_through(type, role);
        stack_.back().flags |= node_flag::kParenthesized;
        return true;
    case T::Attribute:
    case T::MemberType: open(type, Kind::Attribute, role, node); return true;
    case T::Subscript:
    case T::GenericType: open(type, Kind::Subscript, role, node); return true;
    case T::Call: open(type, Kind::Call, role, node); return true;
    case T::KeywordArgument: open(type, Kind::Keyword, role, node); return true;
    case T::ListSplat:
    case T::SplatType:
        if (splat_ == begin_byte) {
            pass_through(type, role);
            return true;
        }
        open(T::ListSplat, Kind::Starred, role, node);
        return keep_target();
    case T::ListSplatPattern:
    case T::ParenthesizedListSplat:
        if (splat_ == begin_byte) {
            pass_through(type, role);
            return true;
        }
        open(T::ListSplat, Kind::Starred, role, node);
        return keep_target();
    case T::DictionarySplat:
    case T::DictionarySplatPattern:
        open(T::DictionarySplat, Kind::DoubleStarred, role, node);
        return true;
    case T::Await: {
        const TSNode operand = ts_node_named_child(node, 0);
        if (!ts_node_is_null(operand) && g_.type_of(ts_node_symbol(operand)) == T::BinaryOperator) {
            // The grammar reads `await a ** b` as `await (a ** b)`; Python binds await tighter.
            const TSNode left = ts_node_child_by_field_id(operand, g_.left);
            const TSNode right = ts_node_child_by_field_id(operand, g_.right);
            if (!ts_node_is_null(left) && !ts_node_is_null(right)) {
                const NodeId power = open(T::Await, Kind::Binary, role, node);
                result_.nodes[power].op = static_cast<std::uint8_t>(Op::Pow);
                power_left_ends_.push_back(ts_node_end_byte(left));
                stack_.back().index = 0x8000; // marks the frame for the operator below
                return true;
            }
        }
        open(type, Kind::Await, role, node);
        return true;
    }
    case T::BinaryOperator:
        if (stack_.back().type == T::Await && (stack_.back().index & 0x8000) != 0) {
            const std::uint32_t begin = result_.nodes[stack_.back().node].begin;
            pass_through(T::BinaryOperator, Role::None);
            stack_.back().column = 0; // the left operand is to be wrapped in Await
            power_begins_.push_back(begin);
            return true;
        }
        open(type, Kind::Binary, role, node);
        return true;
    case T::UnionType: {
        const NodeId id = open(type, Kind::Binary, role, node);
        result_.nodes[id].op = static_cast<std::uint8_t>(Op::BitOr);
        return true;
    }
    case T::BooleanOperator: open(type, Kind::BoolOp, role, node); return true;
    case T::NotOperator: open(type, Kind::Not, role, node); return true;
    case T::UnaryOperator: open(type, Kind::Unary, role, node); return true;
    case T::ComparisonOperator: open(type, Kind::Compare, role, node); return true;
    case T::Lambda: open(type, Kind::Lambda, role, node); return true;
    case T::ConditionalExpression: open(type, Kind::Conditional, role, node); return true;
    case T::ListComprehension: open(type, Kind::ListComp, role, node); return true;
    case T::SetComprehension: open(type, Kind::SetComp, role, node); return true;
    case T::DictionaryComprehension: open(type, Kind::DictComp, role, node); return true;
    case T::GeneratorExpression: open(type, Kind::Generator, role, node); return true;
    case T::ForInClause: open(type, Kind::CompFor, role, node); return true;
    case T::IfClause:
        if (stack_.back().type == T::CaseClause) {
            pass_through(type, Role::Test);
            return true;
        }
        open(type, Kind::CompIf, role, node);
        return true;
    case T::List:
    case T::ListPattern: open(T::List, Kind::List, role, node); return keep_target();
    case T::Tuple:
        if (stack_.back().type == T::WithItem && stack_.back().wrap == Kind::WithItem) {
            pass_through(T::Tuple, Role::None);
            return true;
        }
        open(T::Tuple, Kind::Tuple, role, node);
        return keep_target();
    case T::TuplePattern:
    case T::PatternList:
    case T::ExpressionList:
        if (stack_.back().type == T::DeleteStatement) {
            pass_through(type, Role::Target);
            return true;
        }
        open(T::Tuple, Kind::Tuple, role, node);
        return keep_target();
    case T::Set: open(type, Kind::Set, role, node); return true;
    case T::Dictionary: open(type, Kind::Dict, role, node); return true;
    case T::Pair: open(type, Kind::Pair, role, node); return true;
    case T::String: open(type, Kind::String, role, node); return true;
    case T::ConcatenatedString: open(type, Kind::String, role, node); return true;
    case T::Interpolation: open(type, Kind::Interpolation, role, node); return true;
    case T::FormatSpecifier:
    case T::FormatExpression: pass_through(type, Role::Value); return true;
    case T::Integer: return leaf(Kind::Integer, role, node);
    case T::Float: return leaf(Kind::Float, role, node);
    case T::True: return leaf(Kind::True, role, node);
    case T::False: return leaf(Kind::False, role, node);
    case T::None: return leaf(Kind::None, role, node);
    case T::Ellipsis: return leaf(Kind::Ellipsis, role, node);
    case T::Yield: open(type, Kind::Yield, role, node); return true;
    case T::NamedExpression: open(type, Kind::NamedExpr, role, node); return true;
    case T::Slice: open(type, Kind::Slice, role, node); return true;
    case T::Identifier: return enter_identifier(node, role, field);
    default: return false;
    }
}

bool Lowering::enter(const TreeWalk& walk) {
    entered_ = false;
    const TSNode node = tree_walk_node(&walk);
    const TSSymbol symbol = ts_node_symbol(node);
    const T type = g_.type_of(symbol);
    if (type >= T::TokenAsync) return enter_token(type, symbol, node);
    if (errors_ && ts_node_is_missing(node)) {
        damage_error(node);
        return false;
    }
    if (type == T::Comment) {
        const std::uint32_t begin = ts_node_start_byte(node);
        std::uint32_t end = ts_node_end_byte(node);
        while (end > begin && text_[end - 1] == '\r') --end;
        result_.comments.push_back({{begin, end}, own_line_column(begin) != kNoColumn});
        return false;
    }
    Frame& parent = stack_.back();
    if (parent.pattern) return enter_pattern(type, node);
    if (type == T::Unknown) return false;
    const TSFieldId field = tree_walk_field(&walk);
    const Role role = role_of(field);

    if (type == T::Error) {
        damage_error(node);
        open(type, Kind::Error, role, node);
        return true;
    }
    const bool statement = parent.type == T::Module || parent.type == T::Block;
    StatementMark mark{};
    if (statement) {
        check_column(parent, node);
        mark = {tree_walk_subtree(&walk),
                ts_node_start_byte(node),
                static_cast<NodeId>(result_.nodes.size()),
                0,
                static_cast<std::uint32_t>(result_.comments.size()),
                0,
                0,
                role,
                parent.flags};
        if (take_over(mark)) return false;
    }
    if (parent.type == T::Parameters || parent.type == T::LambdaParameters)
        return enter_parameter(type, node);

    // Assignment targets, loop variables, `as` names and walrus names are stored to.
    const bool target = role == Role::Target && parent.type != T::DeleteStatement &&
                        parent.type != T::ExpressionList && (parent.flags & node_flag::kStore) == 0;
    if (target) parent.flags |= node_flag::kStore;
    bool result = false;
    switch (type) {
    case T::Block:
        if (parent.type == T::MatchStatement) {
            pass_through(type, Role::Item);
        } else {
            open(type, Kind::Block, Role::Body, node);
        }
        result = true;
        break;
    case T::Assignment: {
        const bool annotated = !ts_node_is_null(ts_node_child_by_field_id(node, g_.type));
        open(type, annotated ? Kind::AnnAssign : Kind::Assign, role, node);
        result = true;
        break;
    }
    case T::AugmentedAssignment:
        open(type, Kind::AugAssign, role, node);
        result = true;
        break;
    case T::FunctionDefinition:
    case T::ClassDefinition:
        if (parent.type == T::DecoratedDefinition) {
            pass_through(type, Role::None);
            stack_.back().opened[0] = kNoNode;
            result = true;
            break;
        }
        result = enter_statement(type, node);
        break;
    case T::Type:
        pass_through(type, role);
        result = true;
        break;
    case T::ConstrainedType:
        pass_through(type, role);
        result = true;
        break;
    case T::TypeParameter:
        if (parent.type == T::GenericType) {
            pass_through(type, Role::Index);
        } else {
            open(type, Kind::TypeParameters, Role::None, node);
        }
        result = true;
        break;
    case T::Parameters:
    case T::LambdaParameters:
        open(type, Kind::Parameters, Role::None, node);
        result = true;
        break;
    case T::ArgumentList:
        pass_through(type, parent.type == T::ClassDefinition ? Role::Base : Role::Argument);
        result = true;
        break;
    case T::Decorator:
        open(type, Kind::Decorator, Role::Decorator, node);
        result = true;
        break;
    case T::ElifClause:
        open(type, Kind::Elif, Role::OrElse, node);
        result = true;
        break;
    case T::ElseClause:
        open(type, Kind::Else, Role::OrElse, node);
        result = true;
        break;
    case T::ExceptClause:
        open(type, Kind::Except, Role::Item, node);
        result = true;
        break;
    case T::FinallyClause:
        open(type, Kind::Finally, Role::Item, node);
        result = true;
        break;
    case T::CaseClause:
        open(type, Kind::Case, Role::Item, node);
        result = true;
        break;
    case T::CasePattern:
        open(type, Kind::Pattern, Role::Item, node);
        stack_.back().pattern = true;
        result = true;
        break;
    case T::WithClause:
        pass_through(type, Role::Item);
        result = true;
        break;
    case T::WithItem: {
        const TSNode value = ts_node_named_child(node, 0);
        if (!ts_node_is_null(value) && g_.type_of(ts_node_symbol(value)) == T::Tuple) {
            // `with (a, b):` has two items.
            pass_through(type, Role::None);
            stack_.back().wrap = Kind::WithItem;
        } else {
            open(type, Kind::WithItem, Role::Item, node);
        }
        result = true;
        break;
    }
    case T::AsPattern:
        pass_through(type, Role::Value);
        result = true;
        break;
    case T::AsPatternTarget:
        pass_through(type, Role::Target);
        stack_.back().flags |= node_flag::kStore;
        result = true;
        break;
    case T::AliasedImport:
        open(type, Kind::Alias, Role::Item, node);
        result = true;
        break;
    case T::RelativeImport:
        open(type, Kind::ModuleName, Role::Name, node);
        result = true;
        break;
    case T::ImportPrefix: {
        const std::string_view dots = text_of(node);
        const auto count = std::count(dots.begin(), dots.end(), '.');
        result_.nodes[parent.node].op =
            static_cast<std::uint8_t>(std::min<std::ptrdiff_t>(count, 255));
        break;
    }
    case T::WildcardImport: result_.nodes[parent.node].flags |= node_flag::kStar; break;
    case T::DottedName:
        if (parent.type == T::RelativeImport) {
            pass_through(type, Role::Name);
        } else if (parent.type == T::ImportFromStatement && parent.index == 0 && field != g_.name) {
            open(type, Kind::ModuleName, Role::Name, node);
        } else if (parent.type == T::ImportFromStatement ||
                   parent.type == T::FutureImportStatement) {
            open(type, Kind::Alias, Role::Item, node);
        } else if (parent.type == T::AliasedImport) {
            if (result_.nodes[parent.node].parent != kNoNode &&
                result_.nodes[result_.nodes[parent.node].parent].kind == Kind::ImportFrom) {
                pass_through(type, Role::Name);
            } else {
                open(type, Kind::ModuleName, Role::Name, node);
            }
        } else if (parent.type == T::ImportStatement) {
            const NodeId alias = open(type, Kind::Alias, Role::Item, node);
            const NodeId module =
                push_node(Kind::ModuleName, Role::Name, result_.nodes[alias].begin,
                          result_.nodes[alias].end, 0);
            stack_.back().node = module;
            stack_.back().opened[1] = module;
        } else {
            pass_through(type, role);
        }
        result = true;
        break;
    case T::StringStart: {
        for (const char c : text_of(node)) {
            if (c == 'b' || c == 'B') result_.nodes[parent.node].flags |= node_flag::kBytes;
            if (c == 'f' || c == 'F' || c == 't' || c == 'T')
                result_.nodes[parent.node].flags |= node_flag::kFormat;
        }
        break;
    }
    case T::Chevron: break;
    case T::ListSplatPattern:
    case T::DictionarySplatPattern:
        if (parent.type == T::TypedParameter) {
            // `*args: int`
            const bool list = type == T::ListSplatPattern;
            result_.nodes[parent.node].op = static_cast<std::uint8_t>(
                list ? ParameterForm::VarArgs : ParameterForm::VarKeywords);
            if (list) stack_[stack_.size() - 2].keyword_only = true;
            pass_through(type, Role::Name);
            result = true;
        } else {
            result = enter_expression(type, node, role, field);
        }
        break;
    default:
        if (parent.type == T::BinaryOperator && parent.column == 0 && role == Role::Left &&
            !power_begins_.empty()) {
            // The left operand of the power that an await was misread to cover.
            parent.column = kNoColumn;
            const NodeId id = push_node(Kind::Await, Role::Left, power_begins_.back(),
                                        power_left_ends_.back(), 0);
            power_begins_.pop_back();
            power_left_ends_.pop_back();
            const NodeId outer = parent.node;
            parent.node = id;
            const bool more = enter_expression(type, node, Role::Value, field);
            // The operand's frame closes the Await as well; its sibling belongs to the power again.
            if (entered_) stack_.back().opened[1] = id;
            stack_[stack_.size() - (entered_ ? 2 : 1)].node = outer;
            return more;
        }
        result = enter_statement(type, node);
        if (!entered_) result = enter_expression(type, node, role, field);
        break;
    }
    if (statement && entered_) {
        stack_.back().mark = static_cast<std::uint32_t>(result_.marks.size());
        result_.marks.push_back(mark);
    }
    if (target) {
        // A frame pushed for the target itself may have moved the stack's storage.
        const std::size_t owner = entered_ ? stack_.size() - 2 : stack_.size() - 1;
        stack_[owner].flags &= static_cast<std::uint8_t>(~node_flag::kStore);
        if (entered_ && type == T::Type)
            stack_.back().flags &= static_cast<std::uint8_t>(~node_flag::kStore);
    }
    return result;
}

} // namespace

Lowered lower(const TSTree* tree, std::string_view text, const EarlierLowering* earlier) {
    return Lowering(tree, text, earlier).run();
}

} // namespace awaitls::analysis

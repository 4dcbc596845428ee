#pragma once

// The syntax of one region of Python, as a flat array in pre-order.
//
// Tree-sitter's concrete tree is lowered once to these nodes; nothing behind this header knows the grammar.
// Parentheses and type wrappers vanish (a flag stays), every child has a role, and the grammar's known
// deviations from Python are corrected here. Positions are byte offsets relative to the region's start.

#include "analysis/text/text.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace awaitls::analysis {

enum class Kind : std::uint8_t {
    Module, // root of every region; children: statements

    // Statements
    FunctionDef, // Decorator*, Identifier(Name), TypeParameters?, Parameters, (Returns)?, Block(Body); async flag
    ClassDef,   // Decorator*, Identifier(Name), TypeParameters?, Base*, Keyword(Base)*, Block(Body)
    Return,     // Value?
    Delete,     // Target*
    Assign,     // Target, Value; `a = b = c` is Assign(a, Assign(b, c))
    AnnAssign,  // Target, Annotation, Value?
    AugAssign,  // Target, Value; op
    For,        // Target, Iter, Block(Body), Else?; async flag
    While,      // Test, Block(Body), Else?
    If,         // Test, Block(Body), Elif*, Else?
    With,       // WithItem+, Block(Body); async flag
    Match,      // Value (subject), Case+
    Raise,      // Value?, Cause?
    Try,        // Block(Body), Except*, Else?, Finally?
    Assert,     // Test, Value?
    Import,     // Alias+
    ImportFrom, // ModuleName, Alias* (none and the Star flag for `import *`)
    Global,     // Identifier+
    Nonlocal,   // Identifier+
    ExprStmt,   // Value
    Pass,
    Break,
    Continue,
    TypeAlias, // Target, Value

    // Parts of statements
    Block,          // statements
    Elif,           // Test, Block(Body)
    Else,           // Block(Body)
    Except,         // Value? (class or tuple), Target? (Name), Block(Body); star flag for `except*`
    Finally,        // Block(Body)
    Case,           // Pattern+, Test? (guard), Block(Body)
    WithItem,       // Value, Target?
    Decorator,      // Value
    Parameters,     // Parameter*
    Parameter,      // Identifier(Name), Annotation?, Default?; op: ParameterForm
    TypeParameters, // its expressions
    Alias,          // ModuleName or Identifier(Name), Identifier(AsName)?
    ModuleName,     // Identifier*; op: number of leading dots (0-255)
    Pattern,        // a match pattern with the Names that it binds (Store) and reads

    // Expressions
    Name,          // load, or Store / Del by flag
    Attribute,     // Object, Identifier(Attr)
    Subscript,     // Object, Index+
    Call,          // Callee, Argument* (expressions, Keyword, Starred, DoubleStarred)
    Keyword,       // Identifier(Name), Value
    Starred,       // Value
    DoubleStarred, // Value
    Await,         // Value
    Binary,        // Left, Right; op
    BoolOp,        // Left, Right; op And / Or
    Not,           // Value
    Unary,         // Value; op
    Compare,       // operands; op: the first operator
    Lambda,        // Parameters?, Body (an expression)
    Conditional,   // Body, Test, OrElse
    ListComp,      // Element, CompFor+, CompIf*
    SetComp,
    DictComp, // Element is a Pair
    Generator,
    CompFor, // Target, Iter; async flag
    CompIf,  // Test
    List,
    Tuple,
    Set,
    Dict,   // Pair*, DoubleStarred*
    Pair,   // Key, Value
    String, // Interpolation* when it is an f-string; bytes flag; concatenated literals are one String with String children
    Interpolation, // Value, then the expressions of its format
    Integer,
    Float,
    True,
    False,
    None,
    Ellipsis,
    Yield,     // Value?
    YieldFrom, // Value
    NamedExpr, // Target, Value
    Slice,     // its bounds

    Identifier, // a name that is no expression: of an attribute, keyword, definition, import
    Error,      // damaged syntax; children are what could be read
};
inline constexpr int kKindCount = static_cast<int>(Kind::Error) + 1;

enum class Role : std::uint8_t {
    None,
    Name,
    AsName,
    Attr,
    Body,
    Target,
    Value,
    Annotation,
    Default,
    Returns,
    Base,
    Decorator,
    Test,
    Iter,
    Cause,
    Object,
    Index,
    Callee,
    Argument,
    Left,
    Right,
    OrElse,
    Element,
    Key,
    Item,
    Statement,
};

/// Operators of Binary, AugAssign, Unary, BoolOp and Compare.
enum class Op : std::uint8_t {
    None,
    Add,
    Sub,
    Mul,
    Div,
    FloorDiv,
    Mod,
    Pow,
    MatMul,
    LShift,
    RShift,
    BitAnd,
    BitOr,
    BitXor,
    And,
    Or,
    Plus,
    Minus,
    Invert,
    Eq,
    NotEq,
    Lt,
    LtE,
    Gt,
    GtE,
    Is,
    IsNot,
    In,
    NotIn,
};

enum class ParameterForm : std::uint8_t {
    Ordinary,
    PositionalOnly,
    KeywordOnly,
    VarArgs,
    VarKeywords
};

namespace node_flag {
inline constexpr std::uint8_t kAsync = 1;         // async def / for / with / comprehension
inline constexpr std::uint8_t kParenthesized = 2; // stood in parentheses of its own
inline constexpr std::uint8_t kStore = 4;         // Name, Attribute, Subscript ... that is assigned
inline constexpr std::uint8_t kDel = 8;
inline constexpr std::uint8_t kStar = 16;     // except*, import *
inline constexpr std::uint8_t kBytes = 32;    // bytes literal
inline constexpr std::uint8_t kFormat = 64;   // f-string or t-string
inline constexpr std::uint8_t kDamaged = 128; // the subtree holds an Error
} // namespace node_flag

/// Index of a node in its region. kNoNode where there is none; 0 is the root Module.
using NodeId = std::uint32_t;
inline constexpr NodeId kNoNode = 0xffffffffU;

struct Node {
    std::uint32_t begin;
    std::uint32_t end;
    NodeId next;   // first node behind this subtree
    NodeId parent; // kNoNode for the root
    Kind kind;
    Role role;
    std::uint8_t flags;
    std::uint8_t op; // an Op, ParameterForm or number of dots, by kind

    Span span() const { return {begin, end}; }
    bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
    bool is_async() const { return has(node_flag::kAsync); }
};
static_assert(sizeof(Node) == 20);

/// A comment, with its `#`.
struct Comment {
    Span span;
    bool own_line; // nothing but blanks before it on its line
};

/// Immutable syntax of a region. Owns its text.
class Tree {
public:
    Tree() = default;
    Tree(std::string text, std::vector<Node> nodes, std::vector<Comment> comments,
         std::vector<Span> damage)
        : text_(std::move(text)),
          nodes_(std::move(nodes)),
          comments_(std::move(comments)),
          damage_(std::move(damage)) {}

    std::string_view text() const { return text_; }
    std::uint32_t size() const { return static_cast<std::uint32_t>(nodes_.size()); }
    const Node& operator[](NodeId id) const { return nodes_[id]; }
    const std::vector<Node>& nodes() const { return nodes_; }
    const std::vector<Comment>& comments() const { return comments_; }
    /// Where the text is not valid Python: Error nodes and what the grammar lets through. Sorted.
    const std::vector<Span>& damage() const { return damage_; }
    bool clean() const { return damage_.empty(); }

    std::string_view text(NodeId id) const { return text(nodes_[id].span()); }
    std::string_view text(Span span) const {
        return std::string_view(text_).substr(span.begin, span.end - span.begin);
    }
    Kind kind(NodeId id) const { return nodes_[id].kind; }
    bool is(NodeId id, Kind kind) const { return id != kNoNode && nodes_[id].kind == kind; }
    NodeId parent(NodeId id) const { return nodes_[id].parent; }
    Role role(NodeId id) const { return nodes_[id].role; }

    /// The first child, or kNoNode.
    NodeId first_child(NodeId id) const { return id + 1 < nodes_[id].next ? id + 1 : kNoNode; }
    /// The next child of the same parent, or kNoNode.
    NodeId next_sibling(NodeId id) const {
        const NodeId next = nodes_[id].next;
        const NodeId up = nodes_[id].parent;
        return up != kNoNode && next < nodes_[up].next ? next : kNoNode;
    }
    /// The first child with the role, or kNoNode.
    NodeId child(NodeId id, Role role) const {
        for (NodeId c = first_child(id); c != kNoNode; c = next_sibling(c))
            if (nodes_[c].role == role) return c;
        return kNoNode;
    }
    NodeId child(NodeId id, Kind kind) const {
        for (NodeId c = first_child(id); c != kNoNode; c = next_sibling(c))
            if (nodes_[c].kind == kind) return c;
        return kNoNode;
    }
    /// The nearest ancestor of a kind (not the node itself), or kNoNode.
    NodeId ancestor(NodeId id, Kind kind) const {
        for (NodeId p = nodes_[id].parent; p != kNoNode; p = nodes_[p].parent)
            if (nodes_[p].kind == kind) return p;
        return kNoNode;
    }
    /// True when `inner` is `outer` or lies in its subtree.
    bool within(NodeId inner, NodeId outer) const {
        return outer <= inner && inner < nodes_[outer].next;
    }
    /// The statement that the node belongs to: the nearest ancestor-or-self whose role is Statement.
    NodeId statement(NodeId id) const {
        while (id != kNoNode && nodes_[id].role != Role::Statement) id = nodes_[id].parent;
        return id;
    }

    /// Range of children for `for (NodeId c : tree.children(id))`.
    class Children {
    public:
        class Iterator {
        public:
            Iterator(const Tree* tree, NodeId id) : tree_(tree), id_(id) {}
            NodeId operator*() const { return id_; }
            Iterator& operator++() {
                id_ = (*tree_)[id_].next;
                return *this;
            }
            bool operator!=(const Iterator& other) const { return id_ != other.id_; }

        private:
            const Tree* tree_;
            NodeId id_;
        };
        Children(const Tree* tree, NodeId id) : tree_(tree), id_(id) {}
        Iterator begin() const { return {tree_, id_ + 1}; }
        Iterator end() const { return {tree_, (*tree_)[id_].next}; }

    private:
        const Tree* tree_;
        NodeId id_;
    };
    Children children(NodeId id) const { return {this, id}; }

private:
    std::string text_;
    std::vector<Node> nodes_;
    std::vector<Comment> comments_;
    std::vector<Span> damage_;
};

} // namespace awaitls::analysis

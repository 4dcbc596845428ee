#pragma once

// A region with what can be said of it without knowing the rest of the file: syntax, scopes, bindings.
// Immutable and a function of its text and kind alone, so it is kept as long as its text stays.

#include "analysis/syntax/node.h"
#include "analysis/syntax/outline.h"
#include "analysis/syntax/parser.h"

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace awaitls::analysis {

enum class ScopeKind : std::uint8_t { Module, Class, Function, Lambda, Comprehension };

using ScopeId = std::uint32_t;

struct Scope {
    ScopeKind kind;
    NodeId node;           // the construct that opens it; 0 for scope 0
    ScopeId parent;        // itself for scope 0
    std::int32_t function; // index in Region::functions for Function and Lambda, else -1
    ScopeId
        around; // innermost scope whose construct holds this one's, seen from the syntax; itself for scope 0
    NodeId first, last; // the nodes inside: [first, last) without [hole_first, hole_last)
    NodeId hole_first, hole_last;

    bool holds(NodeId n) const {
        return first <= n && n < last && !(hole_first <= n && n < hole_last);
    }
};

enum class BindingKind : std::uint8_t {
    Parameter,  // source: Parameter
    Import,     // source: Alias of an `import`
    ImportFrom, // source: Alias of a `from` import
    Function,   // source: FunctionDef
    Class,      // source: ClassDef
    Assign,     // source: the value expression
    Annotated,  // source: AnnAssign
    Augmented,  // source: AugAssign
    Unpack, // source: the value expression that is taken apart; the name sits in a tuple or list
    For,    // source: For or CompFor; the whole target, or in tuples or lists of it
    With,   // source: WithItem; likewise
    Except, // source: Except
    Other,  // patterns, del, type aliases, starred targets: nothing is known of the value
    Global, // `global name`: the scope's name means the module's
    Nonlocal,
};

struct Binding {
    ScopeId scope;
    BindingKind kind;
    NodeId name; // the Name or Identifier; the Alias for imports
    NodeId source;
};

/// A function or lambda of the region.
struct RegionFunction {
    NodeId node;
    ScopeId scope; // its own
    ScopeId outer; // the one that it is defined in
    bool is_async;
    bool is_generator;
    bool is_lambda;
};

/// `self.name = value` in a method.
struct SelfAttribute {
    std::uint32_t function; // index of the method
    BindingKind kind;
    NodeId target; // the Attribute
    NodeId source; // as in Binding
};

struct Region {
    RegionKind kind;
    bool member; // part of a class body: scope 0 is the class's scope, else the module's
    Tree tree;
    std::shared_ptr<const ParseTree> parse; // for the next parse; null where none is kept
    bool gave_up = false;
    bool python2 = false;
    std::uint64_t id = 0; // hash of text and kind
    std::uint64_t surface =
        0; // hash of what other regions can see: equal surfaces look the same from outside

    std::vector<Scope> scopes;     // [0] is the region's outermost
    std::vector<Binding> bindings; // in text order within each (scope, name) group; groups sorted
    std::vector<RegionFunction> functions; // in text order
    std::vector<SelfAttribute> attributes; // in text order
    std::vector<NodeId> classes;           // ClassDef nodes in text order
    std::vector<NodeId>
        runner_calls; // calls whose callee is named like something that runs a callable elsewhere
    std::vector<NodeId>
        repeated_calls; // calls in the body of a loop or the element of a comprehension of their function
    std::vector<NodeId> star_imports; // ImportFrom nodes with `*`
    bool tests_types =
        false; // has an isinstance(): a name may mean less there than where it was bound

    bool clean() const { return tree.clean() && !gave_up; }

    std::string_view name_of(const Binding& binding) const;
    /// All bindings of a name in a scope.
    struct Range {
        const Binding* first;
        const Binding* last;
        const Binding* begin() const { return first; }
        const Binding* end() const { return last; }
        bool empty() const { return first == last; }
    };
    Range find(ScopeId scope, std::string_view name) const;

    /// The scope that a node's names are looked up in first.
    ScopeId scope_at(NodeId node) const;
    /// The scope that a FunctionDef, Lambda, ClassDef or comprehension opens.
    ScopeId scope_of(NodeId node) const;
    /// True when a value uses a variable of the function whose scope is given, other than its parameters.
    bool reads_local(ScopeId function, NodeId value) const;
    /// The innermost function or lambda that the node's code runs in, as an index, or -1.
    std::int32_t function_at(NodeId node) const;
};

/// Parses and binds. `previous`, an earlier region at the same place, may make parsing cheaper.
std::shared_ptr<const Region> make_region(std::string_view text, RegionKind kind, bool member,
                                          bool has_members, const Region* previous = nullptr);

} // namespace awaitls::analysis

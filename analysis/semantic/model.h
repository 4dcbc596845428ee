#pragma once

// The semantic model: the one place where rules ask what code means. A Model sees one region within its file.
// Answers are memoised; a Model is used by one thread. What it cannot know it calls unknown.

#include "analysis/semantic/types.h"
#include "analysis/settings.h"
#include "analysis/syntax/node.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace awaitls::analysis {

enum class AsyncLibrary : std::uint8_t { Asyncio, Anyio, Trio };

/// The thing that a call calls.
struct CallTarget {
    /// Canonical qualified name of a library function, method or class: "time.sleep", "requests.Session.get",
    /// "builtins.open". Empty for things of this file and unknown ones.
    std::string_view name;
    const FunctionDef* function =
        nullptr; // a function of this file (for a class of this file: its __init__, if any)
    const ClassDef* cls = nullptr; // a class of this file that is instantiated
    Type receiver = nullptr;       // the object of a method call, or null
    Confidence confidence = Confidence::Unknown;

    bool known() const { return confidence != Confidence::Unknown; }
};

/// One step of the way from a function to the operation that blocks.
struct ChainStep {
    std::string label;    // callee as shown to people: "Store._read", "open"
    const Region* region; // where the call stands
    Span span;            // of the call, relative to the region
};

/// Why calling a sync function of this file blocks the event loop.
struct BlockingChain {
    BlockingKind kind;
    const BlockingApi* api = nullptr; // the operation at the end (null for configured ones)
    std::string_view end;             // its qualified name
    std::vector<ChainStep> steps; // from the function's own call down to the operation; never empty
    bool conditional = false;     // some step stands in a branch of its function
};

/// The method that a class has beside its `__aenter__` or `__aexit__`.
enum class OtherHalf : std::uint8_t {
    Unknown,  // inherited, maybe; or the function is no such method
    Missing,  // the class has no bases to inherit one from
    Suspends, // at some place
    Runs,     // has no suspension point
};

class FileModel;

class Model {
public:
    virtual ~Model() = default;

    virtual const Tree& tree() const = 0;
    virtual const Region& region() const = 0;
    /// ModuleFile::path of the file where a region stands that the model gave out; empty: the file under analysis.
    virtual std::string_view path_of(const Region& region) const = 0;
    /// The dotted name of that file's module, "app.store"; empty for a script.
    virtual std::string_view module_of(const Region& region) const = 0;
    virtual const Settings& settings() const = 0;

    // --- what things are -------------------------------------------------------------------------------

    /// What an expression denotes or evaluates to. Unknown where not certain (or likely, under that strictness).
    virtual Type type_of(NodeId expression) const = 0;
    /// What `await` of a value of this type gives; unknown where it cannot be awaited or is not known.
    virtual Type awaited(Type type) const = 0;
    /// The callee of a Call node.
    virtual CallTarget target(NodeId call) const = 0;
    /// Shorthand: the canonical name of the library thing that an expression denotes (`time.sleep` for `sleep`
    /// after `from time import sleep as sleep`); empty for anything else.
    virtual std::string_view name_of(NodeId expression) const = 0;
    /// True when a value of this type is certain to be an instance of the library class or of a subclass.
    virtual bool is_instance(Type type, std::string_view qualified_class) const = 0;
    /// Whether instances of a class of this file have a method, looked up as the interpreter looks up special methods: on the
    /// class and its bases. Unknown where a base, a decorator or a name in the class body is not understood.
    virtual Answer has_method(const ClassDef& cls, std::string_view name) const = 0;
    /// Whether a base of the function's class has a method of its name; No for what is no method.
    virtual Answer overrides(const FunctionDef& function) const = 0;
    /// The class that a ClassDef of this region defines, or null.
    virtual const ClassDef* class_at(NodeId definition) const = 0;
    /// The class in whose body a method is defined; null for other functions.
    virtual const ClassDef* class_of(const FunctionDef& method) const = 0;
    /// The function is of an installed package.
    virtual bool is_of_library(const FunctionDef& function) const = 0;
    /// The constructor of the class, its own or one that it inherits, takes this string where an argument is left out.
    virtual bool constructed_with(const ClassDef& cls, std::string_view text) const = 0;
    /// The body of the class itself, wherever in the file it goes on, defines the name.
    virtual bool defines(const ClassDef& cls, std::string_view name) const = 0;
    /// Calling the function gives what its own code gives: every decorator is understood, and none changes that.
    virtual bool keeps_result(const FunctionDef& function) const = 0;
    /// The Function of the nearest base that a method of this region overrides. Unknown where there is none, where a base before it
    /// is not known, and where one of the two does not keep its result.
    virtual Type overridden(const FunctionDef& method) const = 0;
    /// What a function says that it returns, by its annotation; unknown where it says nothing. Of an async function what
    /// awaiting it gives.
    virtual Type declared_result(const FunctionDef& function) const = 0;
    /// What the parameter is annotated with that a value becomes: a positional argument or a keyword's value of the Call.
    /// Unknown where the callee is not known, or its parameter has no annotation.
    virtual Type declared_parameter(NodeId call, NodeId value) const = 0;
    /// True when the sync function that is called iterates the argument before it returns.
    virtual bool iterates(NodeId call, NodeId value) const = 0;
    /// True when an exception expression (a class in `except`) is certain to name this exception or a
    /// superclass that also catches it, e.g. catches(node, "asyncio.CancelledError") for BaseException.
    virtual bool catches(NodeId exception, std::string_view qualified_class) const = 0;

    /// A value that must be awaited: Coroutine, or CoroutineOrManager.
    static bool must_be_awaited(Type type) {
        return type->kind == TypeKind::Coroutine || type->kind == TypeKind::CoroutineOrManager;
    }

    // --- where code runs -------------------------------------------------------------------------------

    /// The innermost function or lambda that the node's code runs in; null at module and class level. Decorators,
    /// default values and annotations belong to the outside; so does the first iterable of a generator expression
    /// to the function around it.
    virtual const FunctionDef* function_at(NodeId node) const = 0;
    /// `await` is legal here: the innermost function is an `async def` (comprehensions count as part of it).
    virtual bool in_async(NodeId node) const = 0;
    /// The code runs on an event loop: in an async function, or in a sync function of this file that is
    /// registered as a callback of the loop (call_soon, add_done_callback, ...). Not in a lambda or nested sync function.
    virtual bool on_loop(NodeId node) const = 0;
    /// The sync function at the node is on the loop only as a callback: `await` cannot be written here.
    virtual bool in_loop_callback(NodeId node) const = 0;

    /// Why calling a sync function of this file blocks; null where it does not, as far as is known.
    virtual const BlockingChain* blocking(const FunctionDef& function) const = 0;

    /// The library things that running a function of this file leads to: canonical names of the library functions and classes
    /// that it calls, and `Class.__aenter__` or `Class.__enter__` of what it enters, itself or through functions of this
    /// file that it calls. Sorted; what is not resolved is not in it.
    virtual const std::vector<std::string>& reaches(const FunctionDef& function) const = 0;

    /// The library things that are entered by `with` or `async with` where a generator yields: canonical names of what is called
    /// there, itself or through manager functions of the project. Sorted.
    virtual const std::vector<std::string>& held_at_yields(const FunctionDef& generator) const = 0;
    /// What the other half of a context manager does, asked of an `__aenter__` or `__aexit__`.
    virtual OtherHalf other_half(const FunctionDef& method) const = 0;

    /// A call of a function of this file, seen by the Model of the region where it stands.
    struct CallSite {
        const Model* model;
        NodeId call;
    };
    /// Where an async function may wait: the Await and the async For, With and CompFor nodes of its own code (as `call`), in text
    /// order. Without any it runs to its end, or to an exception, at once. Nothing where its body is not there, or what runs
    /// is elsewhere, and for generators.
    virtual std::optional<std::vector<CallSite>>
    suspension_points(const FunctionDef& function) const = 0;
    /// The calls of a function that stand in the body of a loop or the element of a comprehension, anywhere in the file.
    virtual std::vector<CallSite> calls_in_loops(const FunctionDef& function) const = 0;
    /// The Names and Attributes of the file that are spelled like a Name or Identifier of this region, whatever they refer to:
    /// a search for what may be the same method or attribute. `call` is the Name or Attribute.
    virtual const std::vector<CallSite>& mentions(NodeId name) const = 0;
    /// The same in the other files of the project; nothing where there are too many, or there is no project. It costs a search:
    /// for what is about to be reported. Of the models only what concerns their own region may be asked.
    virtual std::optional<std::vector<CallSite>> mentions_elsewhere(NodeId name) const = 0;

    // --- variables -------------------------------------------------------------------------------------

    /// Every Name node of this region that refers to the same variable as this one (loads, stores and deletes, also in
    /// nested functions), in text order; empty for module-level and class-level variables, globals and nonlocals.
    virtual std::vector<NodeId> uses_of_local(NodeId name) const = 0;
    /// True when the name is a local variable (or parameter) of the function at the node.
    virtual bool is_local(NodeId name) const = 0;
    /// The value expression that a local Name holds at this use, when exactly one assignment can reach it, else kNoNode.
    virtual NodeId value_of_local(NodeId name) const = 0;
    /// True when the value that was assigned to the Name `target` may be what the local variable holds at this use.
    virtual bool may_hold(NodeId use, NodeId target) const = 0;
    /// The node of the function definition in this region that a FunctionDef stands for, or kNoNode when it is elsewhere.
    NodeId node_of(const FunctionDef& function) const {
        return function.region == &region() ? function.node : kNoNode;
    }

    // --- for fixes -------------------------------------------------------------------------------------

    /// True when the module's code, or a function of this region, imports a top-level module or something of it.
    virtual bool imports(std::string_view module) const = 0;
    /// The async library that this file uses: by its imports; asyncio unless only anyio or only trio is imported.
    virtual AsyncLibrary library() const = 0;
    /// How to write a module (`asyncio`, `contextlib`, `anyio.to_thread`) at a node: the name it is imported under, or its own
    /// name when it can be imported there; empty where that name means something else.
    /// `needs_import` tells whether an import has to be added.
    virtual std::string module_name(std::string_view module, NodeId at,
                                    bool& needs_import) const = 0;
    /// A function or method of this file that runs its first argument in a thread (its body hands a parameter to
    /// to_thread / run_in_executor and awaits or returns that), as it is written at this node ("self._run", "run_blocking"); empty where there is none.
    virtual std::string thread_wrapper(NodeId at) const = 0;
};

// Syntax questions that need no types ----------------------------------------------------------------------

/// A body of `...`, maybe behind a documentation string: what runs is elsewhere.
bool is_stub(const Tree& tree, NodeId body);
/// A body that does nothing, or only raises: what runs is an override.
bool is_abstract(const Tree& tree, NodeId body);
/// The argument at a position, or given by a keyword; kNoNode where absent or hidden by * or **.
NodeId argument(const Tree& tree, NodeId call, int position, std::string_view keyword);
/// The value of the keyword argument, or kNoNode.
NodeId keyword_argument(const Tree& tree, NodeId call, std::string_view keyword);
/// Number of positional arguments before the first starred one; `starred` tells whether there is one.
int positional_count(const Tree& tree, NodeId call, bool& starred);
/// The positional arguments and keyword values, without the Keyword wrapper.
std::vector<NodeId> argument_values(const Tree& tree, NodeId call);
/// The name that an Identifier child with the role spells (attribute name, function name).
std::string_view identifier(const Tree& tree, NodeId node, Role role = Role::Name);
/// True when the expression is the direct operand of `await`.
bool is_awaited(const Tree& tree, NodeId expression);
/// True when the body has an await, async for, async with, async comprehension or yield that runs as part of it
/// (not in nested functions, lambdas or classes; a generator expression's inside is lazy).
bool has_suspension_point(const Tree& tree, NodeId subtree);
/// Calls visit(node) for every node of the subtree that runs as part of it, in text order: bodies of nested functions, classes'
/// methods and lambdas are left out. visit returns false to skip the node's subtree.
template <typename Visit>
void walk_same_function(const Tree& tree, NodeId subtree, Visit visit) {
    NodeId node = subtree;
    while (node < tree[subtree].next) {
        const bool function = node != subtree && (tree.kind(node) == Kind::FunctionDef ||
                                                  tree.kind(node) == Kind::Lambda);
        node = !function && visit(node) ? node + 1 : tree[node].next;
    }
}
/// The WithItems that are open at a node, of its own function, the innermost first: those of a With for its body, and those
/// before an item for the item.
std::vector<NodeId> open_items(const Tree& tree, NodeId node);
/// The integer or float literal's value.
std::optional<double> number_value(const Tree& tree, NodeId node);
/// The contents of a plain string literal (no f-string, no bytes, no escapes); nothing otherwise.
std::optional<std::string_view> string_value(const Tree& tree, NodeId node);

/// How control leaves a block (or any statement list).
struct Exits {
    bool falls_through = false; // the end can be reached
    bool returns = false;
    bool breaks = false; // leaves a loop around the block
    bool continues = false;
    bool raises = false; // an explicit raise leaves the block
};
/// Structured flow: `while True` without break does not fall through, a `finally` that leaves wins, `match` with a catch-all
/// is exhaustive, `assert_never`-like calls are not known.
Exits exits_of(const Tree& tree, NodeId block);

} // namespace awaitls::analysis

#include "analysis/semantic/blocking.h"

#include <algorithm>
#include <string>

namespace awaitls::analysis {

namespace {

/// The last component of a dotted name, and what stands before it.
struct SplitName {
    std::string_view owner; // "queue.Queue"
    std::string_view last;  // "get"
};

SplitName split(std::string_view name) {
    const std::size_t dot = name.rfind('.');
    if (dot == std::string_view::npos) return {{}, name};
    return {name.substr(0, dot), name.substr(dot + 1)};
}

bool ends_with(std::string_view text, std::string_view end) {
    return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

bool starts_with(std::string_view text, std::string_view start) {
    return text.substr(0, start.size()) == start;
}

/// The object of a method call `object.method(..)`, or kNoNode.
NodeId receiver_of(const Tree& tree, NodeId call) {
    const NodeId callee = tree.child(call, Role::Callee);
    return tree.is(callee, Kind::Attribute) ? tree.child(callee, Role::Object) : kNoNode;
}

std::string_view method_of(const Tree& tree, NodeId call) {
    const NodeId callee = tree.child(call, Role::Callee);
    return tree.is(callee, Kind::Attribute) ? identifier(tree, callee, Role::Attr)
                                            : std::string_view{};
}

/// The FunctionDef, Lambda or region root whose body the node runs in.
NodeId enclosing_body(const Tree& tree, NodeId node) {
    NodeId inner = node;
    for (NodeId outer = tree.parent(node); outer != kNoNode;
         inner = outer, outer = tree.parent(outer)) {
        const Kind kind = tree.kind(outer);
        if ((kind == Kind::FunctionDef || kind == Kind::Lambda) && tree.role(inner) == Role::Body)
            return outer;
    }
    return inner;
}

/// Calls visit(call) for the calls of the function's own body.
template <typename Visit>
void calls_of_function(const Tree& tree, NodeId node, Visit visit) {
    walk_same_function(tree, enclosing_body(tree, node), [&](NodeId inner) {
        if (tree.kind(inner) == Kind::Call) visit(inner);
        return true;
    });
}

// Arguments that make a call return at once -------------------------------------------------------

enum class FormKind : std::uint8_t {
    Flag,   // False: does not wait
    Limit,  // seconds to wait at most; None and negative numbers: for ever
    Zero,   // like Limit, but in another unit or a duration: only 0 does not wait
    Option, // a set of options that holds the named one: does not wait
};

struct Form {
    std::string_view owner;  // end of the class or module name; may be empty
    std::string_view method; // `spawn*`: any that starts so
    FormKind kind;
    int position; // -1: keyword only
    std::string_view keyword;
    std::string_view option = {};
};

constexpr Form kForms[] = {
    {"time", "sleep", FormKind::Zero, 0, ""},
    {"", "acquire", FormKind::Flag, 0, "blocking"},
    {"", "acquire", FormKind::Flag, -1, "block"},
    {"", "acquire", FormKind::Limit, 1, "timeout"},
    {"Queue", "get", FormKind::Flag, 0, "block"},
    {"Queue", "get", FormKind::Limit, 1, "timeout"},
    {"Queue", "put", FormKind::Flag, 1, "block"},
    {"Queue", "put", FormKind::Limit, 2, "timeout"},
    {"Result", "get", FormKind::Limit, 0, "timeout"},
    {"Result", "wait", FormKind::Limit, 0, "timeout"},
    {"Event", "wait", FormKind::Limit, 0, "timeout"},
    {"Barrier", "wait", FormKind::Limit, 0, "timeout"},
    {"Condition", "wait", FormKind::Limit, 0, "timeout"},
    {"Condition", "wait_for", FormKind::Limit, 1, "timeout"},
    {"Popen", "wait", FormKind::Limit, 0, "timeout"},
    {"Popen", "communicate", FormKind::Limit, 1, "timeout"},
    {"Thread", "join", FormKind::Limit, 0, "timeout"},
    {"Timer", "join", FormKind::Limit, 0, "timeout"},
    {"Process", "join", FormKind::Limit, 0, "timeout"},
    {"Future", "result", FormKind::Limit, 0, "timeout"},
    {"Future", "exception", FormKind::Limit, 0, "timeout"},
    {"futures", "wait", FormKind::Limit, 1, "timeout"},
    {"connection", "wait", FormKind::Limit, 1, "timeout"},
    {"Executor", "shutdown", FormKind::Flag, 0, "wait"},
    {"select", "select", FormKind::Limit, 3, "timeout"},
    {"Selector", "select", FormKind::Limit, 0, "timeout"},
    {"poll", "poll", FormKind::Zero, 0, "timeout"},
    {"kqueue", "control", FormKind::Limit, 2, "timeout"},
    {"signal", "sigtimedwait", FormKind::Limit, 1, ""},
    {"subprocess", "run", FormKind::Limit, -1, "timeout"},
    {"subprocess", "call", FormKind::Limit, -1, "timeout"},
    {"subprocess", "check_call", FormKind::Limit, -1, "timeout"},
    {"subprocess", "check_output", FormKind::Limit, -1, "timeout"},
    {"os", "waitpid", FormKind::Option, 1, "options", "os.WNOHANG"},
    {"os", "wait3", FormKind::Option, 0, "options", "os.WNOHANG"},
    {"os", "wait4", FormKind::Option, 1, "options", "os.WNOHANG"},
    {"os", "waitid", FormKind::Option, 2, "options", "os.WNOHANG"},
    {"os", "spawn*", FormKind::Option, 0, "mode", "os.P_NOWAIT"},
    {"socket", "getaddrinfo", FormKind::Option, 5, "flags", "socket.AI_NUMERICHOST"},
    {"socket", "getnameinfo", FormKind::Option, 1, "", "socket.NI_NUMERICHOST"},
    {"fcntl", "flock", FormKind::Option, 1, "", "fcntl.LOCK_NB"},
    {"fcntl", "lockf", FormKind::Option, 1, "", "fcntl.LOCK_NB"},
};

bool applies(const Form& form, const SplitName& name) {
    const bool method = ends_with(form.method, "*")
                            ? starts_with(name.last, form.method.substr(0, form.method.size() - 1))
                            : form.method == name.last;
    return method && ends_with(name.owner, form.owner);
}

/// True when the option is named anywhere in the expression (`os.WNOHANG | os.WUNTRACED`).
bool holds_option(const Model& model, NodeId expression, std::string_view option) {
    bool found = false;
    walk_same_function(model.tree(), expression, [&](NodeId node) {
        const Kind kind = model.tree().kind(node);
        // P_NOWAIT has the variant P_NOWAITO.
        if ((kind == Kind::Name || kind == Kind::Attribute) &&
            starts_with(model.name_of(node), option))
            found = true;
        return !found;
    });
    return found;
}

/// True when the expression reads something whose value is not known, such as a variable.
bool reads_unknown(const Model& model, NodeId expression) {
    const Tree& tree = model.tree();
    bool found = false;
    walk_same_function(tree, expression, [&](NodeId node) {
        const bool reads = tree.is(node, Kind::Name) || tree.is(node, Kind::Attribute);
        if (reads && model.name_of(node).empty()) found = true;
        return !found && !reads;
    });
    return found;
}

/// What the arguments say about waiting.
struct Waiting {
    bool never = false;
    std::optional<double> limit;
};

Waiting waiting_of(const Model& model, NodeId call, std::string_view name) {
    const Tree& tree = model.tree();
    const SplitName parts = split(name);
    Waiting result;
    bool any = false;
    for (const Form& form : kForms) {
        if (!applies(form, parts)) continue;
        any = true;
        const NodeId value = argument(tree, call, form.position, form.keyword);
        if (value == kNoNode) continue;
        const std::optional<double> number = number_value(tree, value);
        switch (form.kind) {
        case FormKind::Flag:
            // What is neither True nor 1 may be false at run time.
            if (tree.kind(value) != Kind::True && (!number || *number == 0)) result.never = true;
            break;
        case FormKind::Limit:
            if (!number || *number < 0) break;
            if (*number <= kNegligibleWait)
                result.never = true;
            else
                result.limit = number;
            break;
        case FormKind::Zero:
            if (number && *number == 0) result.never = true;
            break;
        case FormKind::Option:
            // A variable may hold the option, and so may a number: of all options here, 0 is the absence.
            if (holds_option(model, value, form.option) || reads_unknown(model, value) ||
                (number && *number != 0))
                result.never = true;
            break;
        }
    }
    if (any)
        for (const NodeId child : tree.children(call))
            if (tree.kind(child) == Kind::Starred || tree.kind(child) == Kind::DoubleStarred)
                result.never = true;
    return result;
}

// What is known to hold at a node -----------------------------------------------------------------

/// True when `test` having the truth value makes the fact certain. leaf(test, truth) decides for
/// what is no `not`, `and` or `or`.
template <typename Leaf>
bool implies(const Tree& tree, NodeId test, bool truth, const Leaf& leaf, int depth = 0) {
    if (test == kNoNode || depth > 50) return false;
    switch (tree.kind(test)) {
    case Kind::Not: return implies(tree, tree.child(test, Role::Value), !truth, leaf, depth + 1);
    case Kind::BoolOp: {
        const bool left = implies(tree, tree.child(test, Role::Left), truth, leaf, depth + 1);
        const bool right = implies(tree, tree.child(test, Role::Right), truth, leaf, depth + 1);
        const bool all_hold = (static_cast<Op>(tree[test].op) == Op::And) == truth;
        return all_hold ? left || right : left && right;
    }
    default: return leaf(test, truth);
    }
}

/// True when every way out of the statement to the next one makes the fact certain.
template <typename Leaf>
bool establishes(const Tree& tree, NodeId statement, const Leaf& leaf) {
    const NodeId test = tree.child(statement, Role::Test);
    const NodeId body = tree.child(statement, Role::Body);
    switch (tree.kind(statement)) {
    case Kind::Assert: return implies(tree, test, true, leaf);
    case Kind::While:
        return body != kNoNode && !exits_of(tree, body).breaks && implies(tree, test, false, leaf);
    case Kind::If:
        return tree.child(statement, Kind::Elif) == kNoNode && body != kNoNode &&
               !exits_of(tree, body).falls_through && implies(tree, test, false, leaf);
    default: return false;
    }
}

/// True when the tests around and before the node make the fact certain. before(statement) may find
/// it in an earlier statement too.
template <typename Leaf, typename Before>
bool is_established(const Tree& tree, NodeId node, const Leaf& leaf, const Before& before) {
    NodeId inner = node;
    for (NodeId outer = tree.parent(node); outer != kNoNode;
         inner = outer, outer = tree.parent(outer)) {
        const Kind kind = tree.kind(outer);
        const Role role = tree.role(inner);
        switch (kind) {
        case Kind::FunctionDef:
        case Kind::Lambda:
            if (role == Role::Body) return false;
            break;
        case Kind::If:
        case Kind::Elif:
        case Kind::While:
            if (role == Role::Body) {
                if (implies(tree, tree.child(outer, Role::Test), true, leaf)) return true;
            } else if (role != Role::Test) { // an Elif or Else: the tests before it were false
                if (implies(tree, tree.child(outer, Role::Test), false, leaf)) return true;
                for (const NodeId branch : tree.children(outer)) {
                    if (branch == inner) break;
                    if (tree.kind(branch) == Kind::Elif &&
                        implies(tree, tree.child(branch, Role::Test), false, leaf))
                        return true;
                }
            }
            break;
        case Kind::Conditional:
            if (role != Role::Test &&
                implies(tree, tree.child(outer, Role::Test), role == Role::Body, leaf))
                return true;
            break;
        case Kind::BoolOp:
            if (role == Role::Right && implies(tree, tree.child(outer, Role::Left),
                                               static_cast<Op>(tree[outer].op) == Op::And, leaf))
                return true;
            break;
        case Kind::ListComp:
        case Kind::SetComp:
        case Kind::DictComp:
        case Kind::Generator:
            if (role == Role::Element)
                for (const NodeId child : tree.children(outer))
                    if (tree.kind(child) == Kind::CompIf &&
                        implies(tree, tree.child(child, Role::Test), true, leaf))
                        return true;
            break;
        case Kind::Block:
        case Kind::Module:
            for (const NodeId statement : tree.children(outer)) {
                if (statement == inner) break;
                if (establishes(tree, statement, leaf) || before(statement)) return true;
            }
            break;
        default: break;
        }
    }
    return false;
}

/// `receiver.method()` that answers whether waiting is over, and the answer that says so.
struct EndTest {
    std::string_view method;
    bool truth;
};
constexpr EndTest kFinishedTests[] = {{"done", true}, {"cancelled", true}, {"is_alive", false},
                                      {"poll", true}, {"ready", true},     {"is_set", true}};
constexpr EndTest kNotEmptyTests[] = {{"empty", false}, {"qsize", true}};

template <std::size_t N>
bool is_end_test(const Tree& tree, NodeId test, bool truth, NodeId receiver,
                 const EndTest (&tests)[N]) {
    // `p.poll() is not None`, `p.returncode is not None`
    if (tree.kind(test) == Kind::Compare) {
        const NodeId left = tree.first_child(test);
        const NodeId right = left == kNoNode ? kNoNode : tree.next_sibling(left);
        const auto op = static_cast<Op>(tree[test].op);
        if (!tree.is(right, Kind::None) || tree.next_sibling(right) != kNoNode) return false;
        if ((op != Op::IsNot || !truth) && (op != Op::Is || truth)) return false;
        const NodeId attribute =
            tree.kind(left) == Kind::Call ? tree.child(left, Role::Callee) : left;
        if (!tree.is(attribute, Kind::Attribute)) return false;
        const std::string_view name = identifier(tree, attribute, Role::Attr);
        return (name == "poll" || name == "returncode" || name == "exitcode") &&
               same_reference(tree, tree.child(attribute, Role::Object), receiver);
    }
    if (tree.kind(test) != Kind::Call) return false;
    const NodeId object = receiver_of(tree, test);
    if (object == kNoNode || !same_reference(tree, object, receiver)) return false;
    const std::string_view method = method_of(tree, test);
    return std::any_of(std::begin(tests), std::end(tests), [&](const EndTest& end) {
        return end.method == method && end.truth == truth;
    });
}

bool is_wait(std::string_view name) {
    return name == "concurrent.futures.wait" || name == "asyncio.wait";
}

/// The call in `await call` or `call`.
NodeId awaited_call(const Tree& tree, NodeId expression) {
    if (tree.is(expression, Kind::Await)) expression = tree.child(expression, Role::Value);
    return tree.is(expression, Kind::Call) ? expression : kNoNode;
}

/// True when the expression is the done set that a wait gives.
bool is_done_set(const Model& model, NodeId expression) {
    const Tree& tree = model.tree();
    if (tree.is(expression, Kind::Attribute))
        return identifier(tree, expression, Role::Attr) == "done";
    if (tree.is(expression, Kind::Subscript)) {
        const NodeId call = awaited_call(tree, tree.child(expression, Role::Object));
        return call != kNoNode && is_wait(model.target(call).name);
    }
    if (!tree.is(expression, Kind::Name)) return false;
    for (const NodeId use : model.uses_of_local(expression)) {
        if (!tree[use].has(node_flag::kStore)) continue;
        const NodeId tuple = tree.parent(use);
        if (!tree.is(tuple, Kind::Tuple) || tree.first_child(tuple) != use) continue;
        const NodeId assign = tree.parent(tuple);
        if (!tree.is(assign, Kind::Assign)) continue;
        const NodeId call = awaited_call(tree, tree.child(assign, Role::Value));
        if (call != kNoNode && is_wait(model.target(call).name)) return true;
    }
    return false;
}

/// True when the elements of the collection were waited for before the node.
bool is_awaited_before(const Model& model, NodeId collection, NodeId node) {
    const Tree& tree = model.tree();
    if (!tree.is(collection, Kind::Name)) return false;
    for (const NodeId use : model.uses_of_local(collection)) {
        if (use >= node) break;
        if (tree[use].has(node_flag::kStore)) continue;
        for (NodeId up = tree.parent(use); up != kNoNode && tree.role(up) != Role::Statement;
             up = tree.parent(up)) {
            if (tree.kind(up) == Kind::Await) return true;
            if (tree.kind(up) == Kind::Call && is_wait(model.target(up).name)) return true;
        }
    }
    return false;
}

// Exemptions by what the operation works on -------------------------------------------------------

bool is_in_memory(const Model& model, Type type) {
    return model.is_instance(type, "io.StringIO") || model.is_instance(type, "io.BytesIO") ||
           model.is_instance(type, "tempfile.SpooledTemporaryFile");
}

/// True when an opener is given something that is no disk or network: an in-memory file,
/// `:memory:`, `/proc`.
bool opens_memory(const Model& model, NodeId call) {
    const Tree& tree = model.tree();
    for (const NodeId value : argument_values(tree, call)) {
        const std::optional<std::string_view> text = string_value(tree, value);
        if (text &&
            (*text == ":memory:" || starts_with(*text, "/proc/") || starts_with(*text, "/sys/")))
            return true;
        if (is_in_memory(model, model.type_of(value))) return true;
    }
    return false;
}

/// True when the value was made by an opener of something in memory, directly or through the object
/// that made it (`sqlite3.connect(":memory:").cursor()`).
bool comes_from_memory(const Model& model, NodeId value) {
    const Tree& tree = model.tree();
    for (int links = 0; value != kNoNode && links < 8; ++links) {
        if (is_in_memory(model, model.type_of(value))) return true;
        if (tree.kind(value) == Kind::Name) {
            value = bound_value(model, value);
        } else if (tree.kind(value) == Kind::Call) {
            if (opens_memory(model, value)) return true;
            value = receiver_of(tree, value);
        } else {
            return false;
        }
    }
    return false;
}

/// A database that is in memory unless its maker says otherwise: the objects that the connection is asked of, or whose method
/// this is, are of a class whose constructor takes `:memory:` where nothing is given.
bool may_be_in_memory(const Model& model, NodeId call, NodeId value) {
    const Tree& tree = model.tree();
    const auto is_by_default = [&](const ClassDef* cls) {
        return cls != nullptr && model.constructed_with(*cls, ":memory:");
    };
    const FunctionDef* const function = model.function_at(call);
    if (function != nullptr && is_by_default(model.class_of(*function))) return true;
    for (int links = 0; value != kNoNode && links < 8; ++links) {
        const Type type = model.type_of(value);
        if (type->kind == TypeKind::Instance && is_by_default(type->cls)) return true;
        switch (tree.kind(value)) {
        case Kind::Name: value = bound_value(model, value); break;
        case Kind::Call: {
            if (opens_memory(model, value)) return true;
            // contextlib.closing(connection)
            const std::string_view name = model.target(value).name;
            value = name == "contextlib.closing" ? argument(tree, value, 0, "thing")
                                                 : receiver_of(tree, value);
            break;
        }
        case Kind::Attribute: value = tree.child(value, Role::Object); break;
        default: return false;
        }
    }
    return false;
}

/// The database refuses the call before it does anything, as a test expects: its connection is closed, say.
bool is_refused(const Model& model, NodeId call) {
    const Tree& tree = model.tree();
    for (NodeId up = tree.parent(call); up != kNoNode && !tree.is(up, Kind::FunctionDef);
         up = tree.parent(up)) {
        if (!tree.is(up, Kind::With)) continue;
        for (const NodeId item : tree.children(up)) {
            const NodeId value =
                tree.is(item, Kind::WithItem) ? tree.child(item, Role::Value) : kNoNode;
            if (!tree.is(value, Kind::Call) || model.target(value).name != "pytest.raises")
                continue;
            const NodeId error = argument(tree, value, 0, "expected_exception");
            if (error != kNoNode && model.name_of(error).ends_with(".ProgrammingError"))
                return true;
        }
    }
    return false;
}

bool is_file(const Model& model, Type type) {
    if (type->kind != TypeKind::Instance || is_in_memory(model, type)) return false;
    constexpr std::string_view kFiles[] = {
        "io.IOBase",         "io.TextIOWrapper",  "io.BufferedReader",
        "io.BufferedWriter", "io.BufferedRandom", "io.FileIO",
        "gzip.GzipFile",     "bz2.BZ2File",       "lzma.LZMAFile"};
    return std::any_of(std::begin(kFiles), std::end(kFiles),
                       [&](std::string_view name) { return model.is_instance(type, name); });
}

/// True when the argument of setblocking() or settimeout() leaves the socket waiting.
bool is_blocking_mode(const Tree& tree, NodeId call, bool is_timeout) {
    const NodeId value = argument(tree, call, 0, "");
    if (value == kNoNode) return true;
    const Kind kind = tree.kind(value);
    if (kind == Kind::True || kind == Kind::None) return true;
    const std::optional<double> number = number_value(tree, value);
    return number ? *number != 0 : is_timeout && kind != Kind::False;
}

bool is_loop_variable(const Model& model, NodeId name) {
    const Tree& tree = model.tree();
    if (!tree.is(name, Kind::Name)) return false;
    const std::vector<NodeId> uses = model.uses_of_local(name);
    return std::any_of(uses.begin(), uses.end(), [&](NodeId use) {
        return tree[use].has(node_flag::kStore) && tree.is(tree.parent(use), Kind::For);
    });
}

/// How certain it is that a method of the socket waits; Unknown where it does not.
Confidence socket_blocks(const Model& model, NodeId call, NodeId socket, std::string_view method) {
    const Tree& tree = model.tree();
    bool other_mode = false;
    calls_of_function(tree, call, [&](NodeId other) {
        const NodeId object = receiver_of(tree, other);
        if (object == kNoNode) return;
        const std::string_view name = method_of(tree, other);
        if (name == "setblocking" || name == "settimeout") {
            // `for s in (a, b): s.setblocking(False)` sets the mode of sockets that it does not name.
            if (same_reference(tree, object, socket) || is_loop_variable(model, object))
                other_mode = other_mode || !is_blocking_mode(tree, other, name == "settimeout");
        } else if (starts_with(name, "sock_")) {
            // loop.sock_recv(sock, n) needs a non-blocking socket.
            for (const NodeId value : argument_values(tree, other))
                if (same_reference(tree, value, socket)) other_mode = true;
        } else if (const NodeId value = keyword_argument(tree, other, "sock"); value != kNoNode) {
            // A transport makes its socket non-blocking.
            if (same_reference(tree, value, socket)) other_mode = true;
        }
    });
    if (other_mode) return Confidence::Unknown;
    const NodeId made = tree.kind(socket) == Kind::Name ? bound_value(model, socket) : socket;
    if (tree.is(made, Kind::Call)) {
        for (const NodeId value : argument_values(tree, made)) {
            if (holds_option(model, value, "socket.SOCK_NONBLOCK")) return Confidence::Unknown;
            // A datagram socket sends without waiting for anybody, and connecting it only sets an
            // address.
            if (holds_option(model, value, "socket.SOCK_DGRAM") && !starts_with(method, "recv"))
                return Confidence::Unknown;
        }
        return Confidence::Certain;
    }
    if (tree.kind(socket) == Kind::Name)
        for (const NodeId use : model.uses_of_local(socket)) {
            const NodeId tuple = tree.parent(use); // `conn, address = server.accept()`
            if (!tree[use].has(node_flag::kStore) || !tree.is(tuple, Kind::Tuple)) continue;
            const NodeId assign = tree.parent(tuple);
            if (tree.is(assign, Kind::Assign) &&
                tree.is(tree.child(assign, Role::Value), Kind::Call))
                return Confidence::Certain;
        }
    return Confidence::Likely; // its mode may have been set elsewhere
}

/// True when the queue was visibly made with a bound that is not 0.
bool is_bounded_queue(const Model& model, NodeId queue) {
    const Tree& tree = model.tree();
    const NodeId made = tree.kind(queue) == Kind::Name ? bound_value(model, queue) : queue;
    if (!tree.is(made, Kind::Call)) return false;
    const NodeId size = argument(tree, made, 0, "maxsize");
    if (size == kNoNode) return false;
    const std::optional<double> number = number_value(tree, size);
    return number && *number > 0;
}

/// Calls that only make an iterator; the disk is touched when it runs.
bool is_lazy(std::string_view name) {
    constexpr std::string_view kLazy[] = {"glob.iglob",         "os.walk",
                                          "os.fwalk",           "pathlib.Path.glob",
                                          "pathlib.Path.rglob", "pathlib.Path.iterdir",
                                          "pathlib.Path.walk"};
    return std::find(std::begin(kLazy), std::end(kLazy), name) != std::end(kLazy);
}

/// True when the call is an argument of one that runs its callable elsewhere:
/// `asyncio.to_thread(list, d.glob("*"))`.
bool is_consumed_elsewhere(const Model& model, NodeId call) {
    const Tree& tree = model.tree();
    const NodeId outer = tree.parent(call);
    if (tree.role(call) != Role::Argument || !tree.is(outer, Kind::Call)) return false;
    const Runner* const runner = find_runner(model.target(outer).name);
    return runner != nullptr &&
           (runner->where == RunsOn::Thread || runner->where == RunsOn::Process);
}

std::optional<BlockingOperation> blocking_call(const Model& model, NodeId call) {
    const Tree& tree = model.tree();
    const CallTarget target = model.target(call);
    if (target.name.empty() || !target.known()) return std::nullopt;
    const NodeId receiver = receiver_of(tree, call);
    const std::string_view stream =
        receiver == kNoNode ? std::string_view{} : model.name_of(receiver);
    if (stream == "sys.stdout" || stream == "sys.stderr") return std::nullopt;
    const BlockingApi* api = find_blocking(target.name, BlockingUse::Call);
    std::string_view name = target.name;
    if (stream == "sys.stdin") {
        const std::string on_stdin = "sys.stdin." + std::string(method_of(tree, call));
        if (const BlockingApi* const own = find_blocking(on_stdin, BlockingUse::Call)) {
            api = own;
            name = own->name;
        }
    }
    if (api == nullptr || is_awaited(tree, call)) return std::nullopt;
    BlockingOperation operation{call, api, name, target.confidence, std::nullopt};
    const Waiting waiting = waiting_of(model, call, name);
    if (waiting.never) return std::nullopt;
    operation.limit = waiting.limit;

    const SplitName parts = split(name);
    switch (api->kind) {
    case BlockingKind::Open:
    case BlockingKind::Database:
        if (opens_memory(model, call) ||
            (receiver != kNoNode && comes_from_memory(model, receiver)))
            return std::nullopt;
        if (starts_with(name, "sqlite3.") &&
            (may_be_in_memory(model, call, receiver) || is_refused(model, call)))
            return std::nullopt;
        if (const NodeId outer = tree.parent(call);
            tree.role(call) == Role::Argument && tree.is(outer, Kind::Call)) {
            const std::string_view wrapper = model.target(outer).name;
            if (wrapper == "trio.wrap_file" || wrapper == "anyio.wrap_file") return std::nullopt;
        }
        if (ends_with(parts.owner, "PubSub") && parts.last == "get_message") {
            const NodeId limit = argument(tree, call, 1, "timeout"); // 0 by default
            if (limit == kNoNode || number_value(tree, limit) == 0.0) return std::nullopt;
        }
        break;
    case BlockingKind::Import: {
        // What is imported already is only looked up.
        const NodeId module = argument(tree, call, 0, "name");
        const std::optional<std::string_view> text =
            module == kNoNode ? std::nullopt : string_value(tree, module);
        if (text && parts.last != "reload" && !text->starts_with('.') &&
            model.imports(text->substr(0, text->find('.'))))
            return std::nullopt;
        break;
    }
    case BlockingKind::TlsCerts: {
        if (keyword_argument(tree, call, "cafile") != kNoNode ||
            keyword_argument(tree, call, "capath") != kNoNode)
            break;
        // Certificates in memory.
        const bool in_memory = keyword_argument(tree, call, "cadata") != kNoNode;
        if (parts.last != "create_default_context") {
            if (in_memory && argument_values(tree, call).size() == 1) return std::nullopt;
            break;
        }
        // A server asks no client for a certificate, and loads none to check it.
        const NodeId purpose = argument(tree, call, 0, "purpose");
        if (in_memory ||
            (purpose != kNoNode && model.name_of(purpose) != "ssl.Purpose.SERVER_AUTH"))
            return std::nullopt;
        break;
    }
    case BlockingKind::FileMethod:
    case BlockingKind::DirectoryWalk:
    case BlockingKind::Path:
    case BlockingKind::Cpu: {
        if (name == "os.read" || name == "os.write" || name == "os.sendfile") {
            // What the descriptor is, and whether it waits, is known where it was opened.
            const NodeId descriptor =
                argument(tree, call, 0, name == "os.sendfile" ? "out_fd" : "fd");
            if (descriptor == kNoNode) return std::nullopt;
            const NodeId made =
                tree.is(descriptor, Kind::Name) ? bound_value(model, descriptor) : descriptor;
            if (!tree.is(made, Kind::Call) || model.target(made).name != "os.open" ||
                holds_option(model, made, "os.O_NONBLOCK"))
                operation.confidence = std::min(operation.confidence, Confidence::Likely);
        } else if (name == "shutil.copyfileobj") {
            const NodeId from = argument(tree, call, 0, "fsrc");
            const NodeId to = argument(tree, call, 1, "fdst");
            const auto on_disk = [&](NodeId file) {
                return file != kNoNode && is_file(model, model.type_of(file)) &&
                       !comes_from_memory(model, file);
            };
            if (!on_disk(from) && !on_disk(to)) return std::nullopt;
        } else if (receiver != kNoNode && comes_from_memory(model, receiver)) {
            return std::nullopt;
        } else if (is_lazy(name) && is_consumed_elsewhere(model, call)) {
            return std::nullopt;
        }
        break;
    }
    case BlockingKind::Socket:
        if (receiver != kNoNode && model.type_of(receiver)->kind != TypeKind::Module) {
            const Confidence certainty = socket_blocks(model, call, receiver, parts.last);
            if (certainty == Confidence::Unknown) return std::nullopt;
            operation.confidence = std::min(operation.confidence, certainty);
        }
        break;
    case BlockingKind::Wait:
    case BlockingKind::ProcessWait:
    case BlockingKind::Lock:
        if (receiver == kNoNode) break;
        if (ends_with(parts.owner, "Queue") && parts.last == "put" &&
            !is_bounded_queue(model, receiver))
            return std::nullopt;
        if (ends_with(parts.owner, "Queue") && parts.last == "get") {
            const auto not_empty = [&](NodeId test, bool truth) {
                return is_end_test(tree, test, truth, receiver, kNotEmptyTests);
            };
            if (is_established(tree, call, not_empty, [](NodeId) { return false; }))
                return std::nullopt;
        }
        if (is_known_finished(model, call, receiver)) return std::nullopt;
        break;
    default: break;
    }
    return operation;
}

/// The operation that an expression performs by being entered or iterated.
std::optional<BlockingOperation> blocking_use(const Model& model, NodeId expression,
                                              BlockingUse use) {
    if (expression == kNoNode) return std::nullopt;
    // One finding per call: the call that makes the object has its own.
    if (model.tree().kind(expression) == Kind::Call && blocking_call(model, expression))
        return std::nullopt;
    std::string_view name = model.name_of(expression); // `for line in sys.stdin`
    const BlockingApi* api = name.empty() ? nullptr : find_blocking(name, use);
    Confidence confidence = Confidence::Certain;
    if (api == nullptr) {
        const Type type = model.type_of(expression);
        if (!type->known() || type->name.empty() || type->kind == TypeKind::Module ||
            type->kind == TypeKind::Class || type->kind == TypeKind::Function)
            return std::nullopt;
        name = type->name;
        api = find_blocking(name, use);
        confidence = type->confidence;
    }
    if (api == nullptr || comes_from_memory(model, expression)) return std::nullopt;
    return BlockingOperation{expression, api, name, confidence, std::nullopt};
}

} // namespace

bool same_reference(const Tree& tree, NodeId a, NodeId b) {
    while (a != kNoNode && b != kNoNode) {
        if (tree.kind(a) != tree.kind(b)) return false;
        if (tree.kind(a) == Kind::Name) return tree.text(a) == tree.text(b);
        if (tree.kind(a) != Kind::Attribute ||
            identifier(tree, a, Role::Attr) != identifier(tree, b, Role::Attr))
            return false;
        a = tree.child(a, Role::Object);
        b = tree.child(b, Role::Object);
    }
    return false;
}

NodeId bound_value(const Model& model, NodeId name) {
    if (const NodeId value = model.value_of_local(name); value != kNoNode) return value;
    const Tree& tree = model.tree();
    NodeId item = kNoNode;
    for (const NodeId use : model.uses_of_local(name)) {
        if (!tree[use].has(node_flag::kStore)) continue;
        if (item != kNoNode || !tree.is(tree.parent(use), Kind::WithItem)) return kNoNode;
        item = tree.parent(use);
    }
    return item == kNoNode ? kNoNode : tree.child(item, Role::Value);
}

namespace {

/// The statement does nothing but wait, without limit, until the process or thread has ended.
bool waits_for_end(const Model& model, NodeId statement, NodeId receiver) {
    const Tree& tree = model.tree();
    const NodeId call = tree.is(statement, Kind::ExprStmt) || tree.is(statement, Kind::Assign)
                            ? tree.child(statement, Role::Value)
                            : kNoNode;
    if (!tree.is(call, Kind::Call)) return false;
    const NodeId object = receiver_of(tree, call);
    if (object == kNoNode || !same_reference(tree, object, receiver)) return false;
    const std::string_view name = model.target(call).name;
    if (name == "subprocess.Popen.communicate")
        return argument(tree, call, 1, "timeout") == kNoNode;
    return (name == "subprocess.Popen.wait" || name == "threading.Thread.join" ||
            name == "multiprocessing.Process.join") &&
           argument_values(tree, call).empty();
}

/// The variable gets another value behind one node and before the other.
bool is_bound_between(const Model& model, NodeId variable, NodeId begin, NodeId end) {
    const Tree& tree = model.tree();
    const std::vector<NodeId> uses = model.uses_of_local(variable);
    return std::any_of(uses.begin(), uses.end(), [&](NodeId use) {
        return tree[use].has(node_flag::kStore) && use >= tree[begin].next && use < end;
    });
}

} // namespace

bool is_known_finished(const Model& model, NodeId node, NodeId receiver) {
    const Tree& tree = model.tree();
    const auto ended = [&](NodeId test, bool truth) {
        return is_end_test(tree, test, truth, receiver, kFinishedTests);
    };
    const auto waited = [&](NodeId statement) {
        if (tree.is(statement, Kind::With)) {
            const NodeId body = tree.child(statement, Role::Body);
            if (body == kNoNode) return false;
            for (const NodeId inner : tree.children(body))
                if (waits_for_end(model, inner, receiver) &&
                    !is_bound_between(model, receiver, inner, node))
                    return true;
            return false;
        }
        const Kind kind = tree.kind(statement);
        if (kind != Kind::ExprStmt && kind != Kind::Assign && kind != Kind::AnnAssign) return false;
        if (waits_for_end(model, statement, receiver) &&
            !is_bound_between(model, receiver, statement, node))
            return true;
        bool found = false;
        walk_same_function(tree, statement, [&](NodeId inner) {
            if (tree.kind(inner) != Kind::Await) return !found;
            const NodeId operand = tree.child(inner, Role::Value);
            if (same_reference(tree, operand, receiver)) found = true;
            if (tree.is(operand, Kind::Call) && model.target(operand).name == "asyncio.wrap_future")
                for (const NodeId value : argument_values(tree, operand))
                    if (same_reference(tree, value, receiver)) found = true;
            return !found;
        });
        return found;
    };
    if (is_established(tree, node, ended, waited)) return true;
    if (!tree.is(receiver, Kind::Name)) return false;
    bool bound = false;
    for (const NodeId use : model.uses_of_local(receiver)) {
        if (!tree[use].has(node_flag::kStore)) continue;
        bound = true;
        const NodeId loop = tree.parent(use);
        if (!tree.is(loop, Kind::For) && !tree.is(loop, Kind::CompFor)) continue;
        const NodeId iterable = tree.child(loop, Role::Iter);
        if (iterable == kNoNode) continue;
        if (is_done_set(model, iterable) || is_awaited_before(model, iterable, node)) return true;
        if (tree.kind(iterable) == Kind::Call &&
            ends_with(model.target(iterable).name, ".as_completed"))
            return true;
    }
    // A callback of the loop gets the future that has ended.
    return !bound && model.is_local(receiver) && model.in_loop_callback(node);
}

namespace {
/// Functions that tell on which thread the code runs, or whether a loop runs there.
bool asks_where(std::string_view name) {
    for (const std::string_view function : {"get_running_loop", "get_ident", "current_thread"})
        if (ends_with(name, function)) return true;
    return false;
}
} // namespace

bool is_off_loop(const Model& model, NodeId node) {
    const Tree& tree = model.tree();
    const auto asks = [&](NodeId subtree) {
        bool found = false;
        if (subtree != kNoNode)
            walk_same_function(tree, subtree, [&](NodeId inner) {
                const bool name = tree.is(inner, Kind::Name) || tree.is(inner, Kind::Identifier);
                if (name && asks_where(tree.text(inner))) found = true;
                if (tree.is(inner, Kind::Call) && asks_where(model.target(inner).name))
                    found = true;
                return !found;
            });
        return found;
    };
    NodeId inner = node;
    for (NodeId outer = tree.parent(node); outer != kNoNode;
         inner = outer, outer = tree.parent(outer)) {
        const Kind kind = tree.kind(outer);
        if (kind == Kind::FunctionDef || kind == Kind::Lambda || kind == Kind::ClassDef)
            return false;
        if (kind == Kind::If && asks(tree.child(outer, Role::Test))) return true;
        if (kind == Kind::Try && tree.role(inner) != Role::Body &&
            asks(tree.child(outer, Role::Body)))
            return true;
        if (kind != Kind::Block) continue;
        // `if get_running_loop(): return ..` above
        for (const NodeId statement : tree.children(outer)) {
            if (statement == inner) break;
            const NodeId body = tree.child(statement, Role::Body);
            if (tree.is(statement, Kind::If) && body != kNoNode &&
                !exits_of(tree, body).falls_through && asks(tree.child(statement, Role::Test)))
                return true;
        }
    }
    return false;
}

std::optional<BlockingOperation> blocking_operation(const Model& model, NodeId node) {
    const Tree& tree = model.tree();
    switch (tree.kind(node)) {
    case Kind::Call: return blocking_call(model, node);
    case Kind::WithItem:
        if (tree[tree.parent(node)].is_async()) return std::nullopt;
        return blocking_use(model, tree.child(node, Role::Value), BlockingUse::Enter);
    case Kind::For:
    case Kind::CompFor:
        if (tree[node].is_async()) return std::nullopt;
        return blocking_use(model, tree.child(node, Role::Iter), BlockingUse::Iterate);
    default: return std::nullopt;
    }
}

} // namespace awaitls::analysis

#include "analysis/knowledge/typeshed.h"

#include "analysis/knowledge/knowledge_data.h"
#include "analysis/syntax/parser.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

namespace awaitls::analysis::tables {

namespace {

/// A name that a module or class defines: where it stands, or what it is imported from.
struct Definition {
    std::vector<NodeId> functions; // overloads, and one for each version of Python
    NodeId class_def = kNoNode;
    NodeId annotation = kNoNode; // of a variable
    std::string imported;        // dotted; "package.module.name", or a module
    bool unclear = false;        // defined in several ways
};
using Definitions = std::map<std::string, Definition, std::less<>>;

struct ModuleStub {
    std::string name;
    bool package = false;
    Tree tree;
    Definitions definitions;
    std::vector<std::string> stars; // modules of which all is imported
    std::vector<std::string> all;   // __all__, as far as it is a plain list
};

bool is_private(std::string_view name) {
    return name.starts_with('_');
}

/// A part of the dotted name is private.
bool has_private_part(std::string_view name) {
    return name.starts_with('_') || name.find("._") != std::string_view::npos;
}

/// The names of some annotations that say the same.
std::string builtin_of(std::string_view name) {
    static const std::map<std::string_view, std::string_view> kNames = {
        {"typing.List", "list"},   {"typing.Dict", "dict"},
        {"typing.Set", "set"},     {"typing.FrozenSet", "frozenset"},
        {"typing.Tuple", "tuple"}, {"typing.Type", "type"},
        {"typing.Text", "str"},
    };
    const auto found = kNames.find(name);
    if (found != kNames.end()) return std::string(found->second);
    constexpr std::string_view kBuiltins = "builtins.";
    return std::string(name.starts_with(kBuiltins) ? name.substr(kBuiltins.size()) : name);
}

/// Generic containers whose arguments may be left out where they are not known.
bool is_container(std::string_view name) {
    static const std::set<std::string_view> kNames = {"list",      "dict",  "set",
                                                      "frozenset", "tuple", "type"};
    return kNames.contains(name) || name.starts_with("collections.");
}

class Facts {
public:
    Facts(const std::vector<Stub>& stubs, const Tables& known) {
        for (const Row& row : known.aliases) aliases_.emplace(row.cells[0], row.cells[1]);
        for (const Row& row : known.classes) classes_.emplace(row.cells[0], row.cells[2]);
        for (const Row& row : known.apis) apis_.insert(row.cells[0]);
        for (const Stub& stub : stubs) {
            ModuleStub module;
            module.name = stub.module;
            module.package = stub.package;
            module.tree = parse_region(stub.text).tree;
            collect(module.tree, 0, module.definitions, &module);
            modules_.emplace(stub.module, std::move(module));
        }
        find_public_names();
    }

    Tables take() {
        // Classes first: annotations and bases name them.
        for (const auto& [name, module] : modules_)
            each_class(module, 0, module.definitions, [&](NodeId node, const std::string& inner) {
                if (const std::string canonical = canonical_of(module.name, inner);
                    !canonical.empty())
                    class_nodes_.emplace(canonical, std::pair(&module, node));
            });
        for (const auto& [name, place] : class_nodes_) add_class(name);
        for (const auto& [name, module] : modules_) {
            for (const auto& [local, definition] : module.definitions)
                if (!definition.functions.empty() && !is_private(local))
                    add_api(module, canonical_of(module.name, local), definition, {});
        }
        for (const auto& [name, place] : class_nodes_) {
            Definitions members;
            collect(place.first->tree, body_of(place.first->tree, place.second), members, nullptr);
            for (const auto& [member, definition] : members)
                if (!is_private(member) || member == "__enter__" || member == "__aenter__" ||
                    member == "__anext__" || member == "__next__")
                    add_api(*place.first, name + "." + member, definition, name);
        }
        for (const auto& [name, origin] : respellings_) {
            const std::string canonical = canonical_of(origin.first, origin.second);
            const bool is_known = classes_.contains(canonical) || apis_.contains(canonical);
            if (is_known && canonical != name && known_spelling(name) == name &&
                !classes_.contains(name) && !apis_.contains(name))
                result_.aliases.push_back(
                    {"",
                     0,
                     {name, canonical, source(modules_.at(name.substr(0, name.rfind('.'))))}});
        }
        return std::move(result_);
    }

private:
    static std::string_view identifier(const Tree& tree, NodeId node) {
        const NodeId name = tree.child(node, Role::Name);
        return name == kNoNode ? std::string_view{} : tree.text(name);
    }
    static NodeId body_of(const Tree& tree, NodeId node) { return tree.child(node, Role::Body); }

    static std::string dotted(const Tree& tree, NodeId node) {
        if (node == kNoNode) return {};
        if (tree.is(node, Kind::Name)) return std::string(tree.text(node));
        if (!tree.is(node, Kind::Attribute)) return {};
        const std::string object = dotted(tree, tree.child(node, Role::Object));
        return object.empty() ? object
                              : object + "." + std::string(tree.text(tree.child(node, Role::Attr)));
    }

    /// The module that a `from` import names; empty where it leads out of the library.
    static std::string source_of(const ModuleStub& module, NodeId import) {
        const Tree& tree = module.tree;
        const NodeId name = tree.child(import, Kind::ModuleName);
        std::string path;
        for (const NodeId part : tree.children(name)) {
            if (!path.empty()) path += '.';
            path += tree.text(part);
        }
        const int dots = tree[name].op;
        if (dots == 0) return path;
        std::string base = module.name;
        for (int i = module.package ? 1 : 0; i < dots; ++i) {
            const std::size_t dot = base.rfind('.');
            if (dot == std::string::npos) return {};
            base.erase(dot);
        }
        return path.empty() ? base : base + "." + path;
    }

    /// What the statements of a block define; both sides of conditions. `module` where it is a module's.
    void collect(const Tree& tree, NodeId block, Definitions& out, ModuleStub* module) const {
        if (block == kNoNode) return;
        for (const NodeId statement : tree.children(block)) {
            switch (tree.kind(statement)) {
            case Kind::FunctionDef: {
                Definition& found = out[std::string(identifier(tree, statement))];
                found.functions.push_back(statement);
                break;
            }
            case Kind::ClassDef: {
                Definition& found = out[std::string(identifier(tree, statement))];
                found.unclear = found.unclear || found.class_def != kNoNode;
                found.class_def = statement;
                break;
            }
            case Kind::AnnAssign: {
                const NodeId target = tree.child(statement, Role::Target);
                if (!tree.is(target, Kind::Name)) break;
                Definition& found = out[std::string(tree.text(target))];
                found.unclear = found.unclear || found.annotation != kNoNode;
                found.annotation = tree.child(statement, Role::Annotation);
                break;
            }
            case Kind::Assign: {
                const NodeId target = tree.child(statement, Role::Target);
                const NodeId value = tree.child(statement, Role::Value);
                if (!tree.is(target, Kind::Name)) break;
                const std::string name(tree.text(target));
                if (module != nullptr && name == "__all__" && tree.is(value, Kind::List)) {
                    for (const NodeId item : tree.children(value))
                        if (const std::string_view text = tree.text(item); text.size() > 2)
                            module->all.emplace_back(text.substr(1, text.size() - 2));
                    break;
                }
                out[name].unclear = true;
                break;
            }
            case Kind::If:
                for (const NodeId part : tree.children(statement)) {
                    if (tree.is(part, Kind::Block)) collect(tree, part, out, module);
                    if (tree.is(part, Kind::Elif) || tree.is(part, Kind::Else))
                        collect(tree, body_of(tree, part), out, module);
                }
                break;
            case Kind::Import:
                for (const NodeId alias : tree.children(statement)) {
                    const NodeId path = tree.child(alias, Kind::ModuleName);
                    const NodeId as = tree.child(alias, Role::AsName);
                    const std::string whole(tree.text(path));
                    const std::string local = as == kNoNode ? whole.substr(0, whole.find('.'))
                                                            : std::string(tree.text(as));
                    out[local].imported = as == kNoNode ? local : whole;
                }
                break;
            case Kind::ImportFrom: {
                if (module == nullptr) break;
                const std::string from = source_of(*module, statement);
                if (tree[statement].has(node_flag::kStar)) module->stars.push_back(from);
                for (const NodeId alias : tree.children(statement)) {
                    if (!tree.is(alias, Kind::Alias)) continue;
                    const std::string_view name = identifier(tree, alias);
                    const NodeId as = tree.child(alias, Role::AsName);
                    Definition& found = out[std::string(as == kNoNode ? name : tree.text(as))];
                    const std::string imported = from + "." + std::string(name);
                    found.unclear =
                        found.unclear || (!found.imported.empty() && found.imported != imported);
                    found.imported = imported;
                }
                break;
            }
            default: break;
            }
        }
    }

    template <typename Visit>
    void each_class(const ModuleStub& module, int depth, const Definitions& definitions,
                    const Visit& visit, const std::string& prefix = {}) const {
        for (const auto& [name, definition] : definitions) {
            // Private ones are bases of others.
            if (definition.class_def == kNoNode || definition.unclear) continue;
            visit(definition.class_def, prefix + name);
            if (depth >= 2) continue;
            Definitions inner;
            collect(module.tree, body_of(module.tree, definition.class_def), inner, nullptr);
            each_class(module, depth + 1, inner, visit, prefix + name + ".");
        }
    }

    /// Where a name of a module is defined: module and name. Nothing where that is not clear.
    std::optional<std::pair<std::string, std::string>>
    resolve(const std::string& module, const std::string& name, int depth = 0) const {
        const auto at = modules_.find(module);
        if (at == modules_.end() || depth > 8) return std::nullopt;
        const auto found = at->second.definitions.find(name);
        if (found == at->second.definitions.end()) {
            for (const std::string& star : at->second.stars)
                if (auto result = resolve(star, name, depth + 1)) return result;
            return std::nullopt;
        }
        const Definition& definition = found->second;
        if (definition.unclear) return std::nullopt;
        if (definition.imported.empty()) return std::pair(module, name);
        if (definition.class_def != kNoNode || !definition.functions.empty()) return std::nullopt;
        const std::size_t dot = definition.imported.rfind('.');
        if (dot == std::string::npos) return std::nullopt;
        return resolve(definition.imported.substr(0, dot), definition.imported.substr(dot + 1),
                       depth + 1);
    }

    /// What private modules define is called as the first public one calls it.
    void find_public_names() {
        for (const auto& [name, module] : modules_) {
            if (has_private_part(name)) continue;
            std::set<std::string> names;
            for (const auto& [local, definition] : module.definitions) names.insert(local);
            for (const std::string& star : module.stars) {
                const auto from = modules_.find(star);
                if (from == modules_.end()) continue;
                const ModuleStub& other = from->second;
                names.insert(other.all.begin(), other.all.end());
                if (other.all.empty())
                    for (const auto& [local, definition] : other.definitions)
                        if (definition.imported.empty()) names.insert(local);
            }
            for (const std::string& local : names) {
                if (is_private(local)) continue;
                const auto origin = resolve(name, local);
                if (!origin || origin->first == name) continue;
                if (has_private_part(origin->first))
                    public_names_.try_emplace(origin->first + "." + origin->second,
                                              name + "." + local);
                else if (exports(module, local))
                    respellings_.emplace(name + "." + local, *origin);
            }
        }
    }

    /// A stub hands on what it imports as itself, with a star, or names in __all__.
    static bool exports(const ModuleStub& module, const std::string& name) {
        if (std::find(module.all.begin(), module.all.end(), name) != module.all.end()) return true;
        const auto found = module.definitions.find(name);
        return found == module.definitions.end();
    }

    std::string known_spelling(const std::string& name) const {
        std::string prefix = name;
        while (!prefix.empty()) {
            if (const auto alias = aliases_.find(prefix); alias != aliases_.end())
                return alias->second + name.substr(prefix.size());
            const std::size_t dot = prefix.rfind('.');
            prefix = dot == std::string::npos ? "" : prefix.substr(0, dot);
        }
        return name;
    }

    /// The canonical name of what a module defines; empty where it has no public one.
    std::string canonical_of(const std::string& module, const std::string& name) const {
        if (name.empty()) return {};
        const std::string whole = module + "." + name;
        const std::string spelling = known_spelling(whole);
        if (spelling != whole) return spelling;
        const std::string first = name.substr(0, name.find('.'));
        if (has_private_part(module)) {
            const auto found = public_names_.find(module + "." + first);
            return found == public_names_.end()
                       ? std::string()
                       : known_spelling(found->second + name.substr(first.size()));
        }
        return whole;
    }

    /// The class that an annotation of a module names, as returns are written; empty where it is none that is known.
    std::string class_name(const ModuleStub& module, const std::string& spelled) const {
        const std::size_t dot = spelled.rfind('.');
        std::optional<std::pair<std::string, std::string>> origin;
        if (dot == std::string::npos) {
            origin = resolve(module.name, spelled);
            const bool defined = module.definitions.contains(spelled);
            if (!origin && !defined) origin = resolve("builtins", spelled);
        } else {
            std::string from = spelled.substr(0, dot);
            const auto import = module.definitions.find(from);
            if (import != module.definitions.end() && !import->second.imported.empty())
                from = import->second.imported;
            origin = resolve(from, spelled.substr(dot + 1));
        }
        if (!origin) return {};
        const std::string plain = builtin_of(origin->first + "." + origin->second);
        // They may be anything.
        if (plain == "object" || plain == "typing.Any") return {};
        if (plain.find('.') == std::string::npos && classes_.contains("builtins." + plain))
            return plain;
        const std::string canonical = canonical_of(origin->first, origin->second);
        return classes_.contains(canonical) ? canonical : std::string();
    }

    /// An annotation as the tables write it; empty where it says nothing certain.
    std::string annotation(const ModuleStub& module, NodeId node, const std::string& owner) const {
        const Tree& tree = module.tree;
        if (node == kNoNode) return {};
        switch (tree.kind(node)) {
        case Kind::None: return "None";
        case Kind::Name:
        case Kind::Attribute: {
            const std::string spelled = dotted(tree, node);
            if (spelled == "Self" || spelled.ends_with(".Self")) return owner;
            return class_name(module, spelled);
        }
        case Kind::Binary: {
            if (static_cast<Op>(tree[node].op) != Op::BitOr) return {};
            const std::string left = annotation(module, tree.child(node, Role::Left), owner);
            const std::string right = annotation(module, tree.child(node, Role::Right), owner);
            return left.empty() || right.empty() ? std::string() : left + " | " + right;
        }
        case Kind::Subscript: {
            const std::string spelled = dotted(tree, tree.child(node, Role::Object));
            std::vector<NodeId> arguments;
            for (const NodeId child : tree.children(node))
                if (tree.role(child) == Role::Index) arguments.push_back(child);
            if (arguments.size() == 1 && tree.is(arguments[0], Kind::Tuple)) {
                const NodeId tuple = arguments[0];
                arguments.clear();
                for (const NodeId item : tree.children(tuple)) arguments.push_back(item);
            }
            if (spelled == "Optional" && arguments.size() == 1) {
                const std::string inner = annotation(module, arguments[0], owner);
                return inner.empty() ? inner : inner + " | None";
            }
            const std::string name = class_name(module, spelled);
            if (name.empty()) return {};
            std::string inner;
            for (const NodeId argument : arguments) {
                const std::string text = tree.is(argument, Kind::Ellipsis)
                                             ? std::string("...")
                                             : annotation(module, argument, owner);
                if (text.empty()) return is_container(name) ? name : std::string();
                inner += (inner.empty() ? "" : ", ") + text;
            }
            return name + "[" + inner + "]";
        }
        default: return {};
        }
    }

    void add_class(const std::string& name) {
        if (classes_.contains(name) || !adding_.insert(name).second) return;
        const auto& [module, node] = class_nodes_.at(name);
        const Tree& tree = module->tree;
        bool complete = true;
        std::string bases;
        std::set<std::string> flags;
        for (const NodeId base : tree.children(node)) {
            if (tree.role(base) != Role::Base) continue;
            const NodeId plain =
                tree.is(base, Kind::Subscript) ? tree.child(base, Role::Object) : base;
            const std::string spelled = dotted(tree, plain);
            // Objects of any class can be meant by a protocol.
            if (spelled == "Protocol" || spelled == "typing.Protocol") complete = false;
            if (spelled == "Generic" || spelled == "Protocol" || tree.is(base, Kind::Keyword))
                continue;
            // A base of the library that stands further down.
            if (const auto origin = resolve(module->name, spelled)) {
                const std::string canonical = canonical_of(origin->first, origin->second);
                if (class_nodes_.contains(canonical)) add_class(canonical);
            }
            std::string known = class_name(*module, spelled);
            if (!known.empty() && !classes_.contains(known)) known = "builtins." + known;
            const auto found = classes_.find(known);
            if (found == classes_.end()) {
                complete = false;
                continue;
            }
            bool base_complete = false;
            for (const std::string& flag : split_words(found->second)) {
                if (flag == "complete")
                    base_complete = true;
                else if (flag != "source")
                    flags.insert(flag);
            }
            complete = complete && base_complete;
            if (known != "builtins.object") bases += (bases.empty() ? "" : ", ") + known;
        }
        Definitions members;
        collect(tree, body_of(tree, node), members, nullptr);
        for (const auto& [member, flag] :
             {std::pair("__enter__", "with"), std::pair("__aenter__", "async-with"),
              std::pair("__iter__", "for"), std::pair("__getitem__", "for"),
              std::pair("__aiter__", "async-for"), std::pair("__await__", "await")})
            if (members.contains(std::string_view(member))) flags.insert(flag);
        if (members.contains(std::string_view("__getattr__"))) complete = false;
        if (complete) flags.insert("complete");
        std::string text;
        for (const char* const flag :
             {"with", "async-with", "for", "async-for", "await", "complete"})
            if (flags.contains(flag)) text += (text.empty() ? "" : " ") + std::string(flag);
        if (name.size() > data::kLongestName) return;
        classes_.emplace(name, text);
        result_.classes.push_back({"", 0, {name, bases, text, source(*module)}});
    }

    static std::vector<std::string> split_words(const std::string& text) {
        std::vector<std::string> words;
        std::string word;
        for (const char c : text + " ") {
            if (c != ' ') {
                word += c;
            } else if (!word.empty()) {
                words.push_back(std::exchange(word, {}));
            }
        }
        return words;
    }

    static std::string source(const ModuleStub& module) {
        std::string path = module.name;
        std::replace(path.begin(), path.end(), '.', '/');
        return "typeshed stdlib/" + path + (module.package ? "/__init__.pyi" : ".pyi");
    }

    void add_api(const ModuleStub& module, const std::string& name, const Definition& definition,
                 const std::string& owner) {
        if (name.empty() || name.size() > data::kLongestName || apis_.contains(name) ||
            classes_.contains(name) || known_spelling(name) != name || definition.unclear ||
            definition.class_def != kNoNode || !definition.imported.empty())
            return;
        std::string kind;
        std::string returns;
        bool first = true;
        const auto merge = [&](const std::string& one_kind, const std::string& one_returns) {
            if (first) {
                kind = one_kind;
                returns = one_returns;
            } else {
                if (kind != one_kind) kind.clear();
                if (returns != one_returns) returns.clear();
            }
            first = false;
        };
        if (definition.annotation != kNoNode) {
            if (owner.empty()) return; // reading a variable is no question of the tables
            merge("property", annotation(module, definition.annotation, owner));
        }
        for (const NodeId function : definition.functions) {
            const std::optional<std::string> found = kind_of(module.tree, function);
            if (!found) return;
            if (found->empty()) continue; // a setter
            merge(*found, annotation(module, module.tree.child(function, Role::Returns), owner));
        }
        if (kind.empty() || (returns.empty() && kind != "coroutine")) return;
        apis_.insert(name);
        result_.apis.push_back({"", 0, {name, kind, returns, source(module)}});
    }

    /// "function", "coroutine" or "property"; empty for setters; nothing where a decorator makes it something else.
    static std::optional<std::string> kind_of(const Tree& tree, NodeId function) {
        std::string kind = tree[function].is_async() ? "coroutine" : "function";
        for (const NodeId decorator : tree.children(function)) {
            if (!tree.is(decorator, Kind::Decorator)) continue;
            const NodeId value = tree.child(decorator, Role::Value);
            const std::string name =
                dotted(tree, tree.is(value, Kind::Call) ? tree.child(value, Role::Callee) : value);
            if (name.ends_with(".setter") || name.ends_with(".deleter")) return std::string();
            const std::string last = name.substr(name.rfind('.') + 1);
            if (last == "property" || last == "cached_property") {
                if (kind == "coroutine") return std::nullopt;
                kind = "property";
            } else if (last != "overload" && last != "staticmethod" && last != "classmethod" &&
                       last != "abstractmethod" && last != "deprecated" && last != "final" &&
                       last != "type_check_only" && last != "disjoint_base") {
                return std::nullopt;
            }
        }
        return kind;
    }

    std::map<std::string, ModuleStub> modules_;
    std::map<std::string, std::string> aliases_; // known
    std::map<std::string, std::string> classes_; // known and added: their flags
    std::set<std::string> apis_;
    std::map<std::string, std::string> public_names_; // of what private modules define
    std::map<std::string, std::pair<std::string, std::string>> respellings_;
    std::map<std::string, std::pair<const ModuleStub*, NodeId>> class_nodes_; // by canonical name
    std::set<std::string> adding_;
    Tables result_;
};

} // namespace

Tables facts_of(const std::vector<Stub>& stubs, const Tables& known) {
    return Facts(stubs, known).take();
}

} // namespace awaitls::analysis::tables

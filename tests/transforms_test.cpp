// Every rule's fixtures and the examples of its page, rewritten without changing what they do: the same is found at the
// same places. And with the names of imports shadowed: what was found about them is not found any more.

#include "analysis/rules/catalog.h"
#include "analysis/syntax/parser.h"
#include "tests/support/fixture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>

namespace awaitls::tests {
namespace {

using analysis::Edit;
using analysis::FileAnalysis;
using analysis::Kind;
using analysis::kNoNode;
using analysis::NodeId;
using analysis::Role;
using analysis::Span;
using analysis::Tree;
namespace flag = analysis::node_flag;

// --- inputs --------------------------------------------------------------------------------------------

struct Input {
    std::string name; // "blocking-sleep/positive", "blocking-sleep/page 1"
    std::string text;
    std::shared_ptr<const analysis::Settings> settings;
};

const std::vector<Input>& inputs() {
    static const std::vector<Input> all = [] {
        std::vector<Input> result;
        for (const auto& [rule, path] : rule_fixtures()) {
            Fixture fixture = load_fixture(path, rule);
            result.push_back({rule + "/" + std::filesystem::path(path).stem().string(),
                              std::move(fixture.text), std::move(fixture.settings)});
        }
        for (const analysis::Rule& rule : analysis::catalog()) {
            const std::string name(rule.info.name);
            int number = 0;
            for (std::string& example : doc_examples(rule.info.doc, "## Bad")) {
                std::shared_ptr<const analysis::Settings> settings =
                    fixture_settings(example, name);
                result.push_back({name + "/page " + std::to_string(++number), std::move(example),
                                  std::move(settings)});
            }
        }
        return result;
    }();
    return all;
}

/// A module's text with its syntax, and the edits that a transformation collects.
class Module {
public:
    explicit Module(std::string text) : tree(analysis::parse_region(std::move(text)).tree) {}

    const Tree tree;
    std::vector<Edit> edits;

    void insert(std::uint32_t at, std::string text) {
        edits.push_back({{at, at}, std::move(text)});
    }
    void replace(Span span, std::string text) { edits.push_back({span, std::move(text)}); }

    std::uint32_t line_begin(std::uint32_t at) const {
        while (at > 0 && tree.text()[at - 1] != '\n') --at;
        return at;
    }
    std::string_view line(std::uint32_t at) const {
        const std::uint32_t begin = line_begin(at);
        return tree.text().substr(begin, tree.text().find('\n', begin) - begin);
    }
    /// The blanks before the node, when it is the first thing on its line.
    std::optional<std::string> indentation(NodeId node) const {
        const std::uint32_t begin = line_begin(tree[node].begin);
        const std::string_view blanks = tree.text(Span{begin, tree[node].begin});
        if (blanks.find_first_not_of(" \t") != std::string_view::npos) return std::nullopt;
        return std::string(blanks);
    }
    bool in_string(std::uint32_t offset) const {
        for (NodeId n = 0; n < tree.size(); ++n)
            if (tree.kind(n) == Kind::String && tree[n].begin < offset && offset < tree[n].end)
                return true;
        return false;
    }
    bool in_string_node(NodeId node) const { return tree.ancestor(node, Kind::String) != kNoNode; }
    /// A suppression comment on a line means that line: nothing is broken up there.
    bool suppressed(std::uint32_t at) const {
        const std::string_view text = line(at);
        return text.find("noqa") != std::string_view::npos ||
               text.find("ignore") != std::string_view::npos;
    }
    std::vector<std::uint32_t> line_starts() const {
        std::vector<std::uint32_t> result{0};
        for (std::uint32_t i = 0; i < tree.text().size(); ++i)
            if (tree.text()[i] == '\n' && i + 1 < tree.text().size()) result.push_back(i + 1);
        return result;
    }
    bool any(const std::function<bool(NodeId)>& test) const {
        for (NodeId n = 0; n < tree.size(); ++n)
            if (test(n)) return true;
        return false;
    }
    /// The first statement behind the docstring and the imports from __future__, or kNoNode.
    NodeId first_statement() const {
        for (const NodeId statement : tree.children(0)) {
            if (tree.kind(statement) == Kind::ExprStmt &&
                tree.is(tree.first_child(statement), Kind::String))
                continue;
            const NodeId module = tree.kind(statement) == Kind::ImportFrom
                                      ? tree.child(statement, Kind::ModuleName)
                                      : kNoNode;
            if (module != kNoNode && tree.text(module) == "__future__") continue;
            return statement;
        }
        return kNoNode;
    }
};

std::string dotted(const Tree& tree, NodeId module) {
    std::string result;
    for (const NodeId part : tree.children(module))
        result += (result.empty() ? "" : ".") + std::string(tree.text(part));
    return result;
}

/// True when the name is bound by anything but the imports given.
bool bound_otherwise(const Module& module, std::string_view name, const std::set<NodeId>& aliases) {
    const Tree& tree = module.tree;
    return module.any([&](NodeId n) {
        if (tree.kind(n) == Kind::Name && tree.text(n) == name)
            return tree[n].has(flag::kStore | flag::kDel);
        if (tree.kind(n) != Kind::Identifier || tree.text(n) != name) return false;
        const Kind parent = tree.kind(tree.parent(n));
        if (parent == Kind::FunctionDef || parent == Kind::ClassDef || parent == Kind::Parameter ||
            parent == Kind::Global || parent == Kind::Nonlocal)
            return true;
        if (parent == Kind::Alias && !aliases.contains(tree.parent(n))) {
            return tree.role(n) == Role::AsName ||
                   tree.child(tree.parent(n), Role::AsName) == kNoNode;
        }
        if (parent != Kind::ModuleName || tree.kind(tree.parent(tree.parent(n))) != Kind::Alias)
            return false;
        const NodeId alias = tree.parent(tree.parent(n));
        return !aliases.contains(alias) && tree.first_child(tree.parent(n)) == n &&
               tree.child(alias, Role::AsName) == kNoNode;
    });
}

/// `import a.b` or `import a.b as c`: all imports of the text that bind the same name to the same module.
struct PlainImport {
    std::string module; // "os.path"
    std::string name;   // what it is used as: "os.path", or the name behind `as`
    std::set<NodeId> aliases;
    std::vector<NodeId> uses; // the nodes that spell `name`: Names, or Attributes for dotted ones
    std::vector<Span> in_annotations;
};

bool under_annotation(const Tree& tree, NodeId node) {
    for (NodeId n = node; n != kNoNode && tree.role(n) != Role::Statement; n = tree.parent(n))
        if (tree.role(n) == Role::Annotation || tree.role(n) == Role::Returns) return true;
    return false;
}

bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// Imports whose every use is known: the name is bound by nothing else, and a dotted module is used whole.
std::vector<PlainImport> plain_imports(const Module& module) {
    const Tree& tree = module.tree;
    std::vector<PlainImport> result;
    for (NodeId alias = 0; alias < tree.size(); ++alias) {
        if (tree.kind(alias) != Kind::Alias || tree.kind(tree.parent(alias)) != Kind::Import)
            continue;
        const std::string path = dotted(tree, tree.child(alias, Kind::ModuleName));
        const NodeId as = tree.child(alias, Role::AsName);
        const std::string name = as == kNoNode ? path : std::string(tree.text(as));
        const auto same = std::find_if(result.begin(), result.end(), [&](const PlainImport& i) {
            return i.module == path && i.name == name;
        });
        if (same != result.end())
            same->aliases.insert(alias);
        else
            result.push_back({path, name, {alias}, {}, {}});
    }
    std::erase_if(result, [&](PlainImport& import) {
        const std::string root = import.name.substr(0, import.name.find('.'));
        if (bound_otherwise(module, root, import.aliases)) return true;
        for (NodeId n = 0; n < tree.size(); ++n) {
            if (tree.kind(n) == Kind::String && under_annotation(tree, n)) {
                const std::string_view text = tree.text(n);
                for (std::size_t at = text.find(import.name); at != std::string_view::npos;
                     at = text.find(import.name, at + 1)) {
                    const std::size_t end = at + import.name.size();
                    if (is_word(text[at - 1]) || text[at - 1] == '.' || text[end] != '.') continue;
                    const std::uint32_t begin = tree[n].begin + static_cast<std::uint32_t>(at);
                    import.in_annotations.push_back(
                        {begin, begin + static_cast<std::uint32_t>(import.name.size())});
                }
            }
            if (tree.kind(n) != Kind::Name || tree.text(n) != root) continue;
            NodeId use = n;
            while (tree.text(use) != import.name && tree.is(tree.parent(use), Kind::Attribute))
                use = tree.parent(use);
            if (tree.text(use) != import.name || tree[use].has(flag::kParenthesized)) return true;
            import.uses.push_back(use);
        }
        return false;
    });
    return result;
}

// --- transformations -----------------------------------------------------------------------------------

/// `import x` -> `import x as y_`.
void rename_imports(Module& module) {
    for (const PlainImport& import : plain_imports(module)) {
        std::string name = import.name + "_";
        std::replace(name.begin(), name.end(), '.', '_');
        for (const NodeId alias : import.aliases)
            module.replace(module.tree[alias].span(), import.module + " as " + name);
        for (const NodeId use : import.uses) module.replace(module.tree[use].span(), name);
        for (const Span span : import.in_annotations) module.replace(span, name);
    }
}

/// `from x import f` -> `from x import f as f_`.
void rename_from_imports(Module& module) {
    const Tree& tree = module.tree;
    std::map<std::string, std::set<NodeId>> names;
    for (NodeId alias = 0; alias < tree.size(); ++alias) {
        if (tree.kind(alias) != Kind::Alias || tree.kind(tree.parent(alias)) != Kind::ImportFrom)
            continue;
        if (tree.child(alias, Role::AsName) != kNoNode ||
            tree.text(tree.child(tree.parent(alias), Kind::ModuleName)) == "__future__")
            continue;
        names[std::string(tree.text(alias))].insert(alias);
    }
    for (const auto& [name, aliases] : names) {
        if (bound_otherwise(module, name, aliases)) continue;
        for (const NodeId alias : aliases) module.insert(tree[alias].end, " as " + name + "_");
        for (NodeId n = 0; n < tree.size(); ++n) {
            if (tree.kind(n) == Kind::Name && tree.text(n) == name) module.insert(tree[n].end, "_");
            if (tree.kind(n) != Kind::String || !under_annotation(tree, n)) continue;
            const std::string_view text = tree.text(n);
            for (std::size_t at = text.find(name); at != std::string_view::npos;
                 at = text.find(name, at + 1)) {
                const std::size_t end = at + name.size();
                if (!is_word(text[at - 1]) && text[at - 1] != '.' && !is_word(text[end]))
                    module.insert(tree[n].begin + static_cast<std::uint32_t>(end), "_");
            }
        }
    }
}

/// `import x` and `x.f` -> `from x import f as f_` and `f_`.
void import_names(Module& module) {
    const Tree& tree = module.tree;
    for (const PlainImport& import : plain_imports(module)) {
        std::set<std::string> names;
        const bool usable =
            !import.uses.empty() && import.in_annotations.empty() &&
            std::all_of(import.uses.begin(), import.uses.end(), [&](NodeId use) {
                const NodeId attribute = tree.parent(use);
                if (!tree.is(attribute, Kind::Attribute) || tree.role(use) != Role::Object)
                    return false;
                if (tree[attribute].has(flag::kStore | flag::kDel)) return false;
                names.insert(std::string(tree.text(tree.child(attribute, Role::Attr))));
                return true;
            });
        // One statement for one module: the other modules of `import a, b` would need statements of their own.
        const bool alone =
            std::all_of(import.aliases.begin(), import.aliases.end(), [&](NodeId alias) {
                return tree.next_sibling(alias) == kNoNode &&
                       tree.first_child(tree.parent(alias)) == alias;
            });
        if (!usable || !alone) continue;
        const auto local = [&](std::string_view name) {
            std::string result = import.name + "_" + std::string(name) + "_";
            std::replace(result.begin(), result.end(), '.', '_');
            return result;
        };
        std::string list;
        for (const std::string& name : names)
            list += (list.empty() ? "" : ", ") + name + " as " + local(name);
        for (const NodeId alias : import.aliases)
            module.replace(tree[tree.parent(alias)].span(),
                           "from " + import.module + " import " + list);
        for (const NodeId use : import.uses) {
            const NodeId attribute = tree.parent(use);
            module.replace(tree[attribute].span(),
                           local(tree.text(tree.child(attribute, Role::Attr))));
        }
    }
}

/// Puts the module's code, but for its docstring and imports from __future__, under a header.
void wrap(Module& module, const std::string& header, const std::string& indentation) {
    const NodeId first = module.first_statement();
    if (first == kNoNode) return;
    const std::uint32_t begin = module.line_begin(module.tree[first].begin);
    for (const std::uint32_t start : module.line_starts()) {
        if (start < begin || module.in_string(start)) continue;
        module.insert(start, start == begin ? header + indentation : indentation);
    }
}
void move_into_function(Module& module) {
    wrap(module, "def wrapped_():\n", "    ");
}
void move_into_nested_function(Module& module) {
    wrap(module, "def outer_():\n    def wrapped_():\n", "        ");
}
void move_into_method(Module& module) {
    wrap(module, "class Wrapped_:\n    def method_(self_):\n", "        ");
}

/// A decorator that gives back what it gets, above every function.
void decorate(Module& module) {
    const Tree& tree = module.tree;
    const NodeId first = module.first_statement();
    bool any = false;
    for (NodeId n = 0; n < tree.size(); ++n) {
        if (tree.kind(n) != Kind::FunctionDef) continue;
        const std::optional<std::string> indentation = module.indentation(n);
        if (!indentation) continue;
        std::uint32_t at = tree[n].begin;
        for (const NodeId c : tree.children(n)) {
            if (tree.kind(c) == Kind::Decorator) at = tree[c].end;
        }
        // Behind the last decorator's line, right above `def`.
        if (at != tree[n].begin)
            at = static_cast<std::uint32_t>(tree.text().find('\n', at)) + 1 +
                 static_cast<std::uint32_t>(indentation->size());
        module.insert(at, "@keep_\n" + *indentation);
        any = true;
    }
    if (any)
        module.insert(module.line_begin(tree[first].begin),
                      "from typing import no_type_check as keep_\n");
}

/// Comments with quotes and brackets in them, and line breaks, wherever brackets allow.
void break_lines(Module& module) {
    const Tree& tree = module.tree;
    for (NodeId n = 0; n < tree.size(); ++n) {
        std::uint32_t at = tree[n].begin;
        const Kind kind = tree.kind(n);
        if (kind == Kind::Call)
            at = tree[tree.child(n, Role::Callee)].end;
        else if (kind != Kind::List && kind != Kind::Dict && kind != Kind::Set &&
                 kind != Kind::ListComp && kind != Kind::DictComp)
            continue;
        if (module.in_string_node(n) || module.suppressed(at)) continue;
        while (at < tree.text().size() && (tree.text()[at] == ' ' || tree.text()[at] == ')')) ++at;
        const std::uint32_t close = tree[n].end - 1;
        if (std::string_view("([{").find(tree.text()[at]) == std::string_view::npos ||
            module.suppressed(close))
            continue;
        module.insert(at + 1, "  # it's \"open ( [ {\n# and #\n");
        if (close > at) module.insert(close, "\n");
    }
}

/// Blank lines and comments, also ones at other columns, between statements.
void space_statements(Module& module) {
    const Tree& tree = module.tree;
    for (NodeId n = 1; n < tree.size(); ++n) {
        if (tree.role(n) != Role::Statement) continue;
        const std::optional<std::string> indentation = module.indentation(n);
        if (indentation)
            module.insert(module.line_begin(tree[n].begin),
                          "\n" + *indentation +
                              "# it's (a comment\n# at the left\n            # 'far right\n  \n");
    }
}

/// `a.b` -> `a  \ <line break> . b`.
void break_attributes(Module& module) {
    const Tree& tree = module.tree;
    for (NodeId n = 0; n < tree.size(); ++n) {
        if (tree.kind(n) != Kind::Attribute || module.in_string_node(n) ||
            module.suppressed(tree[n].begin))
            continue;
        const NodeId attribute = tree.child(n, Role::Attr);
        const std::uint32_t dot = tree[attribute].begin - 1;
        if (tree.text()[dot] != '.' || module.suppressed(dot) || tree.text()[dot - 1] == ' ' ||
            tree.text()[dot - 1] == '\n')
            continue;
        module.replace({dot, dot + 1}, " \\\n  . ");
    }
}

void use_crlf(Module& module) {
    for (std::uint32_t i = 0; i < module.tree.text().size(); ++i)
        if (module.tree.text()[i] == '\n') module.insert(i, "\r");
}
void use_lone_cr(Module& module) {
    for (std::uint32_t i = 0; i < module.tree.text().size(); ++i)
        if (module.tree.text()[i] == '\n') module.replace({i, i + 1}, "\r");
}

void indent_with_tabs(Module& module) {
    for (const std::uint32_t start : module.line_starts()) {
        if (module.in_string(start)) continue;
        std::uint32_t end = start;
        while (module.tree.text().substr(end, 4) == "    ") end += 4;
        if (end > start) module.replace({start, end}, std::string((end - start) / 4, '\t'));
    }
}

void add_form_feeds(Module& module) {
    const Tree& tree = module.tree;
    for (NodeId n = 1; n < tree.size(); ++n)
        if (tree.role(n) == Role::Statement && module.indentation(n))
            module.insert(module.line_begin(tree[n].begin), "\f");
}

struct Transformation {
    const char* name;
    void (*apply)(Module&);
};
constexpr Transformation kTransformations[] = {
    {"ImportsRenamed", rename_imports},
    {"FromImportsRenamed", rename_from_imports},
    {"NamesImported", import_names},
    {"InFunction", move_into_function},
    {"InNestedFunction", move_into_nested_function},
    {"InMethod", move_into_method},
    {"Decorated", decorate},
    {"LinesBroken", break_lines},
    {"StatementsSpaced", space_statements},
    {"AttributesBroken", break_attributes},
    {"Crlf", use_crlf},
    {"LoneCr", use_lone_cr},
    {"Tabs", indent_with_tabs},
    {"FormFeeds", add_form_feeds},
};

/// Where a transformation would change what the code does, and why.
struct Exception {
    std::string_view transformation; // the beginning of its name
    std::string_view input;          // the beginning of its name; empty: every input with the trait
    bool (*trait)(const Module&);
    std::string_view reason;
};
bool always(const Module&) {
    return true;
}
bool has_global(const Module& m) {
    return m.any([&](NodeId n) { return m.tree.kind(n) == Kind::Global; });
}
constexpr Exception kExceptions[] = {
    {"In", "", has_global,
     "`global` means the module's variable, which is none once the module is a function"},
    {"In", "blocking-configured/positive", always,
     "a pattern names `Report.render`; a class in a function has another qualified name"},
    {"In", "legacy-event-loop/negative", always,
     "a module's loop may be used by other modules; a local one cannot"},
    {"ImportsRenamed", "async-import-style", always, "the rule is about the names of imports"},
    {"NamesImported", "async-import-style", always, "the rule is about the form of imports"},
    {"In", "lambda-handler-async", always, "Lambda finds its handler in a module"},
};

bool excepted(const Transformation& transformation, const Input& input, const Module& module) {
    return std::any_of(std::begin(kExceptions), std::end(kExceptions), [&](const Exception& e) {
        return std::string_view(transformation.name).starts_with(e.transformation) &&
               input.name.starts_with(e.input) && e.trait(module);
    });
}

// --- comparing -----------------------------------------------------------------------------------------

void sort(std::vector<Edit>& edits) {
    std::stable_sort(edits.begin(), edits.end(), [](const Edit& a, const Edit& b) {
        return a.span.begin != b.span.begin ? a.span.begin < b.span.begin : a.span.end < b.span.end;
    });
}

/// Where an offset is after the edits; what is inserted at it comes before it.
std::uint32_t moved(std::uint32_t offset, const std::vector<Edit>& edits) {
    std::int64_t delta = 0;
    for (const Edit& edit : edits) {
        if (edit.span.begin > offset) break;
        if (edit.span.end > offset) return static_cast<std::uint32_t>(edit.span.begin + delta);
        delta += static_cast<std::int64_t>(edit.text.size()) - edit.span.size();
    }
    return static_cast<std::uint32_t>(offset + delta);
}

std::string rule_name(const analysis::Diagnostic& diagnostic) {
    return diagnostic.rule == analysis::kNoteRule
               ? "note"
               : std::string(analysis::catalog()[diagnostic.rule].info.name);
}

std::shared_ptr<const FileAnalysis> analyse(const std::string& text, const Input& input) {
    return FileAnalysis::analyse(std::make_shared<const analysis::SourceText>(text), input.settings,
                                 "fixture.py");
}

bool all_clean(const FileAnalysis& file) {
    const std::vector<analysis::RegionInfo> regions = file.regions();
    return std::all_of(regions.begin(), regions.end(), [](const analysis::RegionInfo& r) {
        return r.health == analysis::Health::Clean;
    });
}

/// "12 blocking-sleep" for each finding: its line and rule.
std::multiset<std::string> lines_of(const FileAnalysis& file, const std::vector<Edit>* edits,
                                    const analysis::LineIndex& lines) {
    std::multiset<std::string> result;
    for (const analysis::Diagnostic& diagnostic : file.diagnostics()) {
        const std::uint32_t at =
            edits == nullptr ? diagnostic.span.begin : moved(diagnostic.span.begin, *edits);
        result.insert(std::to_string(lines.line_of(at) + 1) + " " + rule_name(diagnostic));
    }
    return result;
}

std::string joined(const std::multiset<std::string>& lines) {
    std::string result;
    for (const std::string& line : lines) result += line + "\n";
    return result;
}

std::string plain(std::string name) {
    std::replace_if(
        name.begin(), name.end(), [](char c) { return !is_word(c); }, '_');
    return name;
}

class Transformed : public ::testing::TestWithParam<std::tuple<std::size_t, std::size_t>> {};

std::string test_name(const ::testing::TestParamInfo<std::tuple<std::size_t, std::size_t>>& info) {
    return std::string(kTransformations[std::get<0>(info.param)].name) + "_" +
           plain(inputs()[std::get<1>(info.param)].name);
}

TEST_P(Transformed, FindsTheSame) {
    const Transformation& transformation = kTransformations[std::get<0>(GetParam())];
    const Input& input = inputs()[std::get<1>(GetParam())];
    Module module(input.text);
    if (excepted(transformation, input, module)) return;
    transformation.apply(module);
    sort(module.edits);
    const std::string text = analysis::apply_edits(input.text, module.edits);
    const std::shared_ptr<const FileAnalysis> before = analyse(input.text, input);
    const std::shared_ptr<const FileAnalysis> after = analyse(text, input);
    if (all_clean(*before)) {
        ASSERT_TRUE(all_clean(*after)) << text;
    }
    EXPECT_EQ(joined(lines_of(*after, nullptr, after->lines())),
              joined(lines_of(*before, &module.edits, after->lines())))
        << transformation.name << " of " << input.name << "\n"
        << text << "\nbefore:\n"
        << render(*before) << "after:\n"
        << render(*after);
    // What fixes make of the new text is Python, too.
    if (!all_clean(*after)) return;
    for (const analysis::Applicability most :
         {analysis::Applicability::Safe, analysis::Applicability::Unsafe,
          analysis::Applicability::Rewrite}) {
        const analysis::FixResult fixed = analysis::fix_all(after, "fixture.py", most);
        EXPECT_TRUE(all_clean(*fixed.analysis))
            << transformation.name << " of " << input.name << "\n"
            << fixed.text;
    }
}

INSTANTIATE_TEST_SUITE_P(
    Rules, Transformed,
    ::testing::Combine(::testing::Range<std::size_t>(0, std::size(kTransformations)),
                       ::testing::Range<std::size_t>(0, inputs().size())),
    test_name);

/// A transformation that changes nothing anywhere tests nothing.
TEST(Transformations, AllChangeMuch) {
    for (const Transformation& transformation : kTransformations) {
        std::size_t changed = 0;
        for (const Input& input : inputs()) {
            Module module(input.text);
            transformation.apply(module);
            changed += module.edits.empty() ? 0 : 1;
        }
        EXPECT_GE(changed * 4, inputs().size()) << transformation.name << " changes few inputs";
    }
}

TEST(Transformations, ExceptionsAreNeeded) {
    for (const Exception& exception : kExceptions) {
        EXPECT_TRUE(std::any_of(inputs().begin(), inputs().end(), [&](const Input& input) {
            return input.name.starts_with(exception.input) && exception.trait(Module(input.text));
        })) << exception.reason;
    }
}

// --- shadowing -----------------------------------------------------------------------------------------

/// The name that a call's callee starts with: `time` for `time.sleep(1)`.
std::string_view root_of(const Tree& tree, NodeId call) {
    NodeId n = tree.child(call, Role::Callee);
    while (n != kNoNode && tree.kind(n) == Kind::Attribute) n = tree.child(n, Role::Object);
    return tree.is(n, Kind::Name) ? tree.text(n) : std::string_view{};
}

/// The names that imports of the module bind at module level, and no import in a function does.
std::set<std::string> imported_names(const Module& module) {
    const Tree& tree = module.tree;
    std::set<std::string> outer;
    std::set<std::string> inner;
    for (NodeId alias = 0; alias < tree.size(); ++alias) {
        if (tree.kind(alias) != Kind::Alias) continue;
        const NodeId as = tree.child(alias, Role::AsName);
        const NodeId path = tree.child(alias, Kind::ModuleName);
        const std::string name(as != kNoNode     ? tree.text(as)
                               : path != kNoNode ? tree.text(tree.first_child(path))
                                                 : tree.text(alias));
        (tree.ancestor(alias, Kind::FunctionDef) == kNoNode ? outer : inner).insert(name);
    }
    for (const std::string& name : inner) outer.erase(name);
    return outer;
}

/// The shadowing statement at the start of every function's body.
void shadow_by_statement(Module& module, const std::string& statement) {
    const Tree& tree = module.tree;
    for (NodeId n = 0; n < tree.size(); ++n) {
        if (tree.kind(n) != Kind::FunctionDef) continue;
        const NodeId body = tree.child(n, Role::Body);
        const NodeId first = tree.first_child(body);
        const std::optional<std::string> indentation = module.indentation(first);
        module.insert(tree[first].begin, statement + (indentation ? "\n" + *indentation : "; "));
    }
}
void shadow_by_variable(Module& module, const std::string& name) {
    shadow_by_statement(module, name + " = made_elsewhere_()");
}
void shadow_by_function(Module& module, const std::string& name) {
    shadow_by_statement(module, "def " + name + "(*args, **kwargs): ...");
}

/// A parameter of every function.
void shadow_by_parameter(Module& module, const std::string& name) {
    const Tree& tree = module.tree;
    for (NodeId n = 0; n < tree.size(); ++n) {
        if (tree.kind(n) != Kind::FunctionDef) continue;
        const NodeId parameters = tree.child(n, Kind::Parameters);
        bool star = false;
        NodeId keywords = kNoNode;
        NodeId last = kNoNode;
        for (const NodeId parameter : tree.children(parameters)) {
            const auto form = static_cast<analysis::ParameterForm>(tree[parameter].op);
            star = star || form == analysis::ParameterForm::KeywordOnly ||
                   form == analysis::ParameterForm::VarArgs;
            if (form == analysis::ParameterForm::VarKeywords) keywords = parameter;
            last = parameter;
        }
        const std::string added = star ? name : "*, " + name;
        if (keywords != kNoNode) {
            module.insert(tree[keywords].begin, added + ", ");
        } else {
            const bool comma = last != kNoNode &&
                               tree.text(Span{tree[last].end, tree[parameters].end}).find(',') ==
                                   std::string_view::npos;
            module.insert(tree[parameters].end - 1, (comma ? ", " : "") + added);
        }
    }
}

struct Shadowing {
    const char* name;
    void (*apply)(Module&, const std::string&);
};
constexpr Shadowing kShadowings[] = {{"Variable", shadow_by_variable},
                                     {"Function", shadow_by_function},
                                     {"Parameter", shadow_by_parameter}};

class Shadowed : public ::testing::TestWithParam<std::tuple<std::size_t, std::size_t>> {};

std::string
shadow_name(const ::testing::TestParamInfo<std::tuple<std::size_t, std::size_t>>& info) {
    return std::string(kShadowings[std::get<0>(info.param)].name) + "_" +
           plain(inputs()[std::get<1>(info.param)].name);
}

/// Findings at calls in functions whose callee starts with the name: (rule, offset).
std::vector<std::pair<std::string, std::uint32_t>>
findings_about(const FileAnalysis& file, const Module& module, const std::string& name) {
    const Tree& tree = module.tree;
    std::vector<std::pair<std::string, std::uint32_t>> result;
    for (const analysis::Diagnostic& diagnostic : file.diagnostics()) {
        for (NodeId n = 0; n < tree.size(); ++n) {
            if (tree.kind(n) != Kind::Call || tree[n].span() != diagnostic.span ||
                root_of(tree, n) != name)
                continue;
            const NodeId function = tree.ancestor(n, Kind::FunctionDef);
            if (function == kNoNode || n < tree.child(function, Role::Body)) continue;
            result.emplace_back(rule_name(diagnostic), diagnostic.span.begin);
            break;
        }
    }
    return result;
}

TEST_P(Shadowed, FindsNothingAboutTheName) {
    const Shadowing& shadowing = kShadowings[std::get<0>(GetParam())];
    const Input& input = inputs()[std::get<1>(GetParam())];
    const Module original(input.text);
    const std::shared_ptr<const FileAnalysis> before = analyse(input.text, input);
    if (!all_clean(*before)) return;
    for (const std::string& name : imported_names(original)) {
        const auto about = findings_about(*before, original, name);
        if (about.empty()) continue;
        Module module(input.text);
        shadowing.apply(module, name);
        sort(module.edits);
        const std::string text = analysis::apply_edits(input.text, module.edits);
        const std::shared_ptr<const FileAnalysis> after = analyse(text, input);
        ASSERT_TRUE(all_clean(*after)) << text;
        for (const auto& [rule, offset] : about) {
            const std::uint32_t at = moved(offset, module.edits);
            for (const analysis::Diagnostic& diagnostic : after->diagnostics())
                EXPECT_FALSE(diagnostic.span.begin == at && rule_name(diagnostic) == rule)
                    << input.name << ": `" << name << "` is shadowed, yet: " << diagnostic.message
                    << "\n"
                    << text;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Rules, Shadowed,
                         ::testing::Combine(::testing::Range<std::size_t>(0,
                                                                          std::size(kShadowings)),
                                            ::testing::Range<std::size_t>(0, inputs().size())),
                         shadow_name);

TEST(Shadowings, ConcernManyFindings) {
    std::size_t findings = 0;
    for (const Input& input : inputs()) {
        const Module module(input.text);
        const std::shared_ptr<const FileAnalysis> file = analyse(input.text, input);
        for (const std::string& name : imported_names(module))
            findings += findings_about(*file, module, name).size();
    }
    EXPECT_GE(findings, 150U);
}

} // namespace
} // namespace awaitls::tests

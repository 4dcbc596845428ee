// A subclass of ExceptionGroup that does not say how its parts are made.

#include "analysis/knowledge/knowledge.h"
#include "analysis/rules/exception_group/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(`except*`, `split()` and `subgroup()` take a group apart and make each part with `derive()`. What a subclass inherits makes plain
`ExceptionGroup` objects. A handler further out that catches the subclass never sees them, and the attributes of the subclass are lost. Task groups
and nurseries take groups apart too.

Reported is a class that has `ExceptionGroup` or `BaseExceptionGroup` as a direct base, and defines no `derive`, nor has one from another base.

## Bad

```python
class LoadErrors(ExceptionGroup):  # error: group-subclass-without-derive
    pass
```

## Good

```python
from collections.abc import Sequence


class LoadErrors(ExceptionGroup):
    def derive(self, excs: Sequence[Exception]) -> "LoadErrors":
        return LoadErrors(self.message, excs)
```

## Fix

Where the class has no body, the fix writes `derive`. It is unsafe: handlers that never saw the parts catch them from then on.
)";

/// Another base that may have the method.
bool may_derive(const Model& model, NodeId base) {
    const Tree& tree = model.tree();
    const NodeId named = tree.is(base, Kind::Subscript) ? tree.child(base, Role::Object) : base;
    if (named == kNoNode) return true;
    const Type type = model.type_of(named);
    if (type->cls != nullptr) return model.has_method(*type->cls, "derive") != Answer::No;
    const std::string_view name = model.name_of(named);
    if (name == "typing.Generic" || name == "abc.ABC" || name == "typing.Protocol") return false;
    const ClassInfo* const info = name.empty() ? nullptr : find_class(name);
    return info == nullptr || !info->complete || find_api(std::string(name) + ".derive") != nullptr;
}

void check(RuleContext& context, NodeId definition) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    NodeId group = kNoNode;
    for (const NodeId base : tree.children(definition))
        if (tree.role(base) == Role::Base && groups::is_group_class(model, base)) group = base;
    if (group == kNoNode) return;
    for (const NodeId base : tree.children(definition)) {
        if (tree.role(base) != Role::Base || groups::is_group_class(model, base)) continue;
        if (tree.is(base, Kind::Keyword) || may_derive(model, base)) return;
    }
    const ClassDef* const cls = model.class_at(definition);
    if (cls == nullptr || model.defines(*cls, "derive")) return;
    const NodeId name = tree.child(definition, Role::Name);
    Finding finding = context.report(
        name, "`" + cls->name +
                  "` has no `derive`, so `except*`, `split` and `subgroup` turn it into a "
                  "plain exception group");
    const NodeId body = tree.child(definition, Role::Body);
    const NodeId only = body == kNoNode ? kNoNode : tree.first_child(body);
    if (only == kNoNode || tree.next_sibling(only) != kNoNode) return;
    const bool empty =
        tree.is(only, Kind::Pass) || tree.is(tree.child(only, Role::Value), Kind::Ellipsis);
    const std::string_view text = tree.text();
    std::uint32_t line = tree[only].begin;
    while (line > 0 && (text[line - 1] == ' ' || text[line - 1] == '\t')) --line;
    if (!empty || line == 0 || text[line - 1] != '\n') return;
    const std::string indent(text.substr(line, tree[only].begin - line));
    const bool windows = line > 1 && text[line - 2] == '\r';
    finding.fix(
        "Define `derive`", Applicability::Unsafe,
        {{tree[only].span(), "def derive(self, excs):" + std::string(windows ? "\r\n" : "\n") +
                                 indent + "    return " + cls->name + "(self.message, excs)"}});
}

} // namespace

Rule rule_group_subclass_without_derive() {
    RuleInfo info;
    info.name = "group-subclass-without-derive";
    info.category = Category::ExceptionGroup;
    info.severity = Severity::Warning;
    info.fix = FixAvailability::Sometimes;
    info.aliases = {"ASYNC126"};
    info.summary = "A subclass of `ExceptionGroup` does not define `derive`.";
    info.doc = kDoc;
    return {info, {Kind::ClassDef}, check};
}

} // namespace awaitls::analysis

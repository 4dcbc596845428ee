// A command for a shell that is not written out.

#include "analysis/rules/names.h"
#include "analysis/rules/task/common.h"

namespace awaitls::analysis {

namespace {

using namespace tasks;

constexpr std::string_view kDoc =
    R"(`asyncio.create_subprocess_shell` hands its text to a shell. Where a part of the text comes from outside, whoever sends it can end the command and begin one of
their own: `; rm -rf ~` in the name of a file is enough.

The rule, meant for reviews and off by default, reports commands for a shell that are not literals: of `create_subprocess_shell`, `loop.subprocess_shell`, and of
`create_subprocess_exec` where the program is a shell with `-c`. Parts that went through `shlex.quote` or `shlex.join`, and numbers, are harmless.

## Bad

```python
import asyncio


async def count_lines(name: str) -> None:
    process = await asyncio.create_subprocess_shell(f"wc -l {name}")  # error: asyncio-subprocess-injection
    await process.wait()


asyncio.run(count_lines("text; echo injected"))
```

## Good

```python
import asyncio


async def count_lines(name: str) -> None:
    process = await asyncio.create_subprocess_exec("wc", "-l", "--", name)
    await process.wait()


asyncio.run(count_lines("text; echo injected"))
```

## Fix

None: the command has to be split up by hand.

## Differences

semgrep's audit rules also report `create_subprocess_exec` with arguments that are not literals. No shell reads those.
)";

/// The text cannot hold what somebody else wrote: literals, and what was quoted for a shell.
bool is_harmless(const Model& model, NodeId value, int depth = 0) {
    const Tree& tree = model.tree();
    if (value == kNoNode || depth > 10) return false;
    switch (tree.kind(value)) {
    case Kind::Integer:
    case Kind::Float: return true;
    case Kind::String:
        for (NodeId node = value; node < tree[value].next; ++node)
            if (tree.is(node, Kind::Interpolation) &&
                !is_harmless(model, tree.child(node, Role::Value), depth + 1))
                return false;
        return true;
    case Kind::Binary: {
        const auto op = static_cast<Op>(tree[value].op);
        return (op == Op::Add || op == Op::Mod) &&
               is_harmless(model, tree.child(value, Role::Left), depth + 1) &&
               is_harmless(model, tree.child(value, Role::Right), depth + 1);
    }
    case Kind::Tuple:
        for (const NodeId element : tree.children(value))
            if (!is_harmless(model, element, depth + 1)) return false;
        return true;
    case Kind::Conditional:
        return is_harmless(model, tree.child(value, Role::Body), depth + 1) &&
               is_harmless(model, tree.child(value, Role::OrElse), depth + 1);
    case Kind::Call:
        if (calls(model, value, "shlex.quote") || calls(model, value, "shlex.join")) return true;
        break;
    case Kind::Name: {
        const NodeId held = model.value_of_local(value);
        if (held != kNoNode) return is_harmless(model, held, depth + 1);
        // A constant of the module, by its name.
        const std::string_view name = tree.text(value);
        if (!model.is_local(value) &&
            name.find_first_of("abcdefghijklmnopqrstuvwxyz") == std::string_view::npos)
            return true;
        break;
    }
    default: break;
    }
    const Type type = model.type_of(value);
    if (tree.is(value, Kind::Attribute) && model.name_of(value) == "sys.executable") return true;
    return type->is_instance_of("builtins.int") || type->is_instance_of("builtins.float") ||
           type->is_instance_of("builtins.bool");
}

/// The text names a shell: "sh", "/bin/bash".
bool is_shell(const Tree& tree, NodeId value) {
    if (value == kNoNode) return false;
    std::optional<std::string_view> text = string_value(tree, value);
    if (!text) return false;
    const std::string_view name = text->substr(text->rfind('/') + 1);
    for (const std::string_view shell :
         {"sh", "bash", "dash", "zsh", "ksh", "csh", "tcsh", "fish", "ash"})
        if (name == shell) return true;
    return false;
}

void check(RuleContext& context, NodeId call) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    // An import may give a function another name.
    const NodeId callee = tree.child(call, Role::Callee);
    if (called_name(tree, call).find("subprocess_") == std::string_view::npos &&
        !(tree.is(callee, Kind::Name) && model.imports("asyncio")))
        return;
    const CallTarget target = model.target(call);
    NodeId command = kNoNode;
    if (target.name == "asyncio.create_subprocess_shell" ||
        target.name == "asyncio.subprocess.create_subprocess_shell") {
        command = argument(tree, call, 0, "cmd");
    } else if (is_method(target, "asyncio.AbstractEventLoop", "subprocess_shell")) {
        command = argument(tree, call, 1, "cmd");
    } else {
        const bool on_loop = is_method(target, "asyncio.AbstractEventLoop", "subprocess_exec");
        if (!on_loop && target.name != "asyncio.create_subprocess_exec" &&
            target.name != "asyncio.subprocess.create_subprocess_exec")
            return;
        const int first = on_loop ? 1 : 0;
        if (!is_shell(tree, argument(tree, call, first, "program"))) return;
        const NodeId option = argument(tree, call, first + 1, {});
        const std::optional<std::string_view> text =
            option == kNoNode ? std::nullopt : string_value(tree, option);
        if (!text || !text->starts_with('-') || !text->ends_with('c')) return;
        command = argument(tree, call, first + 2, {});
    }
    if (command == kNoNode || is_harmless(model, command)) return;
    context.report(
        command, "a shell runs this command, which is no literal; pass the arguments one by one to "
                 "`asyncio.create_subprocess_exec()`, or quote them with `shlex.quote()`");
}

} // namespace

Rule rule_asyncio_subprocess_injection() {
    return {{.name = "asyncio-subprocess-injection",
             .category = Category::Hygiene,
             .severity = Severity::Warning,
             .on_by_default = false,
             .aliases = {},
             .summary = "A command that is no literal is given to a shell.",
             .options = {},
             .doc = kDoc},
            {Kind::Call},
            check};
}

} // namespace awaitls::analysis

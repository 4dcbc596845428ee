#include "analysis/rules/blocking/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"md(`subprocess.run()` and its relatives wait in the thread of the event loop until the other program
has ended. A build, a `git fetch` or a hanging child then stops every task of the process.

Starting a program with `subprocess.Popen()` waits only for the fork, which asyncio does in the
same way; it is reported as information, because what follows (`wait()`, `communicate()`, reading
a pipe) blocks. `os.spawnl(os.P_NOWAIT, ..)` is not reported.

## Bad

```python
import asyncio
import subprocess


async def revision():
    done = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True)  # error: blocking-subprocess
    return done.stdout


asyncio.run(revision())
```

## Good

```python
import asyncio


async def revision():
    process = await asyncio.create_subprocess_exec(
        "git", "rev-parse", "HEAD", stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    return output


asyncio.run(revision())
```

## Fix

The call is handed to a thread, which keeps its arguments and its result. The fix is unsafe:
cancelling the task no longer stops the program. Rewriting it with
`asyncio.create_subprocess_exec` is left to people, as arguments and results differ.

## When not to follow it

For a program that is known to end at once, at start-up before the first request is served.

## Differences

flake8-async reports `os.spawn*` by the name of its mode: `P_WAIT` of anything as ASYNC221, any other
mode as ASYNC220. Here `os.P_NOWAIT` does not wait, what is not known is silent, and `0`, which is
`os.P_WAIT`, waits. Who selects one of the codes gets what the tool reports under it too. Sonar's S7487 reports every
method of a `Popen` object; those that wait are `blocking-process-wait`.
)md";

enum Part : std::size_t { kWaits, kStarts, kStartsBeyond, kWaitsBeyond }; // RuleInfo::shapes

bool is_spelled_wait(const RuleContext& context, NodeId mode) {
    const Tree& tree = context.tree;
    if (context.model.name_of(mode) == "os.P_WAIT") return true;
    return (tree.is(mode, Kind::Attribute) ? identifier(tree, mode, Role::Attr)
                                           : tree.text(mode)) == "P_WAIT";
}

/// `os.spawnl(mode, ..)` whose mode is not known to wait.
void check_spawn(RuleContext& context, NodeId call) {
    const Tree& tree = context.tree;
    if (!context.wants(kStartsBeyond) && !context.wants(kWaitsBeyond)) return;
    if (tree.kind(call) != Kind::Call || !context.model.on_loop(call)) return;
    const std::string_view name = context.model.name_of(tree.child(call, Role::Callee));
    const NodeId mode = argument(tree, call, 0, "mode");
    if (!name.starts_with("os.spawn") || mode == kNoNode) return;
    const bool waits = is_spelled_wait(context, mode);
    context
        .report(call, "`" + display_name(name) +
                          (waits ? "()` waits for a program" : "()` starts a program") +
                          " in the thread of the event loop")
        .shape(waits ? kWaitsBeyond : kStartsBeyond);
}

void check(RuleContext& context, NodeId node) {
    const std::optional<BlockingOperation>& operation = operation_on_loop(context, node);
    if (!operation) check_spawn(context, node);
    if (!operation || operation->api->kind != BlockingKind::Subprocess) return;
    Finding finding = report_operation(context, *operation);
    // flake8-async has its code for starting a program for modes that it cannot read.
    if (operation->api->name.starts_with("os.spawn")) {
        const NodeId mode = argument(context.tree, node, 0, "mode");
        if (mode != kNoNode && !is_spelled_wait(context, mode)) finding.shape(kStarts);
    }
    // Waits for fork and exec only; asyncio starts its own subprocesses by this call.
    if (operation->api->name == "subprocess.Popen")
        finding.severity(Severity::Information).shape(kStarts);
}

} // namespace

Rule rule_blocking_subprocess() {
    return {
        {.name = "blocking-subprocess",
         .category = Category::Blocking,
         .severity = Severity::Error,
         .review = ReviewSeverity::Critical,
         .fix = FixAvailability::Sometimes,
         .aliases = {"ASYNC221", "ASYNC220", "S7487"},
         .shapes = {{{"ASYNC221"}},
                    {{"ASYNC220"}},
                    {.codes = {"ASYNC220"},
                     .beyond = "`os.spawn*` with a mode that is not spelled `P_WAIT`"},
                    {.codes = {"ASYNC221"},
                     .beyond = "`os.spawn*` with a mode that is spelled `P_WAIT`, whatever it is"}},
         .summary = "Running another program with `subprocess.run()`, `os.system()` and the "
                    "like on the event loop.",
         .doc = kDoc},
        blocking_kinds(),
        check};
}

} // namespace awaitls::analysis

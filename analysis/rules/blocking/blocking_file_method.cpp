#include "analysis/rules/blocking/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"md(Reading and writing an open file, `Path.read_text()`, `shutil.copytree()` and `shutil.rmtree()`
wait for the disk in the thread of the event loop. How long depends on the size of the data and on
who else uses the disk; meanwhile no other task runs.

Files in memory (`io.StringIO`, `io.BytesIO`) and the standard output streams are not reported.
For `os.walk()` and `glob.glob()` see `blocking-directory-walk`.

## Bad

```python
import asyncio
from pathlib import Path


async def template(name):
    return Path("templates", name).read_text()  # error: blocking-file-method


asyncio.run(template("index.html"))
```

## Good

```python
import asyncio
from pathlib import Path


async def template(name):
    return await asyncio.to_thread(Path("templates", name).read_text)


asyncio.run(template("index.html"))
```

## Fix

The call is handed to a thread. The fix is unsafe: other tasks run while it waits, and may use the
same file.

## When not to follow it

For small files on a local disk, read rarely.

## Differences

flake8-async's ASYNC232 reports whatever is called on a file, also methods that its class does not have,
and keeps to the annotation of a variable after something else was assigned to it or `isinstance` has
ruled it out. Who selects `ASYNC232` gets the former, never the latter. It does not see files in attributes, unpacked tuples, containers and unions, and what
functions return; this rule does.
)md";

constexpr std::size_t kBeyond = 1; // RuleInfo::shapes

void check_beyond(RuleContext& context, NodeId node) {
    const std::optional<MethodCall> call = method_call_on_loop(context, node);
    if (!call) return;
    const Type type = context.model.type_of(call->object);
    if (type->kind != TypeKind::Instance || type->confidence != Confidence::Certain) return;
    for (const std::string_view file :
         {"io.TextIOWrapper", "io.BufferedReader", "io.BufferedWriter", "io.BufferedRandom"}) {
        if (type->name != file) continue;
        context
            .report(node, "`" + std::string(call->method) + "()` is called on `" +
                              display_name(file) + "`, a file whose methods block")
            .shape(kBeyond);
        return;
    }
}

void check(RuleContext& context, NodeId node) {
    if (!report_blocking(context, node, BlockingKind::FileMethod) && context.wants(kBeyond))
        check_beyond(context, node);
}

} // namespace

Rule rule_blocking_file_method() {
    return {{.name = "blocking-file-method",
             .category = Category::Blocking,
             .severity = Severity::Information,
             .review = ReviewSeverity::Minor,
             .fix = FixAvailability::Sometimes,
             .aliases = {"ASYNC232"},
             .shapes = {{}, {.codes = {"ASYNC232"}, .beyond = "whatever else is called on a file"}},
             .summary = "Reading, writing or copying files on the event loop.",
             .doc = kDoc},
            blocking_kinds(),
            check};
}

} // namespace awaitls::analysis

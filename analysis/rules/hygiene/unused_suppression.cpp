#include "analysis/rules/rule.h"

namespace awaitls::analysis {

/// Reported by the driver, which alone knows what a suppression silenced.
Rule rule_unused_suppression() {
    RuleInfo info;
    info.name = "unused-suppression";
    info.category = Category::Hygiene;
    info.severity = Severity::Information;
    info.fix = FixAvailability::Always;
    info.summary = "An `awaitls: ignore` comment that silences nothing.";
    info.doc =
        R"(A suppression that outlives its finding hides the next one: somebody edits the line, a real bug appears, and the
comment keeps it quiet. Only this tool's own form is looked at; `# noqa` and the ignores of type checkers may serve other tools.

## Bad

```python
import asyncio


async def main() -> None:
    await asyncio.sleep(1)  # awaitls: ignore[blocking-sleep]  # error: unused-suppression


asyncio.run(main())
```

## Good

```python
import asyncio
import time


async def main() -> None:
    time.sleep(0.2)  # awaitls: ignore[blocking-sleep]
    await asyncio.sleep(1)


asyncio.run(main())
```

## Fix

Removes the comment, or those of its rules that silence nothing. A suppression of a rule that is switched off is left alone.
)";
    return {info, {}, [](RuleContext&, NodeId) {}};
}

} // namespace awaitls::analysis

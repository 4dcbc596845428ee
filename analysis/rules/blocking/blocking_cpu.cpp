#include "analysis/rules/blocking/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"md(Compression, password hashing and key derivation keep the processor busy in the thread of the
event loop. How long depends on the data: a kilobyte does not matter, ten megabytes or a password
hash with a good work factor take a tenth of a second and more, in which no other task runs. The
rule is off by default because the size is rarely known.

## Bad

```python
import asyncio
import hashlib


async def check(password, salt, expected):
    return hashlib.pbkdf2_hmac("sha256", password, salt, 600_000) == expected  # error: blocking-cpu


asyncio.run(check(b"secret", b"salt", b""))
```

## Good

```python
import asyncio
import hashlib


async def check(password, salt, expected):
    digest = await asyncio.to_thread(hashlib.pbkdf2_hmac, "sha256", password, salt, 600_000)
    return digest == expected


asyncio.run(check(b"secret", b"salt", b""))
```

## Fix

The call is handed to a thread; these functions release the interpreter lock while they compute.
The fix is unsafe: other tasks run meanwhile.

## When not to follow it

For small data.
)md";

void check(RuleContext& context, NodeId node) {
    report_blocking(context, node, BlockingKind::Cpu);
}

} // namespace

Rule rule_blocking_cpu() {
    return {{.name = "blocking-cpu",
             .category = Category::Blocking,
             .severity = Severity::Information,
             .review = ReviewSeverity::Minor,
             .on_by_default = false,
             .fix = FixAvailability::Sometimes,
             .summary = "Computation that takes long for large data, such as `zlib.compress()`, on "
                        "the event loop.",
             .doc = kDoc},
            blocking_kinds(),
            check};
}

} // namespace awaitls::analysis

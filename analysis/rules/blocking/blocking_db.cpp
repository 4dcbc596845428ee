#include "analysis/rules/blocking/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"md(Blocking drivers (`sqlite3`, `psycopg`, `pymysql`, `pymongo`, `redis`, a sync SQLAlchemy session)
wait for the database in the thread of the event loop. A slow query, a lock or a lost connection
then stops every task of the process.

Databases in memory (`sqlite3.connect(":memory:")`) are not reported, nor those of a class whose
constructor takes `":memory:"` where no path is given, nor is a function that SQLAlchemy's
`run_sync` runs.

## Bad

```python
import asyncio
import sqlite3


async def count(path):
    connection = sqlite3.connect(path)  # error: blocking-db
    rows = connection.execute("select count(*) from users")  # error: blocking-db
    return rows.fetchone()  # error: blocking-db


asyncio.run(count("users.db"))
```

## Good

```python
import asyncio
import sqlite3


def count_users(path):
    connection = sqlite3.connect(path)
    return connection.execute("select count(*) from users").fetchone()


async def count(path):
    return await asyncio.to_thread(count_users, path)


asyncio.run(count("users.db"))
```

An async driver (`aiosqlite`, `asyncpg`, `redis.asyncio`) needs no thread of yours.

## Fix

Where the driver allows it the call is handed to a thread. The fix is unsafe: connections and
sessions are often not safe to use from several threads. `sqlite3` objects belong to the thread
that made them, so there is no fix for them.

## When not to follow it

In a script that runs one coroutine and nothing else.
)md";

void check(RuleContext& context, NodeId node) {
    report_blocking(context, node, BlockingKind::Database);
}

} // namespace

Rule rule_blocking_db() {
    return {{.name = "blocking-db",
             .category = Category::Blocking,
             .severity = Severity::Error,
             .review = ReviewSeverity::Critical,
             .fix = FixAvailability::Sometimes,
             .summary = "A query by a blocking database driver, such as `sqlite3`, `psycopg` or "
                        "`redis`, on the event loop.",
             .doc = kDoc},
            blocking_kinds(),
            check};
}

} // namespace awaitls::analysis

#pragma once

// What awaitls knows about the standard library and third-party packages without reading them.
//
// The facts live in readable tables (analysis/knowledge/*.tsv, one source per row); the build
// compiles them into sorted constant arrays. Every name is a dotted qualified name in its canonical
// spelling, the one that users import (`aiohttp.ClientSession.get`, `threading.Lock`,
// `builtins.open`). All lookups are pure, thread-safe and O(1); the first one of a table
// makes its index. A name that no table has is unknown: null or false. A member is found under the name of a subclass too:
// `asyncio.BaseEventLoop.create_task` gives the row of `asyncio.AbstractEventLoop.create_task`
// because the class table knows the base.

#include <cstdint>
#include <span>
#include <string_view>

namespace awaitls::analysis {

/// Which rule a blocking operation belongs to; also ranks its cost.
enum class BlockingKind : std::uint8_t {
    Sleep,         // time.sleep
    Http,          // requests.get, urllib.request.urlopen, methods of sync clients
    Subprocess,    // subprocess.run, os.system
    ProcessWait,   // Popen.wait, os.waitpid
    Open,          // open, gzip.open
    FileMethod,    // read and write of an open file, shutil
    DirectoryWalk, // os.walk, os.listdir, glob
    Path,          // stat-like calls: os.path.exists, Path.stat
    Input,         // input, getpass
    Database,      // sqlite3, psycopg
    Socket,        // socket.recv
    Network,       // smtplib, paramiko, SDKs, dns
    Lock,          // threading.Lock.acquire, `with threading.Lock()`
    Wait,          // Thread.join, Queue.get, Event.wait, Future.result without limit
    Cpu,           // zlib.compress, hashlib.pbkdf2_hmac
    TlsCerts,      // ssl.SSLContext.load_verify_locations
    Import,        // importlib.import_module
};

/// The syntax that makes the operation happen.
enum class BlockingUse : std::uint8_t {
    Call,    // calling the named function, method or class
    Enter,   // entering an instance of the named class with `with`
    Iterate, // iterating over an instance of the named class
};

/// How a fix can make the call harmless.
enum class BlockingFix : std::uint8_t {
    None,   // needs another library or a rewrite
    Sleep,  // becomes an awaited sleep of the async library
    Thread, // can be handed to a thread as it is
};

struct BlockingApi {
    std::string_view
        name; // canonical; `pkg.Class.*` stands for every public method without a row of its own
    BlockingUse use;
    BlockingKind kind;
    BlockingFix fix;
    std::string_view replacement; // human text: what async code uses instead; may be empty
};

/// The row for a name and use, exact before wildcard, a class before its bases; null where nothing
/// is known. For `Enter` and `Iterate` the name is that of the class.
const BlockingApi* find_blocking(std::string_view qualified_name, BlockingUse use);

/// What calling (or reading, for properties) a known name gives.
enum class ApiKind : std::uint8_t {
    Function,  // an ordinary function: the value is `returns`
    Coroutine, // an async function: the value is a coroutine whose await gives `returns`
    Awaitable, // a sync function whose value, of type `returns`, can be awaited and need not be
               // (asyncio.Task)
    CoroutineOrManager, // result must be awaited or entered with `async with`; either gives
                        // `returns`
    AsyncManager,       // result is entered with `async with`, which gives `returns`
    Manager,            // result is entered with `with`, which gives `returns`
    AsyncIterator,      // result is iterated with `async for`, whose items are `returns`
    Property,           // attribute whose value is `returns`
    CoroutineProperty,  // attribute whose value is a coroutine; its await gives `returns`
    Class,              // a class: calling it gives an instance, `returns` is the class itself
};

/// A function that returns an instance of a known class is a Function even where the class is a
/// manager (asyncio.timeout gives asyncio.Timeout): ask the class. AsyncManager and Manager are for
/// results that have no class of their own. In `returns` builtins stand without their module
/// (`list[int]`), which find_class wants as `builtins.list`. `Class.__aenter__`, `__enter__`,
/// `__anext__` and the like have rows of their own where what they give is known.
struct Api {
    std::string_view name;
    ApiKind kind;
    std::string_view returns; // Python annotation with canonical names
                              // (`tuple[asyncio.StreamReader, asyncio.StreamWriter]`); may be empty
};

const Api* find_api(std::string_view qualified_name);

/// What instances of a known class can do. Flags include those inherited from `bases`.
struct ClassInfo {
    std::string_view name;
    std::string_view bases;  // canonical names separated by ", "; may be empty
    bool sync_manager : 1;   // __enter__/__exit__
    bool async_manager : 1;  // __aenter__/__aexit__
    bool sync_iterable : 1;  // __iter__
    bool async_iterable : 1; // __aiter__
    bool awaitable : 1;      // __await__
    bool complete : 1;    // the five flags above are the whole truth: an absent one means the class
                          // lacks it
    bool from_source : 1; // its code, where it is installed, knows more of it than the tables
};

const ClassInfo* find_class(std::string_view qualified_name);

/// True when the class is `base` or known to derive from it.
bool inherits_from(std::string_view class_name, std::string_view base);

/// The canonical spelling of a name that has others (`aiohttp.client.ClientSession` is
/// `aiohttp.ClientSession`, `asyncio.exceptions.TimeoutError` is `asyncio.TimeoutError`).
/// The longest aliased prefix counts; without one the name itself comes back when it needs no
/// change. Returns true and writes the result's two parts (their concatenation is the canonical
/// name) on a change.
bool canonical_name(std::string_view qualified_name, std::string_view& head,
                    std::string_view& tail);

/// Where a function runs a callable that it is given.
enum class RunsOn : std::uint8_t {
    Loop,    // later, on the event loop (call_soon, add_done_callback, add_reader)
    Thread,  // in another thread (to_thread, run_in_executor, Thread(target=))
    Process, // in another process
    Caller,  // at once, in the caller (map, sorted key, functools.partial only wraps)
    NewLoop, // the coroutine function is run by a loop of its own (anyio.run, trio.run)
};

struct Runner {
    std::string_view name;
    RunsOn where;
    std::int8_t position; // index of the callable among the positional arguments; -1: keyword only
    std::string_view keyword; // its keyword name; may be empty
};

const Runner* find_runner(std::string_view qualified_name);

/// What a known function does with a coroutine or another awaitable that it is given as an
/// argument.
enum class ArgumentUse : std::uint8_t {
    Awaits,   // consumes it: awaits it, runs it
    Spawns,   // makes a task of it, which runs beside the caller
    Discards, // uses it as a plain value: formats, compares, serialises, measures it
};

/// True and the use where the tables know it.
bool find_argument_use(std::string_view qualified_name, ArgumentUse& use);

/// Names whose `from module import *` is known: the public names of a module, sorted; empty where
/// unknown.
std::span<const std::string_view> star_names(std::string_view module);

/// Awaits of a network peer that can last forever by default (asyncio.open_connection,
/// StreamReader.read).
bool waits_for_network_forever(std::string_view qualified_name);

/// Client sessions and pools that are meant to be created once and shared (aiohttp.ClientSession).
bool is_shared_session(std::string_view qualified_name);

/// Calls that run an event loop to some end and therefore fail inside a running one (asyncio.run,
/// AbstractEventLoop.run_until_complete, asgiref.sync.async_to_sync).
bool reenters_loop(std::string_view qualified_name);

/// True when the root of a dotted name (its first component) is a module that any table knows.
bool is_known_package(std::string_view root);

} // namespace awaitls::analysis

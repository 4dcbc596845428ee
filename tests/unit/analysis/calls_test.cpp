// Who calls whom, and what calls do to the event loop.

#include "analysis/calls.h"
#include "analysis/rules/catalog.h"
#include "tests/support/memory_modules.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace awaitls::analysis {
namespace {

class Never final : public Cancellation {
public:
    bool cancelled() const override { return false; }
};

class Always final : public Cancellation {
public:
    bool cancelled() const override { return true; }
};

std::string mark_text(const CallSite& site) {
    switch (site.mark) {
    case CallMark::Plain: return "-";
    case CallMark::Blocks: return "blocks: " + site.witness;
    case CallMark::Awaited: return "awaited";
    case CallMark::Task: return "task";
    case CallMark::Callback: return "callback";
    case CallMark::Thread: return "thread";
    case CallMark::Process: return "process";
    }
    return "";
}

/// Modules, of which `app` is asked about where nothing else is said.
class Program {
public:
    explicit Program(const std::string& app = {})
        : modules_(std::make_shared<tests::MemoryModules>()) {
        if (!app.empty()) set("app", app);
    }

    Program& set(const std::string& name, const std::string& text, bool library = false) {
        modules_->set(name, text, library);
        return *this;
    }

    /// Lines of "module.name mark, mark"; those of the module itself without it.
    std::string outgoing(std::string_view name, const std::string& module = "app") {
        const std::unique_ptr<FileCalls> calls = open(module);
        const std::optional<CallItem> item = find(*calls, name);
        return item ? show(calls->outgoing(*item), module) : "no " + std::string(name);
    }

    /// Of an item of `module`: callers in `from`.
    std::string incoming(std::string_view name, const std::string& module = "app",
                         const std::string& from = "app") {
        const std::optional<CallItem> item = find(*open(module), name);
        return item ? show(*open(from)->incoming(*item, Never()), from) : "no " + std::string(name);
    }

    /// What stands at the `^` of the text of `app`, which is no part of it: "kind module.name".
    std::string at_mark(std::string text) {
        const std::size_t mark = text.find('^');
        EXPECT_NE(mark, std::string::npos);
        text.erase(mark, 1);
        set("app", text);
        std::string result;
        for (const CallItem& item : open("app")->items_at(static_cast<std::uint32_t>(mark))) {
            constexpr std::string_view kKinds[] = {"module", "class", "constructor", "method",
                                                   "function"};
            result += (result.empty() ? "" : " | ") +
                      std::string(kKinds[static_cast<std::size_t>(item.kind)]) + " " + item.module +
                      "." + item.name;
        }
        return result.empty() ? "-" : result;
    }

    std::unique_ptr<FileCalls> open(const std::string& module) {
        const std::shared_ptr<const ModuleFile> file =
            modules_->at(tests::MemoryModules::path_of(module));
        return std::make_unique<FileCalls>(
            file->module, std::make_shared<const Settings>(settings),
            ModulePlace{modules_, file->path, file->name, file->package, file->library});
    }

    static std::optional<CallItem> find(const FileCalls& calls, std::string_view name) {
        using Kind = CallItem::Kind;
        if (name.empty()) return calls.find(Kind::Module, {}, 0);
        for (const Kind kind : {Kind::Function, Kind::Method, Kind::Constructor, Kind::Class})
            if (std::optional<CallItem> item = calls.find(kind, name, 0)) return item;
        return std::nullopt;
    }

    Settings settings = default_settings();

private:
    static std::string show(const std::vector<CallEdge>& edges, const std::string& module) {
        std::string result;
        for (const CallEdge& edge : edges) {
            const CallItem& item = edge.item;
            EXPECT_LE(item.range.begin, item.name_range.begin);
            EXPECT_LE(item.name_range.end, item.range.end);
            result += result.empty() ? "" : "\n";
            if (item.module != module) result += item.module + ".";
            result += item.kind == CallItem::Kind::Module ? "<module>" : item.name;
            for (const CallSite& site : edge.sites)
                result += (&site == &edge.sites.front() ? " " : ", ") + mark_text(site);
        }
        return result;
    }

    std::shared_ptr<tests::MemoryModules> modules_;
};

std::string outgoing(const std::string& text, std::string_view name = "main") {
    return Program(text).outgoing(name);
}

// --- callees -------------------------------------------------------------------------------------------

TEST(Outgoing, FunctionsOfTheFile) {
    EXPECT_EQ(outgoing("def b(): pass\ndef a(): pass\ndef main():\n    a()\n    b()\n    a()\n"),
              "a -, -\nb -");
    EXPECT_EQ(outgoing("def main():\n    main()\n"), "main -");
    EXPECT_EQ(outgoing("def main():\n    print(len([]))\n    unknown()\n    x.y()\n"), "");
    EXPECT_EQ(outgoing("def a(): pass\ndef main():\n    a\n    x = a\n    return [a]\n"), "");
}

TEST(Outgoing, AtTheNameOfTheCallee) {
    const std::string text = "class Store:\n    def load(self): pass\n"
                             "def main():\n    Store().load()\n";
    Program program(text);
    const std::unique_ptr<FileCalls> calls = program.open("app");
    const std::vector<CallEdge> edges = calls->outgoing(*Program::find(*calls, "main"));
    ASSERT_EQ(edges.size(), 2U);
    const Span span = edges[1].sites.front().span;
    EXPECT_EQ(text.substr(span.begin, span.size()), "load");
    EXPECT_EQ(span.begin, text.rfind("load"));
}

TEST(Outgoing, Imported) {
    Program program("import store\nfrom store import load as fetch, Store\nfrom wide import *\n"
                    "def main():\n    store.load()\n    fetch()\n    Store().get()\n    far()\n");
    program.set("store", "def load(): pass\nclass Store:\n    def get(self): pass\n")
        .set("wide", "from deep import far\n")
        .set("deep", "def far(): pass\n");
    EXPECT_EQ(program.outgoing("main"),
              "store.load -, -\nstore.Store -\nstore.Store.get -\ndeep.far -");
}

TEST(Outgoing, LibrariesWithSource) {
    Program program("import lib\nimport os\n"
                    "async def main():\n    lib.wait()\n    os.getcwd()\n    missing.call()\n");
    program.set("lib", "import time\ndef wait(): time.sleep(1)\n", true);
    EXPECT_EQ(program.outgoing("main"), "lib.wait blocks: time.sleep");
}

TEST(Outgoing, LibrariesThatTheTablesKnow) {
    Program program("import requests\nimport aiohttp\nfrom requests import Session\nimport time\n"
                    "async def main():\n    requests.get('x')\n    Session().get('x')\n"
                    "    requests.post('x')\n    requests.odd()\n    time.sleep(1)\n"
                    "    async with aiohttp.ClientSession() as session:\n"
                    "        await session.get('x')\n");
    program.set("requests.__init__", "from .api import get\nfrom .sessions import *\n", true)
        .set("requests.api", "def get(url): pass\n", true)
        .set("requests.sessions",
             "class Base:\n    def get(self, url): pass\nclass Session(Base): pass\n", true)
        .set("aiohttp.__init__", "from .client import ClientSession as ClientSession\n", true)
        .set("aiohttp.client",
             "class ClientSession:\n    def __init__(self): pass\n"
             "    def get(self, url): pass\n",
             true);
    EXPECT_EQ(program.outgoing("main"), "requests.api.get blocks: requests.get\n"
                                        "requests.sessions.Session -\n"
                                        "requests.sessions.Base.get blocks: requests.Session.get\n"
                                        "aiohttp.client.ClientSession.__init__ awaited\n"
                                        "aiohttp.client.ClientSession.get awaited");
    EXPECT_EQ(program.incoming("get", "requests.api"), "main blocks: requests.get");
}

TEST(Outgoing, Methods) {
    const std::string classes = "class Base:\n"
                                "    def load(self): pass\n"
                                "    def save(self): self.load()\n"
                                "    @classmethod\n    def make(cls): return cls()\n"
                                "    @staticmethod\n    def help(): pass\n"
                                "class Store(Base):\n"
                                "    def load(self):\n        super().load()\n";
    Program program(classes + "def typed(store: Store):\n    store.load()\n    store.save()\n"
                              "def made():\n    store = Store()\n    store.load()\n"
                              "def of_class():\n    Base.make().load()\n    Base.help()\n"
                              "def either(x: Base | Other, y):\n    x.load()\n    y.load()\n"
                              "class Other:\n    def load(self): pass\n");
    EXPECT_EQ(program.outgoing("typed"), "Store.load -\nBase.save -");
    EXPECT_EQ(program.outgoing("made"), "Store -\nStore.load -");
    EXPECT_EQ(program.outgoing("Base.save"), "Base.load -");
    EXPECT_EQ(program.outgoing("Base.make"), "Base -");
    EXPECT_EQ(program.outgoing("Store.load"), "Base.load -");
    EXPECT_EQ(program.outgoing("of_class"), "Base.make -\nBase.load -\nBase.help -");
    EXPECT_EQ(program.outgoing("either"), "Base.load -\nOther.load -");
}

TEST(Outgoing, Overrides) {
    // What is called is not known; what is written is.
    Program program("class Base:\n    async def load(self): pass\n"
                    "class Quick(Base):\n    def load(self): pass\n"
                    "async def main(base: Base):\n    await base.load()\n");
    EXPECT_EQ(program.outgoing("main"), "Base.load awaited");
}

TEST(Outgoing, Constructors) {
    Program program("from dataclasses import dataclass\n"
                    "class A:\n    def __init__(self): helper()\n"
                    "class B(A): pass\n"
                    "class C(B):\n    def __init__(self):\n        super().__init__()\n"
                    "class D: pass\n"
                    "@dataclass\nclass E(A): pass\n"
                    "class F(unknown, A): pass\n"
                    "def helper(): pass\n"
                    "def main():\n    A(), B(), C(), D(), E(), F()\n");
    EXPECT_EQ(program.outgoing("main"), "A.__init__ -, -\nC.__init__ -\nD -\nE -\nF -");
    EXPECT_EQ(program.outgoing("A.__init__"), "helper -");
    EXPECT_EQ(program.outgoing("C.__init__"), "A.__init__ -");
    EXPECT_EQ(program.outgoing("D"), "");
}

TEST(Outgoing, ObjectsThatAreCalled) {
    EXPECT_EQ(outgoing("class Call:\n    def __call__(self): pass\ncall = Call()\n"
                       "def main():\n    call()\n"),
              "Call.__call__ -");
}

TEST(Outgoing, Properties) {
    Program program("import functools\n"
                    "class A:\n    @property\n    def size(self): return 1\n"
                    "    @size.setter\n    def size(self, value): pass\n"
                    "    @functools.cached_property\n    def late(self): return 2\n"
                    "    plain = 3\n"
                    "def main(a: A):\n    a.size + a.late + a.plain\n    a.size = 3\n");
    EXPECT_EQ(program.outgoing("main"), "A.size -\nA.late -");
    EXPECT_EQ(program.incoming("A.size"), "main -");
}

TEST(Outgoing, Decorated) {
    Program program("import functools\nfrom nowhere import odd\n"
                    "def trace(f): return f\n"
                    "def named(name):\n    return trace\n"
                    "@trace\ndef a(): pass\n"
                    "@named('b')\ndef b(): pass\n"
                    "@odd\ndef c(): pass\n"
                    "class A:\n    @odd\n    async def d(self): pass\n"
                    "async def main(o: A):\n    a()\n    b()\n    c()\n    await o.d()\n");
    EXPECT_EQ(program.outgoing("main"), "a -\nb -\nc -\nA.d awaited");
    EXPECT_EQ(program.outgoing(""), "trace -\nnamed -");
}

TEST(Outgoing, OverloadsAndRedefinitions) {
    EXPECT_EQ(outgoing("from typing import overload\n"
                       "@overload\ndef f(x: int) -> int: ...\n"
                       "@overload\ndef f(x: str) -> str: ...\n"
                       "def f(x): return g(x)\ndef g(x): pass\n"
                       "def main():\n    f(1)\n"),
              "f -");
}

// --- where code counts ---------------------------------------------------------------------------------

TEST(Owner, NestedFunctions) {
    Program program(
        "def a(): pass\ndef b(): pass\n"
        "def main():\n    def inner(x=b()):\n        a()\n    inner()\n    return inner\n");
    EXPECT_EQ(program.outgoing("main"), "b -\nmain.<locals>.inner -");
    EXPECT_EQ(program.outgoing("main.<locals>.inner"), "a -");
    EXPECT_EQ(program.incoming("a"), "main.<locals>.inner -");
}

TEST(Owner, LambdasAndComprehensions) {
    Program program("def a(x=0): pass\ndef b(): pass\ndef c(): pass\n"
                    "def main(xs):\n    f = lambda: b()\n    f()\n"
                    "    return [a(x) for x in xs], (c() for x in xs)\n");
    EXPECT_EQ(program.outgoing("main"), "b -\na -\nc -");
    EXPECT_EQ(program.incoming("b"), "main -");
}

TEST(Owner, ModuleAndClassLevel) {
    Program program("def a(x=0): pass\ndef b(): pass\ndef deco(f): return f\n"
                    "a()\nif __name__ == '__main__':\n    a()\n"
                    "class C:\n    x = b()\n    @deco\n    def m(self, y=a()): pass\n");
    EXPECT_EQ(program.outgoing(""), "a -, -, -\nb -\ndeco -");
    EXPECT_EQ(program.incoming("a"), "<module> -, -, -");
}

// --- marks ---------------------------------------------------------------------------------------------

TEST(Marks, Awaited) {
    EXPECT_EQ(outgoing("import asyncio\nimport contextlib\n"
                       "async def f(): pass\n"
                       "async def many():\n    yield 1\n"
                       "@contextlib.asynccontextmanager\nasync def held():\n    yield 1\n"
                       "async def main():\n"
                       "    await f()\n    await asyncio.wait_for(f(), 1)\n"
                       "    later = f()\n    await later\n"
                       "    async for x in many(): pass\n"
                       "    [x async for x in many()]\n"
                       "    async with held() as x: pass\n"),
              "f awaited, awaited, awaited\nmany awaited, awaited\nheld awaited");
    EXPECT_EQ(outgoing("import asyncio\nasync def f(): pass\ndef main():\n    asyncio.run(f())\n"
                       "    asyncio.get_event_loop().run_until_complete(f())\n"),
              "f awaited, awaited");
    EXPECT_EQ(outgoing("import anyio\nasync def f(): pass\ndef main():\n    anyio.run(f)\n"),
              "f awaited");
}

TEST(Marks, NeitherAwaitedNorTask) {
    EXPECT_EQ(
        outgoing("async def f(): pass\nasync def main():\n    f()\n    x = f()\n    print(f())\n"
                 "    return f()\n"),
        "f -, -, -, -");
    EXPECT_EQ(outgoing("import contextlib\n@contextlib.contextmanager\ndef held():\n    yield 1\n"
                       "async def main():\n    with held(): pass\n"),
              "held -");
}

TEST(Marks, Task) {
    EXPECT_EQ(outgoing("import asyncio\nasync def f(x=0): pass\n"
                       "async def main(xs):\n"
                       "    t = asyncio.create_task(f())\n"
                       "    asyncio.ensure_future(f())\n"
                       "    await asyncio.gather(f(), f())\n"
                       "    await asyncio.gather(*[f(x) for x in xs])\n"
                       "    await asyncio.gather(*(f(x) for x in xs))\n"
                       "    await asyncio.gather(*map(f, xs))\n"
                       "    await asyncio.wait([f()])\n"
                       "    coros = [f(x) for x in xs]\n    await asyncio.gather(*coros)\n"
                       "    more = []\n    more.append(f())\n    await asyncio.gather(*more)\n"
                       "    async with asyncio.TaskGroup() as group:\n"
                       "        group.create_task(f())\n        group.create_task(coro=f())\n"
                       "    asyncio.get_running_loop().create_task(f())\n"),
              "f task, task, task, task, task, task, task, task, task, task, task, task, task");
    EXPECT_EQ(outgoing("import anyio\nasync def f(x): pass\n"
                       "async def main():\n    async with anyio.create_task_group() as group:\n"
                       "        group.start_soon(f, 1)\n        await group.start(f)\n"),
              "f task, task");
    EXPECT_EQ(outgoing("import trio\nasync def f(): pass\n"
                       "async def main():\n    async with trio.open_nursery() as nursery:\n"
                       "        nursery.start_soon(f)\n"),
              "f task");
}

TEST(Marks, Thread) {
    EXPECT_EQ(outgoing("import asyncio\nimport functools\nimport threading\nimport time\n"
                       "from concurrent.futures import ThreadPoolExecutor, ProcessPoolExecutor\n"
                       "def f(x=0): time.sleep(1)\n"
                       "async def main():\n"
                       "    loop = asyncio.get_running_loop()\n"
                       "    await asyncio.to_thread(f)\n"
                       "    await loop.run_in_executor(None, f)\n"
                       "    await loop.run_in_executor(None, functools.partial(f, 1))\n"
                       "    await asyncio.to_thread(lambda: f(1))\n"
                       "    threading.Thread(target=f).start()\n"
                       "    ThreadPoolExecutor().submit(f, 1)\n"
                       "    ProcessPoolExecutor().submit(f, 1)\n"
                       "    f()\n"),
              "f thread, thread, thread, thread, thread, thread, process, blocks: time.sleep");
    EXPECT_EQ(outgoing("import anyio\ndef f(): pass\n"
                       "async def main():\n    await anyio.to_thread.run_sync(f)\n"),
              "f thread");
}

TEST(Marks, ThreadThroughAWrapper) {
    Program program("import tools\nfrom tools import Worker, in_thread\n"
                    "def f(x=0): pass\ndef g(): pass\n"
                    "async def main(worker: Worker):\n"
                    "    await in_thread(f, 1)\n    await worker.run(f)\n"
                    "    await tools.in_thread(lambda: g())\n    await tools.plain(f)\n");
    program.set("tools", "import asyncio\n"
                         "async def in_thread(function, *args):\n"
                         "    return await asyncio.to_thread(function, *args)\n"
                         "async def plain(function): pass\n"
                         "class Worker:\n"
                         "    async def run(self, function):\n"
                         "        loop = asyncio.get_running_loop()\n"
                         "        return await loop.run_in_executor(None, function)\n");
    EXPECT_EQ(program.outgoing("main"),
              "tools.in_thread awaited, awaited\nf thread, thread\ntools.Worker.run awaited\n"
              "g thread\ntools.plain awaited");
    EXPECT_EQ(program.incoming("f"), "main thread, thread");
}

TEST(Marks, Callback) {
    const std::string text = "import asyncio\nimport time\ndef quick(x=0): pass\n"
                             "def slow(): time.sleep(1)\n"
                             "async def serve(r, w): pass\n"
                             "async def main(loop: asyncio.AbstractEventLoop, t: asyncio.Task):\n"
                             "    loop.call_soon(quick, 1)\n    loop.call_later(1, quick)\n"
                             "    t.add_done_callback(quick)\n"
                             "    loop.call_soon(slow)\n    loop.call_soon(lambda: slow())\n"
                             "    await asyncio.start_server(serve)\n";
    EXPECT_EQ(outgoing(text), "quick callback, callback, callback\n"
                              "slow blocks: time.sleep, blocks: time.sleep\nserve task");
}

TEST(Marks, CalledByTheCaller) {
    EXPECT_EQ(outgoing("import atexit\nimport time\ndef key(x): pass\ndef slow(x): time.sleep(1)\n"
                       "async def main(xs):\n    sorted(xs, key=key)\n    list(map(slow, xs))\n"
                       "    atexit.register(slow)\n"),
              "key -\nslow blocks: time.sleep, -");
}

TEST(Marks, Blocks) {
    Program program("import os\nimport time\n"
                    "def deep(): time.sleep(1)\ndef helper(): deep()\n"
                    "def read(): return open('x')\n"
                    "def exists(): return os.path.exists('x')\n"
                    "def lines():\n    time.sleep(1)\n    yield 1\n"
                    "class Store:\n    def __init__(self): open('x')\n"
                    "def plain(): pass\n"
                    "async def main():\n    helper()\n    read()\n    exists()\n    plain()\n"
                    "    Store()\n    lines()\n    for line in lines(): pass\n"
                    "def sync(): helper()\n"
                    "helper()\n");
    EXPECT_EQ(program.outgoing("main"),
              "helper blocks: time.sleep\nread blocks: open\nexists -\nplain -\n"
              "Store.__init__ blocks: open\nlines -, blocks: time.sleep");
    EXPECT_EQ(program.outgoing("sync"), "helper blocks: time.sleep");
    EXPECT_EQ(program.outgoing("helper"), "deep blocks: time.sleep");
    EXPECT_EQ(program.outgoing(""), "helper -") << "no loop runs at the top";
    program.settings.enabled.set(*find_rule("blocking-path"));
    EXPECT_NE(program.outgoing("main").find("exists blocks: os.path.exists"), std::string::npos);
}

TEST(Marks, BlocksNowhereNearTheLoop) {
    EXPECT_EQ(outgoing("import asyncio\nimport time\ndef slow(): time.sleep(1)\n"
                       "def main():\n    try:\n        asyncio.get_running_loop()\n"
                       "    except RuntimeError:\n        slow()\n"
                       "    keep(lambda: slow())\n"),
              "slow -, -");
}

// --- callers -------------------------------------------------------------------------------------------

TEST(Incoming, AcrossFiles) {
    Program program("from store import load, Store\n"
                    "async def main(store: Store):\n    await load()\n    store.get()\n"
                    "async def twice():\n    await load()\n    await load()\nload()\n");
    program.set("store", "async def load(): pass\nclass Store:\n    def get(self): pass\n");
    EXPECT_EQ(program.incoming("load", "store"),
              "<module> -\nmain awaited\ntwice awaited, awaited");
    EXPECT_EQ(program.incoming("Store.get", "store"), "main -");
    EXPECT_EQ(program.incoming("load", "store", "store"), "");
}

TEST(Incoming, LookAlikes) {
    Program program("from other import load\nimport store as s\n"
                    "class Mine:\n    def load(self): pass\n"
                    "def a():\n    load()\n"
                    "def b(mine: Mine, x):\n    mine.load()\n    x.load()\n"
                    "def c():\n    def load(): pass\n    load()\n"
                    "def d(load):\n    load()\n"
                    "def e():\n    'load()'  # load()\n    return s.load\n"
                    "def f():\n    s.load()\n");
    program.set("store", "def load(): pass\n").set("other", "def load(): pass\n");
    EXPECT_EQ(program.incoming("load", "store"), "f -");
    EXPECT_EQ(program.incoming("load", "other"), "a -");
    EXPECT_EQ(program.incoming("Mine.load"), "b -");
    EXPECT_EQ(program.incoming("c.<locals>.load"), "c -");
}

TEST(Incoming, Constructors) {
    Program program("from store import Store, Bare\n"
                    "class Mine(Store): pass\n"
                    "class Own(Store):\n    def __init__(self):\n        super().__init__()\n"
                    "def a():\n    Store()\n"
                    "def b():\n    Mine()\n"
                    "def c():\n    Own()\n    Bare()\n");
    program.set("store", "class Store:\n    def __init__(self): pass\nclass Bare: pass\n");
    EXPECT_EQ(program.incoming("Store.__init__", "store"), "Own.__init__ -\na -\nb -");
    EXPECT_EQ(program.incoming("Bare", "store"), "c -");
}

TEST(Incoming, OutgoingIsItsMirror) {
    const std::string text =
        "import asyncio\nimport time\n"
        "class A:\n    def __init__(self): self.x()\n"
        "    def x(self): time.sleep(1)\n    @property\n    def y(self): return f()\n"
        "def f(): return A()\n"
        "async def g(a: A):\n    a.y\n    await h()\n    asyncio.create_task(h())\n"
        "async def h():\n    await asyncio.to_thread(f)\n    (lambda: f())()\n"
        "f()\n";
    Program program(text);
    const std::unique_ptr<FileCalls> calls = program.open("app");
    std::vector<std::string> out;
    std::vector<std::string> in;
    const auto line = [](const CallItem& from, const CallItem& to, const CallSite& site) {
        return from.name + " -> " + to.name + " " + mark_text(site) + " " +
               std::to_string(site.span.begin);
    };
    for (const std::string_view name : {"", "A.__init__", "A.x", "A.y", "f", "g", "h"}) {
        const CallItem item = *Program::find(*calls, name);
        for (const CallEdge& edge : calls->outgoing(item))
            for (const CallSite& site : edge.sites) out.push_back(line(item, edge.item, site));
        const std::optional<std::vector<CallEdge>> callers = calls->incoming(item, Never());
        for (const CallEdge& edge : *callers)
            for (const CallSite& site : edge.sites) in.push_back(line(edge.item, item, site));
    }
    std::sort(out.begin(), out.end());
    std::sort(in.begin(), in.end());
    EXPECT_EQ(out, in);
    EXPECT_EQ(out.size(), 9U);
}

TEST(Incoming, Cancelled) {
    Program program("def f(): f()\n");
    const std::unique_ptr<FileCalls> calls = program.open("app");
    EXPECT_FALSE(calls->incoming(*Program::find(*calls, "f"), Always()));
}

// --- other names ---------------------------------------------------------------------------------------

TEST(Leads, Names) {
    Program program("from store import load as fetch, Store\nimport store\n"
                    "grab = store.load\nother = store.save\n"
                    "table = {'load': [store.load], 'save': store.save}\nresult = "
                    "store.load()\nlater: object = store.load\n"
                    "class Mine(Store):\n    read = store.load\n"
                    "    def __init__(self):\n        self.take = store.load\n"
                    "class Yours(Store): pass\n"
                    "class Loaded(Mine): pass\n");
    program.set("store", "def load(): pass\ndef save(): pass\n"
                         "class Store:\n    def __init__(self): pass\n");
    const auto leads = [&](std::string_view name) {
        const CallItem item = *Program::find(*program.open("store"), name);
        return program.open("app")->leads(item, names_of(item));
    };
    EXPECT_EQ(leads("load").names,
              (std::vector<std::string>{"fetch", "grab", "later", "table", "read", "take"}));
    EXPECT_EQ(leads("Store.__init__").names, std::vector<std::string>{"Yours"});
    program
        .set("app", "from store import Call, Other\ncall = Call()\nother = Other()\n"
                    "class Mine(Call): pass\n")
        .set("store", "class Call:\n    def __call__(self): pass\nclass Other:\n"
                      "    def __call__(self): pass\nclass Store:\n    def __init__(self): pass\n");
    EXPECT_EQ(leads("Call.__call__").names, (std::vector<std::string>{"call", "Mine"}));
    EXPECT_EQ(names_of(*Program::find(*program.open("store"), "Store.__init__")),
              (std::vector<std::string>{"Store", "__init__"}));
}

TEST(Leads, FunctionsThatGetItPassed) {
    Program program("from run import run\nfrom store import load\ndef main():\n    run(load)\n");
    program.set("run", "def run(callback):\n    callback()\n").set("store", "def load(): pass\n");
    const CallItem item = *Program::find(*program.open("store"), "load");
    EXPECT_EQ(program.open("app")->leads(item, names_of(item)).paths,
              std::vector<std::string>{"/run.py"});
    EXPECT_EQ(program.incoming("load", "store", "run"), "run -");
}

// --- at an offset --------------------------------------------------------------------------------------

TEST(ItemsAt, Definitions) {
    Program program;
    EXPECT_EQ(program.at_mark("def ^main(): pass\n"), "function app.main");
    EXPECT_EQ(program.at_mark("def main^(): pass\n"), "function app.main");
    EXPECT_EQ(program.at_mark("async def m^ain(): pass\n"), "function app.main");
    EXPECT_EQ(program.at_mark("class A:\n    def ^m(self): pass\n"), "method app.A.m");
    EXPECT_EQ(program.at_mark("class ^A: pass\n"), "class app.A");
    EXPECT_EQ(program.at_mark("class ^A:\n    def __init__(self): pass\n"),
              "constructor app.A.__init__");
    EXPECT_EQ(program.at_mark("def a():\n    def ^b(): pass\n"), "function app.a.<locals>.b");
}

TEST(ItemsAt, References) {
    Program program;
    program.set("store", "def load(): pass\nclass Store:\n    def get(self): pass\n"
                         "    @property\n    def size(self): return 1\n");
    EXPECT_EQ(program.at_mark("import store\nstore.lo^ad()\n"), "function store.load");
    EXPECT_EQ(program.at_mark("from store import lo^ad\n"), "function store.load");
    EXPECT_EQ(program.at_mark("from store import load as fe^tch\n"), "function store.load");
    EXPECT_EQ(program.at_mark("from store import load\nx = [lo^ad]\n"), "function store.load");
    EXPECT_EQ(program.at_mark("from store import Store\ndef f(s: Store):\n    s.ge^t()\n"),
              "method store.Store.get");
    EXPECT_EQ(program.at_mark("from store import Store\ndef f(s: Sto^re): pass\n"),
              "class store.Store");
    EXPECT_EQ(program.at_mark("from store import Store\ndef f(s: Store):\n    return s.si^ze\n"),
              "method store.Store.size");
    EXPECT_EQ(program.at_mark("def a(): pass\ndef b(): pass\ndef f(x):\n    y = a if x else b\n"
                              "    ^y()\n"),
              "function app.a | function app.b");
}

TEST(ItemsAt, NothingElse) {
    Program program;
    for (const char* const text :
         {"^", "x = ^1\n", "import ^os\n", "import os\nos.ge^tcwd()\n", "de^f f(): pass\n",
          "def f(^x): pass\n", "def f():\n    '^f'\n", "def f(): pass  # ^f\n", "unkn^own()\n",
          "def f(x):\n    x.^y()\n", "f = ^lambda: 1\n", "def f(): pass\nf(^)\n"})
        EXPECT_EQ(program.at_mark(text), "-") << text;
}

TEST(Find, NearestOfTheName) {
    const std::string text = "import sys\nif sys.platform == 'x':\n    def f(): pass\nelse:\n"
                             "    def f(): pass\n";
    Program program(text);
    const std::unique_ptr<FileCalls> calls = program.open("app");
    const auto found = [&](std::size_t near_offset) {
        return calls->find(CallItem::Kind::Function, "f", static_cast<std::uint32_t>(near_offset))
            ->name_range.begin;
    };
    EXPECT_EQ(found(0), text.find("f()"));
    EXPECT_EQ(found(text.size()), text.rfind("f()"));
    EXPECT_FALSE(calls->find(CallItem::Kind::Method, "f", 0));
    EXPECT_FALSE(calls->find(CallItem::Kind::Function, "g", 0));
    EXPECT_FALSE(calls->find(CallItem::Kind::Class, "", 0));
}

TEST(Damage, CostsOneFunction) {
    EXPECT_EQ(outgoing("def f(): pass\ndef broken(:\n    f(\n\ndef main():\n    f()\n"), "f -");
}

} // namespace
} // namespace awaitls::analysis

// What expressions denote. `reveal(x)` in a text asks for the type of x; the answers come in the order of the text.

#include "analysis/rules/catalog.h"
#include "analysis/semantic/evaluator.h"
#include "analysis/syntax/outline.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace awaitls::analysis {
namespace {

/// A file with its models.
class Program {
public:
    explicit Program(std::string text, ModulePlace place = {})
        : module_(make_module(std::make_shared<const SourceText>(std::move(text)))),
          slots_(module_->slots),
          settings_(default_settings()),
          evaluator_(module_, settings_, std::move(place), {}) {
        for (const Slot& slot : slots_) EXPECT_TRUE(slot.region->clean()) << module_->text();
    }

    /// The types that the text asks for, one a line.
    std::string reveal() {
        std::string result;
        each_call("reveal", [&](RegionModel& model, NodeId call) {
            result += (result.empty() ? "" : "\n") +
                      describe(model.type_of(argument(model.tree(), call, 0, {})));
        });
        return result;
    }

    /// For each call of `mark`: "loop" or "-", where it runs.
    std::string places() {
        std::string result;
        each_call("mark", [&](RegionModel& model, NodeId call) {
            result +=
                (result.empty() ? "" : " ") + std::string(model.in_loop_callback(call) ? "callback"
                                                          : model.on_loop(call)        ? "loop"
                                                                                       : "-");
        });
        return result;
    }

    /// Why a function of the file blocks: "a -> b -> time.sleep", or "-".
    std::string blocks(std::string_view qualname) {
        for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
            RegionModel& model = evaluator_.model(slot);
            for (std::uint32_t i = 0; i < slots_[slot].region->functions.size(); ++i) {
                const NodeId body =
                    model.tree().child(slots_[slot].region->functions[i].node, Role::Body);
                const FunctionDef* const function = model.function_at(body);
                if (function == nullptr || function->qualname != qualname) continue;
                const BlockingChain* const chain = model.blocking(*function);
                if (chain == nullptr) return "-";
                std::string result;
                for (const ChainStep& step : chain->steps)
                    result += (result.empty() ? "" : " -> ") + step.label;
                return result;
            }
        }
        return "no such function";
    }

    /// The thread wrapper that can be used at the first call of `mark`.
    std::string wrapper() {
        std::string result = "no mark";
        each_call("mark",
                  [&](RegionModel& model, NodeId call) { result = model.thread_wrapper(call); });
        return result;
    }

private:
    template <typename Visit>
    void each_call(std::string_view name, Visit visit) {
        for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
            RegionModel& model = evaluator_.model(slot);
            const Tree& tree = model.tree();
            for (NodeId n = 0; n < tree.size(); ++n)
                if (tree.kind(n) == Kind::Call && tree.text(tree.child(n, Role::Callee)) == name)
                    visit(model, n);
        }
    }

    static std::string describe(Type type) {
        const std::string name(type->cls != nullptr        ? type->cls->qualname
                               : type->function != nullptr ? type->function->qualname
                                                           : type->name);
        std::string args;
        for (const Type arg : type->args) args += (args.empty() ? "[" : ", ") + describe(arg);
        if (!args.empty()) args += "]";
        std::string result;
        switch (type->kind) {
        case TypeKind::Unknown: return "?";
        case TypeKind::None: return "None";
        case TypeKind::Module: result = "module " + name; break;
        case TypeKind::Class: result = "class " + name; break;
        case TypeKind::Function: result = "function " + name; break;
        case TypeKind::Instance: result = name + args; break;
        case TypeKind::Coroutine: result = "coroutine " + name + args; break;
        case TypeKind::Awaitable: result = "awaitable " + name + args; break;
        case TypeKind::CoroutineOrManager: result = "coroutine-or-manager " + name + args; break;
        case TypeKind::AsyncManager: result = "async-manager" + args; break;
        case TypeKind::Manager: result = "manager" + args; break;
        case TypeKind::AsyncIterator: result = "async-iterator" + args; break;
        case TypeKind::Iterator: result = "iterator" + args; break;
        case TypeKind::Super: result = "super " + name; break;
        case TypeKind::Union:
            for (const Type one : type->args)
                result += (result.empty() ? "" : " | ") + describe(one);
            break;
        }
        return type->confidence == Confidence::Likely ? "likely " + result : result;
    }

    std::shared_ptr<const Module> module_;
    const std::vector<Slot>& slots_;
    Settings settings_;
    Evaluator evaluator_;
};

std::string reveal(std::string text) {
    return Program(std::move(text)).reveal();
}

// --- names ---------------------------------------------------------------------------------------------

TEST(Names, OfImports) {
    EXPECT_EQ(reveal("import time\nreveal(time)\nreveal(time.sleep)\n"),
              "module time\nfunction time.sleep");
    EXPECT_EQ(reveal("import time as t, ujson as j\nreveal(t.sleep)\nreveal(ujson)\n"),
              "function time.sleep\n?");
    EXPECT_EQ(reveal("from time import sleep as pause, sleep\nreveal(pause)\nreveal(sleep)\n"),
              "function time.sleep\nfunction time.sleep");
    EXPECT_EQ(reveal("import os.path\nreveal(os.path.exists)\nreveal(os.getcwd)\n"),
              "function os.path.exists\nfunction os.getcwd");
    EXPECT_EQ(reveal("import os.path as p\nreveal(p.exists)\n"), "function os.path.exists");
    EXPECT_EQ(reveal("from os import path\nreveal(path.exists)\n"), "function os.path.exists");
    EXPECT_EQ(reveal("import concurrent.futures\nreveal(concurrent.futures.Future)\n"),
              "class concurrent.futures.Future");
    EXPECT_EQ(
        reveal("from .time import sleep\nfrom . import time\nreveal(sleep)\nreveal(time.sleep)\n"),
        "?\n?")
        << "relative imports are other modules";
    EXPECT_EQ(reveal("reveal(open)\nreveal(len)\nreveal(nothing)\n"),
              "function builtins.open\nfunction builtins.len\n?");
}

TEST(Names, OfMissingImports) {
    EXPECT_EQ(reveal("reveal(time.sleep)\nreveal(httpx.Client())\n"),
              "function time.sleep\nhttpx.Client");
    EXPECT_EQ(reveal("import time as t\nreveal(time.sleep)\n"), "function time.sleep");
    EXPECT_EQ(reveal("from unknown_module import *\nreveal(time.sleep)\n"), "?")
        << "the module may have one";
    EXPECT_EQ(reveal("def f():\n    global time\n    time = make()\nreveal(time.sleep)\n"), "?");
    EXPECT_EQ(reveal("reveal(nothing.sleep)\nreveal(sleep)\n"), "?\n?");
}

TEST(Names, OfStarImports) {
    EXPECT_EQ(reveal("from time import *\nreveal(sleep)\n"), "function time.sleep");
    EXPECT_EQ(reveal("from os.path import *\nreveal(exists)\n"), "function os.path.exists");
    EXPECT_EQ(reveal("from unknown_module import *\nreveal(sleep)\n"), "?");
    EXPECT_EQ(reveal("from time import *\ndef sleep(): pass\nreveal(sleep)\n"), "function sleep");
}

TEST(Names, ShadowedAreOthers) {
    EXPECT_EQ(reveal("import time\ndef f(time):\n    reveal(time.sleep)\n"), "?");
    EXPECT_EQ(reveal("import time\ndef f():\n    time = make()\n    reveal(time.sleep)\n"), "?");
    EXPECT_EQ(reveal("import time\ndef f():\n    for time in x:\n        reveal(time)\n"), "?");
    EXPECT_EQ(reveal("import time\ndef f():\n    with x as time:\n        reveal(time)\n"), "?");
    EXPECT_EQ(reveal("import time\ndef f():\n    try: pass\n    except E as time:\n        "
                     "reveal(time.sleep)\n"),
              "?");
    EXPECT_EQ(reveal("import time\ndef f():\n    reveal(time)\n    import time\n"), "?")
        << "local from the start, and not bound yet";
    EXPECT_EQ(reveal("import time\ndef f():\n    if (time := g()): reveal(time)\n"), "?");
    EXPECT_EQ(reveal("import time\ntime = 3\nreveal(time.sleep())\n"), "?");
    EXPECT_EQ(reveal("from time import sleep\ndef sleep(x): pass\nreveal(sleep)\n"),
              "function time.sleep | function sleep")
        << "either, as other code may run in between";
    EXPECT_EQ(reveal("def open(x): pass\nreveal(open)\n"), "function open");
    EXPECT_EQ(
        reveal("import time\nmatch x:\n    case time: pass\ndef f():\n    reveal(time.sleep)\n"),
        "?");
}

TEST(Names, ConditionalImports) {
    EXPECT_EQ(reveal("try:\n    import ujson as json\nexcept ImportError:\n    import json\ndef "
                     "f():\n    reveal(json.load)\n"),
              "module ujson.load | module json.load")
        << "one or the other";
    EXPECT_EQ(reveal("try:\n    import requests\nexcept ImportError:\n    requests = None\ndef "
                     "f():\n    reveal(requests.get)\n"),
              "function requests.get");
    EXPECT_EQ(reveal("import sys\nif sys.version_info >= (3, 11):\n    from asyncio import "
                     "timeout\nelse:\n    from async_timeout import timeout\n"
                     "def f():\n    reveal(timeout)\n"),
              "function asyncio.timeout | function async_timeout.timeout");
    EXPECT_EQ(reveal("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import "
                     "requests\ndef f(s: 'requests.Session'):\n    reveal(s)\n"),
              "requests.Session");
}

TEST(Names, LocalImports) {
    EXPECT_EQ(reveal("def f():\n    import time as t\n    reveal(t.sleep)\ndef g():\n    "
                     "reveal(t.sleep)\n"),
              "function time.sleep\n?");
    EXPECT_EQ(reveal("def f():\n    from time import sleep\n    def g():\n        reveal(sleep)\n"),
              "function time.sleep");
}

TEST(Names, ClassScopes) {
    EXPECT_EQ(
        reveal("class A:\n    import time as t\n    reveal(t.sleep)\n    def f(self):\n        "
               "reveal(t.sleep)\n"),
        "function time.sleep\n?")
        << "methods do not see the names of the class body";
    EXPECT_EQ(
        reveal(
            "import time\nclass A:\n    time = 3\n    def f(self):\n        reveal(time.sleep)\n"),
        "function time.sleep");
    EXPECT_EQ(reveal("import time\nclass A:\n    def time(self): pass\n    def f(self):\n        "
                     "reveal(time.sleep)\n"),
              "function time.sleep");
}

TEST(Names, Comprehensions) {
    EXPECT_EQ(reveal("import time\nx = [reveal(time) for time in y]\nreveal(time)\n"),
              "?\nmodule time");
    EXPECT_EQ(reveal("import time\nx = [a for time in reveal(time)]\n"), "module time")
        << "the first iterable is evaluated outside";
    EXPECT_EQ(reveal("import time\ndef f():\n    x = [(time := a) for a in b]\n    reveal(time)\n"),
              "?")
        << "a walrus binds outside";
    EXPECT_EQ(reveal("import time\nx = {time: reveal(time.sleep) for a in b}\n"),
              "function time.sleep");
}

TEST(Names, LambdasDefaultsAndDecorators) {
    EXPECT_EQ(reveal("import time\nf = lambda time: reveal(time)\ng = lambda x: reveal(time)\n"),
              "?\nmodule time");
    EXPECT_EQ(reveal("import time\ndef f(time=reveal(time)): pass\n"), "module time");
    EXPECT_EQ(reveal("import time\n@reveal(time)\ndef f(time): pass\n"), "module time");
    EXPECT_EQ(reveal("import time\ndef f():\n    time = 1\n    def g(x=reveal(time)): pass\n"),
              "builtins.int");
}

TEST(Names, GlobalAndNonlocal) {
    EXPECT_EQ(reveal("import time\ndef f():\n    global time\n    reveal(time.sleep)\n"),
              "function time.sleep");
    EXPECT_EQ(reveal("import time\ndef f():\n    global time\n    time = make()\ndef g():\n    "
                     "reveal(time.sleep)\n"),
              "?");
    EXPECT_EQ(reveal("def f():\n    x = 1\n    def g():\n        nonlocal x\n        reveal(x)\n   "
                     "     x = 'a'\n"),
              "?");
    EXPECT_EQ(
        reveal(
            "x = open\ndef f():\n    x = 3\n    def g():\n        global x\n        reveal(x)\n"),
        "function builtins.open");
}

TEST(Names, DelAndRebinding) {
    EXPECT_EQ(reveal("import time\ndef f():\n    x = time\n    del x\n    reveal(x)\n"), "?");
    EXPECT_EQ(reveal("def f():\n    x = 1\n    x = 'a'\n    reveal(x)\n"), "builtins.str");
    EXPECT_EQ(reveal("def f():\n    x = 1\n    if y:\n        x = 'a'\n    reveal(x)\n"),
              "builtins.str | builtins.int");
    EXPECT_EQ(reveal("def f():\n    x = 1\n    if y:\n        x = 2\n    reveal(x)\n"),
              "builtins.int");
    EXPECT_EQ(reveal("def f():\n    x = 1\n    while y:\n        reveal(x)\n        x = 'a'\n"),
              "builtins.int | builtins.str")
        << "the next round sees the later value";
    EXPECT_EQ(reveal("def f():\n    if (x := 3): reveal(x)\n"), "builtins.int");
}

// --- types ---------------------------------------------------------------------------------------------

TEST(Types, OfLiteralsAndOperators) {
    EXPECT_EQ(reveal("reveal(1)\nreveal('a')\nreveal(b'a')\nreveal(1.0)\nreveal(None)\nreveal(not "
                     "x)\nreveal((1, 'a'))\nreveal([1])\nreveal({'a': 1})\n"),
              "builtins.int\nbuiltins.str\nbuiltins.bytes\nbuiltins.float\nNone\nbuiltins."
              "bool\nbuiltins.tuple[builtins.int, builtins.str]\n"
              "builtins.list[builtins.int]\nbuiltins.dict[builtins.str, builtins.int]");
    EXPECT_EQ(reveal("from pathlib import Path\nreveal(Path() / 'a')\nreveal('a' + 'b')\nreveal(1 "
                     "if x else 2)\nreveal(1 if x else 'a')\n"),
              "pathlib.Path\nbuiltins.str\nbuiltins.int\nbuiltins.int | builtins.str");
}

TEST(Types, OfConstructorsAndCalls) {
    EXPECT_EQ(reveal("import requests\ns = "
                     "requests.Session()\nreveal(s)\nreveal(s.get)\nreveal(s.get('u'))\n"),
              "requests.Session\nfunction requests.Session.get\nrequests.Response");
    EXPECT_EQ(reveal("class A: pass\na = A()\nreveal(A)\nreveal(a)\n"), "class A\nA");
    EXPECT_EQ(reveal("import asyncio\nreveal(asyncio.sleep(1))\n").substr(0, 23),
              "coroutine asyncio.sleep");
    EXPECT_EQ(reveal("async def f() -> int: return 1\nasync def g():\n    reveal(f)\n    "
                     "reveal(f())\n    reveal(await f())\n"),
              "function f\ncoroutine f[builtins.int]\nbuiltins.int");
    EXPECT_EQ(
        reveal("def f() -> 'int': ...\nreveal(f())\ndef g(): return open('x')\nreveal(g())\n"),
        "builtins.int\nio.TextIOWrapper");
}

TEST(Types, OfAnnotations) {
    EXPECT_EQ(reveal("import requests\nfrom typing import Optional, Annotated\n"
                     "def f(a: requests.Session, b: 'requests.Session', c: "
                     "Optional[requests.Session], d: requests.Session | None,\n"
                     "      e: Annotated[requests.Session, 1], g: 'Optional[requests.Session]', h: "
                     "list[requests.Session], i: Unknown):\n"
                     "    reveal(a)\n    reveal(b)\n    reveal(c)\n    reveal(d)\n    reveal(e)\n  "
                     "  reveal(g)\n    reveal(h[0])\n    reveal(i)\n"),
              "requests.Session\nrequests.Session\nrequests.Session\nrequests.Session\nrequests."
              "Session\nrequests.Session\nrequests.Session\n?");
    EXPECT_EQ(reveal("import requests\ndef f():\n    s: requests.Session = make()\n    reveal(s)\n "
                     "   t: requests.Session\n    reveal(t)\n"),
              "requests.Session\nrequests.Session");
    EXPECT_EQ(reveal("from typing import Self\nclass A:\n    def f(self) -> Self: ...\n    def "
                     "g(self) -> 'A': ...\n    def h(self):\n"
                     "        reveal(self.f())\n        reveal(self.g().f())\n"),
              "A\nA");
    EXPECT_EQ(reveal("import requests\ndef f(a: requests \\\n    . Session, b: list[  # why\n    "
                     "requests.Session]):\n    reveal(a)\n    reveal(b)\n"),
              "requests.Session\nbuiltins.list[requests.Session]");
    EXPECT_EQ(reveal("import requests\ndef f(*a: requests.Session, **k: requests.Session):\n    "
                     "reveal(a[0])\n    reveal(k['x'])\n")
                  .find("requests.Response"),
              std::string::npos);
}

TEST(Types, OfSelfAttributes) {
    EXPECT_EQ(reveal("import requests\nclass A:\n    x: requests.Session\n    y = "
                     "requests.Session()\n    def __init__(self, p: requests.Session):\n"
                     "        self.z = requests.Session()\n        self.p = p\n        self.q: "
                     "requests.Session = make()\n        self.n = None\n"
                     "    def f(self):\n        reveal(self.x)\n        reveal(self.y)\n        "
                     "reveal(self.z)\n        reveal(self.p)\n        reveal(self.q)\n"
                     "        reveal(self.unknown)\n"),
              "requests.Session\nrequests.Session\nrequests.Session\nrequests.Session\nrequests."
              "Session\n?");
    EXPECT_EQ(reveal("import requests\nclass A:\n    def __init__(self):\n        self.s = "
                     "requests.Session()\n    def g(self):\n        self.s = other()\n"
                     "    def f(self):\n        reveal(self.s)\n"),
              "?");
    EXPECT_EQ(reveal("import requests\nclass A:\n    def __init__(self):\n        self.s = "
                     "requests.Session()\na = A()\nreveal(a.s)\n"),
              "requests.Session");
}

/// What `reveal` gives in the body of a function with these parameters, behind these definitions.
std::string reveal_in(const std::string& definitions, const std::string& parameters,
                      const std::string& body) {
    return reveal(definitions + "\nasync def at(" + parameters + "):\n    " + body + "\n");
}

constexpr const char* kTwo = R"(
class A:
    async def get(self) -> str: ...
    def sync(self) -> int: ...
    async def __aenter__(self) -> "A": ...
class B:
    async def get(self) -> int: ...
    async def sync(self) -> int: ...
    async def __aenter__(self) -> "B": ...
class C(A): ...
)";

TEST(Types, OfEither) {
    EXPECT_EQ(reveal_in(kTwo, "x: A | B", "reveal(x); reveal(x.get()); reveal(await x.get())"),
              "A | B\ncoroutine A.get[builtins.str | builtins.int]\nbuiltins.str | builtins.int");
    EXPECT_EQ(reveal_in(kTwo, "x: A | B", "reveal(x.sync())"),
              "builtins.int | coroutine B.sync[builtins.int]")
        << "async in one of them";
    EXPECT_EQ(reveal_in(kTwo, "x: A | B | None", "reveal(x)"), "A | B");
    EXPECT_EQ(reveal_in(kTwo, "x: A | Missing", "reveal(x)"), "?");
    EXPECT_EQ(reveal_in(kTwo, "x: A | A", "reveal(x)"), "A");
    EXPECT_EQ(reveal_in(kTwo, "x: list[A | B]", "reveal([y.get() for y in x])"),
              "builtins.list[coroutine A.get[builtins.str | builtins.int]]");
    EXPECT_EQ(reveal_in(kTwo, "x: A | B", "reveal((y := x).get())"),
              "coroutine A.get[builtins.str | builtins.int]");
    EXPECT_EQ(reveal_in(kTwo, "flag", "x = A() if flag else B()\n    async with x as y: reveal(y)"),
              "A | B");
    EXPECT_EQ(reveal_in(std::string(kTwo) + "def f(): pass\nasync def g(): pass\n", "flag",
                        "h = f if flag else g\n    reveal(h())"),
              "?")
        << "nothing, or a coroutine";
    EXPECT_EQ(
        reveal_in("class M:\n    if x:\n        async def f(self): ...\n    else:\n        def "
                  "f(self): ...\n",
                  "m: M", "reveal(m.f())"),
        "?");
}

TEST(Types, OfAbstractGenerators) {
    const std::string base = "from typing import AsyncIterator\nclass A:\n    async def f(self) -> "
                             "AsyncIterator[int]:\n        ";
    for (const char* const body : {"...", "pass", "'Yields.'", "raise NotImplementedError",
                                   "'Yields.'\n        raise NotImplementedError"})
        EXPECT_EQ(reveal_in(base + body + "\n", "a: A", "reveal(a.f())"),
                  "async-iterator[builtins.int]")
            << body;
    EXPECT_EQ(reveal_in(base + "return make()\n", "a: A", "reveal(a.f())"),
              "coroutine A.f[async-iterator[builtins.int]]");
    EXPECT_EQ(reveal_in(base + "yield 1\n", "a: A", "reveal(a.f())"),
              "async-iterator[builtins.int]");
}

TEST(Types, OfDeclaredAttributes) {
    const std::string both = kTwo;
    EXPECT_EQ(
        reveal_in(both + "class H:\n    a: A | None = None\n    def set(self, x): self.a = x\n",
                  "h: H", "reveal(h.a)"),
        "A");
    EXPECT_EQ(reveal_in(both +
                            "class H:\n    def __init__(self, x):\n        self.a: A = x\n    def "
                            "set(self, x): self.a = x\n",
                        "h: H", "reveal(h.a)"),
              "A");
    EXPECT_EQ(reveal_in(both + "h: A | None = None\ndef set(x):\n    global h\n    h = x\n", "",
                        "reveal(h)"),
              "A");
    EXPECT_EQ(reveal_in(both +
                            "class H:\n    def __init__(self, x):\n        self.a = A()\n    def "
                            "set(self, x): self.a = x\n",
                        "h: H", "reveal(h.a)"),
              "?");
}

TEST(Types, OfAliases) {
    const std::string both = std::string("from typing import Optional, TypeAlias, Union\n") + kTwo;
    EXPECT_EQ(reveal_in(both + "X = A | B\n", "x: X", "reveal(x)"), "A | B");
    EXPECT_EQ(reveal_in(both + "X = Union[A, B]\n", "x: Optional[X]", "reveal(x)"), "A | B");
    EXPECT_EQ(reveal_in(both + "X: TypeAlias = dict[str, A]\n", "x: 'X'", "reveal(x['a'])"), "A");
    EXPECT_EQ(reveal_in(both + "type X = A | None\n", "x: X", "reveal(x)"), "A");
    EXPECT_EQ(reveal_in(both + "X = A\n", "x: X", "reveal(x)"), "A");
    EXPECT_EQ(reveal_in(both + "X = A | B\nX = A\n", "x: X", "reveal(x)"), "?") << "twice";
    EXPECT_EQ(reveal_in(both + "X = make(A)\n", "x: X", "reveal(x)"), "?");
    EXPECT_EQ(reveal_in(both + "X = X | A\n", "x: X", "reveal(x)"), "?") << "of itself";
}

TEST(Types, OfTypeTests) {
    const std::string both = kTwo;
    EXPECT_EQ(reveal_in(both, "x", "if isinstance(x, A): reveal(x)\n    reveal(x)"), "A\n?");
    EXPECT_EQ(reveal_in(both, "x: A | B", "if isinstance(x, A): reveal(x)\n    else: reveal(x)"),
              "A\nB");
    EXPECT_EQ(reveal_in(both, "x: A | B",
                        "if isinstance(x, A): pass\n    elif y: reveal(x)\n    else: reveal(x)"),
              "B\nB");
    EXPECT_EQ(reveal_in(both, "x: A | B", "if not isinstance(x, A): return\n    reveal(x)"), "A");
    EXPECT_EQ(reveal_in(both, "x: A | B", "if isinstance(x, A): return\n    reveal(x)"), "B");
    EXPECT_EQ(reveal_in(both, "x: A | B", "assert isinstance(x, B)\n    reveal(x)"), "B");
    EXPECT_EQ(reveal_in(both, "x", "isinstance(x, A) and reveal(x)"), "A");
    EXPECT_EQ(reveal_in(both, "x: A | B", "isinstance(x, A) or reveal(x)"), "B");
    EXPECT_EQ(reveal_in(both, "x", "if isinstance(x, (A, B)): reveal(x)"), "A | B");
    EXPECT_EQ(reveal_in(both, "x: C", "if isinstance(x, A): reveal(x)"), "C") << "it says less";
    EXPECT_EQ(reveal_in(both, "x: A", "if isinstance(x, C): reveal(x)"), "C");
    EXPECT_EQ(reveal_in(both, "x", "reveal([y for y in x if isinstance(y, A)])"),
              "builtins.list[A]");
    EXPECT_EQ(reveal_in(both, "x", "if y and isinstance(x.a, A): reveal(x.a)"), "?")
        << "attributes of what is not known are not followed";
    EXPECT_EQ(reveal_in(both + "class H:\n    a: A | B\n", "x: H",
                        "if isinstance(x.a, A): reveal(x.a)\n    reveal(x.a)"),
              "A\nA | B");
    // Look-alikes.
    EXPECT_EQ(
        reveal_in(both, "x: A | B", "if isinstance(x, A):\n        x = f()\n        reveal(x)"),
        "?");
    EXPECT_EQ(reveal_in(both, "x: A | B", "if isinstance(y, A): reveal(x)"), "A | B");
    EXPECT_EQ(reveal_in(both, "x: A | B", "if isinstance(x, A) or y: reveal(x)"), "A | B");
    EXPECT_EQ(reveal_in(both, "x: A | B", "if isinstance(x, A) and y: pass\n    else: reveal(x)"),
              "A | B");
    EXPECT_EQ(reveal_in(both + "def isinstance(a, b): ...\n", "x: A | B",
                        "if isinstance(x, A): reveal(x)"),
              "A | B");
    EXPECT_EQ(reveal_in(both, "x: A | B", "if isinstance(x, A): pass\n    reveal(x)"), "A | B");
    EXPECT_EQ(reveal_in(both, "x: A | B", "if isinstance(x, A): f = lambda: reveal(x)"), "A | B")
        << "runs later";
}

TEST(Types, OfTargetsThatAreTakenApart) {
    const std::string both = kTwo;
    EXPECT_EQ(reveal_in(both, "d: dict[str, A]", "for k, v in d.items(): reveal(k); reveal(v)"),
              "builtins.str\nA");
    EXPECT_EQ(reveal_in(both, "d: dict[str, A]",
                        "for i, (k, v) in enumerate(d.items()): reveal(i); reveal(v)"),
              "builtins.int\nA");
    EXPECT_EQ(
        reveal_in(both, "x: list[A], y: set[B]", "for a, b in zip(x, y): reveal(a); reveal(b)"),
        "A\nB");
    EXPECT_EQ(reveal_in(both, "x: list[A]", "for a in reversed(x): reveal(a)"), "A");
    EXPECT_EQ(reveal_in(both, "x: list[A]", "for a in filter(None, x): reveal(a)"), "A");
    EXPECT_EQ(reveal_in(both, "d: dict[str, A]", "reveal({k: v for k, v in d.items()})"),
              "builtins.dict[builtins.str, A]");
    EXPECT_EQ(
        reveal_in(both, "t: tuple[A, tuple[B, int]]", "a, (b, c) = t\n    reveal(a); reveal(b)"),
        "A\nB");
    EXPECT_EQ(reveal_in(both, "x", "a, b = A(), B()\n    reveal(a); reveal(b)"), "A\nB");
    EXPECT_EQ(reveal_in(both, "t: tuple[A, B]", "a, *b = t\n    reveal(a)"), "?");
    EXPECT_EQ(reveal_in(both, "t: tuple[A, B]", "a, b, c = t\n    reveal(a)"), "?");
}

TEST(Types, SelfIsWhatTheMethodIsCalledOn) {
    const std::string base = "from typing import Self\n\nclass Base:\n    @classmethod\n"
                             "    def make(cls) -> Self:\n        return cls()\n\n"
                             "    def me(self) -> Self:\n        return self\n\n"
                             "    async def later(self) -> Self:\n        return self\n\n"
                             "    def plain(self):\n        return self\n\n"
                             "    def named(self) -> 'Base':\n        return self\n\n"
                             "class Quick(Base):\n    pass\n\n";
    const auto in = [&](const std::string& rest) { return Program(base + rest).reveal(); };
    EXPECT_EQ(in("reveal(Quick.make())\nreveal(Base.make())\n"), "Quick\nBase");
    EXPECT_EQ(in("reveal(Quick().me())\nreveal(Quick().me().me())\n"), "Quick\nQuick");
    EXPECT_EQ(in("async def f():\n    reveal(await Quick().later())\n"), "Quick");
    EXPECT_EQ(in("reveal(Quick().plain())\nreveal(Base().plain())\n"), "?\nBase");
    EXPECT_EQ(in("reveal(Quick().named())\n"), "Base");
}

TEST(Types, AttributesAreLookedUpInPythonsOrder) {
    const std::string mixins = "class A: pass\nclass B: pass\n\n"
                               "class Mixin:\n    def f(self): return A()\n\n"
                               "class AsyncMixin(Mixin):\n    def f(self): return B()\n\n"
                               "class Manager(Mixin): pass\n\n";
    EXPECT_EQ(Program(mixins + "class Both(Manager, AsyncMixin):\n    def g(self):\n"
                               "        reveal(super().f())\n\nreveal(Both().f())\n")
                  .reveal(),
              "B\nB");
    EXPECT_EQ(
        Program(mixins + "class Odd(Mixin, AsyncMixin): pass\n\nreveal(Odd().f())\n").reveal(), "A")
        << "Python would refuse it";
    EXPECT_EQ(Program("class A(A):\n    def f(self): return 1\n\nreveal(A().f())\n").reveal(),
              "builtins.int");
}

TEST(Types, DescriptorsAndEnums) {
    EXPECT_EQ(Program("class Desc:\n    def __get__(self, o, t): ...\n\nclass Plain: pass\n\n"
                      "class Has:\n    d = Desc()\n    p = Plain()\n\n"
                      "reveal(Has().d)\nreveal(Has().p)\n")
                  .reveal(),
              "?\nPlain");
    EXPECT_EQ(Program("import enum\n\nclass Kind(enum.Enum):\n    A = 'a'\n    _B = 1\n\n"
                      "    def lower(self): return 1\n\nreveal(Kind.A)\nreveal(Kind.A.lower())\n")
                  .reveal(),
              "Kind\nbuiltins.int");
}

TEST(Types, OfParametersComeFromAllCalls) {
    const std::string head = "class A:\n    pass\n\nclass B:\n    pass\n\n";
    const auto in = [&](const std::string& rest) { return Program(head + rest).reveal(); };
    EXPECT_EQ(in("def f(x):\n    reveal(x)\n\nf(A())\nf(x=A())\n"), "A");
    EXPECT_EQ(in("def f(x):\n    reveal(x)\n\nf(A())\nf(B())\n"), "A | B");
    EXPECT_EQ(in("def f(x=None):\n    reveal(x)\n\nf(A())\nf()\n"), "A");
    EXPECT_EQ(in("def f(y, *, x=B()):\n    reveal(x)\n\nf(1, x=A())\nf(2)\n"), "A | B");
    EXPECT_EQ(
        in("class C:\n    def __init__(self, x):\n        self.x = x\n\n"
           "    def g(self):\n        reveal(self.x)\n\ndef main():\n    a = A()\n    C(a)\n"),
        "A");
    EXPECT_EQ(in("class C:\n    def m(self, x):\n        reveal(x)\n\n    def g(self):\n"
                 "        self.m(A())\n"),
              "A");
    EXPECT_EQ(in("def g(y):\n    f(y)\n\ndef f(x):\n    reveal(x)\n\ng(A())\n"), "A");
    // What one call passes is not known, or not all calls are.
    EXPECT_EQ(in("def f(x):\n    reveal(x)\n"), "?");
    EXPECT_EQ(in("def f(x):\n    reveal(x)\n\nf(A())\nf(unheard)\n"), "?");
    EXPECT_EQ(in("def f(x):\n    reveal(x)\n\nf(A())\nf(*rest)\n"), "?");
    EXPECT_EQ(in("def f(x):\n    reveal(x)\n\nf(A())\nlater(f)\n"), "?");
    EXPECT_EQ(in("def f(x):\n    reveal(x)\n\nf(A())\nunheard.f(B())\n"), "?");
    EXPECT_EQ(in("@unheard\ndef f(x):\n    reveal(x)\n\nf(A())\n"), "?");
    EXPECT_EQ(in("def f(*x):\n    reveal(x)\n\nf(A())\n"), "builtins.tuple");
    EXPECT_EQ(in("def f(x):\n    f(x)\n    reveal(x)\n\nf(A())\n"), "?");
    EXPECT_EQ(in("class C:\n    def __init__(self, x):\n        reveal(x)\n\n"
                 "class D(C):\n    pass\n\nC(A())\n"),
              "?")
        << "a subclass may be made";
    EXPECT_EQ(in("class C:\n    def __init__(self, x):\n        reveal(x)\n\n"
                 "    @classmethod\n    def make(cls):\n        return cls(B())\n\nC(A())\n"),
              "?");
    EXPECT_EQ(in("from unheard import Base\n\nclass C(Base):\n    def m(self, x):\n"
                 "        reveal(x)\n\n    def g(self):\n        self.m(A())\n"),
              "?")
        << "a framework may call it";
    // What only names a class does not make one.
    EXPECT_EQ(in("class C:\n    def __init__(self, x):\n        reveal(x)\n\n"
                 "def g(c: C) -> C:\n    isinstance(c, C)\n\nC(A())\n"),
              "A");
}

TEST(Types, OfWhatBodiesReturn) {
    const std::string both = kTwo;
    EXPECT_EQ(
        reveal_in(both + "def f(x):\n    if x: return A()\n    return B()\n", "", "reveal(f(1))"),
        "A | B");
    EXPECT_EQ(reveal_in(both + "def f(x):\n    made = A()\n    made.sync()\n    return made\n", "",
                        "reveal(f(1))"),
              "?")
        << "a letter typed in a body must not concern its callers";
    EXPECT_EQ(
        reveal_in(both + "def f(x):\n    if x: return A()\n    return None\n", "", "reveal(f(1))"),
        "A");
    EXPECT_EQ(reveal_in(both + "async def f(x):\n    return A()\n", "", "reveal(await f(1))"), "A");
    EXPECT_EQ(
        reveal_in(both + "def f(x):\n    for a in x: yield A()\n", "", "for y in f(1): reveal(y)"),
        "A");
    EXPECT_EQ(reveal_in("from contextlib import contextmanager\n" + both +
                            "@contextmanager\ndef f():\n    yield A()\n",
                        "", "with f() as y: reveal(y)"),
              "A");
    EXPECT_EQ(
        reveal_in(both + "def f(x):\n    if x: return A()\n    return x\n", "", "reveal(f(y))"),
        "?");
    EXPECT_EQ(reveal_in(both + "def f(x):\n    return f(x)\n", "", "reveal(f(1))"), "?");
    EXPECT_EQ(reveal_in("from typing import TypeVar\nT = TypeVar('T', bound='A')\n" + both +
                            "def f(x: T) -> T: return x\n",
                        "", "reveal(f(C()))"),
              "A");
}

TEST(Types, OfDecoratedByTheProject) {
    const auto decorated = [](const std::string& decorator, const std::string& use = "@d") {
        return reveal("import functools, inspect\nfrom typing import Any, Callable, ParamSpec, "
                      "TypeVar\nF = TypeVar('F')\nP = ParamSpec('P')\nR = TypeVar('R')\n" +
                      decorator + "\n" + use + "\nasync def f() -> int: ...\n" + use +
                      "\ndef g() -> str: ...\nreveal(f())\nreveal(g())\n");
    };
    const std::string same = "coroutine f[builtins.int]\nbuiltins.str";
    EXPECT_EQ(decorated("def d(f: F) -> F:\n    return x(f)"), same);
    EXPECT_EQ(decorated("def d(f: Callable[P, R]) -> Callable[P, R]:\n    return x(f)"), same);
    EXPECT_EQ(decorated("def d(f):\n    all.append(f)\n    return f"), same);
    EXPECT_EQ(
        decorated("def d(name):\n    def inner(f):\n        return f\n    return inner", "@d('a')"),
        same);
    EXPECT_EQ(decorated("def d(f):\n    @functools.wraps(f)\n    def wrapper(*a, **k):\n"
                        "        log(f)\n        return f(*a, **k)\n    return wrapper"),
              same);
    EXPECT_EQ(decorated("def d(f):\n    async def wrapper(*a):\n        return await f(*a)\n"
                        "    return wrapper"),
              "coroutine f[builtins.int]\ncoroutine g[builtins.str]");
    EXPECT_EQ(decorated("def d(f):\n    if inspect.iscoroutinefunction(f):\n        async def "
                        "outer(*a):\n            return await f(*a)\n        return outer\n    def "
                        "inner(*a):\n        r = f(*a)\n        return r\n    return inner"),
              same);
    // What else they may give is not known.
    EXPECT_EQ(decorated("def d(f):\n    return Command(f)"), "?\n?");
    EXPECT_EQ(decorated("def d(f: F) -> Any:\n    return Command(f)"), "?\n?");
    EXPECT_EQ(
        decorated("def d(f):\n    def wrapper(*a):\n        return run(f)\n    return wrapper"),
        "?\n?");
    EXPECT_EQ(decorated("def d(f):\n    def wrapper(*a):\n        return spawn(f(*a))\n    return "
                        "wrapper"),
              "?\n?");
    EXPECT_EQ(decorated("def d(f):\n    def wrapper(*a):\n        f(*a)\n    return wrapper"),
              "?\nbuiltins.str")
        << "the coroutine is lost inside";
    EXPECT_EQ(decorated("def d(f):\n    f = Command(f)\n    return f"), "?\n?");
    EXPECT_EQ(decorated("class d:\n    def __init__(self, f): ...\n"), "?\n?");
}

TEST(Types, OfPropertiesAndKindsOfMethods) {
    EXPECT_EQ(reveal("import requests\nclass A:\n    @property\n    def s(self) -> "
                     "requests.Session: ...\n    @classmethod\n    def make(cls) -> 'A': ...\n"
                     "    @staticmethod\n    def t() -> int: ...\n    async def m(self): ...\n    "
                     "def f(self):\n        reveal(self.s)\n        reveal(self.make())\n"
                     "        reveal(A.t())\n        reveal(self.m)\n        reveal(self.m())\n"),
              "requests.Session\nA\nbuiltins.int\nfunction A.m\ncoroutine A.m[?]");
    EXPECT_EQ(reveal("from functools import cached_property\nclass A:\n    @cached_property\n    "
                     "def x(self) -> int: ...\n    def f(self):\n        reveal(self.x)\n"),
              "builtins.int");
    EXPECT_EQ(reveal("@unknown_decorator\nasync def f(): ...\nreveal(f())\n"), "?");
    EXPECT_EQ(
        reveal(
            "from functools import wraps, lru_cache\nfrom typing import "
            "no_type_check\n@no_type_check\nasync def f(): ...\n@lru_cache\ndef g() -> int: ...\n"
            "reveal(f())\nreveal(g())\n"),
        "coroutine f[?]\nbuiltins.int");
}

TEST(Types, OfOverloadsThatACallMeans) {
    const std::string code = R"(
from typing import Literal, overload
class Response:
    async def read(self): ...
class Stream: ...
@overload
def get(url: str, *, stream: Literal[True]) -> Stream: ...
@overload
def get(url: str, *, stream: Literal[False] = ...) -> Response: ...
@overload
def get(url: str, *, stream: bool = ...) -> Response | Stream: ...
def get(url, *, stream=False): ...
@overload
def both(*, stream: Literal[False] = False) -> Response: ...
@overload
def both(*, stream: Literal[True] = True) -> Stream: ...
def both(*, stream=None): ...
class Client:
    @overload
    def call(self, kind: Literal["a", "b"]) -> Response: ...
    @overload
    def call(self, kind: str, more: int) -> Stream: ...
    @overload
    def call(self, kind: None) -> Client: ...
    def call(self, kind, more=0): ...
    @overload
    async def later(self, x: int) -> Response: ...
    @overload
    async def later(self, x: str) -> Stream: ...
    async def later(self, x): ...
    @overload
    def same(self, x: int) -> Stream: ...
    @overload
    def same(self, x: str) -> Stream: ...
    def same(self, x): ...
def f(c: Client, flag: bool, args, n):
    )";
    const auto type = [&](const std::string& expression) {
        return reveal(code + "reveal(" + expression + ")\n");
    };
    EXPECT_EQ(type("get('x')"), "Response");
    EXPECT_EQ(type("get('x', stream=True)"), "Stream");
    EXPECT_EQ(type("get('x', stream=False)"), "Response");
    EXPECT_EQ(type("get('x', stream=flag)"), "Stream | Response");
    EXPECT_EQ(type("get(*args)"), "Stream | Response");
    EXPECT_EQ(type("both()"), "Response | Stream");
    EXPECT_EQ(type("both(stream=True)"), "Stream");
    EXPECT_EQ(type("get('x', nothing=1)"), "?");
    EXPECT_EQ(type("c.call('a')"), "Response");
    EXPECT_EQ(type("c.call('c')"), "?");
    EXPECT_EQ(type("c.call(None)"), "Client");
    EXPECT_EQ(type("c.call('c', 3)"), "Stream");
    EXPECT_EQ(type("c.call('a', more=n)"), "Stream");
    EXPECT_EQ(type("c.later(1)"), "coroutine Client.later[Response]");
    EXPECT_EQ(type("c.same(n)"), "Stream");
}

TEST(Types, OfInheritedMembers) {
    EXPECT_EQ(reveal("import requests\nclass A:\n    async def f(self): ...\n    s = "
                     "requests.Session()\nclass B(A): ...\nclass C(B):\n    def g(self):\n"
                     "        reveal(self.f())\n        reveal(self.s)\n        "
                     "reveal(super().f)\n        reveal(super())\n"),
              "coroutine A.f[?]\nrequests.Session\nfunction A.f\nsuper C");
    EXPECT_EQ(
        reveal("class A:\n    async def f(self): ...\nclass B(A):\n    def f(self) -> int: ...\n   "
               " def g(self):\n        reveal(self.f())\n        reveal(super().f())\n"),
        "builtins.int\ncoroutine A.f[?]");
    EXPECT_EQ(reveal("from elsewhere import Base\nclass A(Base):\n    async def f(self): ...\n    "
                     "def g(self):\n        reveal(self.f())\n        reveal(self.h())\n"),
              "coroutine A.f[?]\n?");
    EXPECT_EQ(reveal("import requests\nclass S(requests.Session): ...\ns = S()\nreveal(s.get)\n"),
              "function requests.Session.get");
}

TEST(Types, OfWithAndForTargets) {
    EXPECT_EQ(reveal("with open('a') as f:\n    reveal(f)\nimport requests\nwith "
                     "requests.Session() as s:\n    reveal(s)\n"),
              "io.TextIOWrapper\nrequests.Session");
    EXPECT_EQ(
        reveal("import aiohttp\nasync def f():\n    async with aiohttp.ClientSession() as s:\n     "
               "   reveal(s)\n        async with s.get('u') as r:\n            reveal(r)\n"),
        "aiohttp.ClientSession\naiohttp.ClientResponse");
    EXPECT_EQ(reveal("from pathlib import Path\nfor p in Path().glob('*'):\n    reveal(p)\n"),
              "pathlib.Path");
    EXPECT_EQ(
        reveal("from pathlib import Path\ndef f(paths: list[Path]):\n    x = {p: reveal(p) for p "
               "in paths if reveal(p)}\n    y = [z for z in paths for p in reveal(z)]\n"),
        "pathlib.Path\npathlib.Path\npathlib.Path");
    EXPECT_EQ(
        reveal(
            "from pathlib import Path\npaths: list[Path] = []\nx = [reveal(p) for p in paths]\n"),
        "pathlib.Path");
    EXPECT_EQ(reveal("async def g():\n    yield 1\nasync def f():\n    reveal(g())\n    async for "
                     "x in g():\n        reveal(x)\n")
                  .substr(0, 14),
              "async-iterator");
    EXPECT_EQ(
        reveal("from contextlib import contextmanager, asynccontextmanager\nimport "
               "requests\n@contextmanager\ndef a():\n    yield requests.Session()\n"
               "@asynccontextmanager\nasync def b():\n    yield 1\nreveal(a()).x\nreveal(b()).x\n")
            .substr(0, 7),
        "manager");
}

TEST(Types, OfUnpackedValues) {
    EXPECT_EQ(reveal("import asyncio\nasync def f():\n    r, w = await asyncio.open_connection()\n "
                     "   reveal(r)\n    reveal(w)\n"),
              "asyncio.StreamReader\nasyncio.StreamWriter");
    EXPECT_EQ(reveal("a, b = 1, 'x'\nreveal(a)\nreveal(b)\n"), "builtins.int\nbuiltins.str");
    EXPECT_EQ(reveal("a, *b = 1, 2, 3\nreveal(b)\n"), "?");
}

TEST(Types, DoNotLoop) {
    EXPECT_EQ(reveal("x = x\nreveal(x)\n"), "?");
    EXPECT_EQ(reveal("x = y\ny = x\nreveal(x)\n"), "?");
    EXPECT_EQ(reveal("def f(): return f()\nreveal(f())\n"), "?");
    EXPECT_EQ(reveal("def f(): return g()\ndef g(): return f()\nreveal(f())\n"), "?");
    EXPECT_EQ(
        reveal("class A(A): ...\nreveal(A().x)\nclass B(C): ...\nclass C(B): ...\nreveal(B().x)\n"),
        "?\n?");
    EXPECT_EQ(reveal("def f(x: 'x') -> 'f':\n    reveal(x)\nreveal(f())\n"), "?\n?");
    EXPECT_EQ(reveal("class A:\n    def f(self):\n        self.x = self.y\n        self.y = "
                     "self.x\n        reveal(self.x)\n"),
              "?");
}

// --- where code runs, and what it does -------------------------------------------------------------------

TEST(Context, CallbacksRunOnTheLoop) {
    EXPECT_EQ(Program("import asyncio\nasync def a():\n    mark()\ndef b():\n    mark()\nmark()\nx "
                      "= lambda: mark()\n")
                  .places(),
              "loop - - -");
    EXPECT_EQ(Program("import asyncio\ndef done(t):\n    mark()\ndef later():\n    mark()\ndef "
                      "other():\n    mark()\nasync def main():\n"
                      "    t = asyncio.create_task(x())\n    t.add_done_callback(done)\n    "
                      "asyncio.get_running_loop().call_later(1, later)\n")
                  .places(),
              "callback callback -");
    EXPECT_EQ(Program("import asyncio\nclass A:\n    def done(self, t):\n        mark()\n    async "
                      "def run(self):\n"
                      "        asyncio.get_running_loop().call_soon(self.done)\n")
                  .places(),
              "callback");
    EXPECT_EQ(Program("async def a():\n    def b():\n        mark()\n    f = lambda: mark()\n    "
                      "[mark() for x in y]\n    def c(x=mark()): pass\n")
                  .places(),
              "- - loop loop");
}

TEST(Summaries, FollowCalls) {
    const std::string source =
        "import time\nclass A:\n    def low(self):\n        time.sleep(1)\n    def mid(self):\n    "
        "    self.low()\ndef high():\n    A().mid()\n"
        "def pure():\n    return 1\nasync def co():\n    time.sleep(1)\ndef starts():\n    co()\n";
    Program program(source);
    EXPECT_EQ(program.blocks("A.low"), "time.sleep");
    EXPECT_EQ(program.blocks("A.mid"), "A.low -> time.sleep");
    EXPECT_EQ(program.blocks("high"), "A.mid -> A.low -> time.sleep");
    EXPECT_EQ(program.blocks("pure"), "-");
    EXPECT_EQ(program.blocks("starts"), "-") << "calling an async function runs nothing of it";
}

TEST(Summaries, OfCyclesEnd) {
    Program program("import time\ndef a():\n    b()\ndef b():\n    a()\ndef c():\n    d()\ndef "
                    "d():\n    c()\n    time.sleep(1)\ndef e():\n    e()\n");
    EXPECT_EQ(program.blocks("a"), "-");
    EXPECT_EQ(program.blocks("b"), "-");
    EXPECT_EQ(program.blocks("c"), "d -> time.sleep");
    EXPECT_EQ(program.blocks("d"), "time.sleep");
    EXPECT_EQ(program.blocks("e"), "-");
}

TEST(Summaries, OfWhatIsNotRunHere) {
    Program program(
        "import time, threading\ndef gen():\n    time.sleep(1)\n    yield\ndef makes():\n    "
        "return gen()\ndef runs():\n    for x in gen(): pass\n"
        "def work():\n    time.sleep(1)\ndef thread():\n    "
        "threading.Thread(target=work).start()\ndef lam():\n    return lambda: time.sleep(1)\n"
        "def nested():\n    def inner():\n        time.sleep(1)\n    return inner\ndef calls():\n  "
        "  def inner():\n        time.sleep(1)\n    inner()\n");
    EXPECT_EQ(program.blocks("makes"), "-") << "a generator runs when it is iterated";
    EXPECT_EQ(program.blocks("runs"), "gen -> time.sleep");
    EXPECT_EQ(program.blocks("thread"), "-");
    EXPECT_EQ(program.blocks("lam"), "-");
    EXPECT_EQ(program.blocks("nested"), "-");
    EXPECT_NE(program.blocks("calls"), "-");
}

TEST(Wrappers, AreFoundWhereTheyCanBeCalled) {
    EXPECT_EQ(Program("import asyncio\nasync def in_thread(f, *a):\n    return await "
                      "asyncio.to_thread(f, *a)\nasync def main():\n    mark()\n")
                  .wrapper(),
              "in_thread");
    EXPECT_EQ(Program("import asyncio\nclass A:\n    async def _run(self, f, *a):\n        return "
                      "await asyncio.get_running_loop().run_in_executor(None, f, *a)\n"
                      "    async def main(self):\n        mark()\n")
                  .wrapper(),
              "self._run");
    EXPECT_EQ(Program("import asyncio\nasync def in_thread(f):\n    return await "
                      "asyncio.to_thread(print, f)\nasync def main():\n    mark()\n")
                  .wrapper(),
              "");
    EXPECT_EQ(Program("import asyncio\nasync def in_thread(f, *a):\n    return await "
                      "asyncio.to_thread(f, *a)\nasync def main(in_thread):\n    mark()\n")
                  .wrapper(),
              "");
}

} // namespace
} // namespace awaitls::analysis

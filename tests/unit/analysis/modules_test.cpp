// What code means that other modules of the workspace define.

#include "analysis/analysis.h"
#include "analysis/rules/catalog.h"
#include "tests/support/memory_modules.h"
#include "tests/support/random_edits.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace awaitls::analysis {
namespace {

using tests::MemoryModules;

/// A workspace, of which each change makes a new state, and one file in it under analysis.
class Workspace {
public:
    explicit Workspace(std::string name = "app.main") : name_(std::move(name)) {}

    Workspace& set(const std::string& name, std::string text, bool library = false) {
        auto next = std::make_shared<MemoryModules>(*modules_);
        next->set(name, std::move(text), library);
        modules_ = std::move(next);
        return *this;
    }
    Workspace& install(const std::string& name, std::string text) {
        return set(name, std::move(text), true);
    }
    void remove(const std::string& name) {
        auto next = std::make_shared<MemoryModules>(*modules_);
        next->remove(name);
        modules_ = std::move(next);
    }

    /// "line rule: message" of each finding of the file, one a line, with "< path:line" for each related place. Goes on from
    /// the analysis before, and shares effects with other analyses: neither may make a difference.
    std::string check(const std::string& text) {
        const std::string fresh = shown(*analyse(text, nullptr));
        latest_ = analyse(text, latest_);
        EXPECT_EQ(shown(*latest_), fresh);
        auto sharing = std::make_shared<MemoryModules>(*modules_);
        sharing->share_effects();
        const std::shared_ptr<const MemoryModules> alone = std::exchange(modules_, sharing);
        EXPECT_EQ(shown(*analyse(text, nullptr)), fresh);
        EXPECT_EQ(shown(*analyse(text, nullptr)), fresh);
        modules_ = alone;
        return fresh;
    }
    Settings& settings() { return *settings_; }
    std::uint32_t computed() const { return latest_->regions_computed(); }

private:
    std::shared_ptr<const FileAnalysis> analyse(const std::string& text,
                                                std::shared_ptr<const FileAnalysis> previous) {
        const bool package = name_.ends_with(".__init__");
        ModulePlace place{modules_, MemoryModules::path_of(name_),
                          package ? name_.substr(0, name_.size() - 9) : name_, package};
        return FileAnalysis::analyse(std::make_shared<const SourceText>(text), settings_, "main.py",
                                     std::move(previous), nullptr, std::move(place));
    }
    static std::string shown(const FileAnalysis& file) {
        std::string result;
        for (const Diagnostic& finding : file.diagnostics()) {
            result += std::to_string(file.lines().line_of(finding.span.begin) + 1) + " " +
                      std::string(catalog()[finding.rule].info.name) + ": " + finding.message;
            for (const Related& related : finding.related) {
                const LineIndex& lines = related.source ? related.source->lines() : file.lines();
                result += " < " + related.path + ":" +
                          std::to_string(lines.line_of(related.span.begin) + 1);
            }
            result += "\n";
        }
        return result;
    }

    std::string name_;
    std::shared_ptr<const MemoryModules> modules_ = std::make_shared<MemoryModules>();
    std::shared_ptr<Settings> settings_ = std::make_shared<Settings>(default_settings());
    std::shared_ptr<const FileAnalysis> latest_;
};

constexpr const char* kFetch = "async def fetch(n):\n    return n\n";

/// The findings of one call as a statement, "missing" where it says that an await is missing, else all of them.
std::string of_call(Workspace& workspace, const std::string& imports, const std::string& call) {
    const std::string found =
        workspace.check(imports + "\nasync def main():\n    " + call + "\n    pass\n");
    return found.find("unawaited-coroutine") != std::string::npos &&
                   found.find('\n') == found.size() - 1
               ? "missing"
               : found;
}

TEST(Modules, EveryFormOfImport) {
    Workspace workspace;
    workspace.set("app.__init__", "").set("app.store", kFetch).set("tools", kFetch);
    workspace.set("app.inner.__init__", "from .deep import fetch\nfrom . import deep\n");
    workspace.set("app.inner.deep", kFetch);
    workspace.set("space.part", kFetch); // a package without __init__
    const auto check = [&](const std::string& imports, const std::string& call) {
        EXPECT_EQ(of_call(workspace, imports, call), "missing") << imports;
    };
    check("from app.store import fetch", "fetch(1)");
    check("from app.store import fetch as get", "get(1)");
    check("from .store import fetch", "fetch(1)");
    check("from . import store", "store.fetch(1)");
    check("from app import store as s", "s.fetch(1)");
    check("import app.store", "app.store.fetch(1)");
    check("import app.store as st", "st.fetch(1)");
    check("import tools", "tools.fetch(1)");
    check("from .inner import fetch", "fetch(1)");
    check("from .inner import deep", "deep.fetch(1)");
    check("from .inner.deep import *", "fetch(1)");
    check("import space.part", "space.part.fetch(1)");
    check("from space import part", "part.fetch(1)");
    check("from space.part import fetch", "fetch(1)");
    check("if True:\n    from .store import fetch\n", "fetch(1)");
    check("try:\n    from .store import fetch\nexcept ImportError:\n    from tools import fetch\n",
          "fetch(1)");
}

TEST(Modules, WhatIsNotKnownIsSilent) {
    Workspace workspace;
    workspace.set("app.__init__", "").set("app.store", kFetch);
    workspace.set("app.lazy", "def __getattr__(name):\n    return print\n");
    const auto check = [&](const std::string& imports, const std::string& call) {
        EXPECT_EQ(of_call(workspace, imports, call), "") << imports;
    };
    check("from app.store import other", "other(1)");
    check("from app.missing import fetch", "fetch(1)");
    check("from .missing import fetch", "fetch(1)");
    check("from ...store import fetch", "fetch(1)");
    check("from app.lazy import fetch", "fetch(1)");
    check("from app import *", "fetch(1)");
    check("from .store import fetch\nfetch = print", "fetch(1)");
    check("try:\n    from .store import fetch\nexcept ImportError:\n    fetch = None\n", "pass");
}

TEST(Modules, TypesComeAcrossFiles) {
    Workspace workspace;
    workspace.set("app.__init__", "");
    workspace.set("app.base", "class Base:\n    async def close(self): ...\n");
    workspace.set("app.store", R"(
from .base import Base

class Store(Base):
    other: "Store"
    def __init__(self): self.child = Base()
    async def get(self): ...
    def sync(self): ...
    @property
    def same(self) -> "Store": return self
    @classmethod
    def new(cls) -> "Store": return cls()

def make() -> Store: return Store()
def plain(): return Store()
default = Store()
stores: dict[str, Store] = {}
)");
    workspace.set("app.loop_a", "from .loop_b import B\nclass A(B): ...\n");
    workspace.set("app.loop_b",
                  "from .loop_a import A\nclass B(A):\n    async def get(self): ...\n");
    const auto missing = [&](const std::string& imports, const std::string& call) {
        EXPECT_EQ(of_call(workspace, imports, call), "missing") << call;
    };
    missing("from .store import Store", "Store().get()");
    missing("from .store import Store", "Store().close()");
    missing("from .store import Store", "Store().child.close()");
    missing("from .store import Store", "Store().same.get()");
    missing("from .store import Store", "Store.new().get()");
    missing("from .store import Store", "Store().other.get()");
    missing("from .store import make", "make().get()");
    missing("from .store import plain", "plain().get()");
    missing("from .store import default", "default.get()");
    missing("from .store import stores", "stores['a'].get()");
    missing("from .store import Store\nclass Mine(Store): ...", "Mine().close()");
    missing("from .loop_b import B", "B().get()");
    EXPECT_EQ(of_call(workspace, "from .store import Store", "Store().sync()"), "");
    EXPECT_EQ(of_call(workspace, "from .store import Store", "Store().nothing()"), "");
    EXPECT_EQ(of_call(workspace, "from .loop_a import A", "A().nothing()"), "");
}

TEST(Modules, AChainNamesItsPlaces) {
    Workspace workspace;
    workspace.set("app.__init__", "");
    workspace.set("app.files", "import time\n\n\ndef wait():\n    time.sleep(1)\n");
    workspace.set("app.store", "from .files import wait\n\ndef load():\n    wait()\n");
    const std::string text =
        "from .store import load\n\nasync def main():\n    load()\n    load()\n";
    const std::string one = "transitive-blocking-call: `load()` blocks the event loop: load -> "
                            "wait -> time.sleep (files.py:5) < /app/store.py:4 < /app/files.py:5\n";
    EXPECT_EQ(workspace.check(text), "4 " + one + "5 " + one);

    // The places follow an edit that changes nothing else.
    workspace.set("app.files", "import time\n\n\n\n\ndef wait():\n    time.sleep(1)\n");
    EXPECT_NE(workspace.check(text).find("(files.py:7) < /app/store.py:4 < /app/files.py:7"),
              std::string::npos);
    EXPECT_EQ(workspace.computed(), 0U);
}

TEST(Modules, WhatIsSaidNotToReturnRaises) {
    Workspace workspace;
    workspace.set("app.__init__", "");
    workspace.set("app.errors", "from typing import NoReturn\n"
                                "def convert(error) -> NoReturn:\n    raise OSError from error\n"
                                "async def tell(error) -> NoReturn:\n    raise OSError from error\n"
                                "def log(error) -> None:\n    print(error)\n");
    const auto swallowed = [&](const std::string& handler) {
        return workspace
                   .check("import asyncio\nfrom .errors import convert, tell, log\n"
                          "async def f():\n    try:\n        await asyncio.sleep(1)\n"
                          "    except BaseException as error:\n        " +
                          handler + "\n    await asyncio.sleep(1)\n")
                   .find("cancellation-swallowed") != std::string::npos;
    };
    EXPECT_FALSE(swallowed("convert(error)"));
    EXPECT_FALSE(swallowed("await tell(error)"));
    EXPECT_TRUE(swallowed("log(error)"));
}

TEST(Modules, OthersCallTheTextUnderAnalysis) {
    Workspace workspace;
    workspace.set("app.__init__", "");
    workspace.set("app.store", "from . import main\n\ndef load():\n    main.wait()\n");
    const std::string old_text =
        "import time\nfrom .store import load\n\nclass Timer:\n"
        "    def one(self): ...\n    def two(self): ...\n\n"
        "def wait():\n    time.sleep(1)\n\nasync def main():\n    load()\n";
    workspace.set("app.main", old_text);
    const std::string found =
        ": `load()` blocks the event loop: load -> wait -> time.sleep (main.py:";
    EXPECT_NE(workspace.check(old_text).find("12 transitive-blocking-call" + found + "9)"),
              std::string::npos);
    // The modules have the old text still, where `wait` is another region.
    const std::string text = "import time\nfrom .store import load\n\ndef wait():\n"
                             "    time.sleep(1)\n\nasync def main():\n    load()\n";
    EXPECT_NE(workspace.check(text).find("8 transitive-blocking-call" + found + "5)"),
              std::string::npos);
}

TEST(Modules, AnEditElsewhereIsSeen) {
    Workspace workspace;
    workspace.set("app.__init__", "");
    workspace.set("app.store", "import time\ndef load():\n    return 1\n");
    const std::string text = "from .store import load\n\nasync def main():\n    load()\n    pass\n";
    EXPECT_EQ(workspace.check(text), "");

    // A body: the function blocks now.
    workspace.set("app.store", "import time\ndef load():\n    time.sleep(1)\n    return 1\n");
    EXPECT_NE(workspace.check(text).find("load -> time.sleep"), std::string::npos);
    // A header: it is a coroutine function now.
    workspace.set("app.store", "import time\nasync def load():\n    return 1\n");
    EXPECT_NE(workspace.check(text).find("unawaited-coroutine"), std::string::npos);
    workspace.set("app.store", "import time\ndef load():\n    return 1\n");
    EXPECT_EQ(workspace.check(text), "");

    // A module that goes and comes.
    workspace.set("app.store", kFetch);
    const std::string fetches =
        "from .store import fetch\n\nasync def main():\n    fetch(1)\n    pass\n";
    EXPECT_NE(workspace.check(fetches).find("unawaited-coroutine"), std::string::npos);
    workspace.remove("app.store");
    EXPECT_EQ(workspace.check(fetches), "");
    workspace.set("app.store", kFetch);
    EXPECT_NE(workspace.check(fetches).find("unawaited-coroutine"), std::string::npos);

    // What does not concern the file costs it nothing.
    workspace.set("app.other", "x = 1\n");
    EXPECT_NE(workspace.check(fetches).find("unawaited-coroutine"), std::string::npos);
    EXPECT_EQ(workspace.computed(), 0U);
}

TEST(Modules, RandomEditsAnywhereGiveWhatAFreshLookGives) {
    const std::map<std::string, std::string> files = {
        {"app.__init__", "from .store import Store as Shelf\nfrom .store import load\n"},
        {"app.base",
         "import time\n\n\nclass Base:\n    limit: int = 3\n\n    def _read(self):\n"
         "        time.sleep(1)\n        return self\n\n    async def aread(self):\n"
         "        return self._read()\n\n    def wrapped(self):\n        return self.aread()\n"},
        {"app.store",
         "import asyncio\nimport time\nfrom .base import Base\n\n\ndef load(path):\n"
         "    return _load(path)\n\n\ndef _load(path):\n    with open(path) as f:\n"
         "        return f.read()\n\n\nalias = load\n\n\nclass Store(Base):\n"
         "    def __init__(self, pool: Base):\n        self.pool = pool\n"
         "        self.lock = asyncio.Lock()\n\n    async def fetch(self, n):\n        return n\n\n"
         "    def spare(self):\n        return self.pool\n\n\nstore = Store(Base())\n"}};
    const std::string main =
        "import asyncio\nfrom app import Shelf, load\nfrom app.store import alias, store\n\n\n"
        "class Own(Shelf):\n    async def run(self):\n        self.fetch(1)\n"
        "        self.aread()\n        self._read()\n        self.pool.wrapped()\n"
        "        async with self.lock:\n            self.spare()._read()\n\n\n"
        "def helper(path):\n    return load(path)\n\n\nasync def main():\n    helper('x')\n"
        "    alias('y')\n    store.fetch(2)\n    store.pool.aread()\n    own = Own(store)\n"
        "    await own.run()\n    asyncio.create_task(own.fetch(3))\n    own.spare().aread()\n";
    tests::Random random(11);
    for (int round = 0; round < 120; ++round) {
        Workspace workspace;
        std::map<std::string, std::string> texts = files;
        std::string text = main;
        for (const auto& [name, code] : texts) workspace.set(name, code);
        EXPECT_GT(std::count(text.begin(), text.end(), '\n'), 20);
        workspace.check(text);
        for (int edit = 0; edit < 8; ++edit) {
            const std::size_t which = random.below(texts.size() + 1);
            const auto other =
                std::next(texts.begin(), static_cast<std::ptrdiff_t>(which % texts.size()));
            std::string& target = which == texts.size() ? text : other->second;
            target = apply_edits(target, {tests::random_edit(random, target)});
            if (which != texts.size()) workspace.set(other->first, target);
            workspace.check(text);
            ASSERT_FALSE(::testing::Test::HasFailure())
                << "round " << round << ", edit " << edit << ", "
                << (which == texts.size() ? "main" : other->first) << ":\n"
                << target;
        }
    }
}

TEST(Modules, WhatDoesNotSpellAChangedNameIsNotDoneAgain) {
    Workspace workspace;
    workspace.set("app.__init__", "");
    workspace.set("app.store", "class Store:\n    timeout = 3\n\n    def load(self):\n"
                               "        return 1\n\n    def unused(self):\n        return 2\n");
    std::string text = "from .store import Store\n\nLIMIT = 1\nOTHER = LIMIT\n\n\n"
                       "class Own(Store):\n    size = 3\n    name = 'x'\n\n"
                       "    def one(self):\n        return self.size\n\n"
                       "    def two(self):\n        return self.name\n\n\n"
                       "async def limit():\n    return OTHER\n\n\n"
                       "async def use(store: Store):\n    store.load()\n    pass\n\n\n"
                       "def far():\n    return 1\n";
    const std::size_t regions = 7; // imports, the class's head, two methods, three functions
    workspace.check(text);
    EXPECT_EQ(workspace.computed(), regions);
    const auto after = [&](const std::string& from, const std::string& to) {
        text.replace(text.find(from), from.size(), to);
        workspace.check(text);
        return workspace.computed();
    };
    EXPECT_EQ(after("size = 3", "size = 4"), 2U);   // the head and one()
    EXPECT_EQ(after("LIMIT = 1", "LIMIT = 2"), 2U); // its statements and, through OTHER, limit()
    EXPECT_EQ(after("def far():", "async def far():"), 1U);
    EXPECT_EQ(after("return self.size", "return self.name"), 1U);
    // In another file.
    workspace.set("app.store", "class Store:\n    timeout = 3\n\n    async def load(self):\n"
                               "        return 1\n\n    def unused(self):\n        return 2\n");
    EXPECT_NE(workspace.check(text), "");
    EXPECT_EQ(workspace.computed(), 1U); // use()
    workspace.set("app.store",
                  "class Store:\n    timeout = 3\n\n    async def load(self):\n"
                  "        return 1\n\n    async def unused(self):\n        return 2\n");
    workspace.check(text);
    EXPECT_EQ(workspace.computed(), 0U);
    // What a class derives from is seen by whatever uses it.
    EXPECT_EQ(after("class Own(Store)", "class Own"), regions);
}

TEST(Modules, WhatClassesInheritIsFollowed) {
    Workspace workspace;
    const auto has = [](const std::string& findings, std::string_view rule) {
        return findings.find(rule) != std::string::npos;
    };
    const std::string module = "app.store";
    const std::string overrides = "from .store import Store\n\n\nclass Memory(Store):\n"
                                  "    size = 1\n\n    def close(self) -> None:\n"
                                  "        print('closed')\n";
    workspace.set("app.__init__", "");
    workspace.set(module, "class Store:\n    async def close(self) -> None:\n        return\n");
    const std::string found = workspace.check(overrides);
    EXPECT_TRUE(has(found, "override-async-mismatch"));
    EXPECT_TRUE(has(found, "store.py:2")) << found;
    workspace.set(module, "class Store:\n    def close(self) -> None:\n        return\n");
    EXPECT_EQ(workspace.check(overrides), "");
    workspace.set(module, "import abc\n\n\nclass Store:\n    @abc.abstractmethod\n"
                          "    async def close(self) -> None:\n        raise OSError\n");
    EXPECT_EQ(workspace.check(overrides), "") << "an abstract one may allow both";
    const std::string awaited =
        overrides + "\n\nasync def use(store: Store) -> None:\n    await store.close()\n";
    EXPECT_TRUE(has(workspace.check(awaited), "override-async-mismatch"));
    workspace.set(module, "from other import unknown\n\n\nclass Store:\n    @unknown\n"
                          "    async def close(self) -> None:\n        return\n");
    EXPECT_EQ(workspace.check(overrides), "");

    // The name that is asked for stands nowhere in the region that asks.
    const auto group = [](const std::string& method) {
        return "from .store import Mixin\n\n\nclass Errors(Mixin, ExceptionGroup):\n"
               "    size = 1\n\n    def " +
               method + "(self, excs):\n        return Errors(self.message, excs)\n";
    };
    workspace.set(module, "class Mixin:\n    def name(self):\n        return 1\n");
    EXPECT_TRUE(has(workspace.check(group("derived")), "group-subclass-without-derive"));
    EXPECT_EQ(workspace.check(group("derive")), "");
    EXPECT_TRUE(has(workspace.check(group("derived")), "group-subclass-without-derive"));
    workspace.set(module, "class Mixin:\n    def derive(self, excs):\n        return 1\n");
    EXPECT_EQ(workspace.check(group("derived")), "");
}

TEST(Modules, AChangedNameIsFollowedThroughWhatItExplains) {
    Workspace workspace;
    workspace.set("app.__init__", "");
    const std::string kinds = "class Now:\n    def go(self):\n        return 1\n\n\n"
                              "class Later:\n    async def go(self):\n        return 1\n\n\n";
    // Neither main nor what it uses spells what changes.
    const std::pair<std::string, std::string> cases[] = {
        {"def make():\n    return KIND()\n\n\ndef outer():\n    return make()\n", "outer().go()"},
        {"one = KIND()\n\n\ntwo = one\n", "two.go()"},
        {"def make():\n    return KIND()\n\n\nclass Own:\n    def __init__(self):\n"
         "        self.kind = make()\n",
         "Own().kind.go()"},
        {"def make():\n    return KIND()\n\n\nclass Own:\n    @property\n    def kind(self):\n"
         "        return make()\n",
         "Own().kind.go()"},
        {"Base = KIND\n\n\nclass Own(Base):\n    pass\n", "Own().go()"},
    };
    for (const auto& [store, call] : cases) {
        const std::string text = "from . import store\n\n\nasync def main():\n    store." + call +
                                 "\n    pass\n\n\nasync def other():\n    return 1\n";
        const auto with = [&](const std::string& kind) {
            std::string code = kinds + store;
            code.replace(code.find("KIND"), 4, kind);
            workspace.set("app.store", code);
            return workspace.check(text).find("unawaited-coroutine") != std::string::npos;
        };
        EXPECT_FALSE(with("Now")) << store;
        EXPECT_TRUE(with("Later")) << store;
        EXPECT_FALSE(with("Now")) << store;
    }
}

TEST(Modules, LibrariesAreReadWhereNoTableKnowsThem) {
    Workspace workspace;
    workspace.set("app.__init__", "");
    workspace.install("shopkit.__init__",
                      "from .client import *\nfrom ._inner import ping as ping\n"
                      "from . import deep\n");
    workspace.install(
        "shopkit.client",
        "import requests\nfrom . import deep\n\nclass Base:\n    async def close(self):\n"
        "        return 1\n\nclass Client(Base):\n    async def fetch(self) -> 'Client':\n"
        "        return self\n\n    def load(self):\n        return self._call()\n\n"
        "    def _call(self):\n        return requests.get('https://a')\n\n"
        "    def read(self):\n        return open('x').read()\n\n"
        "    def maybe(self, x):\n        if x:\n            return requests.get('https://a')\n");
    workspace.install("shopkit._inner", "async def ping():\n    return 1\n");
    workspace.install("shopkit.deep", "async def dive():\n    return 1\n");
    const auto check = [&](const std::string& imports, const std::string& call) {
        return of_call(workspace, imports, call);
    };
    EXPECT_EQ(check("import shopkit", "shopkit.ping()"), "missing");
    EXPECT_EQ(check("import shopkit", "shopkit.Client().fetch()"), "missing");
    EXPECT_EQ(check("import shopkit", "shopkit.deep.dive()"), "missing");
    EXPECT_EQ(check("import shopkit.deep", "shopkit.deep.dive()"), "missing");
    EXPECT_EQ(check("from shopkit import Client", "Client().close()"), "missing");
    EXPECT_EQ(check("from shopkit.client import Client as C", "C().fetch()"), "missing");
    EXPECT_EQ(check("from shopkit import *", "Client().fetch()"), "missing");
    EXPECT_EQ(check("import shopkit", "shopkit.Client().unheard()"), "");
    EXPECT_EQ(check("import shopkit", "shopkit.unheard()"), "");
    // What waits for others blocks; what merely opens a file does not count.
    const std::string blocks = check("from shopkit import Client", "Client().load()");
    EXPECT_NE(blocks.find("transitive-blocking-call: `Client().load()` blocks"), std::string::npos)
        << blocks;
    EXPECT_NE(blocks.find("requests.get (client.py:"), std::string::npos) << blocks;
    EXPECT_EQ(check("from shopkit import Client", "Client().read()"), "");
    EXPECT_NE(check("from shopkit import Client", "Client().maybe(1)").find("may block"),
              std::string::npos);
    // A class of the project that derives from one of a library.
    workspace.set("app.own", "from shopkit import Client\n\nclass Own(Client):\n    pass\n");
    EXPECT_EQ(check("from app.own import Own", "Own().fetch()"), "missing");
}

TEST(Modules, TablesWinOverTheSourcesOfLibraries) {
    Workspace workspace;
    workspace.set("app.__init__", "");
    workspace.install("aiohttp.__init__", "from .client import ClientSession as ClientSession\n"
                                          "async def extra():\n    return 1\n");
    workspace.install("aiohttp.client",
                      "class ClientSession:\n    def get(self, url):\n        return 1\n");
    EXPECT_EQ(of_call(workspace, "import aiohttp", "aiohttp.extra()"), "missing");
    const std::string session =
        "import aiohttp\n\nasync def main():\n    async with aiohttp.ClientSession() as session:\n"
        "        session.get('https://a')\n        pass\n";
    EXPECT_NE(workspace.check(session).find("unawaited-coroutine"), std::string::npos);
}

TEST(Modules, TheProjectWinsOverLibraries) {
    Workspace workspace;
    workspace.set("app.__init__", "");
    workspace.set("shopkit.__init__", "def ping():\n    return 1\n");
    EXPECT_EQ(of_call(workspace, "import shopkit", "shopkit.ping()"), "");
    workspace.install("shopkit.__init__", "async def ping():\n    return 1\n");
    EXPECT_EQ(of_call(workspace, "import shopkit", "shopkit.ping()"), "missing");
}

TEST(Modules, LibrariesThatImportEachOtherInCircles) {
    Workspace workspace;
    workspace.install("one.__init__",
                      "from two import *\nfrom two import thing\nfrom one.sub import other\n");
    workspace.install("one.sub", "from one import other, thing\n");
    workspace.install("two.__init__", "from one import *\nfrom one import thing\n"
                                      "async def real():\n    return 1\n");
    for (const char* const call :
         {"one.thing()", "one.other()", "one.nothing()", "one.sub.thing.more()"})
        EXPECT_EQ(of_call(workspace, "import one", call), "") << call;
    EXPECT_EQ(of_call(workspace, "import one", "one.real()"), "missing");
}

TEST(Modules, ConfiguredCallsAreNamedByTheirModules) {
    for (const char* const pattern : {"app.store.load", "app.*", "load"}) {
        Workspace workspace;
        workspace.settings().blocking_calls = {{pattern, "use `aload`"}};
        workspace.set("app.__init__", "");
        workspace.set("app.store", "def load():\n    return 1\n");
        for (const char* const text :
             {"from .store import load\n\nasync def main():\n    load()\n",
              "from app import store as s\n\nasync def main():\n    s.load()\n"})
            EXPECT_NE(workspace.check(text).find("use `aload`"), std::string::npos) << text;
    }
}

TEST(Modules, OverridesInOtherFilesAreSeen) {
    Workspace workspace;
    workspace.set("app.__init__", "");
    workspace.set("app.base", "class Store:\n    async def load(self):\n        return 1\n");
    const std::string main = "from .base import Store\n\nasync def main(store: Store):\n"
                             "    store.load()\n    pass\n";
    EXPECT_NE(workspace.check(main), "");
    workspace.set("app.sync", "from .base import Store\n\nclass Sync(Store):\n"
                              "    def load(self):\n        return 1\n");
    EXPECT_EQ(workspace.check(main), "") << "which one it is, is not known";
    workspace.set("app.sync", "from elsewhere import Store\n\nclass Sync(Store):\n"
                              "    def load(self):\n        return 1\n");
    EXPECT_NE(workspace.check(main), "") << "another class of that name";
    workspace.set("app.sync", "from .mid import Middle\n\nclass Sync(Middle):\n"
                              "    def load(self):\n        return 1\n");
    workspace.set("app.mid", "from . import base\n\nclass Middle(base.Store):\n    pass\n");
    EXPECT_EQ(workspace.check(main), "");
    workspace.remove("app.sync");
    EXPECT_NE(workspace.check(main), "");
}

TEST(Modules, AbstractMethodsAreTheirOverrides) {
    Workspace workspace;
    workspace.set("app.__init__", "");
    workspace.set("app.base",
                  "class Store:\n    def load(self):\n        raise NotImplementedError\n\n"
                  "    def read(self):\n        return self.load()\n");
    const std::string main = "from .base import Store\n\nasync def main(store: Store):\n"
                             "    store.load()\n    store.read()\n";
    EXPECT_EQ(workspace.check(main), "");
    workspace.set("app.one", "import time\nfrom .base import Store\n\nclass One(Store):\n"
                             "    def load(self):\n        time.sleep(1)\n");
    EXPECT_EQ(workspace.check(main),
              "4 transitive-blocking-call: `store.load()` blocks the event loop: Store.load -> "
              "One.load -> time.sleep (one.py:6) < /app/base.py:2 < /app/one.py:6\n"
              "5 transitive-blocking-call: `store.read()` blocks the event loop: Store.read -> "
              "Store.load -> One.load -> time.sleep (one.py:6) < /app/base.py:6 < /app/base.py:2 < "
              "/app/one.py:6\n");
    workspace.set("app.two", "from .base import Store\n\nclass Two(Store):\n"
                             "    def load(self):\n        return 1\n");
    EXPECT_NE(workspace.check(main).find("`store.load()` may block"), std::string::npos);
    workspace.remove("app.one");
    EXPECT_EQ(workspace.check(main), "");
}

TEST(Modules, ParametersAreWhatAllFilesPass) {
    Workspace workspace("app.player");
    workspace.set("app.__init__", "");
    workspace.set("app.music", "class Music:\n    async def tracks(self):\n        return 1\n");
    const auto hub = [](const std::string& music) {
        return "from .player import Player\nfrom .music import Music\n\n\nclass Hub:\n"
               "    def __init__(self):\n        self.music = " +
               music + "\n        self.player = Player(self)\n";
    };
    const std::string player = "class Player:\n    def __init__(self, hub):\n"
                               "        self.hub = hub\n\n    async def play(self):\n"
                               "        self.hub.music.tracks()\n        print()\n";
    workspace.set("app.player", player);
    EXPECT_EQ(workspace.check(player), "") << "nobody makes one";
    workspace.set("app.hub", hub("Music()"));
    EXPECT_NE(workspace.check(player), "");
    workspace.set("app.hub", hub("unheard()"));
    EXPECT_EQ(workspace.check(player), "");
    workspace.set("app.hub", hub("Music()"));
    workspace.set("app.other", "from .player import Player\n\nmake = Player\n");
    EXPECT_EQ(workspace.check(player), "") << "and who calls make() is not known";
    workspace.set("app.other", "from .player import Player\n\ndef name(player: Player):\n"
                               "    return isinstance(player, Player)\n");
    EXPECT_NE(workspace.check(player), "");
    workspace.set("app.other", "from .player import Player\n\n\ndef local():\n"
                               "    hub = None\n    hub = unheard()\n    return Player(hub)\n");
    EXPECT_EQ(workspace.check(player), "");
}

TEST(Modules, StarImportsGiveWhatAllLists) {
    Workspace workspace;
    workspace.set("app.__init__", "");
    const std::string functions =
        "async def go(): pass\nasync def _inner(): pass\nasync def rest(): pass\n";
    const auto given = [&](const std::string& all) {
        workspace.set("app.part", all + functions);
        std::string result;
        for (const char* const name : {"go", "_inner", "rest"})
            if (!workspace
                     .check("from .part import *\n\nasync def main():\n    " + std::string(name) +
                            "()\n    pass\n")
                     .empty())
                result += std::string(name) + " ";
        return result;
    };
    EXPECT_EQ(given(""), "go rest ");
    EXPECT_EQ(given("__all__ = ['go', '_inner']\n"), "go _inner ");
    EXPECT_EQ(given("__all__ = ('go',)\n__all__ += ['rest']\n"), "go rest ");
    EXPECT_EQ(given("__all__: list[str] = ['rest']\n"), "rest ");
    EXPECT_EQ(given("from . import other\n__all__ = ['go', *other.__all__]\n"), "go rest ");
    EXPECT_EQ(given("__all__ = make()\n"), "go rest ");
}

TEST(Modules, FunctionsInBranches) {
    Workspace workspace;
    workspace.set("app.__init__", "");
    workspace.set("app.wait", "import sys, time\n\nif sys.version_info >= (3, 12):\n"
                              "    def pause(): return 1\n    async def go(): return 1\nelse:\n"
                              "    def pause(): time.sleep(1)\n    async def go(): return 2\n");
    EXPECT_EQ(workspace.check("from .wait import pause\n\nasync def main():\n    pause()\n"), "")
        << "which one it is, is not known";
    EXPECT_NE(workspace.check("from .wait import go\n\nasync def main():\n    go()\n    pass\n"),
              "");
}

TEST(Modules, OnlyOneClassHasTheMethod) {
    Workspace workspace;
    workspace.settings().strictness = Strictness::Likely;
    workspace.set("app.__init__", "");
    workspace.set("app.a", "class A:\n    async def save_packages(self):\n        return 1\n");
    const std::string main = "async def main(bot):\n    bot.save_packages()\n    pass\n";
    EXPECT_NE(workspace.check(main), "");
    workspace.set("app.b", "class B:\n    def save_packages(self):\n        return 1\n");
    EXPECT_EQ(workspace.check(main), "");
}

TEST(Modules, BranchesMayBePassedBy) {
    Workspace workspace;
    workspace.set("app.__init__", "");
    const auto check = [&](const std::string& body) {
        workspace.set("app.store", "import time\ndef load(x):\n" + body);
        const std::string found = workspace.check(
            "from .store import load\n\nasync def main():\n    load(1)\n    pass\n");
        return found.find("may block") != std::string::npos ? "may"
               : found.find("blocks") != std::string::npos  ? "blocks"
                                                            : "-";
    };
    EXPECT_STREQ(check("    time.sleep(1)\n"), "blocks");
    EXPECT_STREQ(check("    for i in x:\n        time.sleep(1)\n"), "blocks");
    EXPECT_STREQ(check("    try:\n        time.sleep(1)\n    finally:\n        pass\n"), "blocks");
    EXPECT_STREQ(check("    if not x:\n        raise ValueError\n    time.sleep(1)\n"), "blocks");
    EXPECT_STREQ(check("    if x:\n        time.sleep(1)\n"), "may");
    EXPECT_STREQ(check("    if x:\n        return\n    time.sleep(1)\n"), "may");
    EXPECT_STREQ(check("    x and time.sleep(1)\n"), "may");
    EXPECT_STREQ(check("    try:\n        x()\n    except OSError:\n        time.sleep(1)\n"),
                 "may");
    EXPECT_STREQ(check("    if x:\n        time.sleep(1)\n    time.sleep(1)\n"), "blocks");
    EXPECT_STREQ(check("    time.sleep(0.001)\n"), "-");
    EXPECT_STREQ(check("    import threading\n    if threading.get_ident() != x:\n"
                       "        time.sleep(1)\n"),
                 "-");
}

TEST(Modules, MethodsOfLibrariesAreKnownByTheirNamesToo) {
    Workspace workspace;
    workspace.install("langchain_core.language_models.chat_models", R"(
class BaseChatModel:
    def invoke(self): return self._generate()
    async def ainvoke(self): ...
    def bind(self) -> "BaseChatModel": ...
)");
    workspace.install("talk",
                      "from langchain_core.language_models.chat_models import BaseChatModel\n"
                      "class Talk(BaseChatModel): ...\n");
    const std::string head = "import talk\nfrom langchain_core.language_models.chat_models import "
                             "BaseChatModel\nasync def f(a: BaseChatModel, b: talk.Talk):\n    ";
    const std::string blocks =
        "4 blocking-network: `langchain_core.language_models.chat_models.BaseChatModel.invoke()` "
        "blocks the event loop; use `BaseChatModel.ainvoke`\n";
    EXPECT_EQ(workspace.check(head + "a.invoke()\n"), blocks);
    EXPECT_EQ(workspace.check(head + "b.invoke()\n"), blocks);
    EXPECT_EQ(workspace.check(head + "a.bind().invoke()\n"), blocks);
    EXPECT_EQ(workspace.check(head + "b.ainvoke()\n"),
              "4 unawaited-coroutine: `b.ainvoke()` is never awaited, so it does not run; add "
              "`await`\n");
}

TEST(Modules, DecoratorsInOtherFiles) {
    Workspace workspace;
    workspace.set("app.__init__", "");
    workspace.set("app.tools", "def traced(f):\n    return f\n");
    const std::string text = "from app.tools import traced\n@traced\nasync def f(): ...\nasync def "
                             "main():\n    f()\n";
    const std::string missing =
        "5 unawaited-coroutine: `f()` is never awaited, so it does not run; add `await`\n";
    EXPECT_EQ(workspace.check(text), missing);
    workspace.set("app.tools", "def traced(f):\n    return Command(f)\n");
    EXPECT_EQ(workspace.check(text), "");
    workspace.set("app.tools",
                  "def traced(f):\n    def inner(*a):\n        return f(*a)\n    return "
                  "inner\n");
    EXPECT_EQ(workspace.check(text), missing);
    workspace.set("app.tools",
                  "def traced(f):\n    def inner(*a):\n        return run(f)\n    return "
                  "inner\n");
    EXPECT_EQ(workspace.check(text), "");
    // In the file itself.
    const auto local = [](const std::string& body) {
        return "def traced(f):\n    " + body +
               "\n@traced\nasync def f(): ...\nasync def main():\n"
               "    f()\n";
    };
    EXPECT_EQ(workspace.check(local("return f")),
              "6 unawaited-coroutine: `f()` is never awaited, so it does not run; add `await`\n");
    EXPECT_EQ(workspace.check(local("return g(f)")), "");
    EXPECT_EQ(workspace.check(local("f.tag = 1; return f")),
              "6 unawaited-coroutine: `f()` is never awaited, so it does not run; add `await`\n");
}

TEST(Modules, TheLastStarImportCounts) {
    Workspace workspace;
    workspace.set("app.__init__", "")
        .set("app.a", "async def get(): ...\n")
        .set("app.b", "def get(): ...\n");
    const std::string call = "async def f():\n    get()\n";
    EXPECT_EQ(workspace.check("from app.a import *\nfrom app.b import *\n" + call), "");
    EXPECT_EQ(workspace.check("from app.b import *\nfrom app.a import *\n" + call),
              "4 unawaited-coroutine: `get()` is never awaited, so it does not run; add `await`\n");
}

} // namespace
} // namespace awaitls::analysis

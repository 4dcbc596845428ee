// Knowledge tables from stubs: what is certain of them, and what is left out.

#include "analysis/knowledge/knowledge.h"
#include "analysis/knowledge/typeshed.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace awaitls::analysis::tables {
namespace {

constexpr const char* kBuiltins = R"(
class object: ...
class int: ...
class str:
    def __iter__(self): ...
class bool(int): ...
class list: ...
class dict: ...
)";

Tables known_tables() {
    Tables known;
    const auto errors =
        read_tables({{"classes.tsv",
                      "name\tbases\tflags\tsource\nbuiltins.int\t\tcomplete\ts\n"
                      "builtins.str\t\tfor complete\ts\nbuiltins.bool\tbuiltins.int\tcomplete\ts\n"
                      "builtins.list\t\tfor complete\ts\nbuiltins.dict\t\tfor complete\ts\n"
                      "old.Known\t\tcomplete\ts\n"},
                     {"api_x.tsv", "name\tkind\treturns\tsource\nold.known\tfunction\tint\ts\n"},
                     {"aliases.tsv", "name\tcanonical\tsource\nold.impl\told\ts\n"}},
                    known);
    EXPECT_TRUE(errors.empty());
    return known;
}

std::string facts(const std::vector<Stub>& modules) {
    std::vector<Stub> stubs{{"builtins", false, kBuiltins}, {"typing", false, "class Any: ...\n"}};
    stubs.insert(stubs.end(), modules.begin(), modules.end());
    const Tables found = facts_of(stubs, known_tables());
    std::vector<std::string> lines;
    const auto add = [&](const std::vector<Row>& rows, const std::string& mark) {
        for (const Row& row : rows) {
            if (row.cells[0].starts_with("builtins.") || row.cells[0].starts_with("typing."))
                continue;
            std::string line = mark + row.cells[0];
            for (std::size_t i = 1; i + 1 < row.cells.size(); ++i) line += "|" + row.cells[i];
            lines.push_back(line);
        }
    };
    add(found.classes, "class ");
    add(found.apis, "");
    add(found.aliases, "alias ");
    std::sort(lines.begin(), lines.end());
    std::string text = "\n";
    for (const std::string& line : lines) text += line + "\n";
    return text;
}
std::string facts(const std::string& text) {
    return facts({{"m", false, text}});
}

TEST(Typeshed, FunctionsAndWhatTheyGive) {
    EXPECT_EQ(facts(R"(
from typing import Any, Optional
def plain() -> int: ...
def either(x) -> int | None: ...
def maybe() -> Optional[str]: ...
def several() -> list[str]: ...
def anything() -> list[Any]: ...
async def later() -> int: ...
async def nothing(): ...
def unknown() -> Any: ...
def bare(): ...
def base() -> object: ...
def var() -> _T: ...
def _private() -> int: ...
x: int
)"),
              R"(
m.anything|function|list
m.either|function|int | None
m.later|coroutine|int
m.maybe|function|str | None
m.nothing|coroutine|
m.plain|function|int
m.several|function|list[str]
)");
}

TEST(Typeshed, WhatDiffersIsLeftOut) {
    EXPECT_EQ(facts(R"(
import sys
from typing import overload
@overload
def same(x: int) -> int: ...
@overload
def same(x: str) -> int: ...
@overload
def other(x: int) -> int: ...
@overload
def other(x: str) -> str: ...
if sys.version_info >= (3, 12):
    def old() -> int: ...
    def kept() -> int: ...
elif x:
    def kept() -> int: ...
else:
    def old() -> str: ...
    def kept() -> int: ...
@decorated
def strange() -> int: ...
if sys.version_info >= (3, 13):
    class C: ...
else:
    class C:
        def f(self) -> int: ...
)"),
              R"(
m.kept|function|int
m.same|function|int
)");
}

TEST(Typeshed, Classes) {
    EXPECT_EQ(facts(R"(
from typing_extensions import Self
class A:
    name: str
    def __enter__(self) -> Self: ...
    def me(self) -> Self: ...
    @property
    def size(self) -> int: ...
    @size.setter
    def size(self, x: int) -> None: ...
    @classmethod
    def make(cls) -> Self: ...
    class Inner:
        def f(self) -> A: ...
class B(A, list[int]):
    async def get(self) -> str: ...
    def __aiter__(self): ...
class C(Nowhere): ...
class D(C): ...
class E:
    def __getattr__(self, name): ...
)"),
              R"(
class m.A.Inner||complete
class m.A||with complete
class m.B|m.A, builtins.list|with for async-for complete
class m.C||
class m.D|m.C|
class m.E||
m.A.Inner.f|function|m.A
m.A.__enter__|function|m.A
m.A.make|function|m.A
m.A.me|function|m.A
m.A.name|property|str
m.A.size|property|int
m.B.get|coroutine|str
)");
}

TEST(Typeshed, NamesAreThosePeopleImport) {
    EXPECT_EQ(
        facts({{"_impl", false, "class C:\n    def f(self) -> C: ...\ndef hidden() -> int: ...\n"},
               {"pkg", true,
                "from _impl import C as C\nfrom .sub import *\n"
                "from .other import D as D\n__all__ = ['D', 'g']\n"},
               {"pkg.sub", false, "from _impl import C\ndef g() -> C: ...\n"},
               {"pkg.other", false, "class D: ...\n"}}),
        R"(
alias pkg.D|pkg.other.D
alias pkg.g|pkg.sub.g
class pkg.C||complete
class pkg.other.D||complete
pkg.C.f|function|pkg.C
pkg.sub.g|function|pkg.C
)");
}

TEST(Typeshed, WhatIsKnownStays) {
    EXPECT_EQ(
        facts({{"old", false,
                "def known() -> str: ...\ndef new() -> Known: ...\n"
                "class Known:\n    def __enter__(self): ...\n    def more(self) -> int: ...\n"},
               {"old.impl", false, "def known() -> str: ...\ndef inner() -> int: ...\n"}}),
        R"(
old.Known.more|function|int
old.inner|function|int
old.new|function|old.Known
)");
}

TEST(Typeshed, AnyTextAndCircles) {
    facts({{"a", false, "from b import *\nfrom b import x as x\nclass A(A): ...\n"},
           {"b", false,
            "from a import *\nfrom a import x as x\nclass B(B2): ...\nclass B2(B): ...\n"},
           {"c", false, "((((\n\xff class: def\n'''"},
           {"d", true, "from ..... import x\nfrom . import y\nimport d\nz: d.z\n"}});
}

TEST(Typeshed, TheProgramHasThem) {
    ASSERT_NE(find_api("platform.system"), nullptr);
    EXPECT_EQ(find_api("platform.system")->returns, "str");
    ASSERT_NE(find_class("ipaddress.IPv4Network"), nullptr);
    EXPECT_TRUE(find_class("ipaddress.IPv4Network")->sync_iterable);
    EXPECT_FALSE(find_class("ipaddress.IPv4Network")->async_iterable);
    EXPECT_EQ(find_api("email.message_from_string"), nullptr) << "its overloads differ";
}

} // namespace
} // namespace awaitls::analysis::tables

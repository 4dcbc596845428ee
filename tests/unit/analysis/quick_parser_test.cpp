// The quick parser makes what tree-sitter and the lowering make, or leaves the text to them.

#include "analysis/semantic/region.h"
#include "analysis/syntax/outline.h"
#include "analysis/syntax/parser.h"
#include "analysis/syntax/quick_parser.h"
#include "tests/support/random_edits.h"
#include "tests/support/same_syntax.h"

#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace awaitls::analysis {
namespace {

struct Count {
    std::size_t regions = 0;
    std::size_t quick = 0;
};

/// Compares the regions of a text.
void compare(const std::string& text, const std::string& where, Count& count) {
    for (const RegionRange& region : make_outline(text).regions) {
        const std::string part = text.substr(region.span.begin, region.span.size());
        ++count.regions;
        const std::optional<Lowered> quick = parse_quickly(part);
        if (!quick) continue;
        ++count.quick;
        EXPECT_EQ(tests::syntax_difference(part, *quick), "") << where << ":\n" << part;
    }
}

/// Whether the text is parsed quickly; then it is compared.
bool is_quick(const std::string& text) {
    const std::optional<Lowered> quick = parse_quickly(text);
    if (quick) {
        EXPECT_EQ(tests::syntax_difference(text, *quick), "") << text;
    }
    return quick.has_value();
}

TEST(QuickParser, EveryConstruct) {
    for (const char* const text : {
             "pass; break\ncontinue;\n",
             "a = b = c, d\na, (b, *c) = [d.e, f[0]] = g\na.b: int = 3\nx: list[int] | None | "
             "str\n",
             "a += 1; b **= yield c; d @= e\n",
             "del a, b[0], (c.d, e)\n",
             "assert a, 'b'\nraise A(1) from None\nraise\n",
             "import a, b.c as d\nfrom . import e\nfrom ...f.g import (h, i as j,)\nfrom k import "
             "*\n",
             "from __future__ import annotations\n",
             "global a, b\nnonlocal c\n",
             "if a: b\nelif c:\n    d\nelse:\n    e\n",
             "while a:\n  b\nelse:\n  c\n",
             "for a, *b in c, d:\n    pass\nelse: pass\n",
             "async def f(a, /, b: int = 1, *c: str, d=2, **e) -> None:\n    async for x in y: "
             "pass\n"
             "    async with a as b, c as (d, e): return\n",
             "@a.b(c)  # why\n@d\nclass E(F, metaclass=G, *h, **i):\n    '''doc'''\n\n    x: int\n",
             "try:\n    a\nexcept (B, C) as d:\n    e\nexcept* F: g\nelse:\n    h\nfinally:\n    "
             "i\n",
             "def f():\n    x = yield\n    yield from a\n    return (yield b), c\n",
             "a if b else c if d else e\nlambda: 0\nlambda a, *b, c=1, **d: (a, b)\n",
             "not a or b and not c\na < b <= c != d is not e not in f is g in h\n",
             "-a ** -b\n~a + b * c @ d // e % f - g << h >> i\na | b ^ c\na & b\n",
             "await a ** 2\nawait a.b(c)[d]\n",
             "f(*a, b, c=d, **e)\nf(a for a in b)\nf(a, (b for b in c if d if e))\nf(x := 1)\n",
             "a[b, c:d, ::e, *f]\na[:]\n[*a, b]\n{*a, b}\n{**a, 'b': c}\n()\n(a,)\n((a))\n",
             "[a async for a, b in c for d in e if f]\n{a for a in b}\n{a: b for a in c}\n",
             "1 + 0x1F + 0b1 + 0o7 + 1_0 + 1.5e-3 + .5 + 2j + 3.\n",
             "'a' \"b\" '''c\n\"d''' rb'\\'' u\"\\\"\"\n",
             "f'{a}{b!r:>{c}}{{}}{d=}' f\"\"\"{\n  e['x']\n}\"\"\" f'{a:%H:%M}'\n",
             "a = (  # one\n    b,  # two\n)\n",
             "a = b + \\\n    c\n",
             "print(a)\nmatch = 1\nmatch.group(1)\ntype: int = 3\nasync_ = 2\n...\n",
         })
        EXPECT_TRUE(is_quick(text)) << text;
}

TEST(QuickParser, CommentsBelongToTheBlockThatTheyAreIndentedLike) {
    for (const char* const text : {
             "if a:\n    b\n    # of the block\n# outside\nc\n",
             "if a:\n    if b:\n        c\n        # 1\n    # 2\n  # 3\n# 4\n",
             "def f():\n    if a:  # 1\n        # 2\n        b  # 3\n\n    # 4\n    else:\n        "
             "c\n# 5",
             "    def f(self):\n        a\n    # of the class\n\n    # more\n    x = 1\n",
             "if a: b  # here\n# there\n",
             "# first\n\n# second\na\n",
             "# nothing else",
             "",
         })
        EXPECT_TRUE(is_quick(text)) << text;
}

TEST(QuickParser, WhatTheGrammarReadsDifferentlyIsLeftToIt) {
    for (const char* const text : {
             "if a := b if c else d:\n    pass\n",
             "1__0\n",
             "1_\n",
             "1_.0\n",
             "for (a) in b: pass\n",
             "(a) = 1\n",
             "a ^ b & c\n",
             "f'{x:=10}'\n",
             "f'\\N{DASH}'\n",
             "(a.\n b)\n",
             "print >>a, b\n",
             "exec a\n",
             "match a:\n    case 1: pass\n",
             "type A = int\n",
             "type(a).b = c\n",
             "with (a as b): pass\n",
             "def f[T](a): pass\n",
             "f(a\n =b)\n",
             "\tif a: b\n",
             "a, b,\nc = d\n",
             "{*a * b}\n",
             "f[*[a]]\n",
             "with a, ():\n    pass\n",
             "x: a[b, :c]\n",
             "def f(a: b[c] ** d): pass\n",
             "if a:\n    f(b,\nc)\n",
             "if a:\n    f(b,\n# c\n    d)\n",
             "def f(): g(\n    a)\n",
             "\\\na\n",
             "from __future__.a import b\n",
             "return*a, b\n",
             "del *a\n",
             "a\r\nb\r\n",
             "\xc3\xa9 = 1\n",
             "0777\n",
             "a <> b\n",
         })
        EXPECT_FALSE(is_quick(text)) << text;
}

TEST(QuickParser, ErrorsAreLeftToTheGrammar) {
    for (const char* const text : {
             "a b\n",
             "a = \n",
             "if a:\nb\n",
             "if a:\n    b\n  c\n",
             "  a\nb\n",
             "f(\n",
             "a)\n",
             "'abc\n",
             "f'{a'\n",
             "f'}'\n",
             "f() = 1\n",
             "else: pass\n",
             "try:\n    a\n",
             "def f(:\n",
             "class A:\n",
             "x = *a\n",
             "return *a\n",
             "lambda *: 0 :\n",
             "import\n",
             "from . import\n",
             "a if b\n",
             "not\n",
             "{a: b, c}\n",
             "{a, b: c}\n",
             "[*a for a in b]\n",
             "a[]\n",
             "await await a\n",
             "@a\nb\n",
             "async a\n",
             "1a\n",
             "$\n",
             "a\\\n\n",
             "\\\n",
         })
        EXPECT_FALSE(is_quick(text)) << text;
}

TEST(QuickParser, HeadsOfClassesMayHaveTheirBodiesElsewhere) {
    const auto earlier = make_region("class Z:\n", RegionKind::ClassHead, false, true);
    for (const std::string text :
         {"class A:\n\n", "class A(B):\n", "@x\nclass A:  # c\n\n", "class A:\n    # c\n\n",
          "class A:\n    'doc'\n\n", "class A:\n    # c\n# d\n", "class A(B, c=1):\n    x = 1\n"}) {
        EXPECT_TRUE(parse_quickly(text, true)) << text;
        const auto quick = make_region(text, RegionKind::ClassHead, false, true);
        const auto slow = make_region(text, RegionKind::ClassHead, false, true, earlier.get());
        EXPECT_TRUE(slow->clean()) << text;
        ASSERT_EQ(quick->tree.size(), slow->tree.size()) << text;
        for (NodeId n = 0; n < quick->tree.size(); ++n) {
            EXPECT_EQ(quick->tree[n].begin, slow->tree[n].begin) << text << n;
            EXPECT_EQ(quick->tree[n].end, slow->tree[n].end) << text << n;
            EXPECT_EQ(quick->tree[n].kind, slow->tree[n].kind) << text << n;
            EXPECT_EQ(quick->tree[n].next, slow->tree[n].next) << text << n;
        }
        EXPECT_EQ(quick->surface, slow->surface) << text;
    }
    EXPECT_FALSE(parse_quickly("if a:\n    class A:\n", true));
}

TEST(QuickParser, DepthIsBounded) {
    EXPECT_FALSE(is_quick(std::string(5'000, '(') + std::string(5'000, ')') + "\n"));
    EXPECT_FALSE(is_quick(std::string(200'000, '(')));
    std::string blocks;
    for (int i = 0; i < 500; ++i)
        blocks += std::string(static_cast<std::size_t>(i), ' ') + "if a:\n";
    EXPECT_FALSE(is_quick(blocks + std::string(500, ' ') + "b\n"));
    // Neither of these nests.
    std::string sum = "x = a";
    for (int i = 0; i < 20'000; ++i) sum += " + a";
    EXPECT_TRUE(is_quick(sum + "\n"));
    std::string chain = "a";
    for (int i = 0; i < 20'000; ++i) chain += ".b()";
    EXPECT_TRUE(is_quick(chain + "\n"));
}

/// Replaces, inserts, removes or swaps words and signs of a text.
std::string mutated(const std::string& text, tests::Random& random) {
    constexpr const char* kPieces[] = {
        "(",       ")",      "[",      "]",       "{",       "}",     ",",     ":",    ";",
        "=",       "==",     ":=",     "*",       "**",      "->",    ".",     "...",  "\n",
        "\n    ",  " ",      "#c\n",   "'a'",     "f'{a}'",  "b''",   "not ",  "is ",  "in ",
        "await ",  "async ", "yield ", "lambda ", "if ",     "else",  "else:", "for ", "from ",
        "import ", "print ", "type ",  "match ",  "as ",     "with ", "None",  "1",    "0x1",
        "@",       "-",      "~",      "|",       "&",       "^",     "<",     "!",    "\\\n",
        "return ", "def ",   "class ", "try:",    "except ", "pass",  "del ",  "*a",   "+="};
    std::vector<std::string> words;
    for (std::size_t i = 0; i < text.size();) {
        const auto kind = [](char c) {
            return c == ' ' ? 1 : std::isalnum(static_cast<unsigned char>(c)) != 0 ? 2 : 0;
        };
        std::size_t end = i + 1;
        while (kind(text[i]) != 0 && end < text.size() && kind(text[end]) == kind(text[i])) ++end;
        words.push_back(text.substr(i, end - i));
        i = end;
    }
    for (std::uint32_t edits = 1 + random.below(3); edits > 0; --edits) {
        const std::size_t at = random.below(words.size());
        const char* const piece = kPieces[random.below(std::size(kPieces))];
        switch (random.below(4)) {
        case 0: words[at].clear(); break;
        case 1: words[at] = piece; break;
        case 2: words[at].insert(0, piece); break;
        default: std::swap(words[at], words[random.below(words.size())]); break;
        }
    }
    std::string result;
    for (const std::string& word : words) result += word;
    return result;
}

TEST(QuickParser, MutantsOfRealCode) {
    tests::Random random(20);
    std::size_t accepted = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(AWAITLS_FIXTURES)) {
        if (entry.path().extension() != ".py") continue;
        std::ifstream in(entry.path(), std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(in), {}};
        for (const RegionRange& region : make_outline(text).regions) {
            const std::string part = text.substr(region.span.begin, region.span.size());
            for (int i = 0; i < 12 && !part.empty(); ++i)
                accepted += is_quick(mutated(part, random));
        }
    }
    EXPECT_GT(accepted, 1'000u);
}

TEST(QuickParser, RealCode) {
    Count count;
    std::vector<std::filesystem::path> roots{AWAITLS_FIXTURES};
    for (const char* const version : {"3.11", "3.12", "3.13", "3.14"})
        roots.emplace_back(std::string("/usr/lib/python") + version);
    for (const std::filesystem::path& root : roots) {
        std::error_code error;
        for (std::filesystem::recursive_directory_iterator at(root, error), end;
             !error && at != end; at.increment(error)) {
            if (at->path().extension() != ".py") continue;
            std::ifstream in(at->path(), std::ios::binary);
            const std::string bytes{std::istreambuf_iterator<char>(in), {}};
            compare(decode_source(bytes).text, at->path().string(), count);
        }
    }
    EXPECT_GT(count.regions, 1'000u);
    EXPECT_GT(count.quick * 100, count.regions * 80) << count.quick << " of " << count.regions;
}

} // namespace
} // namespace awaitls::analysis

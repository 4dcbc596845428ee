#include "analysis/semantic/model.h"
#include "analysis/syntax/parser.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace awaitls::analysis {
namespace {

Tree parse(std::string text) {
    ParsedRegion region = parse_region(std::move(text));
    EXPECT_TRUE(region.tree.clean()) << region.tree.text();
    return region.tree;
}

NodeId first(const Tree& tree, Kind kind) {
    for (NodeId node = 0; node < tree.size(); ++node)
        if (tree.kind(node) == kind) return node;
    ADD_FAILURE() << "no such node in " << tree.text();
    return 0;
}

std::string text_of(const Tree& tree, NodeId node) {
    return node == kNoNode ? "-" : std::string(tree.text(node));
}

TEST(Queries, ArgumentByPositionOrKeyword) {
    const Tree tree = parse("f(1, g(2), *rest, 3, key=4, **more)\n");
    const NodeId call = first(tree, Kind::Call);
    EXPECT_EQ(text_of(tree, argument(tree, call, 0, {})), "1");
    EXPECT_EQ(text_of(tree, argument(tree, call, 1, {})), "g(2)");
    EXPECT_EQ(text_of(tree, argument(tree, call, 2, {})), "-") << "hidden by the star";
    EXPECT_EQ(text_of(tree, argument(tree, call, 2, "key")), "4");
    EXPECT_EQ(text_of(tree, argument(tree, call, -1, "key")), "4");
    EXPECT_EQ(text_of(tree, argument(tree, call, 5, "other")), "-");
    EXPECT_EQ(text_of(tree, keyword_argument(tree, call, "key")), "4");
    EXPECT_EQ(text_of(tree, keyword_argument(tree, call, "rest")), "-");
}

TEST(Queries, KeywordsDoNotCountAsPositions) {
    const Tree tree = parse("f(a=1, b=2)\n");
    EXPECT_EQ(argument(tree, first(tree, Kind::Call), 0, {}), kNoNode);
}

TEST(Queries, PositionalCount) {
    const auto count = [](const char* source, bool expect_star) {
        const Tree tree = parse(source);
        bool starred = !expect_star;
        const int result = positional_count(tree, first(tree, Kind::Call), starred);
        EXPECT_EQ(starred, expect_star) << source;
        return result;
    };
    EXPECT_EQ(count("f()\n", false), 0);
    EXPECT_EQ(count("f(1, 2, k=3, **m)\n", false), 2);
    EXPECT_EQ(count("f(1, *a, 2)\n", true), 1);
    EXPECT_EQ(count("f(x for x in y)\n", false), 1);
}

TEST(Queries, ArgumentValuesUnwrapKeywords) {
    const Tree tree = parse("f(1, *a, k=2, **m)\n");
    std::string all;
    for (const NodeId value : argument_values(tree, first(tree, Kind::Call)))
        all += text_of(tree, value) + ";";
    EXPECT_EQ(all, "1;*a;2;**m;");
}

TEST(Queries, Identifier) {
    const Tree tree = parse("def work(a):\n    return self.store\n");
    EXPECT_EQ(identifier(tree, first(tree, Kind::FunctionDef)), "work");
    EXPECT_EQ(identifier(tree, first(tree, Kind::Attribute), Role::Attr), "store");
    EXPECT_EQ(identifier(tree, first(tree, Kind::Attribute), Role::Name), "");
    EXPECT_EQ(identifier(tree, first(tree, Kind::Parameter)), "a");
}

TEST(Queries, IsAwaited) {
    const auto awaited = [](const char* source) {
        const Tree tree = parse(std::string("async def f():\n    ") + source + "\n");
        return is_awaited(tree, first(tree, Kind::Call));
    };
    EXPECT_TRUE(awaited("await g()"));
    EXPECT_TRUE(awaited("x = (await (g()))"));
    EXPECT_FALSE(awaited("await g().x"));
    EXPECT_FALSE(awaited("g()"));
    EXPECT_FALSE(awaited("return g()"));
}

TEST(Queries, SuspensionPoints) {
    const auto suspends = [](const char* source) {
        const Tree tree = parse(std::string("async def f():\n    ") + source + "\n");
        return has_suspension_point(tree, first(tree, Kind::FunctionDef));
    };
    EXPECT_TRUE(suspends("x = [await g()]"));
    EXPECT_TRUE(suspends("async for x in y:\n        pass"));
    EXPECT_TRUE(suspends("async with x:\n        pass"));
    EXPECT_TRUE(suspends("z = [x async for x in y]"));
    EXPECT_TRUE(suspends("if a:\n        yield 1"));
    EXPECT_TRUE(suspends("z = (x for x in await y)"));
    EXPECT_TRUE(suspends("def g(a=(yield)):\n        pass"))
        << "default values run where the function is defined";
    EXPECT_FALSE(suspends("z = (await x for x in y)")) << "a generator expression is lazy";
    EXPECT_FALSE(suspends("z = (x async for x in y)"));
    EXPECT_FALSE(suspends("async def g():\n        await h()"));
    EXPECT_FALSE(suspends("z = lambda: (yield)"));
    EXPECT_FALSE(suspends("class C:\n        async def g(self):\n            await h()"));
    EXPECT_FALSE(suspends("with x:\n        for y in z:\n            pass"));
}

TEST(Queries, NumberValue) {
    const auto number = [](const char* source) {
        const Tree tree = parse(std::string(source) + "\n");
        return number_value(tree, tree.child(first(tree, Kind::ExprStmt), Role::Value));
    };
    EXPECT_EQ(number("5"), 5.0);
    EXPECT_EQ(number("1_000"), 1000.0);
    EXPECT_EQ(number("0x1F"), 31.0);
    EXPECT_EQ(number("0b101"), 5.0);
    EXPECT_EQ(number("0o17"), 15.0);
    EXPECT_EQ(number("0.5"), 0.5);
    EXPECT_EQ(number(".5"), 0.5);
    EXPECT_EQ(number("1e3"), 1000.0);
    EXPECT_EQ(number("2."), 2.0);
    EXPECT_EQ(number("-1"), -1.0);
    EXPECT_EQ(number("1e-999"), 0.0);
    EXPECT_GT(number("1e999").value_or(0), 1e300);
    EXPECT_FALSE(number("1j"));
    EXPECT_FALSE(number("x"));
    EXPECT_FALSE(number("~1"));
}

TEST(Queries, StringValue) {
    const auto string = [](const char* source) {
        const Tree tree = parse(std::string(source) + "\n");
        const std::optional<std::string_view> value =
            string_value(tree, tree.child(first(tree, Kind::ExprStmt), Role::Value));
        return value ? std::string(*value) : "(none)";
    };
    EXPECT_EQ(string("'text'"), "text");
    EXPECT_EQ(string("\"\""), "");
    EXPECT_EQ(string("'''a\nb'''"), "a\nb");
    EXPECT_EQ(string("r'a\\d'"), "a\\d");
    EXPECT_EQ(string("u'a'"), "a");
    EXPECT_EQ(string("'a\\n'"), "(none)");
    EXPECT_EQ(string("b'a'"), "(none)");
    EXPECT_EQ(string("f'a{b}'"), "(none)");
    EXPECT_EQ(string("f'a'"), "(none)");
    EXPECT_EQ(string("'a' 'b'"), "(none)");
    EXPECT_EQ(string("1"), "(none)");
}

/// The exits of the function's body as letters: falls, returns, breaks, continues, raises.
std::string exits(const char* body) {
    std::string source = "while x:\n";
    std::string line;
    for (const char* c = body; *c != '\0'; ++c) {
        if (line.empty()) line = "    ";
        line += *c;
        if (*c == '\n') {
            source += line;
            line.clear();
        }
    }
    source += line + "\n";
    const Tree tree = parse(source);
    const Exits result = exits_of(tree, tree.child(first(tree, Kind::While), Role::Body));
    std::string letters;
    if (result.falls_through) letters += 'f';
    if (result.returns) letters += 'r';
    if (result.breaks) letters += 'b';
    if (result.continues) letters += 'c';
    if (result.raises) letters += 'x';
    return letters;
}

TEST(Queries, ExitsOfSimpleStatements) {
    EXPECT_EQ(exits("pass"), "f");
    EXPECT_EQ(exits("break"), "b");
    EXPECT_EQ(exits("continue\npass"), "c");
    EXPECT_EQ(exits("raise\nbreak"), "x") << "what is never reached does not count";
    EXPECT_EQ(exits("def f():\n    return 1"), "f");
}

TEST(Queries, ExitsOfBranches) {
    EXPECT_EQ(exits("if a:\n    break"), "fb");
    EXPECT_EQ(exits("if a:\n    break\nelse:\n    raise"), "bx");
    EXPECT_EQ(exits("if a:\n    break\nelif b:\n    raise"), "fbx");
    EXPECT_EQ(exits("if a:\n    break\nelif b:\n    raise\nelse:\n    continue"), "bcx");
    EXPECT_EQ(exits("match a:\n    case 1:\n        break"), "fb");
    EXPECT_EQ(exits("match a:\n    case 1:\n        break\n    case _:\n        raise"), "bx");
    EXPECT_EQ(exits("match a:\n    case 1:\n        break\n    case other:\n        raise"), "bx");
    EXPECT_EQ(exits("match a:\n    case _ if b:\n        break"), "fb");
    EXPECT_EQ(exits("match a:\n    case None:\n        break"), "fb");
    EXPECT_EQ(exits("match a:\n    case A():\n        break"), "fb");
}

TEST(Queries, ExitsOfLoops) {
    EXPECT_EQ(exits("while True:\n    pass"), "");
    EXPECT_EQ(exits("while 1:\n    break"), "f");
    EXPECT_EQ(exits("while True:\n    raise"), "x");
    EXPECT_EQ(exits("while a:\n    raise"), "fx");
    EXPECT_EQ(exits("for a in b:\n    continue"), "f");
    EXPECT_EQ(exits("for a in b:\n    pass\nelse:\n    break"), "b");
    EXPECT_EQ(exits("for a in b:\n    break\nelse:\n    raise"), "fx");
}

TEST(Queries, ExitsOfTryAndWith) {
    EXPECT_EQ(exits("with a:\n    break"), "b");
    EXPECT_EQ(exits("try:\n    break\nexcept A:\n    pass"), "fb");
    EXPECT_EQ(exits("try:\n    break\nexcept A:\n    raise"), "bx");
    EXPECT_EQ(exits("try:\n    raise\nexcept:\n    break"), "b");
    EXPECT_EQ(exits("try:\n    raise\nexcept A:\n    break"), "bx");
    EXPECT_EQ(exits("try:\n    pass\nexcept A:\n    break\nelse:\n    continue"), "bc");
    EXPECT_EQ(exits("try:\n    break\nfinally:\n    pass"), "b");
    EXPECT_EQ(exits("try:\n    break\nfinally:\n    raise"), "x") << "a finally that leaves wins";
    EXPECT_EQ(exits("try:\n    pass\nfinally:\n    if a:\n        raise"), "fx");
}

} // namespace
} // namespace awaitls::analysis

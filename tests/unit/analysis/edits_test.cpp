// The pieces of fixes that rules share, as far as they need no model; hand_to_thread is covered by the fixtures of the blocking rules.

#include "analysis/rules/rule.h"
#include "analysis/syntax/parser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace awaitls::analysis {
namespace {

Tree parse(std::string text) {
    ParsedRegion region = parse_region(std::move(text));
    EXPECT_TRUE(region.tree.clean()) << region.tree.text();
    return region.tree;
}

/// The node of a kind whose text is this.
NodeId find(const Tree& tree, std::string_view text) {
    for (NodeId node = 0; node < tree.size(); ++node)
        if (tree.text(node) == text && tree.kind(node) != Kind::ExprStmt &&
            tree.kind(node) != Kind::Module && tree.kind(node) != Kind::Block)
            return node;
    ADD_FAILURE() << "no `" << text << "` in " << tree.text();
    return 0;
}

/// The statement with `expression` awaited.
std::string awaited(std::string statement, std::string_view expression = "f()") {
    const Tree tree = parse("async def g():\n    " + statement + "\n");
    std::vector<Edit> edits = insert_await(tree, find(tree, expression));
    std::sort(edits.begin(), edits.end(),
              [](const Edit& a, const Edit& b) { return a.span.begin < b.span.begin; });
    const std::string text = apply_edits(tree.text(), edits);
    EXPECT_TRUE(parse_region(text).tree.clean()) << text;
    constexpr std::size_t kHead = sizeof "async def g():\n    " - 1;
    return text.substr(kHead, text.size() - kHead - 1);
}

TEST(InsertAwait, NeedsNoParenthesesUnderLooserOperators) {
    EXPECT_EQ(awaited("f()"), "await f()");
    EXPECT_EQ(awaited("x = f()"), "x = await f()");
    EXPECT_EQ(awaited("return f()"), "return await f()");
    EXPECT_EQ(awaited("not f()"), "not await f()");
    EXPECT_EQ(awaited("-f()"), "-await f()");
    EXPECT_EQ(awaited("f() + 1"), "await f() + 1");
    EXPECT_EQ(awaited("2 ** f()"), "2 ** await f()");
    EXPECT_EQ(awaited("f() and x"), "await f() and x");
    EXPECT_EQ(awaited("f() in x"), "await f() in x");
    EXPECT_EQ(awaited("h(*f(), k=1)"), "h(*await f(), k=1)");
    EXPECT_EQ(awaited("h(k=f())"), "h(k=await f())");
    EXPECT_EQ(awaited("x[f()]"), "x[await f()]");
    EXPECT_EQ(awaited("x if f() else y"), "x if await f() else y");
    EXPECT_EQ(awaited("print(f'{f()}')"), "print(f'{await f()}')");
    EXPECT_EQ(awaited("f().x", "f().x"), "await f().x");
}

TEST(InsertAwait, AddsParenthesesUnderTighterOnes) {
    EXPECT_EQ(awaited("f().x"), "(await f()).x");
    EXPECT_EQ(awaited("f()[0]"), "(await f())[0]");
    EXPECT_EQ(awaited("f()()"), "(await f())()");
    EXPECT_EQ(awaited("f() ** 2"), "(await f()) ** 2");
    EXPECT_EQ(awaited("await f()"), "await (await f())");
}

TEST(InsertAwait, UsesTheParenthesesThatAreThere) {
    EXPECT_EQ(awaited("(f()).x"), "(await f()).x");
    EXPECT_EQ(awaited("(f()) ** 2"), "(await f()) ** 2");
    EXPECT_EQ(awaited("x = (f())"), "x = (await f())");
}

TEST(InsertAwait, WrapsWhatIsNoPrimary) {
    EXPECT_EQ(awaited("x = a or b", "a or b"), "x = await (a or b)");
    EXPECT_EQ(awaited("a if b else c", "a if b else c"), "await (a if b else c)");
    EXPECT_EQ(awaited("(a or b).x", "a or b"), "(await (a or b)).x");
}

TEST(InsertAwait, KeepsKeywordsApart) {
    EXPECT_EQ(awaited("return(h)(1)", "(h)(1)"), "return await (h)(1)");
    EXPECT_EQ(awaited("return(f())"), "return(await f())");
}

TEST(CalleeText, IsShortAndOnOneLine) {
    const auto text = [](std::string source) {
        const Tree tree = parse(source + "\n");
        for (NodeId node = 0; node < tree.size(); ++node)
            if (tree.kind(node) == Kind::Call) return callee_text(tree, node);
        return std::string("no call");
    };
    EXPECT_EQ(text("f(1)"), "f");
    EXPECT_EQ(text("self.client.get(url)"), "self.client.get");
    EXPECT_EQ(text("Path(a, b).read_text()"), "Path(a, b).read_text");
    EXPECT_EQ(text("(a\n  .b(c, d)\n  .e())"), "a.b(...).e");
    EXPECT_EQ(text("(a  # why\n  .b())"), "a.b");
    EXPECT_EQ(text("x[\n 1].y()"), "x[...].y");
    EXPECT_EQ(text("'-'.join(f(\n))"), "'-'.join");
    const std::string long_name(80, 'n');
    EXPECT_EQ(text(long_name + ".run()"), "..." + std::string(53, 'n') + ".run");
    EXPECT_EQ(text(std::string(60, 'n') + "()"), std::string(60, 'n'));
    // Characters count, not bytes, and none is cut in two.
    std::string greek;
    for (int i = 0; i < 61; ++i) greek += "\u03bb";
    const std::string shortened = text(greek + "()");
    EXPECT_EQ(shortened.size(), 3U + 2U * 57U);
    EXPECT_EQ(shortened.substr(3, 2), "\u03bb");
    // A chain of any depth.
    std::string chain = "a";
    for (int i = 0; i < 5000; ++i) chain += ".b";
    EXPECT_EQ(text(chain + "()").size(), 60U);
}

TEST(DisplayName, DropsBuiltins) {
    EXPECT_EQ(display_name("builtins.open"), "open");
    EXPECT_EQ(display_name("pathlib.Path.exists"), "pathlib.Path.exists");
    EXPECT_EQ(display_name("builtins"), "builtins");
}

} // namespace
} // namespace awaitls::analysis

// The cut of a file into regions.

#include "analysis/syntax/outline.h"
#include "analysis/syntax/parser.h"
#include "tests/support/random_edits.h"

#include <gtest/gtest.h>

#include <string>

namespace awaitls::analysis {
namespace {

/// One line for each region: its kind (s, d, c; members behind the distance to their head), and the first line of its text.
std::string shape(std::string_view text, const Outline& outline) {
    std::string result = outline.unterminated_string ? "unterminated\n" : "";
    std::uint32_t at = 0;
    for (const RegionRange& region : outline.regions) {
        EXPECT_EQ(region.span.begin, at) << "regions cover the text without gaps";
        at = region.span.end;
        if (region.parent > 0) result += std::to_string(region.parent) + " ";
        result += region.kind == RegionKind::Statements   ? "s "
                  : region.kind == RegionKind::Definition ? "d "
                                                          : "c ";
        const std::string_view own = text.substr(region.span.begin, region.span.size());
        std::size_t begin = own.find_first_not_of(" \t\f\r\n");
        if (begin == std::string_view::npos) begin = 0;
        result += std::string(own.substr(begin, own.find_first_of("\r\n", begin) - begin)) + "\n";
    }
    EXPECT_EQ(at, text.size());
    return result;
}
std::string shape(std::string_view text) {
    return shape(text, make_outline(text));
}

TEST(Outline, StatementsAndFunctions) {
    EXPECT_EQ(shape(""), "s \n");
    EXPECT_EQ(shape("\n\n# only a comment\n"), "s # only a comment\n");
    EXPECT_EQ(shape("import a\nx = 1\ndef f():\n    pass\n\ny = 2\nasync def g(): pass\nz = 3"),
              "s import a\nd def f():\ns y = 2\nd async def g(): pass\ns z = 3\n");
    EXPECT_EQ(shape("def f(): pass\ndef g(): pass\n"), "d def f(): pass\nd def g(): pass\n");
    EXPECT_EQ(shape("@a\n@b(\n  1)\n\n# why\ndef f():\n    def inner(): pass\n    return inner\n"),
              "d @a\n");
    EXPECT_EQ(shape("x = 1\n@a\ndef f(): pass\n@b\ndef g(): pass\n"), "s x = 1\nd @a\nd @b\n");
    EXPECT_EQ(shape("async  def f(): pass\nasync with x: pass\ndefine = 1\nclassy = 2\n"),
              "d async  def f(): pass\ns async with x: pass\n");
}

TEST(Outline, CompoundStatementsStayWhole) {
    EXPECT_EQ(
        shape("if a:\n    def f(): pass\nelif b:\n    pass\nelse:\n    def g(): pass\nx = 1\n"),
        "s if a:\n");
    EXPECT_EQ(shape("try:\n    import a\nexcept ImportError:\n    a = None\nfinally:\n    "
                    "pass\ndef f(): pass\n"),
              "s try:\nd def f(): pass\n");
    EXPECT_EQ(shape("for x in y:\n    class A:\n        def f(self): pass\n"), "s for x in y:\n");
}

TEST(Outline, ClassesAreHeadsAndMembers) {
    EXPECT_EQ(shape("class A(B):\n    \"\"\"Doc.\"\"\"\n    x: int\n\n    def f(self): pass\n    y "
                    "= 2\n    @property\n    def g(self): pass\n"
                    "    class Inner:\n        def h(self): pass\nz = 1\n"),
              "c class A(B):\n1 d def f(self): pass\n2 s y = 2\n3 d @property\n4 d class Inner:\ns "
              "z = 1\n");
    EXPECT_EQ(shape("@dataclass\nclass A:\n    x: int\nclass B: pass\nclass C:\n    async def "
                    "f(self): pass\n"),
              "c @dataclass\nc class B: pass\nc class C:\n1 d async def f(self): pass\n");
    EXPECT_EQ(shape("class A:\n\tdef f(self):\n\t\tpass\n\tdef g(self):\n\t\tpass\n"),
              "c class A:\n1 d def f(self):\n2 d def g(self):\n");
}

TEST(Outline, StringsAndBracketsHideLines) {
    EXPECT_EQ(shape("x = \"\"\"\ndef f():\n    pass\n\"\"\"\ny = '''\nclass A:\n'''\n"),
              "s x = \"\"\"\n");
    EXPECT_EQ(shape("x = 'a\\\ndef f(): pass'\ndef g(): pass\n"), "s x = 'a\\\nd def g(): pass\n");
    EXPECT_EQ(shape("x = [\nlambda: 1,\n]\ny = (  # )\n1)\ndef f(\na,\nb): pass\n"),
              "s x = [\nd def f(\n");
    EXPECT_EQ(shape("x = 1 + \\\n2\ndef f(): pass\n"), "s x = 1 + \\\nd def f(): pass\n");
    EXPECT_EQ(shape("# it's \"\"\" a comment\ndef f(): pass  # \"\"\"\ndef g(): pass\n"),
              "d # it's \"\"\" a comment\nd def g(): pass\n");
    EXPECT_EQ(shape("x = r'\\'\ndef f(): pass\n"), "s x = r'\\'\nd def f(): pass\n")
        << "the backslash keeps the quote in raw strings, too";
}

TEST(Outline, CellsAreCutApart) {
    const std::string mark = "# %% awaitls cell 1\n";
    EXPECT_EQ(shape(mark + "x = 1\n" + mark + "y = 2\n" + mark + mark),
              "s " + mark + "s " + mark + "s " + mark + "s " + mark);
    EXPECT_EQ(shape(mark + "def f():\n    pass\n" + mark + "@a\ndef g():\n    pass\nx = 1\n"),
              "d " + mark + "d " + mark + "s x = 1\n");
    EXPECT_EQ(shape(mark + "class A:\n    def f(self): pass\n" + mark + "    def g(self): pass\n"),
              "c " + mark + "1 d def f(self): pass\ns " + mark);
    for (const char* open : {"x = (", "x = f(\n  a,", "'''", "\"\"\"a\n", "'''\\", "x = \\", "'a\\",
                             "if a:", "@a", "'''\\\r", "x = {\n  '''\\\r"}) {
        const std::string text = mark + open + "\n" + mark + "y = 2\n";
        const Outline outline = make_outline(text);
        EXPECT_EQ(shape(text, outline), (*open == '@' ? "d " : "s ") + mark + "s " + mark) << open;
        EXPECT_EQ(outline.regions.back().span.size(), mark.size() + 6) << open;
    }
    EXPECT_EQ(shape("x = 1\n  " + mark + "y = '" + mark), "s x = 1\n") << "inside of a line";
}

TEST(Outline, LineEnds) {
    EXPECT_EQ(shape("x = 1\r\ndef f():\r\n    pass\r\ndef g(): pass\r\n"),
              "s x = 1\nd def f():\nd def g(): pass\n");
    EXPECT_EQ(shape("x = 1\rdef f():\r    pass\rdef g(): pass\r"),
              "s x = 1\nd def f():\nd def g(): pass\n");
    EXPECT_EQ(shape("\fdef f(): pass\n\f\ndef g(): pass\n"), "d def f(): pass\nd def g(): pass\n");
}

/// Health of each region: "+" clean, "-" damaged.
std::string health(std::string_view text) {
    std::string result;
    const Outline outline = make_outline(text);
    for (const RegionRange& region : outline.regions)
        result += parse_region(std::string(text.substr(region.span.begin, region.span.size())))
                          .tree.clean()
                      ? '+'
                      : '-';
    return result;
}

TEST(Damage, StaysInItsRegion) {
    const auto file = [](const char* damaged) {
        return std::string("import a\n\ndef before():\n    return 1\n\nasync def broken():\n    ") +
               damaged +
               "\n    return 2\n\ndef after():\n    x = {'a': [1]}\n    return x\n\ny = 3\n\ndef "
               "last():\n    return 4\n";
    };
    EXPECT_EQ(health(file("x = 1")), "++++++");
    for (const char* damaged : {"x = (", "x = [1, {", "x = f(1", "f(", "x = 'open", "x = \"open",
                                "x = f\"{a", "x = \\", "x = = 1", "def", "@", "x = a.", "await"})
        EXPECT_EQ(health(file(damaged)), "++-+++") << damaged;
    // An open triple quote swallows lines up to the next definition that stands further left.
    for (const char* damaged : {"x = \"\"\"open", "x = '''open"})
        EXPECT_EQ(health(file(damaged)), "++-+++") << damaged;
}

TEST(Damage, OfAMethodStaysInIt) {
    const auto file = [](const char* damaged) {
        return std::string("class A:\n    x = 1\n    def before(self):\n        return 1\n    "
                           "async def broken(self):\n        ") +
               damaged +
               "\n        return 2\n    def after(self):\n        return (3)\n\nclass B:\n    y = "
               "1\n    def f(self):\n        return 4\n";
    };
    const auto expect = [&](const char* damaged, std::string_view expected) {
        EXPECT_EQ(health(file(damaged)), expected) << damaged;
    };
    expect("x = 1", "++++++");
    for (const char* damaged : {"x = (", "f(", "x = 'open", "x = [1, {", "x = \"\"\"open"})
        expect(damaged, "++-+++");
}

TEST(EditedOutline, IsAFreshOne) {
    const std::string base =
        "\"\"\"Doc.\"\"\"\nimport a\nfrom b import (\n    c,\n)\n\n@deco\nasync def f(x, y):\n    "
        "z = [\n        1,\n    ]\n    return '''a\nb'''\n\n"
        "class A(B):\n    \"\"\"Doc.\"\"\"\n    x = 1\n\n    def g(self):\n        pass\n\n    "
        "@property\n    def h(self):\n        return \"x\"\n\n    y = 2\n\n"
        "if True:\n    def i(): pass\nelse:\n    j = 1\n\ndef k(): pass\nclass L: pass\nm = {\n    "
        "'n': 1}\nasync def o():\n    async with p:\n        pass\n";
    tests::Random random(7);
    std::string before = base;
    Outline outline = make_outline(before);
    for (int round = 0; round < 30'000; ++round) {
        const Edit edit = tests::random_edit(random, before);
        const std::string after = apply_edits(before, {edit});
        const CommonEnds ends = common_ends(before, after);
        outline = edit_outline(outline, before, after, ends.prefix, ends.suffix);
        const Outline fresh = make_outline(after);
        ASSERT_TRUE(outline == fresh) << "round " << round << "\n--- before\n"
                                      << before << "\n--- after\n"
                                      << after << "\n--- edited\n"
                                      << shape(after, outline) << "--- fresh\n"
                                      << shape(after, fresh);
        before = after;
        if (round % 15 == 14) {
            before = base;
            outline = make_outline(before);
        }
    }
}

} // namespace
} // namespace awaitls::analysis

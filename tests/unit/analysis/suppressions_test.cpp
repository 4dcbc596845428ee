// The comments that silence findings: every form, what it covers, and the report of those that silence nothing.

#include "analysis/analysis.h"
#include "analysis/rules/catalog.h"
#include "analysis/rules/suppressions.h"

#include <gtest/gtest.h>

#include <string>

namespace awaitls::analysis {
namespace {

std::shared_ptr<const FileAnalysis> analyse(std::string text) {
    return FileAnalysis::analyse(std::make_shared<const SourceText>(std::move(text)),
                                 std::make_shared<const Settings>(default_settings()), "file.py");
}

/// "4 blocking-sleep, 5 unused-suppression": lines and rules.
std::string findings(const FileAnalysis& file) {
    std::string result;
    for (const Diagnostic& diagnostic : file.diagnostics())
        result += (result.empty() ? "" : ", ") +
                  std::to_string(file.lines().line_of(diagnostic.span.begin) + 1) + " " +
                  std::string(catalog()[diagnostic.rule].info.name);
    return result;
}

/// What is found where `time.sleep(1)` stands in front of the comment, on line 3.
std::string with_comment(const std::string& comment) {
    return findings(*analyse("import time\nasync def f():\n    time.sleep(1)  " + comment + "\n"));
}

constexpr std::string_view kFound = "3 blocking-sleep";

TEST(Noqa, SilencesEverythingOrItsCodes) {
    EXPECT_EQ(with_comment(""), kFound);
    for (const char* comment :
         {"# noqa", "#noqa", "# NOQA", "# NoQA", "#  noqa", "# noqa: ASYNC251", "# noqa:ASYNC251",
          "# noqa : ASYNC251", "# noqa: E501, ASYNC251", "# noqa: E501,ASYNC251",
          "# noqa: ASYNC251, E501 because of the tests", "# noqa: ASYNC251 E501", "# noqa: ASYNC2",
          "# noqa: ASYNC", "# noqa: blocking-sleep", "# noqa: S7488"})
        EXPECT_EQ(with_comment(comment), "") << comment;
    for (const char* comment :
         {"# noqa: E501", "# noqa: ASYNC210", "# noqa: AS", "# noqa: async251", "# noqas",
          "# no qa", "# about noqa", "# noqa: RUF006", "# not: noqa"})
        EXPECT_EQ(with_comment(comment), kFound) << comment;
}

TEST(Noqa, OfAnotherToolsCodeMeansItsShapeOfTheRule) {
    const auto opened = [](const std::string& comment) {
        return findings(
            *analyse("import os\nasync def f(d):\n    os.fdopen(d)  " + comment + "\n"));
    };
    EXPECT_EQ(opened(""), "3 blocking-open");
    EXPECT_EQ(opened("# noqa: ASYNC230"), "3 blocking-open") << "is for open()";
    for (const char* comment :
         {"# noqa: ASYNC231", "# noqa: ASYNC23", "# noqa: S7493", "# noqa: blocking-open",
          "# awaitls: ignore[ASYNC231]", "# noqa: ASYNC230, ASYNC231"})
        EXPECT_EQ(opened(comment), "") << comment;
    EXPECT_EQ(opened("# awaitls: ignore[ASYNC230]"), "3 blocking-open, 3 unused-suppression");
    EXPECT_EQ(opened("\n# awaitls: ignore-file[ASYNC230]"), "3 blocking-open");
    EXPECT_EQ(opened("\n# awaitls: ignore-file[ASYNC231]"), "");
}

TEST(Noqa, OfAWholeCodeMeansWhatItSelects) {
    const std::size_t swallowed = *find_rule("cancellation-swallowed");
    for (const char* code :
         {"ASYNC103", "ASYNC10", "cancellation-swallowed", "cancellation", "ALL"}) {
        EXPECT_TRUE(code_means(code, swallowed, 0)) << code;
        EXPECT_TRUE(code_means(code, swallowed, 1)) << code;
    }
    EXPECT_TRUE(code_means("S7497", swallowed, 0));
    EXPECT_FALSE(code_means("S7497", swallowed, 1));
}

TEST(Own, TakesNamesCategoriesAliasesAndAll) {
    for (const char* comment :
         {"# awaitls: ignore", "# awaitls: ignore[blocking-sleep]",
          "#awaitls:ignore[blocking-sleep]", "# awaitls: ignore[blocking]",
          "# awaitls: ignore[ALL]", "# awaitls: ignore[ASYNC251]", "# awaitls: ignore[ASYNC2]",
          "# awaitls: ignore [blocking-sleep]", "# awaitls: ignore[ blocking-sleep ]",
          "# awaitls: ignore[blocking-sleep]: for the tests", "# Awaitls: ignore[blocking-sleep]"})
        EXPECT_EQ(with_comment(comment), "") << comment;
    EXPECT_EQ(with_comment("# awaitls: ignored"), kFound);
    EXPECT_EQ(with_comment("# awaitls ignore"), kFound);
}

TEST(Own, ThatSilencesNothingIsReported) {
    EXPECT_EQ(with_comment("# awaitls: ignore[blocking-open]"),
              "3 blocking-sleep, 3 unused-suppression");
    EXPECT_EQ(with_comment("# awaitls: ignore[blocking-sleep, blocking-open]"),
              "3 unused-suppression");
    EXPECT_EQ(findings(*analyse("x = 1  # awaitls: ignore\n")), "1 unused-suppression");
    EXPECT_EQ(findings(*analyse("x = 1  # awaitls: ignore[dangling-task]\n")),
              "1 unused-suppression");
    EXPECT_EQ(
        findings(*analyse("x = 1  # noqa\ny = 2  # noqa: ASYNC251\nz = 3  # pyright: ignore\n")),
        "")
        << "only our own form";
    EXPECT_EQ(
        findings(*analyse("async def f(:  # awaitls: ignore\n    x = 1  # awaitls: ignore\n")), "")
        << "damaged code is not analysed";
}

std::string fixed(std::string text) {
    return fix_all(analyse(std::move(text)), "file.py", Applicability::Safe).text;
}

TEST(Own, ThatSilencesNothingIsTakenOut) {
    EXPECT_EQ(fixed("x = 1  # awaitls: ignore\ny = 2\n"), "x = 1\ny = 2\n");
    EXPECT_EQ(fixed("x = 1\n# awaitls: ignore\ny = 2\n"), "x = 1\ny = 2\n");
    EXPECT_EQ(fixed("x = 1\r\n    # awaitls: ignore\r\ny = 2\r\n"), "x = 1\r\ny = 2\r\n");
    EXPECT_EQ(fixed("x = 1  # awaitls: ignore[dangling-task]  # noqa\n"), "x = 1  # noqa\n");
    EXPECT_EQ(fixed("x = 1  # noqa  # awaitls: ignore[dangling-task]\n"), "x = 1  # noqa\n");
    const std::string used = "import time\nasync def f():\n    time.sleep(1)  # awaitls: ignore[";
    EXPECT_EQ(fixed(used + "blocking-open, blocking-sleep]\n"), used + "blocking-sleep]\n");
    EXPECT_EQ(fixed(used + "blocking-sleep]\n"), used + "blocking-sleep]\n");
    EXPECT_EQ(fixed("x = 1  # awaitls: ignore"), "x = 1");
}

TEST(TypeCheckers, CountForTheirAliasesOnly) {
    const auto coroutine = [](const std::string& comment) {
        return findings(
            *analyse("async def g(): pass\nasync def f():\n    g()  " + comment + "\n"));
    };
    EXPECT_EQ(coroutine(""), "3 unawaited-coroutine");
    for (const char* comment :
         {"# pyright: ignore[reportUnusedCoroutine]", "# pyright: ignore",
          "# type: ignore[unused-coroutine]", "# type: ignore", "# mypy: ignore[unused-coroutine]",
          "# pyright: ignore[reportFoo, reportUnusedCoroutine]", "# type:ignore[unused-coroutine]"})
        EXPECT_EQ(coroutine(comment), "") << comment;
    for (const char* comment : {"# type: ignore[attr-defined]", "# pyright: ignore[reportFoo]",
                                "# type: ignore[unawaited-coroutine]", "# type: int"})
        EXPECT_EQ(coroutine(comment), "3 unawaited-coroutine") << comment;
    EXPECT_EQ(with_comment("# type: ignore"), kFound) << "no type checker finds blocking calls";
    EXPECT_EQ(with_comment("# pyright: ignore[reportUnusedCoroutine]"), kFound);
}

TEST(Comments, HoldSeveralSuppressions) {
    EXPECT_EQ(with_comment("# type: ignore  # noqa: ASYNC251"), "");
    EXPECT_EQ(with_comment("# noqa: E501  # awaitls: ignore[blocking-sleep]"), "");
    EXPECT_EQ(with_comment("# a remark # awaitls: ignore[blocking-sleep]"), "");
    EXPECT_EQ(
        with_comment(
            "# type: ignore # pylint: disable=x # awaitls: ignore[blocking-open] # noqa: E501"),
        "3 blocking-sleep, 3 unused-suppression");
}

TEST(Lines, OfAFindingAreItsFirstAndLast) {
    const auto lines = [](const char* first, const char* middle, const char* last) {
        return findings(*analyse(std::string("import time\nasync def f():\n    time.sleep(") +
                                 first + "\n        1" + middle + "\n    )" + last + "\n"));
    };
    EXPECT_EQ(lines("", "", ""), kFound);
    EXPECT_EQ(lines("  # noqa", "", ""), "");
    EXPECT_EQ(lines("", "", "  # noqa"), "");
    EXPECT_EQ(lines("", "  # noqa", ""), kFound);
    // The line above or below is another one.
    EXPECT_EQ(findings(*analyse(
                  "import time\nasync def f():\n    # noqa\n    time.sleep(1)\n    # noqa\n")),
              "4 blocking-sleep");
    EXPECT_EQ(findings(*analyse("import time\nasync def f():\r    # noqa\r    time.sleep(1)\r")),
              "4 blocking-sleep")
        << "a lone CR ends a line, too";
    // Text in a string is no comment.
    EXPECT_EQ(findings(*analyse("import time\nasync def f():\n    time.sleep(1), '# noqa'\n")),
              kFound);
}

TEST(Files, AreIgnoredWholeOrByRule) {
    const auto file = [](const std::string& comment) {
        return findings(*analyse(
            comment +
            "\nimport time\nasync def g(): pass\nasync def f():\n    time.sleep(1)\n    g()\n"));
    };
    const std::string both = "5 blocking-sleep, 6 unawaited-coroutine";
    EXPECT_EQ(file(""), both);
    EXPECT_EQ(file("# awaitls: ignore-file"), "");
    EXPECT_EQ(file("# ruff: noqa"), "");
    EXPECT_EQ(file("# flake8: noqa"), "");
    EXPECT_EQ(file("# awaitls: ignore-file[blocking-sleep]"), "6 unawaited-coroutine");
    EXPECT_EQ(file("# awaitls: ignore-file[blocking]"), "6 unawaited-coroutine");
    EXPECT_EQ(file("# ruff: noqa: ASYNC251"), "6 unawaited-coroutine");
    EXPECT_EQ(file("# awaitls: ignore-file[dangling-task]"), both);
    EXPECT_EQ(file("# awaitls: ignore-files"), both);
    EXPECT_EQ(findings(*analyse(
                  "import time\nasync def f():\n    time.sleep(1)\n# awaitls: ignore-file\n")),
              "")
        << "anywhere in the file";
}

TEST(Suppressing, AddsOrExtendsAComment) {
    const auto suppressed = [](std::string text) {
        const std::shared_ptr<const FileAnalysis> file = analyse(std::move(text));
        const std::optional<Fix> fix = file->suppression(file->diagnostics().at(0));
        if (!fix) return std::string("none");
        EXPECT_EQ(fix->title, "Ignore blocking-sleep on this line");
        const std::string after = apply_edits(file->text(), fix->edits);
        EXPECT_EQ(analyse(after)->diagnostics().size(), file->diagnostics().size() - 1) << after;
        return after.substr(after.find("async def"));
    };
    const std::string head = "import time\nasync def f():\n    ";
    EXPECT_EQ(suppressed(head + "time.sleep(1)\n"),
              "async def f():\n    time.sleep(1)  # awaitls: ignore[blocking-sleep]\n");
    EXPECT_EQ(suppressed(head + "time.sleep(1)"),
              "async def f():\n    time.sleep(1)  # awaitls: ignore[blocking-sleep]");
    EXPECT_EQ(suppressed(head + "time.sleep(1)\r\n"),
              "async def f():\n    time.sleep(1)  # awaitls: ignore[blocking-sleep]\r\n");
    EXPECT_EQ(suppressed(head + "time.sleep(1)  # why\n"),
              "async def f():\n    time.sleep(1)  # why  # awaitls: ignore[blocking-sleep]\n");
    EXPECT_EQ(suppressed(head + "f(); time.sleep(1)  # awaitls: ignore[unawaited-coroutine]\n"),
              "async def f():\n    f(); time.sleep(1)  # awaitls: ignore[unawaited-coroutine, "
              "blocking-sleep]\n");
    EXPECT_EQ(suppressed(head + "time.sleep(\n        1)\n"),
              "async def f():\n    time.sleep(  # awaitls: ignore[blocking-sleep]\n        1)\n");
    EXPECT_EQ(
        suppressed(head + "time.sleep \\\n        (1)\n"),
        "async def f():\n    time.sleep \\\n        (1)  # awaitls: ignore[blocking-sleep]\n");
    EXPECT_EQ(suppressed(head + "time.sleep(len('''\n'''))\n"),
              "async def f():\n    time.sleep(len('''\n'''))  # awaitls: ignore[blocking-sleep]\n");
}

} // namespace
} // namespace awaitls::analysis

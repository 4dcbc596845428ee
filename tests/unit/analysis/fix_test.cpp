// Where imports go, how fixes combine, and what applying all of them does.

#include "analysis/analysis.h"
#include "analysis/fix/imports.h"
#include "analysis/rules/catalog.h"
#include "analysis/syntax/outline.h"

#include <gtest/gtest.h>

#include <string>

namespace awaitls::analysis {
namespace {

/// The text with `import MODULE` added.
std::string with_import(const std::string& text, std::string_view module = "asyncio") {
    std::vector<std::shared_ptr<const Region>> regions;
    std::vector<Slot> slots; // of the regions
    const Outline outline = make_outline(text);
    for (std::size_t i = 0; i < outline.regions.size(); ++i) {
        const RegionRange& range = outline.regions[i];
        const bool members = i + 1 < outline.regions.size() && outline.regions[i + 1].parent == 1;
        regions.push_back(
            make_region(std::string_view(text).substr(range.span.begin, range.span.size()),
                        range.kind, range.parent != 0, members));
        slots.push_back(
            make_slot(*regions.back(), range.span.begin,
                      range.parent == 0 ? -1 : static_cast<std::int32_t>(i) - range.parent));
    }
    return apply_edits(text, import_edit(slots, text, module));
}

TEST(ImportEdit, StartsAFileWithoutImports) {
    EXPECT_EQ(with_import("x = 1\n"), "import asyncio\n\n\nx = 1\n");
    EXPECT_EQ(with_import("async def f():\n    pass\n"),
              "import asyncio\n\n\nasync def f():\n    pass\n");
    EXPECT_EQ(with_import("@deco\nclass A:\n    def f(self): pass\n"),
              "import asyncio\n\n\n@deco\nclass A:\n    def f(self): pass\n");
    EXPECT_EQ(with_import("#!/usr/bin/env python\n# A remark.\n\nx = 1\n"),
              "#!/usr/bin/env python\n# A remark.\n\nimport asyncio\n\n\nx = 1\n");
    EXPECT_EQ(with_import(""), "import asyncio\n\n\n");
}

TEST(ImportEdit, GoesBehindTheDocstring) {
    EXPECT_EQ(with_import("\"\"\"Doc.\"\"\"\n\nx = 1\n"),
              "\"\"\"Doc.\"\"\"\n\nimport asyncio\n\nx = 1\n");
    EXPECT_EQ(with_import("\"\"\"Doc.\"\"\"\nx = 1\n"),
              "\"\"\"Doc.\"\"\"\n\nimport asyncio\n\nx = 1\n");
    EXPECT_EQ(with_import("'''Doc.\n\nMore.\n'''\n\nimport os\n"),
              "'''Doc.\n\nMore.\n'''\n\nimport asyncio\nimport os\n");
}

TEST(ImportEdit, StaysBehindFutureImports) {
    EXPECT_EQ(with_import("from __future__ import annotations\n\nx = 1\n"),
              "from __future__ import annotations\n\nimport asyncio\n\nx = 1\n");
    EXPECT_EQ(
        with_import("\"\"\"Doc.\"\"\"\nfrom __future__ import annotations\nimport time\n"),
        "\"\"\"Doc.\"\"\"\nfrom __future__ import annotations\nimport asyncio\nimport time\n");
    EXPECT_EQ(with_import("from __future__ import annotations\n\nimport requests\n"),
              "from __future__ import annotations\n\nimport asyncio\n\nimport requests\n");
}

TEST(ImportEdit, KeepsTheOrderOfItsSection) {
    EXPECT_EQ(with_import("import abc\nimport time\n"),
              "import abc\nimport asyncio\nimport time\n");
    EXPECT_EQ(with_import("import time\nfrom a import b\n"),
              "import asyncio\nimport time\nfrom a import b\n");
    EXPECT_EQ(with_import("import abc\n\nimport requests\n\nfrom . import x\n"),
              "import abc\nimport asyncio\n\nimport requests\n\nfrom . import x\n");
    EXPECT_EQ(with_import("import requests\n\nfrom . import x\n"),
              "import asyncio\n\nimport requests\n\nfrom . import x\n");
    EXPECT_EQ(with_import("import abc\n\nfrom . import x\n", "anyio"),
              "import abc\n\nimport anyio\n\nfrom . import x\n");
    EXPECT_EQ(with_import("import abc\n", "anyio"), "import abc\n\nimport anyio\n");
    EXPECT_EQ(with_import("from time import sleep\n"), "import asyncio\nfrom time import sleep\n");
    EXPECT_EQ(with_import("import abc  # why\nimport time\n"),
              "import abc  # why\nimport asyncio\nimport time\n");
    EXPECT_EQ(with_import("import abc, \\\n    time\nimport zlib\n"),
              "import abc, \\\n    time\nimport asyncio\nimport zlib\n");
    EXPECT_EQ(with_import("import abc\n", "anyio.to_thread"),
              "import abc\n\nimport anyio.to_thread\n");
}

TEST(ImportEdit, IsNothingWhereItIsThere) {
    for (const char* text : {"import asyncio\n", "import abc\nimport asyncio\n\nx = 1\n",
                             "\"\"\"Doc.\"\"\"\nimport asyncio\n"})
        EXPECT_EQ(with_import(text), text);
    EXPECT_NE(with_import("import asyncio as aio\n"), "import asyncio as aio\n") << "another name";
    EXPECT_NE(with_import("from asyncio import sleep\n"), "from asyncio import sleep\n");
    EXPECT_NE(with_import("def f():\n    import asyncio\n"), "def f():\n    import asyncio\n")
        << "another scope";
}

TEST(ImportEdit, KeepsLineEnds) {
    EXPECT_EQ(with_import("import abc\r\nimport time\r\n"),
              "import abc\r\nimport asyncio\r\nimport time\r\n");
    EXPECT_EQ(with_import("x = 1\r\n"), "import asyncio\r\n\r\n\r\nx = 1\r\n");
    EXPECT_EQ(with_import("import abc\rimport time\r"),
              "import abc\rimport asyncio\rimport time\r");
    EXPECT_EQ(with_import("import abc"), "import abc\nimport asyncio");
    EXPECT_EQ(with_import("\"\"\"Doc.\"\"\""), "\"\"\"Doc.\"\"\"\n\nimport asyncio\n");
}

TEST(ImportEdit, IsNoneOfAConditionalBlock) {
    const std::string text = "import abc\nfrom typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n  "
                             "  import asyncio\n\nx = 1\n";
    EXPECT_EQ(with_import(text), "import abc\nimport asyncio\n" + text.substr(11));
    EXPECT_EQ(
        with_import("try:\n    import ujson\nexcept ImportError:\n    ujson = None\n"),
        "import asyncio\n\n\ntry:\n    import ujson\nexcept ImportError:\n    ujson = None\n");
}

// --- combining and applying -----------------------------------------------------------------------------

Fix fix(std::vector<Edit> edits) {
    Fix result;
    result.title = "Fix";
    result.edits = std::move(edits);
    return result;
}

TEST(CombineFixes, LeavesOutWhatOverlaps) {
    const Fix a = fix({{{0, 2}, "A"}});
    const Fix b = fix({{{1, 3}, "B"}});
    const Fix c = fix({{{4, 5}, "C"}, {{8, 8}, "c"}});
    const Fix d = fix({{{3, 4}, "D"}, {{8, 9}, "d"}});
    EXPECT_EQ(combine_fixes({&a, &b, &c}),
              (std::vector<Edit>{{{0, 2}, "A"}, {{4, 5}, "C"}, {{8, 8}, "c"}}));
    EXPECT_EQ(combine_fixes({&c, &d}), c.edits) << "a fix is taken whole or not at all";
    EXPECT_EQ(combine_fixes({&c, &a}), combine_fixes({&a, &c})) << "edits are sorted";
    EXPECT_EQ(combine_fixes({}), std::vector<Edit>{});
}

TEST(CombineFixes, TakesTheSameImportOnce) {
    const Edit import{{0, 0}, "import asyncio\n"};
    const Fix a = fix({import, {{20, 25}, "A"}});
    const Fix b = fix({import, {{30, 35}, "B"}});
    EXPECT_EQ(combine_fixes({&a, &b}),
              (std::vector<Edit>{import, {{20, 25}, "A"}, {{30, 35}, "B"}}));
    const Fix other = fix({{{0, 0}, "import contextlib\n"}, {{40, 45}, "C"}});
    EXPECT_EQ(combine_fixes({&a, &other}).size(), 2U)
        << "two insertions at one place wait for the next round";
}

std::shared_ptr<const FileAnalysis> analyse(std::string text) {
    return FileAnalysis::analyse(std::make_shared<const SourceText>(std::move(text)),
                                 std::make_shared<const Settings>(default_settings()), "file.py");
}
FixResult fixed(std::string text, bool unsafe = true) {
    return fix_all(analyse(std::move(text)), "file.py",
                   unsafe ? Applicability::Unsafe : Applicability::Safe);
}

TEST(FixAll, AppliesEveryFixAndItsImportOnce) {
    const FixResult result = fixed("import time\n\n\nasync def f():\n    time.sleep(1)\n    "
                                   "time.sleep(2)\n    open('a').read()\n");
    EXPECT_EQ(result.text.substr(0, result.text.find("\n\n\n")), "import asyncio\nimport time");
    EXPECT_NE(result.text.find("    await asyncio.sleep(1)\n    await asyncio.sleep(2)\n"),
              std::string::npos)
        << result.text;
    EXPECT_GE(result.applied, 2U);
    EXPECT_EQ(result.applied, result.rules.size());
    EXPECT_EQ(result.analysis->text(), result.text);
    EXPECT_EQ(fixed(result.text).applied, 0U);
}

TEST(FixAll, WhatIsMadeSyncIsNotGivenAnAwait) {
    auto settings = std::make_shared<Settings>(default_settings());
    settings->enabled.set(*find_rule("unused-async"));
    const std::string text = "import time\n\n\nasync def main():\n    async def rests():\n"
                             "        time.sleep(1)\n\n    async def answers():\n"
                             "        return 1\n\n    await rests()\n    print(await answers())\n";
    const FixResult result = fix_all(
        FileAnalysis::analyse(std::make_shared<const SourceText>(text), settings, "file.py"),
        "file.py", Applicability::Unsafe);
    EXPECT_NE(result.text.find("    async def rests():\n        await asyncio.sleep(1)\n"),
              std::string::npos)
        << result.text;
}

TEST(FixAll, LeavesUnsafeFixesToThoseWhoAsk) {
    const std::string text =
        "import time\n\n\nasync def f():\n    time.sleep(1)\n    x = 1  # awaitls: ignore\n";
    const FixResult safe = fixed(text, false);
    EXPECT_EQ(safe.text.find("ignore"), std::string::npos) << safe.text;
    const bool sleep_is_unsafe =
        analyse(text)->diagnostics().front().fixes.front().applicability == Applicability::Unsafe;
    EXPECT_EQ(safe.text.find("await") == std::string::npos, sleep_is_unsafe);
    EXPECT_NE(fixed(text).text.find("await asyncio.sleep(1)"), std::string::npos);
}

TEST(FixAll, DoesNothingWhereNothingIsFound) {
    const std::string text = "import asyncio\n\n\nasync def f():\n    await asyncio.sleep(1)\n";
    const FixResult result = fixed(text);
    EXPECT_EQ(result.text, text);
    EXPECT_EQ(result.applied, 0U);
    EXPECT_TRUE(result.rules.empty());
}

TEST(FixAll, ReachesFixesBehindFixes) {
    // The awaited call shows what was wrong with its argument.
    const FixResult result = fixed("import asyncio\n\n\nasync def g(x): return x\n\n\nasync def "
                                   "f():\n    g(g(1))\n    g(2)\n");
    EXPECT_NE(result.text.find("    await g(2)\n"), std::string::npos) << result.text;
    EXPECT_EQ(fixed(result.text).applied, 0U);
}

} // namespace
} // namespace awaitls::analysis

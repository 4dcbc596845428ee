#include "analysis/analysis.h"
#include "analysis/rules/catalog.h"
#include "analysis/semantic/flow.h"
#include "analysis/syntax/parser.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace awaitls::analysis {
namespace {

/// A function `async def f():` around the lines of a body.
std::string in_function(std::string_view body) {
    std::string source = "async def f():\n";
    while (!body.empty()) {
        const std::size_t end = std::min(body.find('\n'), body.size());
        source += "    " + std::string(body.substr(0, end)) + "\n";
        body.remove_prefix(std::min(end + 1, body.size()));
    }
    return source;
}

NodeId first(const Tree& tree, Kind kind) {
    for (NodeId node = 0; node < tree.size(); ++node)
        if (tree.kind(node) == kind) return node;
    return kNoNode;
}

FlowFacts facts_of(const Tree& tree) {
    return {[&](NodeId value) { return tree.text(value).starts_with("suppress"); },
            [&](NodeId call) { return tree.text(call).starts_with("exit("); }};
}

bool suspends(const Tree& tree, const Step& step) {
    switch (step.kind) {
    case StepKind::Await: return true;
    case StepKind::Next: return tree[step.node].is_async();
    case StepKind::Enter:
    case StepKind::Leave: return tree[tree.parent(step.node)].is_async();
    default: return false;
    }
}

std::string word(Occurrence occurrence) {
    return occurrence == Occurrence::Never    ? "never"
           : occurrence == Occurrence::Always ? "always"
                                              : "maybe";
}

/// How often a body suspends before it comes to its end or returns.
std::string suspension(std::string_view body) {
    const ParsedRegion region = parse_region(in_function(body));
    const Tree& tree = region.tree;
    EXPECT_TRUE(tree.clean()) << tree.text();
    const Flow flow(tree, tree.child(first(tree, Kind::FunctionDef), Role::Body), facts_of(tree));
    EXPECT_TRUE(flow.complete());
    return word(flow.occurrence(Flow::kEntry, flow.end(),
                                [&](const Step& step) { return suspends(tree, step); }));
}

/// The ways on which a body is left, as letters: end, return, raise (announced or not), break, continue.
std::string ways(std::string_view body) {
    const ParsedRegion region = parse_region(in_function(body));
    const Tree& tree = region.tree;
    const Flow flow(tree, tree.child(first(tree, Kind::FunctionDef), Role::Body), facts_of(tree));
    const StepId entry = Flow::kEntry;
    const std::vector<StepId> met = flow.reached(std::span(&entry, 1), {});
    std::string letters;
    if (met[flow.end()] != kNoStep) letters += 'e';
    if (met[flow.returned()] != kNoStep) letters += 'r';
    if (met[flow.raised()] != kNoStep) letters += 'x';
    if (met[flow.broken()] != kNoStep) letters += 'b';
    if (met[flow.continued()] != kNoStep) letters += 'c';
    return letters;
}

TEST(Flow, StraightLine) {
    EXPECT_EQ(suspension("pass"), "never");
    EXPECT_EQ(suspension("await g()"), "always");
    EXPECT_EQ(suspension("x = 1\ny = [await g(), 2]\npass"), "always");
    EXPECT_EQ(suspension("a[await g()] = 1"), "always");
    EXPECT_EQ(suspension("return await g()"), "always");
}

TEST(Flow, Branches) {
    EXPECT_EQ(suspension("if a:\n    await g()"), "maybe");
    EXPECT_EQ(suspension("if a:\n    await g()\nelse:\n    await h()"), "always");
    EXPECT_EQ(suspension("if a:\n    await g()\nelif b:\n    pass\nelse:\n    await h()"), "maybe");
    EXPECT_EQ(suspension("if await g():\n    pass"), "always");
    EXPECT_EQ(suspension("if a:\n    pass\nelif await g():\n    pass"), "maybe");
    EXPECT_EQ(suspension("if a:\n    await g()\nelse:\n    raise E"), "always");
    EXPECT_EQ(suspension("if a:\n    return\nawait g()"), "always") << "only ways to the end count";
}

TEST(Flow, ExpressionsThatBranch) {
    EXPECT_EQ(suspension("x = await g() if a else await h()"), "always");
    EXPECT_EQ(suspension("x = await g() if a else 1"), "maybe");
    EXPECT_EQ(suspension("x = 1 if await g() else 2"), "always");
    EXPECT_EQ(suspension("x = await g() and b"), "always");
    EXPECT_EQ(suspension("x = a and await g()"), "maybe");
    EXPECT_EQ(suspension("x = a or b or await g()"), "maybe");
    EXPECT_EQ(suspension("if not (a and await g()):\n    pass\nelse:\n    pass"), "maybe");
    EXPECT_EQ(suspension("if a and b:\n    pass\nelse:\n    await g()"), "maybe");
    EXPECT_EQ(suspension("if a or await g():\n    await h()\nelse:\n    pass"), "always")
        << "a false `or` has evaluated all of its operands";
}

TEST(Flow, Comprehensions) {
    EXPECT_EQ(suspension("[await g() for x in y]"), "maybe");
    EXPECT_EQ(suspension("[await g() for x in (1, 2)]"), "always");
    EXPECT_EQ(suspension("[x for x in await g()]"), "always");
    EXPECT_EQ(suspension("[x async for x in y]"), "always");
    EXPECT_EQ(suspension("{await g(): 1 for x in range(3)}"), "always");
    EXPECT_EQ(suspension("{x for x in range(3) if await g()}"), "always");
    EXPECT_EQ(suspension("[await g() for x in range(3) if x]"), "maybe");
    EXPECT_EQ(suspension("[await g() for x in range(3) for y in z]"), "maybe");
    EXPECT_EQ(suspension("[await g() for x in range(3) for y in 'ab']"), "always");
    EXPECT_EQ(suspension("(await g() for x in range(3))"), "never") << "nothing runs yet";
    EXPECT_EQ(suspension("(x for x in await g())"), "always");
}

TEST(Flow, NestedDefinitionsDoNotRun) {
    EXPECT_EQ(suspension("async def g():\n    await h()"), "never");
    EXPECT_EQ(suspension("x = lambda: (await g())"), "never");
    EXPECT_EQ(suspension("def g(x=await h()):\n    pass"), "always");
    EXPECT_EQ(suspension("x = lambda y=await h(): y"), "always");
    EXPECT_EQ(suspension("@(await h())\ndef g():\n    pass"), "always");
    EXPECT_EQ(suspension("class A(await h()):\n    pass"), "always");
}

TEST(Flow, ForLoops) {
    EXPECT_EQ(suspension("for x in y:\n    await g()"), "maybe");
    EXPECT_EQ(suspension("for x in await g():\n    pass"), "always");
    EXPECT_EQ(suspension("for x in y:\n    await g()\nelse:\n    await h()"), "always");
    EXPECT_EQ(suspension("for x in y:\n    break\nelse:\n    await h()"), "maybe");
    EXPECT_EQ(suspension("for x in y:\n    if a:\n        continue\n    await g()"), "maybe");
    EXPECT_EQ(suspension("async for x in y:\n    pass"), "always");
    EXPECT_EQ(suspension("for x in (1,):\n    await g()"), "always");
    EXPECT_EQ(suspension("for x in (1,):\n    break\nelse:\n    await g()"), "never")
        << "the first round is the last";
    EXPECT_EQ(suspension("for x in (1,):\n    if a:\n        continue\n    await g()"), "maybe");
}

TEST(Flow, WhileLoops) {
    EXPECT_EQ(suspension("while a:\n    await g()"), "maybe");
    EXPECT_EQ(suspension("while await g():\n    pass"), "always");
    EXPECT_EQ(suspension("while a:\n    await g()\nelse:\n    await h()"), "always");
    EXPECT_EQ(suspension("while True:\n    await g()\n    if a:\n        break"), "always");
    EXPECT_EQ(suspension("while True:\n    if a:\n        break\n    await g()"), "maybe");
    EXPECT_EQ(ways("while True:\n    pass"), "x");
    EXPECT_EQ(ways("while 1:\n    break"), "ex");
    EXPECT_EQ(ways("while a:\n    pass"), "ex");
    EXPECT_EQ(ways("while True:\n    while True:\n        break"), "x") << "of the inner loop";
}

TEST(Flow, WaysOutOfABlock) {
    EXPECT_EQ(ways("return"), "rx");
    EXPECT_EQ(ways("raise E"), "x");
    EXPECT_EQ(ways("if a:\n    break\ncontinue"), "xbc");
    EXPECT_EQ(ways("exit(1)"), "x");
    EXPECT_EQ(suspension("if a:\n    await exit(1)\nelse:\n    await g()"), "always");
    EXPECT_EQ(ways("return\nbreak"), "rx") << "what is behind is not run";
    EXPECT_EQ(ways("while a:\n    return"), "erx");
}

TEST(Flow, Match) {
    EXPECT_EQ(suspension("match a:\n    case 1:\n        await g()"), "maybe");
    EXPECT_EQ(suspension("match await g():\n    case 1:\n        pass"), "always");
    EXPECT_EQ(
        suspension("match a:\n    case 1:\n        await g()\n    case _:\n        await h()"),
        "always");
    EXPECT_EQ(
        suspension("match a:\n    case 1:\n        await g()\n    case b:\n        await h()"),
        "always");
    EXPECT_EQ(
        suspension("match a:\n    case 1:\n        await g()\n    case _ if b:\n        await h()"),
        "maybe");
    EXPECT_EQ(suspension("match a:\n    case _ if await g():\n        pass"), "always");
    EXPECT_EQ(suspension("match a:\n    case 1 if await g():\n        pass"), "maybe");
}

TEST(Flow, ExceptionsComeAtTheWorstTime) {
    EXPECT_EQ(suspension("try:\n    await g()\nexcept E:\n    pass"), "maybe");
    EXPECT_EQ(suspension("try:\n    await g()\nexcept E:\n    raise"), "always");
    EXPECT_EQ(suspension("try:\n    await g()\nexcept E:\n    await h()"), "always");
    EXPECT_EQ(suspension("try:\n    await g()\nexcept E:\n    await h()\nexcept:\n    pass"),
              "maybe");
    EXPECT_EQ(suspension("try:\n    pass\nexcept E:\n    await h()\nelse:\n    await g()"),
              "always");
    EXPECT_EQ(suspension("try:\n    pass\nexcept E:\n    pass\nelse:\n    await g()"), "maybe");
    EXPECT_EQ(suspension("await g()\ntry:\n    pass\nexcept E:\n    pass"), "always");
    EXPECT_EQ(suspension("try:\n    try:\n        await g()\n    except V:\n        await h()\n"
                         "except E:\n    pass"),
              "maybe");
    EXPECT_EQ(suspension("try:\n    await g()\nexcept BaseException:\n    await h()\n"
                         "except V:\n    pass"),
              "always")
        << "nothing is left for the second handler";
}

TEST(Flow, Finally) {
    EXPECT_EQ(suspension("try:\n    pass\nfinally:\n    await g()"), "always");
    EXPECT_EQ(suspension("try:\n    await g()\nfinally:\n    pass"), "always")
        << "an exception goes on behind the finally";
    EXPECT_EQ(suspension("try:\n    await g()\nexcept E:\n    pass\nfinally:\n    pass"), "maybe");
    EXPECT_EQ(suspension("try:\n    if a:\n        return\n    await g()\nfinally:\n    pass"),
              "always");
    EXPECT_EQ(ways("try:\n    return\nfinally:\n    pass"), "rx");
    EXPECT_EQ(ways("while True:\n    try:\n        return\n    finally:\n        break"), "e")
        << "a break in finally stops the return, and exceptions";
    EXPECT_EQ(ways("while True:\n    try:\n        break\n    finally:\n        g()"), "ex");
    EXPECT_EQ(ways("try:\n    return\nfinally:\n    raise E"), "x");
    EXPECT_EQ(ways("while a:\n    try:\n        continue\n    finally:\n        return"), "er");
}

TEST(Flow, ExceptionGroups) {
    EXPECT_EQ(suspension("try:\n    await g()\nexcept* E:\n    pass"), "maybe");
    EXPECT_EQ(suspension("try:\n    await g()\nexcept* E:\n    raise"), "always");
    EXPECT_EQ(suspension("try:\n    await g()\nexcept* E:\n    await h()\nexcept* V:\n    raise"),
              "always");
    EXPECT_EQ(suspension("try:\n    await g()\nexcept* E:\n    await h()\nexcept* V:\n    pass"),
              "maybe")
        << "the group may be all of the second kind";
}

TEST(Flow, With) {
    EXPECT_EQ(suspension("with a:\n    await g()"), "always");
    EXPECT_EQ(suspension("with a as b, c:\n    pass"), "never");
    EXPECT_EQ(suspension("async with a:\n    pass"), "always");
    EXPECT_EQ(suspension("with (await g()) as a:\n    pass"), "always");
    EXPECT_EQ(suspension("with suppress(E):\n    await g()"), "maybe");
    EXPECT_EQ(suspension("with a, suppress(E):\n    await g()"), "maybe");
    EXPECT_EQ(suspension("with suppress(E):\n    pass\nawait g()"), "always");
    EXPECT_EQ(ways("with suppress(E):\n    raise E"), "ex");
    EXPECT_EQ(ways("with a:\n    return"), "rx");
    EXPECT_EQ(ways("while True:\n    with a:\n        break"), "ex");
}

TEST(Flow, YieldRaisesAfterItsEffect) {
    const ParsedRegion region =
        parse_region(in_function("try:\n    await g()\n    yield\nfinally:\n    h()"));
    const Tree& tree = region.tree;
    const Flow flow(tree, tree.child(first(tree, Kind::FunctionDef), Role::Body));
    const std::vector<StepId> yields = flow.steps_of(first(tree, Kind::Yield), StepKind::Yield);
    ASSERT_EQ(yields.size(), 1U);
    const auto stops = [&](const Step& step) {
        return step.kind == StepKind::Await || step.kind == StepKind::Yield;
    };
    const std::vector<StepId> behind = flow.reached(yields, stops);
    EXPECT_EQ(behind[flow.end()], yields[0]);
    EXPECT_EQ(behind[flow.raised()], yields[0]);
    const StepId entry = Flow::kEntry;
    const std::vector<StepId> before = flow.reached(std::span(&entry, 1), stops);
    EXPECT_EQ(before[yields[0]], kNoStep) << "the await is always before it";
    EXPECT_EQ(before[flow.raised()], entry) << "the await may fail before it suspends";
}

TEST(Flow, CopiesOfFinally) {
    const ParsedRegion region = parse_region(
        in_function("while a:\n    try:\n        if b:\n            break\n        return\n"
                    "    finally:\n        g()"));
    const Tree& tree = region.tree;
    const Flow flow(tree, tree.child(first(tree, Kind::FunctionDef), Role::Body));
    const NodeId call = first(tree, Kind::Call);
    EXPECT_EQ(flow.steps_of(call, StepKind::Call).size(), 3U)
        << "for break, return and exceptions; the end of the body is not reached";
}

TEST(Flow, BackwardsFromATarget) {
    const ParsedRegion region = parse_region(
        in_function("try:\n    if a:\n        return\nfinally:\n    await g()\nreturn"));
    const Tree& tree = region.tree;
    const Flow flow(tree, tree.child(first(tree, Kind::FunctionDef), Role::Body));
    const StepId returned = flow.returned();
    const std::vector<bool> result = flow.reaching(
        std::span(&returned, 1), [](const Step& step) { return step.kind == StepKind::Await; });
    std::vector<bool> returns;
    for (StepId step = 0; step < flow.steps().size(); ++step)
        if (flow[step].node != kNoNode && tree.is(flow[step].node, Kind::Return))
            returns.push_back(result[step]);
    EXPECT_EQ(returns, (std::vector<bool>{false, true}));
}

TEST(Flow, LiteralIterables) {
    const auto once = [](std::string_view iterable) {
        const ParsedRegion region =
            parse_region("for x in " + std::string(iterable) + ":\n    pass\n");
        return iterates_at_least_once(region.tree,
                                      region.tree.child(first(region.tree, Kind::For), Role::Iter));
    };
    for (const std::string_view full : {"[1]",
                                        "(1, 2)",
                                        "{1}",
                                        "{1: 2}",
                                        "'a'",
                                        "b'a'",
                                        "r'a'",
                                        "'''a'''",
                                        "'' 'a'",
                                        "range(5)",
                                        "range(0x2)",
                                        "range(5, 10)",
                                        "range(10, 5, -1)",
                                        "range(10, 5, ~0)",
                                        "range(+3)",
                                        "(*(1, 2),)",
                                        "(*range(0), *[1])",
                                        "{**x, **{1: 2}}",
                                        "(*x, 1)",
                                        "range(27670116110564327421)"})
        EXPECT_TRUE(once(full)) << full;
    for (const std::string_view unknown : {"[]",
                                           "()",
                                           "{}",
                                           "''",
                                           "\"\"\"\"\"\"",
                                           "f'a'",
                                           "x",
                                           "range(0)",
                                           "range(x)",
                                           "range(10, 5)",
                                           "range(5, 10, 0)",
                                           "range(-3.5)",
                                           "range(1.5)",
                                           "range(*x)",
                                           "range()",
                                           "range(1, 2, 3, 4)",
                                           "range(n=1)",
                                           "(*x,)",
                                           "(*range(0),)",
                                           "{**{}}",
                                           "list((1,))",
                                           "x.range(1)",
                                           "5"})
        EXPECT_FALSE(once(unknown)) << unknown;
}

TEST(Flow, DeepNestingIsNotFollowed) {
    std::string source = "async def f():\n";
    std::string indent = "    ";
    for (int i = 0; i < 400; ++i) {
        source += indent + "if a:\n";
        indent += " ";
    }
    source += indent + "await g()\n";
    const ParsedRegion region = parse_region(source);
    const Tree& tree = region.tree;
    const Flow flow(tree, tree.child(first(tree, Kind::FunctionDef), Role::Body));
    EXPECT_FALSE(flow.complete());
    EXPECT_EQ(flow.steps().size(), 6U);
    EXPECT_EQ(flow.occurrence(Flow::kEntry, flow.end(), [](const Step&) { return true; }),
              Occurrence::Maybe);
}

TEST(Flow, LongChainsAreNoNesting) {
    std::string sum = "x = 1";
    std::string test = "if a";
    std::string elifs = "if a:\n    await g()\n";
    for (int i = 0; i < 5'000; ++i) {
        sum += " + 1";
        test += " and a";
        elifs += "elif a:\n    await g()\n";
    }
    EXPECT_EQ(suspension(sum), "never");
    EXPECT_EQ(suspension(test + ":\n    await g()"), "maybe");
    EXPECT_EQ(suspension(elifs + "else:\n    await g()"), "always");
}

TEST(Flow, FinallyWithinFinallyIsBounded) {
    std::string body;
    std::string indent;
    for (int i = 0; i < 40; ++i) {
        body += indent + "try:\n" + indent + "    if a: return\n" + indent + "finally:\n";
        indent += "    ";
    }
    body += indent + "g()\n";
    const ParsedRegion region = parse_region(in_function(body));
    const Tree& tree = region.tree;
    const Flow flow(tree, tree.child(first(tree, Kind::FunctionDef), Role::Body));
    EXPECT_FALSE(flow.complete());
    EXPECT_EQ(flow.steps().size(), 6U);
}

TEST(Flow, DamagedCodeHasAFlow) {
    for (const std::string_view source :
         {"async def f(:\n    await g()\n", "async def f():\n    try:\n    await g()\n",
          "async def f():\n    with :\n        await g()\n", "async def f():\n    for x in :\n",
          "async def f():\n    while :\n        await\n",
          "async def f():\n    match x:\n        case\n", "async def f():\n    return (await\n",
          "async def f():\n    x = a and\n    yield (\n", "async def f():\n    [x for in y if]\n",
          "try:\n    pass\nexcept\n    (\n", "if\nelse:\n"}) {
        const ParsedRegion region = parse_region(std::string(source));
        const Tree& tree = region.tree;
        for (NodeId node = 0; node < tree.size(); ++node) {
            const Flow flow(tree, node);
            const StepId entry = Flow::kEntry;
            EXPECT_EQ(flow.reached(std::span(&entry, 1), {}).size(), flow.steps().size());
        }
    }
}

/// The lines of the findings of rules that ask what other functions do, after one text became another.
std::string lines_after(const std::string& before, const std::string& now) {
    Settings settings = default_settings();
    settings.enabled.set(*find_rule("missing-checkpoint"));
    const auto shared = std::make_shared<const Settings>(settings);
    const auto analyse = [&](const std::string& text,
                             const std::shared_ptr<const FileAnalysis>& old) {
        return FileAnalysis::analyse(std::make_shared<const SourceText>(text), shared, "module.py",
                                     old);
    };
    const auto shown = [](const FileAnalysis& file) {
        std::string lines;
        for (const Diagnostic& diagnostic : file.diagnostics())
            lines += std::to_string(file.lines().line_of(diagnostic.span.begin) + 1) + ":" +
                     std::string(catalog()[diagnostic.rule].info.name) + " ";
        return lines;
    };
    const std::string lines = shown(*analyse(now, analyse(before, nullptr)));
    EXPECT_EQ(lines, shown(*analyse(now, nullptr)));
    return lines;
}

TEST(Flow, AnswersAboutOtherFunctionsFollowEdits) {
    const std::string head = "import trio\n\n\nasync def f():\n    with trio.fail_after(1):\n"
                             "        await g()\n\n\nasync def g():\n";
    const std::string waits = head + "    await trio.sleep(1)\n";
    const std::string runs = head + "    raise_nothing = await_nothing = 1\n    raise E\n";
    EXPECT_EQ(lines_after(waits, waits), "");
    EXPECT_EQ(lines_after(waits, runs), "5:timeout-without-checkpoint ");
    EXPECT_EQ(lines_after(runs, waits), "");

    const std::string cls =
        "import trio\n\n\nclass A:\n    async def __aenter__(self):\n        x()\n\n";
    const std::string other = "    async def __aexit__(self, *a):\n        ";
    const std::string point = "await trio.lowlevel.cancel_shielded_checkpoint()\n";
    EXPECT_EQ(lines_after(cls, cls), "5:missing-checkpoint ");
    EXPECT_EQ(lines_after(cls, cls + other + point), "");
    EXPECT_EQ(lines_after(cls + other + point, cls + other + "y()\n"), "5:missing-checkpoint ");
    EXPECT_EQ(lines_after(cls + other + "y()\n", cls + other + point), "");
    EXPECT_EQ(lines_after(cls + other + point,
                          cls + "    async def __other__(self, *a):\n        " + point),
              "5:missing-checkpoint ");
}

TEST(Flow, AnswersAboutManagersFollowEdits) {
    const std::string head =
        "import trio\nfrom contextlib import asynccontextmanager\n\n\n"
        "async def g():\n    await trio.sleep(1)\n    async with m():\n"
        "        yield 1\n    await trio.sleep(1)\n\n\n"
        "@asynccontextmanager\nasync def m():\n    async with trio.open_nursery():\n"
        "        await trio.sleep(1)\n";
    const std::string within = head + "        yield\n        await trio.sleep(1)\n";
    const std::string behind = head + "    yield\n    await trio.sleep(1)\n";
    EXPECT_EQ(lines_after(within, within), "8:yield-in-cancel-scope ");
    EXPECT_EQ(lines_after(within, behind), "");
    EXPECT_EQ(lines_after(behind, within), "8:yield-in-cancel-scope ");
}

TEST(Flow, ScopesAtModuleLevelHaveNothingToInterrupt) {
    const auto settings = std::make_shared<const Settings>(default_settings());
    const auto file = FileAnalysis::analyse(
        std::make_shared<const SourceText>("import trio\n\nwith trio.fail_after(1):\n    f()\n"),
        settings, "module.py");
    ASSERT_EQ(file->diagnostics().size(), 1U);
    EXPECT_EQ(file->diagnostics()[0].rule, find_rule("timeout-without-checkpoint"));
}

} // namespace
} // namespace awaitls::analysis

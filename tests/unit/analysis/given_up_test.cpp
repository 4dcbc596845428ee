// Rules that fail, or have too much to look at, and what becomes of the others.

#include "analysis/rules/catalog.h"
#include "analysis/rules/driver.h"
#include "analysis/semantic/evaluator.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace awaitls::analysis {
namespace {

constexpr const char* kText = "import asyncio\n"
                              "import time\n"
                              "\n"
                              "\n"
                              "async def first():\n"
                              "    time.sleep(1)\n"
                              "    asyncio.sleep(1)\n"
                              "\n"
                              "\n"
                              "async def second():\n"
                              "    time.sleep(1)\n";

/// The catalog with another check in the place of blocking-sleep's.
std::vector<Rule> with_sleep(void (*check)(RuleContext&, NodeId)) {
    std::vector<Rule> rules(catalog().begin(), catalog().end());
    Rule& rule = rules[*find_rule("blocking-sleep")];
    rule.kinds = {Kind::Call};
    rule.check = check;
    return rules;
}

/// What the rules say of each region that they have something to say of: findings, then "!" with what was given up.
std::vector<std::string> run(const std::vector<Rule>& rules, const std::string& text = kText,
                             RuleObserver* observer = nullptr) {
    const Settings settings = default_settings();
    std::shared_ptr<const Module> module = make_module(std::make_shared<const SourceText>(text));
    const std::size_t count = module->slots.size();
    Evaluator evaluator(std::move(module), settings, {}, {});
    std::vector<std::string> result;
    for (std::uint32_t slot = 0; slot < count; ++slot) {
        std::string said;
        const std::shared_ptr<const RegionResult> found =
            run_rules(evaluator, slot, settings, observer, rules);
        for (const RegionFinding& finding : found->findings)
            said += std::string(catalog()[finding.diagnostic.rule].info.name) + " ";
        for (const GivenUpRule& rule : found->given_up)
            said += "!" + std::string(catalog()[rule.rule].info.name) + ": " + rule.reason;
        if (!said.empty()) result.push_back(std::move(said));
    }
    return result;
}

TEST(GivenUpRules, OneThatThrowsIsOffForItsFunction) {
    const std::vector<Rule> rules = with_sleep([](RuleContext& context, NodeId node) {
        context.report(node, "before it fails");
        if (context.text(node).starts_with("asyncio")) throw std::runtime_error("no such thing");
    });
    EXPECT_EQ(run(rules),
              (std::vector<std::string>{"unawaited-coroutine !blocking-sleep: no such thing",
                                        "blocking-sleep "}));
}

TEST(GivenUpRules, OneOverItsBudgetIsOffForItsFunction) {
    const std::vector<Rule> rules = with_sleep([](RuleContext& context, NodeId node) {
        context.report(node, "before it fails");
        // Each call of the function looks at all of it again and again.
        if (context.text(node).starts_with("asyncio"))
            for (int i = 0; i < 100'000; ++i)
                search_same_function(context.tree, 0, [](NodeId) { return true; });
    });
    EXPECT_EQ(run(rules), (std::vector<std::string>{
                              "unawaited-coroutine !blocking-sleep: it has too much to look at",
                              "blocking-sleep "}));
}

TEST(GivenUpRules, ItsSuppressionsAreNotReported) {
    const std::vector<Rule> rules =
        with_sleep([](RuleContext&, NodeId) { throw std::runtime_error("no such thing"); });
    EXPECT_EQ(
        run(rules,
            "import time\nasync def f():\n    time.sleep(1)  # awaitls: ignore[blocking-sleep]\n"),
        (std::vector<std::string>{"!blocking-sleep: no such thing"}));
}

TEST(GivenUpRules, NothingIsSpentOutsideOfChecks) {
    run(with_sleep([](RuleContext&, NodeId) { Budget::spend(1'000'000'000); }));
    Budget::spend(1'000'000'000);
}

TEST(RuleObservers, SeeEachTurn) {
    class Log final : public RuleObserver {
    public:
        void begin(std::uint16_t rule) override {
            sleeps += catalog()[rule].info.name == "blocking-sleep" ? 1 : 0;
            open = true;
        }
        void end() override { open = false; }

        int sleeps = 0;
        bool open = false;
    };
    Log log;
    run(std::vector<Rule>(catalog().begin(), catalog().end()), kText, &log);
    EXPECT_GE(log.sleeps, 3);
    EXPECT_FALSE(log.open);
    // A check that throws ends its turn all the same.
    run(with_sleep([](RuleContext&, NodeId) { throw std::runtime_error("no such thing"); }), kText,
        &log);
    EXPECT_FALSE(log.open);
}

} // namespace
} // namespace awaitls::analysis

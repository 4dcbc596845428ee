// Every rule's fixtures and the examples of its page: they say what is found, and fixes keep their promises.

#include "analysis/rules/catalog.h"
#include "tests/support/fixture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

namespace awaitls::tests {
namespace {

using analysis::FileAnalysis;

class RuleFixture : public ::testing::TestWithParam<std::pair<std::string, std::string>> {};

std::string test_name(const ::testing::TestParamInfo<std::pair<std::string, std::string>>& info) {
    std::string name =
        info.param.first + "_" + std::filesystem::path(info.param.second).stem().string();
    std::replace_if(
        name.begin(), name.end(),
        [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
    return name;
}

TEST_P(RuleFixture, FindsWhatItSays) {
    const auto& [rule, path] = GetParam();
    ASSERT_TRUE(analysis::find_rule(rule)) << "no rule is called like this folder";
    EXPECT_EQ(compare(load_fixture(path, rule)), "");
}

std::shared_ptr<const FileAnalysis> analyse(const std::string& text,
                                            std::shared_ptr<const analysis::Settings> settings) {
    return FileAnalysis::analyse(std::make_shared<const analysis::SourceText>(text),
                                 std::move(settings), "fixture.py");
}

/// How often each rule fires.
std::map<std::uint16_t, int> counts(const FileAnalysis& file) {
    std::map<std::uint16_t, int> result;
    for (const analysis::Diagnostic& diagnostic : file.diagnostics()) ++result[diagnostic.rule];
    return result;
}

bool all_clean(const FileAnalysis& file) {
    const std::vector<analysis::RegionInfo> regions = file.regions();
    return std::all_of(regions.begin(), regions.end(), [](const analysis::RegionInfo& r) {
        return r.health == analysis::Health::Clean;
    });
}

/// The comments of a text, one a line, without the annotations of fixtures.
std::vector<std::string> comments(const FileAnalysis& file) {
    std::vector<std::string> result;
    const std::string& text = file.text();
    for (std::size_t at = text.find("  # "); at != std::string::npos;
         at = text.find("  # ", at + 1)) {
        const std::string comment = text.substr(at, text.find('\n', at) - at);
        if (comment.find("awaitls: ignore") == std::string::npos) result.push_back(comment);
    }
    std::sort(result.begin(), result.end());
    return result;
}

/// Each fix by itself: what it gives parses, its finding is gone, no rule fires more often, and comments stay.
TEST_P(RuleFixture, EachFixKeepsItsPromise) {
    const auto& [rule, path] = GetParam();
    const Fixture fixture = load_fixture(path, rule);
    const std::shared_ptr<const FileAnalysis> before = analyse(fixture.text, fixture.settings);
    const bool clean = all_clean(*before);
    const std::map<std::uint16_t, int> had = counts(*before);
    for (const analysis::Diagnostic& diagnostic : before->diagnostics()) {
        for (const analysis::Fix& fix : diagnostic.fixes) {
            ASSERT_FALSE(fix.edits.empty());
            std::uint32_t at = 0;
            for (const analysis::Edit& edit : fix.edits) {
                ASSERT_LE(at, edit.span.begin) << "edits are sorted and disjoint: " << fix.title;
                ASSERT_LE(edit.span.end, fixture.text.size());
                at = edit.span.end;
            }
            const std::string text = analysis::apply_edits(fixture.text, fix.edits);
            const std::shared_ptr<const FileAnalysis> after = analyse(text, fixture.settings);
            const std::string context = fix.title + " for " + diagnostic.message + "\n" + text;
            if (clean) {
                EXPECT_TRUE(all_clean(*after)) << context;
            }
            const std::map<std::uint16_t, int> have = counts(*after);
            const auto now = have.find(diagnostic.rule);
            EXPECT_LT(now == have.end() ? 0 : now->second, had.at(diagnostic.rule))
                << "the finding is still there: " << context;
            for (const auto& [other, count] : have) {
                const auto old = had.find(other);
                EXPECT_LE(count, old == had.end() ? 0 : old->second)
                    << "new: "
                    << (other == analysis::kNoteRule
                            ? "note"
                            : std::string(analysis::catalog()[other].info.name))
                    << " " << context;
            }
            if (analysis::catalog()[diagnostic.rule].info.name != "unused-suppression") {
                EXPECT_EQ(comments(*before), comments(*after)) << context;
            }
        }
    }
}

/// All fixes together reach a text that a second run leaves alone, and the twin, where there is one, says which.
TEST_P(RuleFixture, FixAllIsIdempotent) {
    const auto& [rule, path] = GetParam();
    const Fixture fixture = load_fixture(path, rule);
    using analysis::Applicability;
    const std::string stem = path.substr(0, path.size() - 3);
    for (const auto& [most, twin] : {std::pair(Applicability::Safe, std::string()),
                                     std::pair(Applicability::Unsafe, stem + ".fixed.py"),
                                     std::pair(Applicability::Rewrite, stem + ".rewritten.py")}) {
        const analysis::FixResult once =
            analysis::fix_all(analyse(fixture.text, fixture.settings), "fixture.py", most);
        const analysis::FixResult twice =
            analysis::fix_all(analyse(once.text, fixture.settings), "fixture.py", most);
        EXPECT_EQ(once.text, twice.text);
        EXPECT_EQ(twice.applied, 0U);
        if (std::filesystem::exists(twin)) {
            EXPECT_EQ(once.text, read_file(twin)) << twin;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Rules, RuleFixture, ::testing::ValuesIn(rule_fixtures()), test_name);

class RulePage : public ::testing::TestWithParam<std::size_t> {};

TEST_P(RulePage, BadExamplesFireAtTheirMarks) {
    const analysis::RuleInfo& info = analysis::catalog()[GetParam()].info;
    const std::vector<std::string> examples = doc_examples(info.doc, "## Bad");
    ASSERT_FALSE(examples.empty());
    for (const std::string& example : examples) {
        const std::string rule{info.name};
        const Fixture fixture{"docs/rules/" + rule + ".md Bad", example,
                              fixture_settings(example, rule), read_expectations(example)};
        ASSERT_FALSE(fixture.expected.empty());
        for (const Expected& expected : fixture.expected) EXPECT_EQ(expected.rule, rule);
        EXPECT_EQ(compare(fixture), "") << example;
    }
}

TEST_P(RulePage, GoodExamplesAreSilent) {
    const analysis::RuleInfo& info = analysis::catalog()[GetParam()].info;
    const std::vector<std::string> examples = doc_examples(info.doc, "## Good");
    ASSERT_FALSE(examples.empty());
    for (const std::string& example : examples) {
        const std::string rule{info.name};
        const Fixture fixture{
            "docs/rules/" + rule + ".md Good", example, fixture_settings(example, rule), {}};
        EXPECT_EQ(compare(fixture), "") << example;
    }
}

std::string page_name(const ::testing::TestParamInfo<std::size_t>& info) {
    std::string name{analysis::catalog()[info.param].info.name};
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Rules, RulePage,
                         ::testing::Range(std::size_t{0}, analysis::catalog().size()), page_name);

} // namespace
} // namespace awaitls::tests

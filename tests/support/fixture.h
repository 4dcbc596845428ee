#pragma once

// Annotated Python: code with `# error: rule-name` comments, and the settings in its header.

#include "analysis/analysis.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace awaitls::tests {

/// A finding that a line of a fixture announces: `# error: rule-name "part of the message"`.
struct Expected {
    std::uint32_t line; // from 1
    std::string rule;
    std::string message; // a part of it; may be empty
};

struct Fixture {
    std::string path;
    std::string text;
    std::shared_ptr<const analysis::Settings> settings;
    std::vector<Expected> expected;
};

/// Reads `# error:` comments.
std::vector<Expected> read_expectations(std::string_view text);

/// Default settings with the rule on (and every `# awaitls-test: key = value` line of the text applied).
/// Throws std::runtime_error where a header line is wrong.
std::shared_ptr<const analysis::Settings> fixture_settings(std::string_view text,
                                                           const std::string& rule);

Fixture load_fixture(const std::string& path, const std::string& rule);

/// Analyses and compares: empty when what is found is what is expected, else a line for each difference.
std::string compare(const Fixture& fixture);

/// One line for each finding, for messages: "12:5 blocking-sleep ...".
std::string render(const analysis::FileAnalysis& analysis);

/// All *.py of the rule fixtures, as rule name and path, sorted. Twins (`*.fixed.py`: with all fixes,
/// `*.rewritten.py`: with refactorings, too) are left out.
std::vector<std::pair<std::string, std::string>> rule_fixtures();

std::string read_file(const std::string& path);

/// The python examples under a heading of a rule's page: "## Bad".
std::vector<std::string> doc_examples(std::string_view doc, std::string_view heading);

} // namespace awaitls::tests

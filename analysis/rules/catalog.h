#pragma once

// All rules, in the order of their names. A rule's index in this table is its identity in Settings
// and Diagnostic.

#include "analysis/rules/rule.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace awaitls::analysis {

std::span<const Rule> catalog();

/// Index of the rule with this name.
std::optional<std::size_t> find_rule(std::string_view name);

/// The rules that a selector means: a rule's name, a category ("blocking"), "ALL", an alias
/// ("RUF006") or the beginning of one ("ASYNC2", "ASYNC": letters, and digits unless they are three or more). Case counts as in
/// the table. Empty when it means nothing.
std::vector<std::size_t> select_rules(std::string_view selector);

/// The shapes of the rule that the selector means, as bits; a rule without shapes has one. Zero when it does not mean the rule.
std::uint8_t selected_shapes(std::string_view selector, std::size_t rule);
/// Switches on or off what the selector means: rules, or single shapes of them. What goes beyond a rule (Shape::beyond) is
/// switched on by a whole code alone.
void choose(Settings& settings, std::string_view selector, bool on);
/// The aliases that mean findings of this shape.
std::vector<std::string_view> shape_aliases(const RuleInfo& info, std::size_t shape);

/// The rule name, category or alias nearest to a wrong one, for "did you mean"; empty when nothing
/// is near.
std::string nearest_selector(std::string_view wrong);

/// The candidate that a wrong name is probably meant to be: the one with the fewest edits, the
/// first of several; when more than a third of the letters would change, the first that contains it
/// ("sleep"); empty when none does.
std::string_view nearest_of(std::string_view wrong, std::span<const std::string_view> candidates);

std::string_view category_name(Category category);   // "exception-group"
std::string_view severity_name(Severity severity);   // "information"
std::string_view review_name(ReviewSeverity review); // "CRITICAL", empty for None

/// One constant of the build followed by `docs/rules/NAME.md`.
std::string rule_url(std::string_view name);

/// The page of a rule as Markdown: title, facts, the rule's doc, options, aliases.
std::string rule_page(const Rule& rule);
/// The index page of all rules by category, and the table "their code -> our rule".
std::string rule_index_page();

/// Settings that enable the default rules.
Settings default_settings();

} // namespace awaitls::analysis

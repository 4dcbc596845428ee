#pragma once

// Names that users write in options, and the decorators that rules ask for.

#include "analysis/rules/rule.h"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace awaitls::analysis {

/// Shell patterns as Python's fnmatchcase has them: `*`, `?`, `[abc]`, `[a-z]`, `[!a]`.
bool matches_pattern(std::string_view pattern, std::string_view text);

/// An option of a rule, a list of patterns, holds a name of what is called or referred to: as it is written, or its qualified
/// name. An `@` before a pattern counts for nothing.
bool is_in_option(const RuleContext& context, NodeId expression, std::string_view option);

/// `a.b.c` of a chain of plain names; empty for anything else.
std::string dotted_name(const Tree& tree, NodeId node);

/// What the name of a function or method says first (`close` of `close_all`, `_close`) is cleaning up: close, stop, release and
/// the like.
bool names_cleanup(std::string_view name);
/// The last part of what is called, as written: "close" for `self.client.close()`; empty where it is no name.
std::string_view called_name(const Tree& tree, NodeId call);

/// What the decorators of a FunctionDef name, without their calls, the outermost first.
std::vector<NodeId> decorators(const Tree& tree, NodeId definition);
/// One of the decorators is the library thing of one of these names.
bool has_decorator(const Model& model, NodeId definition,
                   std::initializer_list<std::string_view> names);
/// One of the decorators is called like that, whatever it is: "fixture" for `@pytest_asyncio.fixture()`.
bool has_decorator_called(const Model& model, NodeId definition, std::string_view name);

/// A decorator turns the generator into something that its maker enters and leaves in one task: a context manager, a fixture,
/// a channel, or what the option `transform-async-generator-decorators` names.
bool is_transformed_generator(const RuleContext& context, NodeId definition);

} // namespace awaitls::analysis

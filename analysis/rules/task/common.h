#pragma once

// What the rules about tasks, concurrency and cancellation share.

#include "analysis/rules/rule.h"

#include <string>
#include <string_view>
#include <vector>

namespace awaitls::analysis::tasks {

// --- Calls ------------------------------------------------------------------------------------------

/// The target is the method of the library class or of a class that derives from it.
bool is_method(const CallTarget& target, std::string_view base_class, std::string_view method);
/// asyncio.create_task, asyncio.ensure_future, or create_task of an event loop; not that of a TaskGroup or
/// nursery, which keep their tasks.
bool makes_task(const Model& model, NodeId call);
/// The expression is a call of the library function.
bool calls(const Model& model, NodeId expression, std::string_view name);
/// The last part of the name says that the function only reads: `get_user`, `db.fetch`, `load`.
bool reads_only(std::string_view name);
/// A value of this type cannot be changed by one call under the hands of another.
bool is_immutable(Type type);
/// A value of this type is certain to be an asyncio future or task, or what gives one.
bool is_future(const Model& model, Type type);
/// The name of a function that opens a timeout or cancel scope, or a task group, of asyncio, async_timeout, anyio or trio.
bool is_timeout_name(std::string_view name);
bool is_task_group_name(std::string_view name);
/// The expression opens a timeout or cancel scope of asyncio, async_timeout, anyio or trio.
bool is_timeout(const Model& model, NodeId expression);
/// The node runs within a timeout or cancel scope that its function enters; a context manager that is called after a
/// timeout is believed.
bool in_timeout(const Model& model, NodeId node);
/// The one argument of a call of `sleep`, by position or by whatever keyword; kNoNode where there is another form.
NodeId sleep_delay(const Tree& tree, NodeId call);
/// The expression opens a task group of asyncio or anyio, or a nursery of trio.
bool is_task_group(const Model& model, NodeId expression);
/// True when an exception expression (a class, or a tuple of classes) certainly catches cancellation, of asyncio or trio.
bool catches_cancellation(const Model& model, NodeId exception);

// --- Variables --------------------------------------------------------------------------------------

/// The Name that a statement assigns the expression to (`x = expr`, `x: T = expr`), or kNoNode.
NodeId assigned_name(const Tree& tree, NodeId expression);
/// The Name is a local variable that is never read.
bool is_unread_local(const Model& model, NodeId name);
/// True when a Name in the region spells this, whatever it refers to.
bool mentions(const Tree& tree, NodeId subtree, std::string_view name);

// --- Places -----------------------------------------------------------------------------------------

/// The function or lambda whose body holds the node, or the root.
NodeId function_around(const Tree& tree, NodeId node);
/// A decorator stands above the function that may change how it is called, or ask for its parameters.
bool is_decorated(const Model& model, NodeId function);
/// The innermost loop of the same function whose body holds the node, or kNoNode.
NodeId loop_around(const Tree& tree, NodeId node);
/// The statements of a Block child.
std::vector<NodeId> statements(const Tree& tree, NodeId block);

/// True when something that the statement may wait for was cancelled (`x.cancel()`) before the node in the same function, or
/// when it waits for nothing but what the file cancels elsewhere (`await self._task`, where a method calls `self._task.cancel()`).
bool follows_cancel(const Model& model, NodeId node);

// --- Layout -----------------------------------------------------------------------------------------

/// The line break that the text uses.
std::string line_break(const Tree& tree);
std::uint32_t line_begin(const Tree& tree, std::uint32_t offset);
/// Offset of the line's terminator.
std::uint32_t line_end(const Tree& tree, std::uint32_t offset);
/// Offset of the next line's beginning.
std::uint32_t next_line(const Tree& tree, std::uint32_t offset);
/// The statement shares its lines with no other: only blanks before it, only a comment behind it.
bool has_own_lines(const Tree& tree, NodeId statement);
/// The blanks before a statement that begins its line.
std::string indentation(const Tree& tree, NodeId statement);
/// The statement without a comment behind its last line, which the span of a block holds.
Span code_span(const Tree& tree, NodeId statement);
/// A comment stands in the span.
bool has_comment(const Tree& tree, Span span);

} // namespace awaitls::analysis::tasks

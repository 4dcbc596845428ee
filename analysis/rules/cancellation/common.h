#pragma once

// How exception handlers treat a cancellation that reaches them.

#include "analysis/rules/rule.h"

namespace awaitls::analysis::cancellation {

/// What a handler does with the cancellation that it caught, on some path. kNoNode: no such path.
struct Treatment {
    NodeId swallowed =
        kNoNode; // where execution goes on: the handler itself when its end is reached, or a `continue`
    NodeId replaced = kNoNode;     // a `return`, `break`, `yield` or `raise` of something else
    bool sometimes_raised = false; // another path raises it again
    bool only_falls_through =
        false; // the handler's end is reached on every path that does not re-raise
};

/// The handler of a Try that gets the cancellation of its body: the first that catches it. kNoNode where there is none, where
/// the body cannot be cancelled, or where the code is not a coroutine's.
NodeId handler_of(const Model& model, NodeId try_statement);
/// Follows every path through the handler.
Treatment treatment(const Model& model, NodeId handler);
/// The handler, or what stands behind the statement, deals with the cancellation in a way that is not judged:
/// it asks `cancelling()`, calls `uncancel()`, keeps the exception for later, hands it on, or raises it behind the statement.
bool is_dealt_with(const Model& model, NodeId try_statement, NodeId handler);
/// The statement stands in an exception handler that ends by raising, or that deals with its exception (is_dealt_with): what the
/// statement swallows comes after that, and ends the function all the same.
bool is_raised_after(const Model& model, NodeId statement);
/// The treatment ends the function, and the function is only ever run as a task that nobody in this file waits for by the side
/// of its creation: the cancellation has done its work, and only the task's state tells another story. `handler` is kNoNode
/// for a With that suppresses.
bool ends_background_task(const Model& model, NodeId statement, NodeId handler,
                          const Treatment& treatment);
/// The function runs the program: nobody cancels it but the end of the program itself.
bool is_program_main(const Model& model, NodeId node);

/// The handler names cancellation itself, in a function that a test function defines: what stands in for something there does on
/// purpose what it does.
bool is_played(const Model& model, NodeId handler);

/// The call of `contextlib.suppress` among the items of a With that swallows the cancellation of its body, or kNoNode.
NodeId suppressor_of(const Model& model, NodeId with);

/// What a message calls the caught class: "`asyncio.CancelledError`", or what a broad handler names with an addition.
std::string caught(const Tree& tree, NodeId handler);
/// The class that catches the cancellation, of several the first; kNoNode for a bare `except:`.
NodeId catching_class(const Model& model, NodeId handler);
/// The part of a handler that a finding underlines: the class that catches the cancellation, or `except`.
Span handler_head(const Model& model, NodeId handler);

} // namespace awaitls::analysis::cancellation

#pragma once

// Which of the two flavours of context manager and iterable a value is: the question behind the
// rules about `with`, `async with`, `for` and `async for`.

#include "analysis/rules/rule.h"

namespace awaitls::analysis {

/// What the interpreter finds on the class of a value. No means that it is certain to find nothing.
struct Protocols {
    Answer with = Answer::Unknown;          // __enter__ and __exit__
    Answer async_with = Answer::Unknown;    // __aenter__ and __aexit__
    Answer iterate = Answer::Unknown;       // __iter__
    Answer async_iterate = Answer::Unknown; // __aiter__
};

/// All Unknown for values that are not known, and for coroutines, which the await rules judge.
Protocols protocols_of(const Model& model, Type type);

/// A value that needs `async with`: it has the async half of the protocol and not the other.
inline bool is_async_manager(const Protocols& p) {
    return p.with == Answer::No && p.async_with == Answer::Yes;
}
inline bool is_sync_manager(const Protocols& p) {
    return p.async_with == Answer::No && p.with == Answer::Yes;
}
inline bool is_async_iterable(const Protocols& p) {
    return p.iterate == Answer::No && p.async_iterate == Answer::Yes;
}
inline bool is_sync_iterable(const Protocols& p) {
    return p.async_iterate == Answer::No && p.iterate == Answer::Yes;
}

/// The expression as messages show it: "`Store.load()`" for calls, "`self.items`" for others; short
/// and on one line.
std::string shown_value(const Tree& tree, NodeId expression);

/// True where the sync form of what is written here is known to block: removing `async` would trade
/// one fault for another.
bool blocks_when_sync(const Model& model, NodeId expression, BlockingUse use);

/// The edit that removes `async` and the blanks behind it from the beginning of a node; nothing in
/// other forms.
std::vector<Edit> remove_async(const Tree& tree, NodeId node);

} // namespace awaitls::analysis

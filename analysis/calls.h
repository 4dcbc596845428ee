#pragma once

// Who calls whom: the calls in one file, the definitions that they lead to, and what each call does to the event loop.
//
// Code is counted where it runs. A function inside another one is an item of its own; a lambda has no name to show, and its
// calls are those of the function around it. Code at module and class level is the module's. Making an instance of a class
// calls its `__init__`, own or inherited; a class without one stands for itself. Reading a property calls it. What Python
// calls by syntax (`__enter__`, `__iter__`, operators) is not looked for.

#include "analysis/analysis.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace awaitls::analysis {

/// What calls and is called.
struct CallItem {
    enum class Kind : std::uint8_t { Module, Class, Constructor, Method, Function };
    Kind kind = Kind::Function;
    std::string path;   // ModuleFile::path; empty for a file that has none
    std::string module; // dotted name; empty for a file that has none
    std::string name; // within the module: "Store.load", "main.<locals>.inner"; empty for a Module
    std::shared_ptr<const SourceText> source; // what the spans are of
    Span range;                               // the whole definition
    Span name_range;                          // its name, within `range`

    /// Of items that were found in the same versions of all files.
    bool is(const CallItem& other) const {
        return kind == other.kind && path == other.path &&
               name_range.begin == other.name_range.begin;
    }
};

/// What a call does to the event loop.
enum class CallMark : std::uint8_t {
    Plain,
    Blocks,  // the callee may block the thread that calls it
    Awaited, // the caller goes on when the coroutine has ended: await, async with, async for, run()
    Task,    // runs beside the caller: create_task, gather, start_soon
    Callback, // called by the loop later: call_soon, add_done_callback
    Thread,   // runs in a thread
    Process,  // runs in another process
};

struct CallSite {
    Span span; // of the name that stands for the callee
    CallMark mark = CallMark::Plain;
    std::string witness; // of Blocks: the operation at the end, "open", "time.sleep"
};

/// The other end of some calls, with the places where they stand, in text order and never none.
struct CallEdge {
    CallItem item;
    std::vector<CallSite> sites;
};

/// Where else an item may be called, as one file tells.
struct CallLeads {
    std::vector<std::string> names; // that the file gives it: by import, assignment, inheritance
    std::vector<std::string> paths; // of files whose functions get it passed
};

/// The calls of one version of a file. Used by one thread at a time; what it gives may be kept. `place` is that of the file,
/// and its modules those that all questions of one request are about.
class FileCalls {
public:
    FileCalls(std::shared_ptr<const Module> module, std::shared_ptr<const Settings> settings,
              ModulePlace place);
    ~FileCalls();
    FileCalls(const FileCalls&) = delete;
    FileCalls& operator=(const FileCalls&) = delete;

    /// What the name at an offset defines or refers to: several where a variable may hold one or another. Empty where it is
    /// no function, method or class that has a source.
    std::vector<CallItem> items_at(std::uint32_t offset) const;
    /// The item of the kind that is called so; of several the one whose name stands nearest to the offset.
    std::optional<CallItem> find(CallItem::Kind kind, std::string_view name,
                                 std::uint32_t near_offset) const;

    /// What an item of this file calls, in the order of its text. Where nothing can be shown of a callee it is left out.
    std::vector<CallEdge> outgoing(const CallItem& caller) const;
    /// The items of this file that call an item of any file, in the order of the text. Nothing when cancelled.
    std::optional<std::vector<CallEdge>> incoming(const CallItem& callee,
                                                  const Cancellation& cancellation) const;
    /// `names` are those under which the callee is known.
    CallLeads leads(const CallItem& callee, const std::vector<std::string>& names) const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

/// The words that calls of an item are spelled with, as far as no code gives it other names.
std::vector<std::string> names_of(const CallItem& item);

} // namespace awaitls::analysis

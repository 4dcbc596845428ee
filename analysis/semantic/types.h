#pragma once

// What an expression denotes: the answer to "what is this object". Types are interned values that live as long
// as the Model that made them; compare them by kind, name and definition, never by spelling in the source.

#include "analysis/knowledge/knowledge.h"
#include "analysis/syntax/node.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace awaitls::analysis {

struct Region;

/// How sure a resolution is. Rules report Certain; Likely counts only under `strictness = "likely"`.
enum class Confidence : std::uint8_t { Unknown, Likely, Certain };

/// A question that the code may not answer.
enum class Answer : std::uint8_t { No, Yes, Unknown };

/// A function, method or lambda that the file or another one of the workspace defines.
struct FunctionDef {
    std::string name; // "<lambda>" for lambdas
    std::string
        qualname; // "Store.load", "main.<locals>.inner": unique within the file but for redefinitions
    const Region* region; // where it stands
    std::uint32_t
        slot;    // that region's number in the evaluation; in the file under analysis its place
    NodeId node; // FunctionDef or Lambda in that region
    std::int32_t class_id; // ClassDef::id of the enclosing class, or -1
    bool is_async = false;
    bool is_generator = false; // holds a yield of its own
    bool is_lambda = false;
    bool is_nested = false; // defined inside another function
};

/// A class that the file or another one of the workspace defines.
struct ClassDef {
    std::string name;
    std::string qualname;
    const Region* region;
    NodeId node;
    std::int32_t id; // its number in the evaluation
};

enum class TypeKind : std::uint8_t {
    Unknown,
    None,
    Module, // name; space for one of the workspace
    Class,  // a class object: name, or cls for one of this file
    Function, // a function or bound method: name for a known library one, or function for one of this file
    Instance,           // an object of a class: name or cls; args are element types of containers
    Coroutine,          // what calling an async function gives; args[0] is what awaiting it gives
    Awaitable,          // can be awaited, need not be (Future, Task); args[0] is the result
    CoroutineOrManager, // must be awaited or entered with `async with`; args[0] is what either gives
    AsyncManager,       // entered with `async with`; args[0]
    Manager,            // entered with `with`; args[0]
    AsyncIterator,      // an async generator object and the like; args[0] is the item
    Iterator,           // a generator object and the like; args[0] is the item
    Super,              // super() in a class of this file: cls
    Union, // one of args, which are two or more of other kinds, none of them Unknown or None
};

struct TypeData;
/// Never null; interned.
using Type = const TypeData*;

struct TypeData {
    TypeKind kind = TypeKind::Unknown;
    Confidence confidence = Confidence::Certain;
    /// Canonical qualified name of a library thing, empty for things of this file. For Coroutine and the kinds
    /// behind it: the function that made it. Lives as long as the type.
    std::string_view name;
    const FunctionDef* function =
        nullptr; // Function: the definition; Coroutine...: the function that made it
    const ClassDef* cls = nullptr; // Class, Instance, Super of this file
    Type receiver = nullptr;       // Function: the object a method is bound to, or null
    std::int32_t space = -1;       // Module of the workspace: its number in the evaluation
    std::vector<Type> args;

    bool known() const { return kind != TypeKind::Unknown; }
    bool is_instance_of(std::string_view qualified) const {
        return kind == TypeKind::Instance && name == qualified;
    }
    Type arg(std::size_t index) const; // the unknown type when there is none
};

/// The type of which nothing is known.
Type unknown_type();

} // namespace awaitls::analysis

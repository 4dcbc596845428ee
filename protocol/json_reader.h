#pragma once

#include "protocol/json_writer.h"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace awaitls::protocol {

/// What a client sent does not have the shape the protocol gives it. what() names the place:
/// "params.textDocument.position.line: expected an unsigned integer, got -1".
class ReadError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Largest `uinteger` and `integer` of the protocol.
inline constexpr std::uint32_t kMaxUinteger = 2147483647;

/// Typed access to one value of a parsed document. A Reader is a cheap value that points into the
/// document, which must outlive it. Every accessor throws ReadError on a value of another type and
/// never converts silently: no wrapping, no truncation, no number from a string.
class Reader {
public:
    /// Requires: `root` outlives this reader and all made from it. `name` (a literal) begins every
    /// path.
    explicit Reader(const nlohmann::json& root, std::string_view name)
        : root_(&root), value_(&root), name_(name) {}
    /// A reader of nothing: a message without params.
    static Reader nothing(std::string_view name) { return Reader(name); }

    /// The member `key`; missing() where this is an object without it or is missing itself.
    /// Throws where this is anything else.
    Reader field(std::string_view key) const;
    /// Like field, but missing() also where this value is no object.
    Reader soft_field(std::string_view key) const;

    bool missing() const { return value_ == nullptr; }
    bool null() const;
    bool missing_or_null() const { return missing() || null(); }
    bool is_string() const;
    bool is_object() const;
    bool is_array() const;
    bool is_boolean() const;
    bool is_integer() const;

    const std::string& string() const;
    bool boolean() const;
    std::int64_t integer() const;
    /// 0 to kMaxUinteger; anything else is an error.
    std::uint32_t uinteger() const;
    /// A line or column: too large a number is kMaxUinteger (clients send the largest double for
    /// "to the end of the line"), a negative or fractional one is an error.
    std::uint32_t position_number() const;

    std::size_t size() const;           // of an array
    Reader at(std::size_t index) const; // Requires: index < size()
    /// Calls `visit` with each key and value of an object, in the order of the keys.
    void
    members(const std::function<void(const std::string& key, const Reader& value)>& visit) const;

    /// The value as JSON text, valid UTF-8 whatever was received; absent if missing.
    RawJson raw() const;

    [[noreturn]] void fail(std::string_view expected) const;
    /// Where this value stands: "params.items[3].uri".
    std::string path() const;

private:
    explicit Reader(std::string_view name) : name_(name) {}
    Reader(const Reader& parent, const nlohmann::json* value) : Reader(parent) { value_ = value; }

    const nlohmann::json* root_ = nullptr;
    const nlohmann::json* value_ = nullptr;
    std::string_view name_;
    // Of a missing member: the object that lacks it and its key, for the path in an error.
    const nlohmann::json* owner_ = nullptr;
    std::string missing_key_;
};

} // namespace awaitls::protocol

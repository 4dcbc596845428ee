#include "protocol/json_reader.h"

#include "protocol/json_text.h"

#include <nlohmann/json.hpp>

#include <cassert>
#include <cmath>
#include <limits>

namespace awaitls::protocol {

namespace {

using Json = nlohmann::json;

/// Appends the steps from `at` down to `target`. False: it is not below.
bool append_path(const Json& at, const Json* target, std::string& path) {
    if (&at == target) {
        return true;
    }
    const std::size_t length = path.size();
    if (at.is_object()) {
        for (Json::const_iterator it = at.begin(); it != at.end(); ++it) {
            path += '.';
            path += it.key();
            if (append_path(*it, target, path)) {
                return true;
            }
            path.resize(length);
        }
    } else if (at.is_array()) {
        std::size_t index = 0;
        for (const Json& element : at) {
            path += '[' + std::to_string(index++) + ']';
            if (append_path(element, target, path)) {
                return true;
            }
            path.resize(length);
        }
    }
    return false;
}

/// What was found, for a person: small values as they are, others by their type.
std::string describe(const Json& value) {
    constexpr std::size_t kLongest = 40;
    if (value.is_object()) {
        return "an object";
    }
    if (value.is_array()) {
        return "an array";
    }
    std::string text = dump_json(value);
    return text.size() <= kLongest ? text : std::string("a ") + value.type_name();
}

} // namespace

Reader Reader::soft_field(std::string_view key) const {
    return is_object() ? field(key) : Reader(*this, nullptr);
}

Reader Reader::field(std::string_view key) const {
    if (missing()) {
        Reader child(*this);
        child.missing_key_ += '.';
        child.missing_key_ += key;
        return child;
    }
    if (!value_->is_object()) {
        fail("an object");
    }
    const Json::const_iterator found = value_->find(key);
    if (found != value_->end()) {
        return Reader(*this, &*found);
    }
    Reader child(*this, nullptr);
    child.owner_ = value_;
    child.missing_key_ = '.';
    child.missing_key_ += key;
    return child;
}

bool Reader::null() const {
    return value_ != nullptr && value_->is_null();
}
bool Reader::is_string() const {
    return value_ != nullptr && value_->is_string();
}
bool Reader::is_object() const {
    return value_ != nullptr && value_->is_object();
}
bool Reader::is_array() const {
    return value_ != nullptr && value_->is_array();
}
bool Reader::is_boolean() const {
    return value_ != nullptr && value_->is_boolean();
}

bool Reader::is_integer() const {
    return value_ != nullptr && value_->is_number_integer() &&
           !(value_->is_number_unsigned() &&
             value_->get_ref<const std::uint64_t&>() >
                 static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
}

const std::string& Reader::string() const {
    if (!is_string()) {
        fail("a string");
    }
    return value_->get_ref<const std::string&>();
}

bool Reader::boolean() const {
    if (!is_boolean()) {
        fail("a boolean");
    }
    return value_->get<bool>();
}

std::int64_t Reader::integer() const {
    if (!is_integer()) {
        fail("an integer");
    }
    return value_->get<std::int64_t>();
}

std::uint32_t Reader::uinteger() const {
    if (!is_integer()) {
        fail("an unsigned integer");
    }
    const std::int64_t value = value_->get<std::int64_t>();
    if (value < 0 || value > kMaxUinteger) {
        fail("an unsigned integer");
    }
    return static_cast<std::uint32_t>(value);
}

std::uint32_t Reader::position_number() const {
    if (missing() || !value_->is_number()) {
        fail("an unsigned integer");
    }
    if (value_->is_number_unsigned()) {
        const std::uint64_t value = value_->get_ref<const std::uint64_t&>();
        return value > kMaxUinteger ? kMaxUinteger : static_cast<std::uint32_t>(value);
    }
    const double value = value_->get<double>();
    if (!(value >= 0) || value != std::floor(value)) {
        fail("an unsigned integer");
    }
    return value > kMaxUinteger ? kMaxUinteger : static_cast<std::uint32_t>(value);
}

std::size_t Reader::size() const {
    if (!is_array()) {
        fail("an array");
    }
    return value_->size();
}

Reader Reader::at(std::size_t index) const {
    assert(is_array() && index < value_->size());
    return Reader(*this, &(*value_)[index]);
}

void Reader::members(
    const std::function<void(const std::string& key, const Reader& value)>& visit) const {
    if (!is_object()) {
        fail("an object");
    }
    for (Json::const_iterator it = value_->begin(); it != value_->end(); ++it) {
        visit(it.key(), Reader(*this, &*it));
    }
}

RawJson Reader::raw() const {
    return missing() ? RawJson{} : RawJson{dump_json(*value_)};
}

void Reader::fail(std::string_view expected) const {
    std::string text = path() + ": expected ";
    text += expected;
    text += ", got ";
    text += missing() ? "nothing" : describe(*value_);
    throw ReadError(text);
}

std::string Reader::path() const {
    std::string path(name_);
    const Json* target = missing() ? owner_ : value_;
    if (root_ != nullptr && target != nullptr) {
        append_path(*root_, target, path);
    }
    return missing() ? path + missing_key_ : path;
}

} // namespace awaitls::protocol

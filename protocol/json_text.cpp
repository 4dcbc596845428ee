#include "protocol/json_text.h"

#include "protocol/utf8.h"

#include <nlohmann/json.hpp>

#include <array>
#include <optional>
#include <utility>
#include <vector>

namespace awaitls::protocol {

namespace {

using Json = nlohmann::json;

/// Builds the document from parse events, which allows what the library's own parser does not: a
/// limit of the depth, and the text of the number at `.id`.
class DocumentBuilder final : public nlohmann::json_sax<Json> {
public:
    Json root;
    std::string error;
    std::string fractional_id;

    bool null() override { return place(Json(nullptr)); }
    bool boolean(bool value) override { return place(Json(value)); }
    bool number_integer(number_integer_t value) override { return place(Json(value)); }
    bool number_unsigned(number_unsigned_t value) override { return place(Json(value)); }
    bool number_float(number_float_t value, const string_t& text) override {
        if (stack_.size() == 1 && key_ == "id" && stack_.back()->is_object()) {
            fractional_id = text;
        }
        return place(Json(value));
    }
    bool string(string_t& value) override { return place(Json(std::move(value))); }
    bool binary(binary_t& value) override { return place(Json(std::move(value))); }
    bool start_object(std::size_t) override { return open(Json::object()); }
    bool start_array(std::size_t) override { return open(Json::array()); }
    bool key(string_t& value) override {
        key_ = std::move(value);
        return true;
    }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }
    bool parse_error(std::size_t position, const std::string& last_token,
                     const nlohmann::detail::exception& exception) override {
        static_cast<void>(last_token);
        static_cast<void>(exception);
        error = "not JSON at byte " + std::to_string(position);
        return false;
    }

private:
    bool place(Json value) {
        static_cast<void>(insert(std::move(value)));
        return true;
    }

    Json& insert(Json value) {
        if (stack_.empty()) {
            root = std::move(value);
            return root;
        }
        Json& parent = *stack_.back();
        if (parent.is_array()) {
            return parent.emplace_back(std::move(value));
        }
        // A repeated key: the last one holds, as in JavaScript.
        Json& member = parent[key_];
        member = std::move(value);
        return member;
    }

    bool open(Json container) {
        if (stack_.size() >= static_cast<std::size_t>(kMaxJsonDepth)) {
            error = "nested deeper than " + std::to_string(kMaxJsonDepth) + " levels";
            return false;
        }
        // Pointers on the stack stay valid: a container grows only while it is the innermost one.
        stack_.push_back(&insert(std::move(container)));
        return true;
    }

    bool close() {
        stack_.pop_back();
        return true;
    }

    std::vector<Json*> stack_;
    std::string key_;
};

/// Value of the four hex digits at `at`; nothing if there are not four.
std::optional<unsigned> hex4(std::string_view text, std::size_t at) {
    if (at + 4 > text.size()) {
        return std::nullopt;
    }
    unsigned value = 0;
    for (std::size_t i = at; i < at + 4; ++i) {
        const char digit = text[i];
        unsigned nibble = 0;
        if (digit >= '0' && digit <= '9') {
            nibble = static_cast<unsigned>(digit - '0');
        } else if (digit >= 'a' && digit <= 'f') {
            nibble = static_cast<unsigned>(digit - 'a') + 10;
        } else if (digit >= 'A' && digit <= 'F') {
            nibble = static_cast<unsigned>(digit - 'A') + 10;
        } else {
            return std::nullopt;
        }
        value = value * 16 + nibble;
    }
    return value;
}

std::optional<unsigned> escape_at(std::string_view text, std::size_t at) {
    if (at + 1 < text.size() && text[at] == '\\' && text[at + 1] == 'u') {
        return hex4(text, at + 2);
    }
    return std::nullopt;
}

bool is_high_surrogate(unsigned unit) {
    return unit >= 0xD800 && unit <= 0xDBFF;
}
bool is_low_surrogate(unsigned unit) {
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

ParsedJson parse_once(std::string_view text) {
    DocumentBuilder builder;
    ParsedJson parsed;
    const bool ok = Json::sax_parse(text.begin(), text.end(), &builder);
    if (!ok) {
        parsed.error = builder.error.empty() ? "not JSON" : std::move(builder.error);
        return parsed;
    }
    parsed.value = std::make_shared<const Json>(std::move(builder.root));
    parsed.fractional_id = std::move(builder.fractional_id);
    return parsed;
}

} // namespace

std::string repair_json_text(std::string_view text) {
    std::string out;
    out.reserve(text.size() + 16);
    std::size_t at = 0;
    while (at < text.size()) {
        if (text[at] != '\\') {
            const std::size_t length = utf8_sequence_length(text, at);
            if (length == 0) {
                out += kReplacementCharacter;
                ++at;
            } else {
                out.append(text, at, length);
                at += length;
            }
            continue;
        }
        const std::optional<unsigned> unit = escape_at(text, at);
        if (!unit) {
            // Any other escape; its second character may be a backslash, so both are taken
            // together.
            const std::size_t second =
                at + 1 < text.size() ? utf8_sequence_length(text, at + 1) : 0;
            out.append(text, at, 1 + second);
            at += 1 + second;
            continue;
        }
        const std::optional<unsigned> next = escape_at(text, at + 6);
        if (is_high_surrogate(*unit) && next && is_low_surrogate(*next)) {
            out.append(text, at, 12);
            at += 12;
        } else if (is_high_surrogate(*unit) || is_low_surrogate(*unit)) {
            out += "\\ufffd";
            at += 6;
        } else {
            out.append(text, at, 6);
            at += 6;
        }
    }
    return out;
}

ParsedJson parse_json(std::string_view text) {
    ParsedJson parsed = parse_once(text);
    if (parsed.value) {
        return parsed;
    }
    const std::string repaired_text = repair_json_text(text);
    if (repaired_text == text) {
        return parsed;
    }
    ParsedJson repaired = parse_once(repaired_text);
    if (!repaired.value) {
        return parsed;
    }
    repaired.repaired = true;
    return repaired;
}

std::string dump_json(const nlohmann::json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

} // namespace awaitls::protocol

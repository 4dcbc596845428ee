#include "protocol/json_writer.h"

#include "protocol/utf8.h"

#include <array>
#include <charconv>

namespace awaitls::protocol {

namespace {

// What each byte asks of the writer of a string.
enum class ByteClass : unsigned char { Plain, Escape, Multi };

constexpr std::array<ByteClass, 256> kByteClasses = [] {
    std::array<ByteClass, 256> classes{};
    for (std::size_t byte = 0; byte < 256; ++byte) {
        if (byte < 0x20 || byte == '"' || byte == '\\' || byte == 0x7F) {
            classes[byte] = ByteClass::Escape;
        } else if (byte >= 0x80) {
            classes[byte] = ByteClass::Multi;
        }
    }
    return classes;
}();

void append_escape(std::string& out, char character) {
    switch (character) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
    }
    constexpr std::string_view kHex = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(character);
    out += "\\u00";
    out += kHex[byte >> 4U];
    out += kHex[byte & 0xFU];
}

bool is_continuation(std::string_view text, std::size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
}

} // namespace

std::size_t utf8_sequence_length(std::string_view text, std::size_t at) {
    const auto first = static_cast<unsigned char>(text[at]);
    if (first < 0x80) {
        return 1;
    }
    if (first < 0xC2 || first > 0xF4 || !is_continuation(text, at + 1)) {
        return 0;
    }
    if (first < 0xE0) {
        return 2;
    }
    const auto second = static_cast<unsigned char>(text[at + 1]);
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
        (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F) ||
        !is_continuation(text, at + 2)) {
        return 0;
    }
    if (first < 0xF0) {
        return 3;
    }
    return is_continuation(text, at + 3) ? 4 : 0;
}

void append_json_string(std::string& out, std::string_view text) {
    out.push_back('"');
    std::size_t plain_begin = 0;
    std::size_t at = 0;
    while (at < text.size()) {
        const ByteClass byte_class = kByteClasses[static_cast<unsigned char>(text[at])];
        if (byte_class == ByteClass::Plain) {
            ++at;
            continue;
        }
        if (byte_class == ByteClass::Multi) {
            const std::size_t length = utf8_sequence_length(text, at);
            if (length != 0) {
                at += length;
                continue;
            }
        }
        out.append(text, plain_begin, at - plain_begin);
        if (byte_class == ByteClass::Multi) {
            out += kReplacementCharacter;
        } else {
            append_escape(out, text[at]);
        }
        ++at;
        plain_begin = at;
    }
    out.append(text, plain_begin, at - plain_begin);
    out.push_back('"');
}

void JsonWriter::key(std::string_view name) {
    separate();
    out_.push_back('"');
    out_ += name;
    out_ += "\":";
    needs_comma_ = false;
}

void JsonWriter::dynamic_key(std::string_view name) {
    separate();
    append_json_string(out_, name);
    out_.push_back(':');
    needs_comma_ = false;
}

void JsonWriter::string(std::string_view value) {
    separate();
    append_json_string(out_, value);
}

void JsonWriter::boolean(bool value) {
    separate();
    out_ += value ? "true" : "false";
}

void JsonWriter::integer(std::int64_t value) {
    separate();
    std::array<char, 24> digits{};
    const std::to_chars_result end =
        std::to_chars(digits.data(), digits.data() + digits.size(), value);
    out_.append(digits.data(), static_cast<std::size_t>(end.ptr - digits.data()));
}

void JsonWriter::unsigned_integer(std::uint64_t value) {
    separate();
    std::array<char, 24> digits{};
    const std::to_chars_result end =
        std::to_chars(digits.data(), digits.data() + digits.size(), value);
    out_.append(digits.data(), static_cast<std::size_t>(end.ptr - digits.data()));
}

void JsonWriter::null() {
    separate();
    out_ += "null";
}

void JsonWriter::raw(std::string_view json) {
    separate();
    out_ += json;
}

} // namespace awaitls::protocol

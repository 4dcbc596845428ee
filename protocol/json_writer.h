#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace awaitls::protocol {

/// A serialised JSON value, carried through unread (`data`, `initializationOptions`, arguments of
/// commands) or kept to be joined later (a diagnostic). Empty text means that the value is absent.
struct RawJson {
    std::string text;

    bool present() const { return !text.empty(); }
    bool operator==(const RawJson&) const = default;
};

/// Appends `text` as a JSON string with its quotes. Each byte that is no part of valid UTF-8
/// becomes U+FFFD, so the result is always valid JSON in valid UTF-8.
void append_json_string(std::string& out, std::string_view text);

/// Writes JSON front to back into one string. Commas are placed by the writer; the caller balances
/// begin and end, and gives each member of an object a key.
class JsonWriter {
public:
    void begin_object() { open('{'); }
    void end_object() { close('}'); }
    void begin_array() { open('['); }
    void end_array() { close(']'); }

    /// `name` stands in the output as it is: a literal that needs no escaping.
    void key(std::string_view name);
    /// A key that comes from outside (a URI, a path).
    void dynamic_key(std::string_view name);

    void string(std::string_view value);
    void boolean(bool value);
    void integer(std::int64_t value);
    void unsigned_integer(std::uint64_t value);
    void null();
    /// `json` must be one complete JSON value.
    void raw(std::string_view json);

    const std::string& text() const { return out_; }
    std::size_t size() const { return out_.size(); }
    void reserve(std::size_t bytes) { out_.reserve(bytes); }
    std::string take() { return std::move(out_); }

private:
    void separate() {
        if (needs_comma_) {
            out_.push_back(',');
        }
        needs_comma_ = true;
    }
    void open(char bracket) {
        separate();
        out_.push_back(bracket);
        needs_comma_ = false;
    }
    void close(char bracket) {
        out_.push_back(bracket);
        needs_comma_ = true;
    }

    std::string out_;
    bool needs_comma_ = false;
};

} // namespace awaitls::protocol

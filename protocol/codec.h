#pragma once

// read and write for the generic shapes of results and parameters; those of the structures are
// declared in types.h.

#include "protocol/json_reader.h"
#include "protocol/json_writer.h"

#include <optional>
#include <vector>

namespace awaitls::protocol {

/// The result or the params of a method that has none.
struct Null {};

inline void read(const Reader&, Null&) {}
inline void write(JsonWriter& writer, const Null&) {
    writer.null();
}

inline void read(const Reader& reader, RawJson& value) {
    value = reader.raw();
}
inline void write(JsonWriter& writer, const RawJson& value) {
    if (value.present()) {
        writer.raw(value.text);
    } else {
        writer.null();
    }
}

// Declared first, so that they find each other in nested shapes.
template <class T>
void read(const Reader& reader, std::optional<T>& value);
template <class T>
void write(JsonWriter& writer, const std::optional<T>& value);
template <class T>
void read(const Reader& reader, std::vector<T>& values);
template <class T>
void write(JsonWriter& writer, const std::vector<T>& values);

template <class T>
void read(const Reader& reader, std::optional<T>& value) {
    if (reader.missing_or_null()) {
        value.reset();
        return;
    }
    read(reader, value.emplace());
}

template <class T>
void write(JsonWriter& writer, const std::optional<T>& value) {
    if (value) {
        write(writer, *value);
    } else {
        writer.null();
    }
}

template <class T>
void read(const Reader& reader, std::vector<T>& values) {
    const std::size_t size = reader.size();
    values.clear();
    values.reserve(size);
    for (std::size_t index = 0; index < size; ++index) {
        read(reader.at(index), values.emplace_back());
    }
}

template <class T>
void write(JsonWriter& writer, const std::vector<T>& values) {
    writer.begin_array();
    for (const T& value : values) {
        write(writer, value);
    }
    writer.end_array();
}

} // namespace awaitls::protocol

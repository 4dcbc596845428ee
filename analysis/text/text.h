#pragma once

// Text positions. Inside the analysis every position is a UTF-8 byte offset.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace awaitls::analysis {

/// Half-open range of UTF-8 bytes, begin <= end.
struct Span {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;

    std::uint32_t size() const { return end - begin; }
    bool contains(std::uint32_t offset) const { return begin <= offset && offset < end; }
    /// True when the spans share a byte, or one is empty and touches the other.
    bool touches(Span other) const { return begin <= other.end && other.begin <= end; }
    bool overlaps(Span other) const { return begin < other.end && other.begin < end; }
    Span shifted(std::int64_t delta) const {
        return {static_cast<std::uint32_t>(begin + delta), static_cast<std::uint32_t>(end + delta)};
    }
    friend bool operator==(Span, Span) = default;
};

/// Where the lines of a text start. Lines end with LF, CR LF or a lone CR, as in LSP and in Python.
class LineIndex {
public:
    LineIndex() : starts_{0} {}
    explicit LineIndex(std::string_view text);

    /// The index of `after`, made from this one, the index of `before`. The texts share their first `prefix`
    /// and last `suffix` bytes. Costs O(changed bytes + lines behind them).
    LineIndex edited(std::string_view before, std::string_view after, std::uint32_t prefix,
                     std::uint32_t suffix) const;

    std::uint32_t line_count() const { return static_cast<std::uint32_t>(starts_.size()); }
    /// 0-based line that contains the offset; offsets past the end belong to the last line.
    std::uint32_t line_of(std::uint32_t offset) const;
    /// Byte offset of a 0-based line. Requires: line < line_count().
    std::uint32_t line_start(std::uint32_t line) const { return starts_[line]; }

    friend bool operator==(const LineIndex&, const LineIndex&) = default;

private:
    std::vector<std::uint32_t> starts_;
};

/// The line's bytes without its terminator. Requires: line < index.line_count().
std::string_view line_text(std::string_view text, const LineIndex& index, std::uint32_t line);

/// Lengths of the common beginning and end of two texts; they do not overlap in either text.
struct CommonEnds {
    std::uint32_t prefix;
    std::uint32_t suffix;
};
CommonEnds common_ends(std::string_view before, std::string_view after);

/// One version of a file's text, with its lines. Immutable, and shared by all who read that version, on any thread.
class SourceText {
public:
    explicit SourceText(std::string text);
    /// The text that replacing `span` of `before` gives. It remembers what the two have in common.
    SourceText(const std::shared_ptr<const SourceText>& before, Span span,
               std::string_view replacement);

    const std::string& text() const { return text_; }
    const LineIndex& lines() const { return lines_; }
    /// What the texts have in common. Costs nothing where `before` is what this one was made from.
    CommonEnds common_ends_with(const SourceText& before) const;

private:
    std::string text_;
    LineIndex lines_;
    std::weak_ptr<const SourceText> origin_; // never one that came to stand where another one was
    CommonEnds kept_{0, 0};                  // of the origin
};

/// A fast 64-bit content hash (not cryptographic, the same on every machine).
std::uint64_t hash_bytes(std::string_view bytes, std::uint64_t seed = 0);
inline std::uint64_t hash_combine(std::uint64_t a, std::uint64_t b) {
    return (a ^ (b + 0x9e3779b97f4a7c15ULL + (a << 12) + (a >> 4))) * 0xff51afd7ed558ccdULL;
}

/// A text edit: the bytes of `span` become `text`.
struct Edit {
    Span span;
    std::string text;
    friend bool operator==(const Edit&, const Edit&) = default;
};

/// Applies edits that are sorted by position and do not overlap.
std::string apply_edits(std::string_view text, const std::vector<Edit>& edits);

/// Bytes of a Python source file as UTF-8 text.
struct Decoded {
    std::string text; // valid UTF-8, without the byte order mark
    bool had_bom = false;
    std::string
        encoding; // "utf-8", "latin-1", "ascii", "cp1252", ... as declared; encode() takes it back
    std::string
        error; // for people; empty when the bytes are fine. The text is then a lossy reading
};

/// Reads the byte order mark and the PEP 263 cookie. Total: any bytes give a result.
Decoded decode_source(std::string_view bytes);

/// Turns edited text back to the bytes of a file that had this encoding; false where a character has no form there.
bool encode_source(std::string_view text, std::string_view encoding, bool bom, std::string& bytes);

bool is_valid_utf8(std::string_view bytes);

} // namespace awaitls::analysis

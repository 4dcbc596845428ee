#include "analysis/text/text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>

namespace awaitls::analysis {

namespace {

/// Appends the starts of the lines that begin in (from, to]. A CR LF pair counts once, at its LF.
void scan_lines(std::string_view text, std::uint32_t from, std::uint32_t to,
                std::vector<std::uint32_t>& starts) {
    const char* const data = text.data();
    if (from >= to) return;
    const char* const end = data + to;
    // Most texts have no CR, and then LFs are all that counts.
    if (std::memchr(data + from, '\r', to - from) == nullptr) {
        for (const char* at = data + from; at < end;) {
            const void* const found = std::memchr(at, '\n', static_cast<std::size_t>(end - at));
            if (found == nullptr) break;
            at = static_cast<const char*>(found) + 1;
            starts.push_back(static_cast<std::uint32_t>(at - data));
        }
        return;
    }
    for (std::uint32_t at = from; at < to; ++at) {
        const char c = data[at];
        if (c == '\n' || (c == '\r' && (at + 1 >= text.size() || data[at + 1] != '\n')))
            starts.push_back(at + 1);
    }
}

} // namespace

LineIndex::LineIndex(std::string_view text) : starts_{0} {
    starts_.reserve(text.size() / 32 + 8);
    scan_lines(text, 0, static_cast<std::uint32_t>(text.size()), starts_);
}

LineIndex LineIndex::edited(std::string_view before, std::string_view after, std::uint32_t prefix,
                            std::uint32_t suffix) const {
    // A CR whose LF comes or goes changes its own meaning, so one byte before the change is scanned again.
    const std::uint32_t from = prefix > 0 ? prefix - 1 : 0;
    const std::uint32_t old_tail = static_cast<std::uint32_t>(before.size()) - suffix;
    const std::uint32_t new_tail = static_cast<std::uint32_t>(after.size()) - suffix;
    LineIndex result;
    const auto keep = std::upper_bound(starts_.begin(), starts_.end(), from);
    result.starts_.reserve(starts_.size() + 16);
    result.starts_.assign(starts_.begin(), keep);
    scan_lines(after, from, new_tail, result.starts_);
    // A start right behind the change depends on the byte before it, which is new.
    const auto tail = std::upper_bound(starts_.begin(), starts_.end(), old_tail);
    const std::uint32_t shift =
        new_tail - old_tail; // wraps for shrinking texts; the sum wraps back
    const std::size_t scanned = result.starts_.size();
    result.starts_.resize(scanned + static_cast<std::size_t>(starts_.end() - tail));
    std::transform(tail, starts_.end(),
                   result.starts_.begin() + static_cast<std::ptrdiff_t>(scanned),
                   [shift](std::uint32_t start) { return start + shift; });
    return result;
}

std::uint32_t LineIndex::line_of(std::uint32_t offset) const {
    const auto it = std::upper_bound(starts_.begin(), starts_.end(), offset);
    return static_cast<std::uint32_t>(it - starts_.begin()) - 1;
}

std::string_view line_text(std::string_view text, const LineIndex& index, std::uint32_t line) {
    const std::uint32_t begin = index.line_start(line);
    std::uint32_t end = line + 1 < index.line_count() ? index.line_start(line + 1)
                                                      : static_cast<std::uint32_t>(text.size());
    while (end > begin && (text[end - 1] == '\n' || text[end - 1] == '\r')) --end;
    return text.substr(begin, end - begin);
}

CommonEnds common_ends(std::string_view before, std::string_view after) {
    constexpr std::size_t kBlocks[] = {4096, 64, 1};
    const std::size_t shorter = std::min(before.size(), after.size());
    std::size_t prefix = 0;
    for (const std::size_t block : kBlocks)
        while (prefix + block <= shorter &&
               std::memcmp(before.data() + prefix, after.data() + prefix, block) == 0)
            prefix += block;
    std::size_t suffix = 0;
    const std::size_t limit = shorter - prefix;
    const char* const p = before.data() + before.size();
    const char* const q = after.data() + after.size();
    for (const std::size_t block : kBlocks)
        while (suffix + block <= limit &&
               std::memcmp(p - suffix - block, q - suffix - block, block) == 0)
            suffix += block;
    return {static_cast<std::uint32_t>(prefix), static_cast<std::uint32_t>(suffix)};
}

SourceText::SourceText(std::string text) : text_(std::move(text)), lines_(text_) {}

SourceText::SourceText(const std::shared_ptr<const SourceText>& before, Span span,
                       std::string_view replacement)
    : origin_(before) {
    const std::string_view old = before->text_;
    const std::string_view replaced = old.substr(span.begin, span.size());
    const CommonEnds inner = common_ends(replaced, replacement);
    kept_ = {span.begin + inner.prefix,
             static_cast<std::uint32_t>(old.size() - span.end) + inner.suffix};
    text_.reserve(old.size() - replaced.size() + replacement.size());
    text_.append(old.substr(0, span.begin));
    text_.append(replacement);
    text_.append(old.substr(span.end));
    lines_ = before->lines_.edited(old, text_, kept_.prefix, kept_.suffix);
}

CommonEnds SourceText::common_ends_with(const SourceText& before) const {
    return origin_.lock().get() == &before ? kept_ : common_ends(before.text_, text_);
}

std::uint64_t hash_bytes(std::string_view bytes, std::uint64_t seed) {
    std::uint64_t h = seed ^ (bytes.size() * 0x9e3779b97f4a7c15ULL) ^ 0x2545f4914f6cdd1dULL;
    const char* p = bytes.data();
    std::size_t n = bytes.size();
    while (n >= 8) {
        std::uint64_t word;
        std::memcpy(&word, p, 8);
        h = (h ^ word) * 0xff51afd7ed558ccdULL;
        h ^= h >> 32;
        p += 8;
        n -= 8;
    }
    std::uint64_t tail = 0;
    for (std::size_t i = 0; i < n; ++i)
        tail |= static_cast<std::uint64_t>(static_cast<unsigned char>(p[i])) << (8 * i);
    h = (h ^ tail) * 0xc4ceb9fe1a85ec53ULL;
    return h ^ (h >> 29);
}

std::string apply_edits(std::string_view text, const std::vector<Edit>& edits) {
    std::string result;
    result.reserve(text.size() + 64);
    std::size_t at = 0;
    for (const Edit& edit : edits) {
        result.append(text.substr(at, edit.span.begin - at));
        result.append(edit.text);
        at = edit.span.end;
    }
    result.append(text.substr(at));
    return result;
}

namespace {

/// Length of the valid UTF-8 sequence at `at`, or 0.
std::size_t sequence_length(std::string_view s, std::size_t at) {
    const unsigned char c = static_cast<unsigned char>(s[at]);
    if (c < 0x80) return 1;
    std::size_t length = 0;
    std::uint32_t minimum = 0;
    std::uint32_t value = 0;
    if ((c & 0xe0) == 0xc0) {
        length = 2;
        minimum = 0x80;
        value = c & 0x1fU;
    } else if ((c & 0xf0) == 0xe0) {
        length = 3;
        minimum = 0x800;
        value = c & 0x0fU;
    } else if ((c & 0xf8) == 0xf0) {
        length = 4;
        minimum = 0x10000;
        value = c & 0x07U;
    } else
        return 0;
    if (at + length > s.size()) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        const unsigned char next = static_cast<unsigned char>(s[at + i]);
        if ((next & 0xc0) != 0x80) return 0;
        value = (value << 6) | (next & 0x3fU);
    }
    if (value < minimum || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return 0;
    return length;
}

void append_code_point(std::string& out, std::uint32_t c) {
    if (c < 0x80) {
        out += static_cast<char>(c);
    } else if (c < 0x800) {
        out += static_cast<char>(0xc0 | (c >> 6));
        out += static_cast<char>(0x80 | (c & 0x3f));
    } else {
        out += static_cast<char>(0xe0 | (c >> 12));
        out += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
        out += static_cast<char>(0x80 | (c & 0x3f));
    }
}

// Windows-1252 for the bytes 0x80-0x9f (0: undefined); the others are Latin-1.
constexpr std::array<std::uint16_t, 32> kCp1252 = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178};

enum class Codec { Utf8, Ascii, Latin1, Latin9, Cp1252, Unknown };

std::string normal_encoding(std::string_view name) {
    std::string result;
    for (const char c : name) {
        const char lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        result += lower == '_' ? '-' : lower;
    }
    return result;
}

Codec codec_of(std::string_view name) {
    const std::string n = normal_encoding(name);
    if (n == "utf-8" || n == "utf8" || n == "u8" || n == "utf" || n.starts_with("utf-8-"))
        return Codec::Utf8;
    if (n == "ascii" || n == "us-ascii" || n == "646") return Codec::Ascii;
    if (n == "latin-1" || n == "latin1" || n == "l1" || n == "iso-8859-1" || n == "iso8859-1" ||
        n == "8859" || n == "cp819" || n.starts_with("latin-1-") || n.starts_with("iso-8859-1-"))
        return Codec::Latin1;
    if (n == "iso-8859-15" || n == "iso8859-15" || n == "latin-9" || n == "latin9")
        return Codec::Latin9;
    if (n == "cp1252" || n == "windows-1252" || n == "1252") return Codec::Cp1252;
    return Codec::Unknown;
}

std::uint32_t code_point(Codec codec, unsigned char byte) {
    if (codec == Codec::Cp1252 && byte >= 0x80 && byte < 0xa0) return kCp1252[byte - 0x80U];
    if (codec == Codec::Latin9) {
        switch (byte) {
        case 0xa4: return 0x20ac;
        case 0xa6: return 0x160;
        case 0xa8: return 0x161;
        case 0xb4: return 0x17d;
        case 0xb8: return 0x17e;
        case 0xbc: return 0x152;
        case 0xbd: return 0x153;
        case 0xbe: return 0x178;
        default: break;
        }
    }
    return byte;
}

/// The encoding that a PEP 263 comment in one of the first two lines declares; empty without one.
std::string_view declared_encoding(std::string_view bytes) {
    std::size_t at = 0;
    for (int line = 0; line < 2 && at < bytes.size(); ++line) {
        std::size_t end = bytes.find_first_of("\r\n", at);
        if (end == std::string_view::npos) end = bytes.size();
        const std::string_view text = bytes.substr(at, end - at);
        const std::size_t first = text.find_first_not_of(" \t\f");
        if (first != std::string_view::npos && text[first] != '#') return {};
        if (first != std::string_view::npos) {
            for (std::size_t c = text.find("coding"); c != std::string_view::npos;
                 c = text.find("coding", c + 1)) {
                std::size_t p = c + 6;
                if (p >= text.size() || (text[p] != ':' && text[p] != '=')) continue;
                ++p;
                while (p < text.size() && (text[p] == ' ' || text[p] == '\t')) ++p;
                std::size_t q = p;
                while (q < text.size() && (std::isalnum(static_cast<unsigned char>(text[q])) != 0 ||
                                           text[q] == '-' || text[q] == '_' || text[q] == '.'))
                    ++q;
                if (q > p) return text.substr(p, q - p);
            }
        }
        at = end;
        if (at < bytes.size() && bytes[at] == '\r') ++at;
        if (at < bytes.size() && bytes[at] == '\n') ++at;
    }
    return {};
}

std::string replace_invalid(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size());
    for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t length = sequence_length(bytes, at);
        if (length == 0) {
            out += "\xef\xbf\xbd";
            ++at;
        } else {
            out.append(bytes.substr(at, length));
            at += length;
        }
    }
    return out;
}

} // namespace

bool is_valid_utf8(std::string_view bytes) {
    std::size_t at = 0;
    while (at < bytes.size()) {
        std::uint64_t word;
        while (at + 8 <= bytes.size() &&
               (std::memcpy(&word, bytes.data() + at, 8), (word & 0x8080808080808080ULL) == 0))
            at += 8;
        if (at >= bytes.size()) break;
        const std::size_t length = sequence_length(bytes, at);
        if (length == 0) return false;
        at += length;
    }
    return true;
}

Decoded decode_source(std::string_view bytes) {
    Decoded result;
    result.had_bom = bytes.starts_with("\xef\xbb\xbf");
    if (result.had_bom) bytes.remove_prefix(3);
    const std::string_view declared = declared_encoding(bytes);
    result.encoding = declared.empty() ? "utf-8" : std::string(declared);
    const Codec codec = codec_of(result.encoding);
    if (result.had_bom && codec != Codec::Utf8)
        result.error = "the file starts with a UTF-8 byte order mark but declares the encoding " +
                       result.encoding;
    if (codec == Codec::Unknown) {
        // Every codec that Python knows agrees with ASCII on the characters of code, with few exceptions.
        if (std::all_of(bytes.begin(), bytes.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 0x80; })) {
            result.text = bytes;
            return result;
        }
        result.text = replace_invalid(bytes);
        result.error =
            "the encoding `" + result.encoding + "` is not supported; save the file as UTF-8";
        return result;
    }
    if (codec == Codec::Utf8 || result.had_bom) {
        if (is_valid_utf8(bytes)) {
            result.text = bytes;
        } else {
            result.text = replace_invalid(bytes);
            if (result.error.empty())
                result.error = "the file is not valid UTF-8; save it as UTF-8 or declare its "
                               "encoding in the first line";
        }
        return result;
    }
    result.text.reserve(bytes.size() + bytes.size() / 16);
    for (const char c : bytes) {
        const unsigned char byte = static_cast<unsigned char>(c);
        const std::uint32_t point =
            codec == Codec::Ascii && byte >= 0x80 ? 0 : code_point(codec, byte);
        if (byte >= 0x80 && point == 0) {
            result.text += "\xef\xbf\xbd";
            if (result.error.empty())
                result.error = "a byte does not exist in the declared encoding " + result.encoding;
        } else {
            append_code_point(result.text, point);
        }
    }
    return result;
}

bool encode_source(std::string_view text, std::string_view encoding, bool bom, std::string& bytes) {
    bytes.clear();
    if (bom) bytes = "\xef\xbb\xbf";
    const Codec codec = codec_of(encoding);
    if (codec == Codec::Utf8 || bom) {
        bytes.append(text);
        return true;
    }
    bytes.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = sequence_length(text, at);
        if (length == 0) return false;
        if (length == 1) {
            bytes += text[at++];
            continue;
        }
        if (codec == Codec::Ascii || codec == Codec::Unknown) return false;
        bool found = false;
        for (unsigned byte = 0x80; byte < 0x100 && !found; ++byte) {
            std::string form;
            append_code_point(form, code_point(codec, static_cast<unsigned char>(byte)));
            if (text.substr(at, length) == form) {
                bytes += static_cast<char>(byte);
                found = true;
            }
        }
        if (!found) return false;
        at += length;
    }
    return true;
}

} // namespace awaitls::analysis

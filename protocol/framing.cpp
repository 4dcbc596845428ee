#include "protocol/framing.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

namespace awaitls::protocol {

namespace {

constexpr std::string_view kLengthName = "content-length";
/// Warnings kept between two calls of take_warnings; further ones are counted.
constexpr std::size_t kMaxWarnings = 16;

char lower(char character) {
    return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a')
                                                : character;
}

bool equal_ignoring_case(std::string_view left, std::string_view right) {
    return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                      [](char a, char b) { return lower(a) == lower(b); });
}

std::string_view trim(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Bytes up to and with the empty line that ends a header block; 0 if it is not there yet. The
/// search starts near `from`.
std::size_t header_block_size(std::string_view text, std::size_t from) {
    std::size_t line_end = text.find('\n', from > 3 ? from - 3 : 0);
    while (line_end != std::string_view::npos) {
        std::size_t next = line_end + 1;
        if (next < text.size() && text[next] == '\r') {
            ++next;
        }
        if (next < text.size() && text[next] == '\n') {
            return next + 1;
        }
        line_end = text.find('\n', line_end + 1);
    }
    return 0;
}

/// Position of the next "Content-Length" in any case followed by blanks and a colon.
std::size_t find_length_header(std::string_view text, std::size_t from) {
    for (std::size_t at = from; at + kLengthName.size() <= text.size(); ++at) {
        if (equal_ignoring_case(text.substr(at, kLengthName.size()), kLengthName)) {
            return at;
        }
    }
    return std::string_view::npos;
}

/// A few bytes of received text, printable, for a warning.
std::string excerpt(std::string_view text) {
    constexpr std::size_t kLongest = 40;
    std::string out;
    for (const char character : text.substr(0, kLongest)) {
        out += character >= ' ' && character <= '~' ? character : '?';
    }
    if (text.size() > kLongest) {
        out += "...";
    }
    return out;
}

} // namespace

void FrameDecoder::feed(std::string_view bytes) {
    buffer_ += bytes;
    run();
    if (start_ == buffer_.size()) {
        buffer_.clear();
        start_ = 0;
    } else if (start_ > 64 * 1024 && start_ > buffer_.size() / 2) {
        buffer_.erase(0, start_);
        start_ = 0;
    }
}

void FrameDecoder::run() {
    while (true) {
        if (in_body_) {
            if (rest().size() < body_bytes_) {
                return;
            }
            bodies_.emplace_back(rest().substr(0, body_bytes_));
            start_ += body_bytes_;
            in_body_ = false;
            scanned_ = 0;
        } else if (skipping_) {
            if (!skip_to_next_header()) {
                return;
            }
        } else if (!read_header()) {
            return;
        }
    }
}

bool FrameDecoder::read_header() {
    // Blank lines before a header are no message.
    while (start_ < buffer_.size() && (buffer_[start_] == '\r' || buffer_[start_] == '\n')) {
        ++start_;
        scanned_ = 0;
    }
    const std::size_t block = header_block_size(rest(), scanned_);
    if (block == 0 ? rest().size() > kMaxHeaderBytes : block > kMaxHeaderBytes) {
        malformed("a header without end");
        return true;
    }
    if (block == 0) {
        scanned_ = rest().size();
        return false;
    }
    std::string_view lines = rest().substr(0, block);
    std::optional<std::size_t> length;
    while (!lines.empty()) {
        const std::size_t line_end = lines.find('\n');
        std::string_view line = lines.substr(0, line_end);
        lines.remove_prefix(line_end + 1);
        if (!line.empty() && line.back() == '\r') {
            line.remove_suffix(1);
        }
        if (line.empty()) {
            break;
        }
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) {
            malformed("no colon in header line \"" + excerpt(line) + "\"");
            return true;
        }
        if (!equal_ignoring_case(trim(line.substr(0, colon)), kLengthName)) {
            continue;
        }
        const std::string_view digits = trim(line.substr(colon + 1));
        std::uint64_t value = 0;
        const std::from_chars_result parsed =
            std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (digits.empty() || parsed.ec != std::errc() ||
            parsed.ptr != digits.data() + digits.size()) {
            malformed("Content-Length \"" + excerpt(digits) + "\" is no number of bytes");
            return true;
        }
        if (value > kMaxBodyBytes) {
            malformed("a message of " + std::to_string(value) + " bytes is over the limit of " +
                      std::to_string(kMaxBodyBytes));
            return true;
        }
        if (length) {
            warn("Content-Length is given more than once; the last one holds");
        }
        length = static_cast<std::size_t>(value);
    }
    if (!length) {
        malformed("a header without Content-Length: \"" + excerpt(rest()) + "\"");
        return true;
    }
    start_ += block;
    body_bytes_ = *length;
    in_body_ = true;
    return true;
}

bool FrameDecoder::skip_to_next_header() {
    const std::size_t found = find_length_header(rest(), 0);
    if (found == std::string_view::npos) {
        // The last bytes may be the beginning of the name.
        const std::size_t keep = std::min(rest().size(), kLengthName.size() - 1);
        skipped_bytes_ += rest().size() - keep;
        start_ = buffer_.size() - keep;
        return false;
    }
    skipped_bytes_ += found;
    start_ += found;
    skipping_ = false;
    scanned_ = 0;
    warn("skipped " + std::to_string(skipped_bytes_) + " bytes to the next Content-Length");
    return true;
}

void FrameDecoder::malformed(std::string why) {
    warn("malformed header: " + std::move(why));
    skipping_ = true;
    skipped_bytes_ = 0;
    // Past the first byte at least, so that a malformed "Content-Length" is not found again.
    const std::string_view text = rest();
    std::size_t step = std::min<std::size_t>(text.size(), 1);
    if (find_length_header(text.substr(0, kLengthName.size()), 0) == 0) {
        step = kLengthName.size();
    }
    start_ += step;
    skipped_bytes_ += step;
}

void FrameDecoder::warn(std::string text) {
    if (warnings_.size() < kMaxWarnings) {
        warnings_.push_back(std::move(text));
    } else {
        ++suppressed_warnings_;
    }
}

std::vector<std::string> FrameDecoder::take_bodies() {
    return std::exchange(bodies_, {});
}

std::vector<std::string> FrameDecoder::take_warnings() {
    if (suppressed_warnings_ > 0) {
        warnings_.push_back(std::to_string(suppressed_warnings_) + " further warnings");
        suppressed_warnings_ = 0;
    }
    return std::exchange(warnings_, {});
}

void append_frame_header(std::string& out, std::size_t body_bytes) {
    out += "Content-Length: ";
    out += std::to_string(body_bytes);
    out += "\r\n\r\n";
}

std::string encode_frame(std::string_view body) {
    std::string out;
    out.reserve(body.size() + 32);
    append_frame_header(out, body.size());
    out += body;
    return out;
}

} // namespace awaitls::protocol

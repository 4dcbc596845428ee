#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace awaitls::protocol {

/// A body larger than this is not read; its header counts as malformed.
inline constexpr std::size_t kMaxBodyBytes = std::size_t{256} * 1024 * 1024;
/// A header block that grows beyond this without ending is malformed.
inline constexpr std::size_t kMaxHeaderBytes = 8 * 1024;

/// Takes bytes as they arrive, in pieces of any size, and gives back the bodies of the messages in
/// them. Header names match in any case, unknown headers are ignored, lines end in "\r\n" or "\n".
/// After a malformed header the decoder skips to the next "Content-Length" and goes on there.
class FrameDecoder {
public:
    void feed(std::string_view bytes);

    /// The bodies completed since the last call, in order.
    std::vector<std::string> take_bodies();
    /// One line for each oddity since the last call: malformed and repeated headers, skipped bytes.
    std::vector<std::string> take_warnings();

    /// True between messages: the end of input here loses nothing.
    bool at_boundary() const { return buffer_.size() == start_ && !in_body_ && !skipping_; }

private:
    void run();
    /// Reads one header block. False: more bytes are needed.
    bool read_header();
    /// Drops bytes up to the next "Content-Length". False: none so far.
    bool skip_to_next_header();
    void malformed(std::string why);
    void warn(std::string text);
    std::string_view rest() const { return std::string_view(buffer_).substr(start_); }

    std::string buffer_;
    std::size_t start_ = 0;         // first byte of buffer_ not consumed
    std::size_t scanned_ = 0;       // bytes of rest() known to hold no end of a header block
    std::size_t body_bytes_ = 0;    // of the message being read, while in_body_
    std::size_t skipped_bytes_ = 0; // while skipping_
    bool in_body_ = false;
    bool skipping_ = false;
    std::vector<std::string> bodies_;
    std::vector<std::string> warnings_;
    std::size_t suppressed_warnings_ = 0;
};

/// Appends the header for a body of `body_bytes` bytes.
void append_frame_header(std::string& out, std::size_t body_bytes);

/// The whole frame: header and body.
std::string encode_frame(std::string_view body);

} // namespace awaitls::protocol

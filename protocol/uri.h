#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace awaitls::protocol {

/// The parts of a URI, percent-decoded, and its identity.
struct Uri {
    /// As the client wrote it. Everything sent back about the document uses this string.
    std::string text;
    /// Identity: equal for spellings of one resource (`%3A` and `:`, upper and lower case of
    /// escapes and scheme, `localhost` and no host). Never sent anywhere.
    std::string key;
    std::string scheme;    // lower case; "file" for text that has no scheme but is an absolute path
    std::string authority; // host, decoded; empty for local files
    std::string path;      // decoded, with its leading slash
    std::string query;     // as written
    std::string fragment;  // decoded; names the cell of a vscode-notebook-cell

    bool is_file() const { return scheme == "file"; }
    bool is_untitled() const { return scheme == "untitled"; }
    bool is_notebook_cell() const { return scheme == "vscode-notebook-cell"; }

    /// The path in the file system's own form, for `file:` and for cells (then of the notebook);
    /// none for other schemes, and where the path holds NUL.
    std::optional<std::string> file_path() const;
};

/// Takes any text. Malformed escapes stand for themselves; text without a scheme gets the scheme
/// "".
Uri parse_uri(std::string_view text);

/// `path` is absolute and in the file system's form, any bytes. Encodes all but unreserved
/// characters and slashes, as VS Code does.
std::string file_uri(std::string_view path);

/// Shorthand for parse_uri(text).key.
std::string uri_key(std::string_view text);

std::string percent_decode(std::string_view text);
std::string percent_encode(std::string_view text, std::string_view keep);

} // namespace awaitls::protocol

#include "protocol/uri.h"

#include <cstddef>

namespace awaitls::protocol {

namespace {

#ifdef _WIN32
constexpr bool kWindows = true;
#else
constexpr bool kWindows = false;
#endif

/// Characters of a path that stand unencoded in a key and in the URIs we make.
constexpr std::string_view kPathKeep = "/";

bool is_alpha(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_unreserved(char c) {
    return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        c = lower(c);
    }
    return out;
}

int hex_value(char c) {
    if (is_digit(c)) {
        return c - '0';
    }
    const char l = lower(c);
    return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

/// Length of the scheme at the start of `text`, 0 if it has none. One letter is a Windows drive.
std::size_t scheme_length(std::string_view text) {
    if (text.empty() || !is_alpha(text[0])) {
        return 0;
    }
    std::size_t end = 1;
    while (end < text.size() && (is_alpha(text[end]) || is_digit(text[end]) || text[end] == '+' ||
                                 text[end] == '-' || text[end] == '.')) {
        ++end;
    }
    return end >= 2 && end < text.size() && text[end] == ':' ? end : 0;
}

/// "/C:/x" has a drive letter at 1.
bool has_drive(std::string_view path) {
    return path.size() >= 3 && path[0] == '/' && is_alpha(path[1]) && path[2] == ':';
}

std::string identity(const Uri& uri) {
    std::string key = uri.scheme;
    key += "://";
    key += percent_encode(lower(uri.authority), "");
    std::string path = uri.path;
    if (kWindows && uri.is_file() && has_drive(path)) {
        path[1] = lower(path[1]);
    }
    key += percent_encode(path, kPathKeep);
    if (!uri.query.empty()) {
        key += '?';
        key += percent_encode(percent_decode(uri.query), "");
    }
    if (!uri.fragment.empty()) {
        key += '#';
        key += percent_encode(uri.fragment, "");
    }
    return key;
}

} // namespace

std::string percent_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '%' && at + 2 < text.size()) {
            const int high = hex_value(text[at + 1]);
            const int low = hex_value(text[at + 2]);
            if (high >= 0 && low >= 0) {
                out += static_cast<char>(high * 16 + low);
                at += 2;
                continue;
            }
        }
        out += text[at];
    }
    return out;
}

std::string percent_encode(std::string_view text, std::string_view keep) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size() + 16);
    for (const char c : text) {
        if (is_unreserved(c) || keep.find(c) != std::string_view::npos) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += kHex[byte >> 4U];
        out += kHex[byte & 0xFU];
    }
    return out;
}

Uri parse_uri(std::string_view text) {
    Uri uri;
    uri.text = text;
    std::string_view rest = text;
    if (const std::size_t length = scheme_length(text); length != 0) {
        uri.scheme = lower(text.substr(0, length));
        rest.remove_prefix(length + 1);
    } else if (!text.empty() && text[0] == '/') {
        // A bare path: nothing in it is encoded or separates parts.
        uri.scheme = "file";
        uri.path = text;
        uri.key = identity(uri);
        return uri;
    }
    if (const std::size_t hash = rest.find('#'); hash != std::string_view::npos) {
        uri.fragment = percent_decode(rest.substr(hash + 1));
        rest = rest.substr(0, hash);
    }
    if (const std::size_t mark = rest.find('?'); mark != std::string_view::npos) {
        uri.query = rest.substr(mark + 1);
        rest = rest.substr(0, mark);
    }
    if (rest.substr(0, 2) == "//") {
        rest.remove_prefix(2);
        const std::size_t slash = rest.find('/');
        uri.authority = percent_decode(rest.substr(0, slash));
        rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash);
    }
    uri.path = percent_decode(rest);
    if (uri.is_file()) {
        if (lower(uri.authority) == "localhost") {
            uri.authority.clear();
        }
        if (uri.path.empty() || uri.path[0] != '/') {
            uri.path.insert(0, 1, '/');
        }
    }
    uri.key = identity(uri);
    return uri;
}

std::optional<std::string> Uri::file_path() const {
    if ((!is_file() && !is_notebook_cell()) || path.empty() ||
        path.find('\0') != std::string::npos) {
        return std::nullopt;
    }
    if (!kWindows) {
        // There is no file system path with a host here.
        return authority.empty() || is_notebook_cell() ? std::optional<std::string>(path)
                                                       : std::nullopt;
    }
    std::string native = path;
    if (is_file() && !authority.empty()) {
        native = "//" + authority + path;
    } else if (has_drive(path)) {
        native = path.substr(1);
    }
    for (char& c : native) {
        if (c == '/') {
            c = '\\';
        }
    }
    return native;
}

std::string file_uri(std::string_view path) {
    std::string generic(path);
    std::string authority;
    if (kWindows) {
        for (char& c : generic) {
            if (c == '\\') {
                c = '/';
            }
        }
        if (generic.substr(0, 2) == "//") {
            const std::size_t slash = generic.find('/', 2);
            authority = generic.substr(2, slash == std::string::npos ? slash : slash - 2);
            generic = slash == std::string::npos ? "/" : generic.substr(slash);
        } else if (generic.empty() || generic[0] != '/') {
            generic.insert(0, 1, '/');
        }
        if (has_drive(generic)) {
            generic[1] = lower(generic[1]);
        }
    }
    return "file://" + percent_encode(authority, "") + percent_encode(generic, kPathKeep);
}

std::string uri_key(std::string_view text) {
    return parse_uri(text).key;
}

} // namespace awaitls::protocol

#include "protocol/uri.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace awaitls::protocol {
namespace {

std::string path_of(std::string_view text) {
    return parse_uri(text).file_path().value_or("no path");
}

TEST(Uri, Parts) {
    const Uri uri = parse_uri("vscode-remote://ssh-remote%2Bhost/home/a%20b.py?x=1&y#cell%201");
    EXPECT_EQ(uri.scheme, "vscode-remote");
    EXPECT_EQ(uri.authority, "ssh-remote+host");
    EXPECT_EQ(uri.path, "/home/a b.py");
    EXPECT_EQ(uri.query, "x=1&y");
    EXPECT_EQ(uri.fragment, "cell 1");
    EXPECT_EQ(uri.file_path(), std::nullopt);
}

TEST(Uri, TheClientsTextIsKept) {
    for (const std::string_view text :
         {"file:///c%3A/Users/A%20b.py", "FILE:///x", "untitled:Untitled-1", "", "not a uri %zz",
          "file:///a%2fb%C3%A9.py"}) {
        EXPECT_EQ(parse_uri(text).text, text);
    }
}

TEST(Uri, FilePaths) {
    EXPECT_EQ(path_of("file:///home/u/a.py"), "/home/u/a.py");
    EXPECT_EQ(path_of("file:/home/u/a.py"), "/home/u/a.py");
    EXPECT_EQ(path_of("file://localhost/home/a.py"), "/home/a.py");
    EXPECT_EQ(path_of("file:///a%20b%C3%A9%23%3F%25.py"), "/a bé#?%.py");
    EXPECT_EQ(path_of("file:///a+b.py"), "/a+b.py");
    EXPECT_EQ(path_of("file:///bad%zz%4"), "/bad%zz%4");
    EXPECT_EQ(path_of("file://"), "/");
    EXPECT_EQ(path_of("/plain/path%20.py"), "/plain/path%20.py");
    EXPECT_EQ(path_of("file:///nul%00.py"), "no path");
    EXPECT_EQ(path_of("untitled:/home/a.py"), "no path");
    EXPECT_EQ(path_of("git:/home/a.py?ref"), "no path");
    EXPECT_EQ(path_of("vscode-notebook-cell:/home/n.ipynb#W0sZmlsZQ%3D%3D"), "/home/n.ipynb");
    EXPECT_EQ(path_of("https://example.com/a.py"), "no path");
    EXPECT_EQ(path_of(""), "no path");
}

TEST(Uri, PathsRoundTrip) {
    EXPECT_EQ(file_uri("/home/u/a.py"), "file:///home/u/a.py");
    EXPECT_EQ(file_uri("/a b/é#?%:@.py"), "file:///a%20b/%C3%A9%23%3F%25%3A%40.py");
    EXPECT_EQ(file_uri("/~x-y_z.1"), "file:///~x-y_z.1");
    for (int byte = 1; byte < 256; ++byte) {
        const std::string path = std::string("/d/") + static_cast<char>(byte) + "x";
        EXPECT_EQ(path_of(file_uri(path)), path) << byte;
    }
}

TEST(Uri, KeysAreEqualForOneResource) {
    EXPECT_EQ(uri_key("file:///c%3A/a.py"), uri_key("file:///c:/a.py"));
    EXPECT_EQ(uri_key("file:///a%c3%a9"), uri_key("file:///a%C3%A9"));
    EXPECT_EQ(uri_key("file:///a\xC3\xA9"), uri_key("file:///a%C3%A9"));
    EXPECT_EQ(uri_key("file:///%7Eu/%61.py"), uri_key("file:///~u/a.py"));
    EXPECT_EQ(uri_key("FILE:///a"), uri_key("file:///a"));
    EXPECT_EQ(uri_key("file://localhost/a"), uri_key("file:/a"));
    EXPECT_EQ(uri_key("file:///a%25b"), uri_key("file:///a%b")); // malformed: stands for itself
    EXPECT_EQ(uri_key("/a b"), uri_key("file:///a%20b"));
    EXPECT_EQ(uri_key("vscode-remote://Host/a"), uri_key("vscode-remote://host/a"));
}

TEST(Uri, KeysDifferForDifferentResources) {
    EXPECT_NE(uri_key("file:///a"), uri_key("file:///A"));
    EXPECT_NE(uri_key("file:///a"), uri_key("untitled:/a"));
    EXPECT_NE(uri_key("file:///a%23b"), uri_key("file:///a#b"));
    EXPECT_NE(uri_key("file:///a%3Fb"), uri_key("file:///a?b"));
    EXPECT_NE(uri_key("file://host/a"), uri_key("file:///host/a"));
    EXPECT_NE(uri_key("vscode-notebook-cell:/n#a"), uri_key("vscode-notebook-cell:/n#b"));
#ifndef _WIN32
    // A drive letter is an ordinary character of a POSIX path.
    EXPECT_NE(uri_key("file:///C:/a"), uri_key("file:///c:/a"));
#endif
}

TEST(Uri, Schemes) {
    EXPECT_TRUE(parse_uri("untitled:Untitled-1").is_untitled());
    EXPECT_TRUE(parse_uri("vscode-notebook-cell:/n.ipynb#x").is_notebook_cell());
    EXPECT_EQ(parse_uri("vscode-notebook-cell:/n.ipynb#x").fragment, "x");
    EXPECT_EQ(parse_uri("relative/path.py").scheme, "");
    EXPECT_EQ(parse_uri("C:\\a.py").scheme, "");
    EXPECT_EQ(parse_uri("1ab:x").scheme, "");
    EXPECT_EQ(parse_uri("a b:x").scheme, "");
    EXPECT_EQ(parse_uri("vscode-userdata:/x").scheme, "vscode-userdata");
}

} // namespace
} // namespace awaitls::protocol

#pragma once

// What an index of a whole project keeps of a file: enough to tell which files a question is about, at the cost of reading the
// text once. It may name too much, as in strings, and never too little.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace awaitls::analysis {

struct DeclaredMethod {
    std::string name;
    bool is_async;
    friend bool operator==(const DeclaredMethod&, const DeclaredMethod&) = default;
};

/// A class as its header and the headers of its methods say.
struct DeclaredClass {
    std::string name;
    std::vector<std::string> bases; // the last part of each: "Entity" for `helpers.Entity[T]`
    std::vector<DeclaredMethod> methods;
    friend bool operator==(const DeclaredClass&, const DeclaredClass&) = default;
};

struct FileDigest {
    std::vector<std::uint32_t> names; // name_hash() of every word in the text; sorted, each once
    std::vector<DeclaredClass> classes;
    friend bool operator==(const FileDigest&, const FileDigest&) = default;
};

/// Words with the same hash are taken for one.
std::uint32_t name_hash(std::string_view name);

/// Total; O(text).
FileDigest digest_of(std::string_view text);

} // namespace awaitls::analysis

#pragma once

// One version of a module's code, and how code finds the modules that it imports.

#include "analysis/semantic/file_model.h"
#include "analysis/semantic/slot_array.h"
#include "analysis/syntax/outline.h"
#include "analysis/text/text.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace awaitls::analysis {

/// Code in regions. Immutable; may be read by any thread.
struct Module {
    std::shared_ptr<const SourceText> source;
    Outline outline;
    SlotArray<Region> regions;
    std::vector<Slot> slots; // of the regions
    std::uint64_t surface = 0;
    std::shared_ptr<const FileModel> model;

    const std::string& text() const { return source->text(); }
    const LineIndex& lines() const { return source->lines(); }
    /// All surfaces are equal: whatever imports one finds the same in the other.
    bool looks_like(const Module& other) const {
        return surface == other.surface && slots.size() == other.slots.size();
    }
};

/// Cuts and parses a text. `before`, a module of an earlier text of the same file, makes it cheap: it takes over the regions
/// whose text did not change.
std::shared_ptr<const Module> make_module(std::shared_ptr<const SourceText> source,
                                          const Module* before = nullptr);

struct FileDigest;

/// A module, and what it is called.
struct ModuleFile {
    std::string path;     // identifies the file among all; as messages show it
    std::string name;     // dotted: "app.store"; of a package that of its folder: "app"
    bool package = false; // its code is that of an __init__
    bool library = false; // installed, and not of the project
    std::shared_ptr<const Module> module;
    std::shared_ptr<const FileDigest>
        digest; // of its text, where somebody needed it before; else null
};

class SharedEffects;

/// A class of the project by its file and name, which need not be the only one there.
struct ClassPlace {
    std::string path;
    std::string name;
    friend bool operator==(const ClassPlace&, const ClassPlace&) = default;
};

/// The modules of a workspace at one moment: the same questions always have the same answers. May be asked by any thread.
class Modules {
public:
    virtual ~Modules() = default;

    /// The module that an absolute dotted name means to the code of a file; null when it has none of that name.
    virtual std::shared_ptr<const ModuleFile> find(std::string_view name,
                                                   std::string_view importer) const = 0;
    /// Whether any dotted name that begins so may name a module to code of a file: "app" of "app.store".
    virtual bool has_root(std::string_view root, std::string_view importer) const = 0;
    /// The module of a file that find() gave earlier as it is now; null when it is gone.
    virtual std::shared_ptr<const ModuleFile> at(std::string_view path) const = 0;
    /// The files of the importer's project, tests left out, that have the word: sorted paths. Nothing where they are more than
    /// `limit`, or not known (yet).
    virtual std::optional<std::vector<std::string>>
    files_with(std::string_view word, std::string_view importer, std::size_t limit) const {
        (void)word, (void)importer, (void)limit;
        return std::nullopt;
    }
    /// Classes of the importer's project that may define a method so, async or not, and by the names of their bases derive
    /// from one of the name: sorted. None where that is not known (yet).
    virtual std::vector<ClassPlace> overriders(std::string_view base, std::string_view method,
                                               bool is_async, std::string_view importer) const {
        (void)base, (void)method, (void)is_async, (void)importer;
        return {};
    }
    /// Classes of the importer's project that may define a method of the name: sorted. Nothing where they are more than
    /// `limit`, or not known (yet).
    virtual std::optional<std::vector<ClassPlace>>
    classes_with(std::string_view method, std::string_view importer, std::size_t limit) const {
        (void)method, (void)importer, (void)limit;
        return std::nullopt;
    }
    /// Where analyses of modules leave effects for one another; null: nowhere.
    virtual SharedEffects* effects() const { return nullptr; }
};

/// Where a file stands among the modules. Without modules its imports mean libraries.
struct ModulePlace {
    std::shared_ptr<const Modules> modules;
    std::string path; // as in ModuleFile
    std::string name; // empty for a script
    bool package = false;
    bool library = false;
    bool notebook = false; // cells, each behind its kCellMark; code at their top may await
};

} // namespace awaitls::analysis

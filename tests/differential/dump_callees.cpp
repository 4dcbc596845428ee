// Prints what the calls of Python files call, for the comparison with another program's answers. A line for each call whose
// callee is a name or an attribute, with tabs between: the file; line and column of that name, from 1 and in UTF-16 units
// from 0; the answer; how sure it is; what is known of the callee or, for an attribute, of its object.
//
// An answer is `PATH:LINE` of the name of the definition (of the class, where one is instantiated), `library:QUALIFIED.NAME`,
// or `?`. Paths come from standard input, absolute and one a line. Installed packages are not looked at.
// usage: dump_callees [--likely]

#include "analysis/rules/catalog.h"
#include "analysis/semantic/evaluator.h"
#include "server/modules/disk_modules.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace {

using namespace awaitls::analysis;
using awaitls::server::DiskModules;

constexpr std::uint64_t kMaxFileSize = 4'000'000;

const char* kind_name(TypeKind kind) {
    switch (kind) {
    case TypeKind::Unknown: return "Unknown";
    case TypeKind::None: return "None";
    case TypeKind::Module: return "Module";
    case TypeKind::Class: return "Class";
    case TypeKind::Function: return "Function";
    case TypeKind::Instance: return "Instance";
    case TypeKind::Coroutine: return "Coroutine";
    case TypeKind::Awaitable: return "Awaitable";
    case TypeKind::CoroutineOrManager: return "CoroutineOrManager";
    case TypeKind::AsyncManager: return "AsyncManager";
    case TypeKind::Manager: return "Manager";
    case TypeKind::AsyncIterator: return "AsyncIterator";
    case TypeKind::Iterator: return "Iterator";
    case TypeKind::Super: return "Super";
    case TypeKind::Union: return "Union";
    }
    return "";
}

const char* confidence_name(Confidence confidence) {
    switch (confidence) {
    case Confidence::Unknown: return "unknown";
    case Confidence::Likely: return "likely";
    case Confidence::Certain: return "certain";
    }
    return "";
}

std::string describe(Type type) {
    std::string result = kind_name(type->kind);
    if (type->cls != nullptr)
        result += " " + type->cls->qualname;
    else if (type->function != nullptr)
        result += " " + type->function->qualname;
    else if (!type->name.empty())
        result += " " + std::string(type->name);
    return result;
}

std::uint32_t utf16_units(std::string_view text) {
    std::uint32_t result = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte & 0xC0U) != 0x80U) result += byte >= 0xF0U ? 2 : 1;
    }
    return result;
}

class File {
public:
    File(std::shared_ptr<const DiskModules> modules, std::string path, std::string text,
         const Settings& settings)
        : modules_(std::move(modules)),
          path_(std::move(path)),
          module_(modules_->put(path_, std::move(text))),
          evaluator_(module_, settings, place(), {}) {}

    void print() {
        for (std::uint32_t slot = 0; slot < module_->slots.size(); ++slot) {
            const RegionModel& model = evaluator_.model(slot);
            const Tree& tree = model.tree();
            for (NodeId node = 0; node < tree.size(); ++node)
                if (tree.is(node, Kind::Call)) print_call(model, module_->slots[slot].begin, node);
        }
    }

private:
    ModulePlace place() const {
        const DiskModules::Name name = modules_->name_of(path_);
        return {modules_, path_, name.dotted, name.package};
    }

    void print_call(const RegionModel& model, std::uint32_t begin, NodeId call) const {
        const Tree& tree = model.tree();
        const NodeId callee = tree.child(call, Role::Callee);
        NodeId name = callee;
        NodeId described = callee;
        if (tree.is(callee, Kind::Attribute)) {
            name = tree.child(callee, Role::Attr);
            described = tree.child(callee, Role::Object);
        } else if (!tree.is(callee, Kind::Name)) {
            return;
        }
        if (name == kNoNode) return;
        const std::uint32_t offset = begin + tree[name].begin;
        const std::uint32_t line = module_->lines().line_of(offset);
        const std::uint32_t start = module_->lines().line_start(line);
        const std::uint32_t column =
            utf16_units(std::string_view(module_->text()).substr(start, offset - start));
        const CallTarget target = model.target(call);
        std::printf("%s\t%u\t%u\t%s\t%s\t%s\n", path_.c_str(), line + 1, column,
                    answer(model, target).c_str(), confidence_name(target.confidence),
                    describe(model.type_of(described)).c_str());
    }

    std::string answer(const RegionModel& model, const CallTarget& target) const {
        if (target.cls != nullptr) return definition(model, *target.cls->region, target.cls->node);
        if (target.function != nullptr)
            return definition(model, *target.function->region, target.function->node);
        if (!target.name.empty()) return "library:" + std::string(target.name);
        return "?";
    }

    std::string definition(const RegionModel& model, const Region& region, NodeId node) const {
        std::string path(model.path_of(region));
        std::shared_ptr<const Module> module = module_;
        if (path.empty())
            path = path_;
        else
            module = modules_->at(path)->module;
        const auto slot = std::find_if(module->slots.begin(), module->slots.end(),
                                       [&](const Slot& one) { return one.region == &region; });
        if (slot == module->slots.end()) return "?";
        const NodeId name = region.tree.child(node, Role::Name); // a lambda has none
        const std::uint32_t offset = slot->begin + region.tree[name == kNoNode ? node : name].begin;
        return path + ":" + std::to_string(module->lines().line_of(offset) + 1);
    }

    std::shared_ptr<const DiskModules> modules_;
    std::string path_;
    std::shared_ptr<const Module> module_;
    Evaluator evaluator_;
};

std::vector<std::string> files_below(const std::string& folder, const std::function<bool()>&) {
    std::vector<std::string> result;
    std::error_code error;
    for (std::filesystem::recursive_directory_iterator entry(folder, error), end;
         !error && entry != end; entry.increment(error)) {
        const std::string extension = entry->path().extension().string();
        if (extension == ".py" || extension == ".pyi") result.push_back(entry->path().string());
    }
    std::sort(result.begin(), result.end());
    return result;
}

} // namespace

int main(int argc, char** argv) {
    Settings settings = default_settings();
    if (argc == 2 && std::string_view(argv[1]) == "--likely") {
        settings.strictness = Strictness::Likely;
    } else if (argc != 1) {
        std::fprintf(stderr, "usage: dump_callees [--likely] <PATHS\n");
        return 2;
    }
    const auto modules = std::make_shared<DiskModules>(kMaxFileSize);
    modules->index_with(files_below, DiskModules::one_after_the_other);
    for (std::string path; std::getline(std::cin, path);) {
        std::ifstream in(path, std::ios::binary);
        if (!in) {
            std::fprintf(stderr, "cannot read %s\n", path.c_str());
            return 1;
        }
        const std::string bytes{std::istreambuf_iterator<char>(in),
                                std::istreambuf_iterator<char>()};
        File(modules, path, decode_source(bytes).text, settings).print();
    }
    return 0;
}

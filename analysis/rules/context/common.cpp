#include "analysis/rules/context/common.h"

#include "analysis/knowledge/knowledge.h"

namespace awaitls::analysis {

namespace {

Answer answer(bool has, bool complete) {
    if (has) return Answer::Yes;
    return complete ? Answer::No : Answer::Unknown;
}

Protocols protocols_of_library_class(std::string_view name) {
    const ClassInfo* const info = find_class(name);
    if (info == nullptr) return {};
    // No built-in container or scalar has an async protocol, though their abstract bases leave it
    // open.
    const bool complete = info->complete || name.substr(0, 9) == "builtins.";
    return {answer(info->sync_manager, complete), answer(info->async_manager, complete),
            answer(info->sync_iterable, complete), answer(info->async_iterable, complete)};
}

Protocols protocols_of_class_here(const Model& model, const ClassDef& cls) {
    const Answer iterate = model.has_method(cls, "__iter__");
    return {model.has_method(cls, "__enter__"), model.has_method(cls, "__aenter__"),
            iterate == Answer::No ? model.has_method(cls, "__getitem__") : iterate,
            model.has_method(cls, "__aiter__")};
}

} // namespace

Protocols protocols_of(const Model& model, Type type) {
    switch (type->kind) {
    case TypeKind::Instance:
        return type->cls != nullptr ? protocols_of_class_here(model, *type->cls)
                                    : protocols_of_library_class(type->name);
    case TypeKind::CoroutineOrManager:
    case TypeKind::AsyncManager: return {Answer::No, Answer::Yes, Answer::Unknown, Answer::Unknown};
    case TypeKind::Manager: return {Answer::Yes, Answer::No, Answer::Unknown, Answer::Unknown};
    case TypeKind::AsyncIterator:
        return {Answer::Unknown, Answer::Unknown, Answer::No, Answer::Yes};
    case TypeKind::Iterator: return {Answer::Unknown, Answer::Unknown, Answer::Yes, Answer::No};
    default: return {};
    }
}

std::string shown_value(const Tree& tree, NodeId expression) {
    if (tree.is(expression, Kind::Call)) return "`" + callee_text(tree, expression) + "()`";
    const std::string_view text = tree.text(expression);
    constexpr std::size_t kLongest = 60;
    if (text.size() <= kLongest && text.find_first_of("\r\n#\\") == std::string_view::npos) {
        return "`" + std::string(text) + "`";
    }
    return "this value";
}

bool blocks_when_sync(const Model& model, NodeId expression, BlockingUse use) {
    const Tree& tree = model.tree();
    if (tree.is(expression, Kind::Call)) {
        const CallTarget target = model.target(expression);
        if (!target.name.empty() && find_blocking(target.name, BlockingUse::Call) != nullptr)
            return true;
        if (target.function != nullptr && model.blocking(*target.function) != nullptr) return true;
    }
    const Type type = model.type_of(expression);
    return type->kind == TypeKind::Instance && !type->name.empty() &&
           find_blocking(type->name, use) != nullptr;
}

std::vector<Edit> remove_async(const Tree& tree, NodeId node) {
    constexpr std::string_view kAsync = "async";
    const std::string_view text = tree.text(node);
    if (text.substr(0, kAsync.size()) != kAsync) return {};
    std::size_t end = kAsync.size();
    while (end < text.size() && (text[end] == ' ' || text[end] == '\t')) ++end;
    const std::uint32_t begin = tree[node].begin;
    return {{{begin, begin + static_cast<std::uint32_t>(end)}, ""}};
}

} // namespace awaitls::analysis

#include "analysis/syntax/tree_walk.h"

/* Not part of tree-sitter's interface; package.json pins the version. */
#include "array.h"
#include "language.h"
#include "subtree.h"
#include "tree.h"

/* The children of a node, and the one where the walk is. */
typedef struct {
    const Subtree* children;
    uint32_t count;
    uint32_t index;
    uint32_t structural_index; /* of the child, without the extras (comments, line breaks) before it */
    uint32_t begin;            /* byte where the child starts */
    const TSSymbol* aliases;   /* by structural index; null: none */
    const TSFieldMapEntry* fields;
    const TSFieldMapEntry* fields_end;
    bool of_visible; /* the parent is a node; else its children are those of the node above it */
} Level;

struct TreeWalk {
    const TSTree* tree;
    Array(Level) levels; /* none: at the root */
};

static const Subtree* child_of(const Level* level) { return &level->children[level->index]; }

static TSSymbol alias_of(const Level* level) {
    if (level->aliases == NULL || ts_subtree_extra(*child_of(level))) return 0;
    return level->aliases[level->structural_index];
}

static bool is_visible(const Level* level) { return ts_subtree_visible(*child_of(level)) || alias_of(level) != 0; }

static void advance(Level* level) {
    const Subtree child = *child_of(level);
    if (!ts_subtree_extra(child)) ++level->structural_index;
    level->begin += ts_subtree_size(child).bytes;
    ++level->index;
    if (level->index < level->count) level->begin += ts_subtree_padding(*child_of(level)).bytes;
}

static void enter(TreeWalk* walk, const Subtree* parent, uint32_t begin, bool visible) {
    Level level;
    level.children = ts_subtree_children(*parent);
    level.count = ts_subtree_child_count(*parent);
    level.index = 0;
    level.structural_index = 0;
    level.begin = begin;
    level.aliases = ts_language_alias_sequence(walk->tree->language, parent->ptr->production_id);
    ts_language_field_map(walk->tree->language, parent->ptr->production_id, &level.fields, &level.fields_end);
    level.of_visible = visible;
    array_push(&walk->levels, level);
}

/* Goes on from the newest level's child, that one included, to a node; down into what is hidden. False at the level's end. */
static bool find_node(TreeWalk* walk) {
    for (;;) {
        Level* const level = array_back(&walk->levels);
        if (level->index == level->count) return false;
        if (is_visible(level)) return true;
        if (ts_subtree_visible_child_count(*child_of(level)) > 0)
            enter(walk, child_of(level), level->begin, false);
        else
            advance(level);
    }
}

TreeWalk* tree_walk_new(const TSTree* tree) {
    TreeWalk* const walk = ts_malloc(sizeof(TreeWalk));
    walk->tree = tree;
    array_init(&walk->levels);
    array_reserve(&walk->levels, 64);
    return walk;
}

void tree_walk_delete(TreeWalk* walk) {
    array_delete(&walk->levels);
    ts_free(walk);
}

bool tree_walk_first_child(TreeWalk* walk) {
    const uint32_t before = walk->levels.size;
    const Subtree* parent = &walk->tree->root;
    uint32_t begin = ts_subtree_padding(walk->tree->root).bytes;
    if (before > 0) {
        const Level* const level = array_back(&walk->levels);
        parent = child_of(level);
        begin = level->begin;
    }
    if (ts_subtree_child_count(*parent) == 0) return false;
    enter(walk, parent, begin, true);
    if (find_node(walk)) return true;
    walk->levels.size = before;
    return false;
}

bool tree_walk_next_sibling(TreeWalk* walk) {
    while (walk->levels.size > 0) {
        advance(array_back(&walk->levels));
        if (find_node(walk)) return true;
        if (array_back(&walk->levels)->of_visible) return false;
        --walk->levels.size;
    }
    return false;
}

bool tree_walk_parent(TreeWalk* walk) {
    while (walk->levels.size > 0) {
        const bool visible = array_back(&walk->levels)->of_visible;
        --walk->levels.size;
        if (visible) return true;
    }
    return false;
}

TSNode tree_walk_node(const TreeWalk* walk) {
    if (walk->levels.size == 0) return ts_tree_root_node(walk->tree);
    const Level* const level = array_back(&walk->levels);
    const Length position = {level->begin, {0, 0}};
    return ts_node_new(walk->tree, child_of(level), position, alias_of(level));
}

const void* tree_walk_subtree(const TreeWalk* walk) {
    const Subtree subtree = walk->levels.size == 0 ? walk->tree->root : *child_of(array_back(&walk->levels));
    return subtree.data.is_inline ? NULL : subtree.ptr;
}

TSFieldId tree_walk_field(const TreeWalk* walk) {
    for (uint32_t i = walk->levels.size; i > 0; --i) {
        const Level* const level = &walk->levels.contents[i - 1];
        if (ts_subtree_extra(*child_of(level))) return 0;
        for (const TSFieldMapEntry* entry = level->fields; entry < level->fields_end; ++entry)
            if (!entry->inherited && entry->child_index == level->structural_index) return entry->field_id;
        if (level->of_visible) return 0;
    }
    return 0;
}

#pragma once

/* A walk over the visible nodes of a tree-sitter tree, like TSTreeCursor at a fraction of its cost: it keeps no rows, columns
   or descendant counts, and remembers of each level where its productions name their children. C, as the structures of
   tree-sitter are that it looks into. */

#include <stdbool.h>
#include <tree_sitter/api.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct TreeWalk TreeWalk;

/* At the root. The tree must outlive the walk. */
TreeWalk* tree_walk_new(const TSTree* tree);
void tree_walk_delete(TreeWalk* walk);

/* Each moves and returns true, or returns false. A failed step to the first child stays where it was; behind a failed step to
   the next sibling, only the step to the parent makes sense. */
bool tree_walk_first_child(TreeWalk* walk);
bool tree_walk_next_sibling(TreeWalk* walk);
bool tree_walk_parent(TreeWalk* walk);

/* The current node. Its byte positions are right, its points are not. */
TSNode tree_walk_node(const TreeWalk* walk);
/* What the current node is a view of: the same in two trees where the later parse took the subtree over from the earlier one,
   unedited. Null for small leaves. Valid while a tree holds it. */
const void* tree_walk_subtree(const TreeWalk* walk);
/* The field that the current node is in, or 0. */
TSFieldId tree_walk_field(const TreeWalk* walk);

#ifdef __cplusplus
}
#endif

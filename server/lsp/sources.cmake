# The language server. Included by server/CMakeLists.txt.
set(AWAITLS_LSP_SOURCES
    lsp/analyser.cpp
    lsp/closed_files.cpp
    lsp/code_actions.cpp
    lsp/diagnostics.cpp
    lsp/document.cpp
    lsp/documents.cpp
    lsp/event_loop.cpp
    lsp/hover.cpp
    lsp/log.cpp
    lsp/pool.cpp
    lsp/requests.cpp
    lsp/server.cpp
    lsp/session.cpp
    lsp/text_map.cpp
    lsp/workspace.cpp
    lsp/workspace_diagnostics.cpp)

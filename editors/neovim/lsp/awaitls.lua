---@brief
---
--- https://github.com/awaitls/awaitls
---
--- A language server that finds asyncio bugs in Python: coroutines that are never awaited, calls that block the event loop
--- (also through helpers in other files), tasks that nobody keeps, cancellations that are swallowed. It runs beside ruff and
--- a type checker.
---
--- Settings are those of `[tool.awaitls]` in `pyproject.toml`, and come on top of them. `diagnosticMode = 'workspace'` lets
--- |vim.lsp.buf.workspace_diagnostics()| show the findings of files that are not open.
---
--- ```lua
--- vim.lsp.config('awaitls', {
---   settings = {
---     awaitls = {
---       diagnosticMode = 'workspace',
---       ignore = { 'reportUnusedCoroutine' }, -- pyright reports these
---     },
---   },
--- })
--- ```

---@type vim.lsp.Config
return {
  cmd = { 'awaitls', 'server' },
  filetypes = { 'python' },
  root_markers = { 'awaitls.toml', 'pyproject.toml', 'setup.py', 'setup.cfg', 'requirements.txt', '.git' },
  settings = {},
}

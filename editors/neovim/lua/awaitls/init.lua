--- The chain of calls behind a finding: from a call that looks harmless to the one that blocks. The server sends it as the
--- related information of the diagnostic, which Neovim keeps and shows only in a float.
local M = {}

local namespace = vim.api.nvim_create_namespace('awaitls/chain')

--- By buffer: the diagnostics of each namespace, and whether only those of the cursor's line show.
---@type table<integer, { sources: table<integer, vim.Diagnostic[]>, current_line: boolean }>
local shown = {}

---@class awaitls.Step
---@field filename string
---@field lnum integer counts from 1
---@field col integer bytes, counts from 1
---@field text string what happens there

--- The byte column of a position; that of the protocol where the file cannot be read.
local function byte_column(filename, position, encoding)
  local buffer = vim.fn.bufnr(filename)
  local line
  if buffer ~= -1 and vim.api.nvim_buf_is_loaded(buffer) then
    line = vim.api.nvim_buf_get_lines(buffer, position.line, position.line + 1, false)[1]
  elseif vim.fn.filereadable(filename) == 1 then
    line = vim.fn.readfile(filename, '', position.line + 1)[position.line + 1]
  end
  if line == nil or encoding == 'utf-8' then return position.character end
  local ok, column
  if vim.fn.has('nvim-0.11') == 1 then
    ok, column = pcall(vim.str_byteindex, line, encoding, position.character, false)
  else
    ok, column = pcall(vim.lsp.util._str_byteindex_enc, line, position.character, encoding)
  end
  return ok and column or position.character
end

--- The steps of a diagnostic's chain, the one that is called first in front; empty for a diagnostic without related places.
---@param diagnostic vim.Diagnostic
---@return awaitls.Step[]
function M.steps(diagnostic)
  local source = vim.tbl_get(diagnostic, 'user_data', 'lsp') or {}
  local encoding = 'utf-16'
  for _, client in ipairs((vim.lsp.get_clients or vim.lsp.get_active_clients)({ bufnr = diagnostic.bufnr })) do
    if client.name == source.source then encoding = client.offset_encoding end
  end
  local steps = {}
  for _, related in ipairs(source.relatedInformation or {}) do
    local filename = vim.uri_to_fname(related.location.uri)
    local start = related.location.range.start
    table.insert(steps, {
      filename = filename,
      lnum = start.line + 1,
      col = byte_column(filename, start, encoding) + 1,
      text = related.message,
    })
  end
  return steps
end

--- Fills the location list with the findings in the cursor's line, each followed by the steps of its chain, and opens it.
function M.chain()
  local line = vim.api.nvim_win_get_cursor(0)[1] - 1
  local items = {}
  for _, diagnostic in ipairs(vim.diagnostic.get(0, { lnum = line })) do
    local steps = M.steps(diagnostic)
    if #steps > 0 then
      table.insert(items, {
        bufnr = diagnostic.bufnr, lnum = diagnostic.lnum + 1, col = diagnostic.col + 1, text = diagnostic.message,
        type = ({ 'E', 'W', 'I', 'N' })[diagnostic.severity],
      })
      vim.list_extend(items, steps)
    end
  end
  if #items == 0 then
    vim.notify('awaitls: no finding in this line has a chain of calls', vim.log.levels.INFO)
    return
  end
  vim.fn.setloclist(0, {}, ' ', { title = 'Chain of calls', items = items })
  vim.cmd.lopen()
end

local function lines_of(diagnostic)
  local lines = {}
  for i, step in ipairs(M.steps(diagnostic)) do
    local here = step.filename == vim.api.nvim_buf_get_name(diagnostic.bufnr)
    local place = here and 'line ' .. step.lnum or vim.fs.basename(step.filename) .. ':' .. step.lnum
    table.insert(lines, { { ('%s└ %s: %s'):format((' '):rep(diagnostic.col + 2 * i - 2), place, step.text), 'DiagnosticInfo' } })
  end
  return lines
end

--- Whether vim.lsp.enable('awaitls') was called; Neovim 0.11 does not say so itself.
function M.is_enabled()
  if vim.lsp.is_enabled then return vim.lsp.is_enabled('awaitls') end
  return (vim.lsp._enabled_configs or {}).awaitls ~= nil
end

local function draw(buffer)
  vim.api.nvim_buf_clear_namespace(buffer, namespace, 0, -1)
  local state = shown[buffer]
  if not state then return end
  local cursor = vim.api.nvim_get_current_buf() == buffer and vim.api.nvim_win_get_cursor(0)[1] - 1
  for _, diagnostics in pairs(state.sources) do
    for _, diagnostic in ipairs(diagnostics) do
      local lines = lines_of(diagnostic)
      local inside = diagnostic.lnum < vim.api.nvim_buf_line_count(buffer)
      if #lines > 0 and inside and (not state.current_line or diagnostic.lnum == cursor) then
        vim.api.nvim_buf_set_extmark(buffer, namespace, diagnostic.lnum, 0, { virt_lines = lines })
      end
    end
  end
end

local function group_of(buffer) return ('awaitls/chain/%d'):format(buffer) end

--- vim.diagnostic calls this with what is to be shown.
function M.show(source, buffer, diagnostics, options)
  if buffer == 0 then buffer = vim.api.nvim_get_current_buf() end
  local state = shown[buffer] or { sources = {} }
  shown[buffer] = state
  state.sources[source] = diagnostics
  local own = options['awaitls/chain']
  state.current_line = type(own) == 'table' and own.current_line or false
  local group = vim.api.nvim_create_augroup(group_of(buffer), {})
  if state.current_line then
    vim.api.nvim_create_autocmd('CursorMoved', { group = group, buffer = buffer, callback = function() draw(buffer) end })
  end
  vim.api.nvim_create_autocmd('BufWipeout', { group = group, buffer = buffer, callback = function() shown[buffer] = nil end })
  draw(buffer)
end

function M.hide(source, buffer)
  if buffer == 0 then buffer = vim.api.nvim_get_current_buf() end
  if not shown[buffer] then return end
  shown[buffer].sources[source] = nil
  if next(shown[buffer].sources) == nil then
    shown[buffer] = nil
    pcall(vim.api.nvim_del_augroup_by_name, group_of(buffer))
  end
  if vim.api.nvim_buf_is_valid(buffer) then draw(buffer) end
end

return M

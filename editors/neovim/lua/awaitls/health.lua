--- `:checkhealth awaitls`: the program, each client with its root and settings, and what is reported twice.
local M = {}

local start, ok, info = vim.health.start, vim.health.ok, vim.health.info

--- The output of a command; nil and the reason where it fails.
local function output(command)
  local done = vim.fn.system(command)
  if vim.v.shell_error ~= 0 then return nil, vim.trim(done) end
  return vim.trim(done)
end

local function configured()
  local config = vim.lsp.config and vim.lsp.config.awaitls
  return config or nil
end

local function program()
  local config = configured()
  local command = config and type(config.cmd) == 'table' and config.cmd[1] or 'awaitls'
  if vim.fn.executable(command) == 0 then
    vim.health.error(('%s is not found'):format(command), {
      '`./dev install` puts it into ~/.local/bin; is that in the PATH that Neovim was started with?',
      "or say where it is: vim.lsp.config('awaitls', { cmd = { '/path/to/awaitls', 'server' } })",
    })
    return nil
  end
  local version, why = output({ command, '--version' })
  if not version then
    vim.health.error(('%s does not run: %s'):format(command, why))
    return nil
  end
  ok(('%s: %s'):format(vim.fn.exepath(command), version))
  return command
end

--- Whether the configuration is there and takes effect.
local function enabled()
  if not vim.lsp.config then
    info('this Neovim has no vim.lsp.config: clients come from nvim-lspconfig')
  elseif not configured() then
    vim.health.error("no lsp/awaitls.lua is on the 'runtimepath'", { 'is the plugin installed where `:set packpath?` looks?' })
  elseif not require('awaitls').is_enabled() then
    vim.health.warn("it is not enabled: vim.lsp.enable('awaitls')")
  end
end

--- The rule of each code, that of other tools included.
local function rules_by_code(command)
  local text = output({ command, 'rule', '--all', '--output-format', 'json' })
  local decoded, rules = pcall(vim.json.decode, text or '')
  local by_code = {}
  if decoded then
    for _, rule in ipairs(rules) do
      by_code[rule.code] = rule.code
      for _, alias in ipairs(rule.aliases or {}) do by_code[alias] = rule.code end
    end
  end
  return by_code
end

--- Findings that another tool has in the same line: { code of the other tool = { source, rule, count, line of the first } }.
local function doubles(buffer, by_code)
  local ours = {}
  for _, diagnostic in ipairs(vim.diagnostic.get(buffer)) do
    if diagnostic.source == 'awaitls' then ours[diagnostic.lnum .. ' ' .. diagnostic.code] = true end
  end
  local found = {}
  for _, diagnostic in ipairs(vim.diagnostic.get(buffer)) do
    local code = tostring(diagnostic.code)
    local rule = by_code[code]
    if diagnostic.source ~= 'awaitls' and rule and ours[diagnostic.lnum .. ' ' .. rule] then
      found[code] = found[code] or { source = diagnostic.source, rule = rule, count = 0, line = diagnostic.lnum + 1 }
      found[code].count = found[code].count + 1
    end
  end
  return found
end

local function report_client(client, command)
  info(('client %d: version %s, positions in %s, diagnostics by %s'):format(
    client.id, client.server_info and client.server_info.version or 'unknown', client.offset_encoding,
    client.server_capabilities.diagnosticProvider and 'pull' or 'push'))
  info('root: ' .. (client.config.root_dir or 'none (a file on its own)'))
  info('settings: ' .. vim.inspect(client.config.settings or {}, { newline = ' ', indent = '' }))
  local by_code = rules_by_code(command)
  local others, twice = {}, {}
  for buffer in pairs(client.attached_buffers or {}) do
    for _, other in ipairs((vim.lsp.get_clients or vim.lsp.get_active_clients)({ bufnr = buffer })) do
      if other.id ~= client.id then others[other.name] = true end
    end
    for code, double in pairs(doubles(buffer, by_code)) do
      twice[code] = true
      vim.health.warn(('%s:%d: %s is also reported by %s as %s (%d times in this buffer)'):format(
        vim.fs.basename(vim.api.nvim_buf_get_name(buffer)), double.line, double.rule, double.source, code, double.count))
    end
  end
  local names, codes = vim.tbl_keys(others), vim.tbl_keys(twice)
  table.sort(names)
  table.sort(codes)
  info('other servers in its buffers: ' .. (#names > 0 and table.concat(names, ', ') or 'none'))
  if #codes > 0 then
    info(('[tool.awaitls] ignore = ["%s"] leaves these to the other tools'):format(table.concat(codes, '", "')))
  elseif #names > 0 then
    ok('nothing is reported twice')
  end
end

function M.check()
  start('awaitls: program')
  local command = program()
  enabled()
  start('awaitls: clients')
  local clients = (vim.lsp.get_clients or vim.lsp.get_active_clients)({ name = 'awaitls' })
  for _, client in ipairs(clients) do report_client(client, command or 'awaitls') end
  if #clients == 0 then info('none is running: open a Python file') end
end

return M

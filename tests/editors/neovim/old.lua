-- A Neovim without vim.lsp.config: `nvim --headless -l old.lua FILE`. Does with the configuration what nvim-lspconfig does,
-- and waits for a finding, its chain and the health check.

local function wait(what, happened)
  if not vim.wait(30000, happened, 10) then
    io.stderr:write('FAIL ' .. what .. ': it did not happen\n' .. vim.fn.execute('messages') .. '\n')
    os.exit(1)
  end
end

print('Neovim ' .. tostring(vim.version()))
if vim.lsp.config then
  io.stderr:write('FAIL this Neovim is not old\n')
  os.exit(1)
end
vim.cmd('packloadall')
vim.cmd('filetype on')
local config = require('lspconfig.configs.awaitls').default_config
vim.api.nvim_create_autocmd('FileType', { pattern = config.filetypes, callback = function(event)
  vim.lsp.start({
    name = 'awaitls', cmd = config.cmd, settings = config.settings,
    root_dir = config.root_dir(vim.api.nvim_buf_get_name(event.buf)),
  })
end })
vim.cmd.edit(vim.fn.fnameescape(arg[1]))
wait('a finding', function() return #vim.diagnostic.get(0) == 1 end)
local finding = vim.diagnostic.get(0)[1]
print(('%d: %s'):format(finding.lnum + 1, finding.code))
assert(finding.lnum == 6 and finding.code == 'unawaited-coroutine')

-- A helper in another file begins to block: it is pushed, as this Neovim cannot be told to pull again.
local app = vim.api.nvim_get_current_buf()
vim.cmd('set hidden | edit shop/stock.py')
vim.api.nvim_buf_set_lines(0, 4, 4, false, { '    time.sleep(1)' })
wait('the finding in app.py', function() return #vim.diagnostic.get(app) == 2 end)
vim.cmd.buffer(app)
for _, diagnostic in ipairs(vim.diagnostic.get(app)) do
  if diagnostic.code == 'transitive-blocking-call' then finding = diagnostic end
end
local step = require('awaitls').steps(finding)[1]
print(('%s:%d:%d %s'):format(vim.fs.basename(step.filename), step.lnum, step.col, step.text))
assert(vim.fs.basename(step.filename) == 'stock.py' and step.lnum == 5 and step.col == 5)
vim.diagnostic.config({ ['awaitls/chain'] = true })
assert(#vim.api.nvim_buf_get_extmarks(app, vim.api.nvim_get_namespaces()['awaitls/chain'], 0, -1, {}) == 1)

vim.cmd('checkhealth awaitls')
local health = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\n')
assert(health:find('clients come from nvim-lspconfig', 1, true) and health:find('diagnostics by push', 1, true), health)
for _, client in ipairs(vim.lsp.get_clients()) do client.stop() end
wait('the server ends', function() return #vim.lsp.get_clients() == 0 end)
print('done')
vim.cmd('qall!')

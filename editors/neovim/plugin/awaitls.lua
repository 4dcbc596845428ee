-- The chain of calls as a handler of vim.diagnostic. Neovim turns on a handler that is registered; this one waits for
-- vim.diagnostic.config({ ['awaitls/chain'] = true }), in init.lua or later.
local name = 'awaitls/chain'
if vim.diagnostic.handlers == nil or vim.diagnostic.handlers[name] then return end
if vim.diagnostic.config()[name] == nil then vim.diagnostic.config({ [name] = false }) end
vim.diagnostic.handlers[name] = {
  show = function(...) require('awaitls').show(...) end,
  hide = function(...) require('awaitls').hide(...) end,
}

-- Neovim starts no client for a program that is not there, and says so only in its log.
vim.api.nvim_create_autocmd('FileType', {
  pattern = 'python',
  once = true,
  callback = function()
    if not vim.lsp.config or not require('awaitls').is_enabled() then return end
    local command = vim.lsp.config.awaitls.cmd
    if type(command) == 'table' and vim.fn.executable(command[1]) == 0 then
      vim.notify(('awaitls: there is no program %s; :checkhealth awaitls tells what to do'):format(command[1]), vim.log.levels.WARN)
    end
  end,
})

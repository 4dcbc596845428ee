-- For Neovim 0.10 and older with an nvim-lspconfig that knows no lsp/ folder: require('lspconfig').awaitls.setup({}).
-- What holds for both stands in lsp/awaitls.lua.
local here = debug.getinfo(1, 'S').source:sub(2)
local config = dofile(vim.fn.fnamemodify(here, ':h:h:h:h') .. '/lsp/awaitls.lua')

return {
  default_config = {
    cmd = config.cmd,
    filetypes = config.filetypes,
    root_dir = function(name)
      for _, marker in ipairs(config.root_markers) do
        local found = vim.fs.find(marker, { path = vim.fs.dirname(name), upward = true })[1]
        if found then return vim.fs.dirname(found) end
      end
    end,
    single_file_support = true,
    settings = config.settings,
  },
  docs = { description = 'https://github.com/awaitls/awaitls\n\nFinds asyncio bugs in Python.' },
}

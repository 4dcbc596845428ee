-- What nvim-lspconfig says of pyright, with its program in PYRIGHT. Neovim before 0.13 answers a refresh by pulling the workspace
-- and not the open documents, of which pyright tells nothing until then.
return {
  cmd = { 'node', vim.env.PYRIGHT, '--stdio' },
  filetypes = { 'python' },
  root_markers = { 'pyproject.toml' },
  settings = { python = { analysis = { diagnosticMode = 'openFilesOnly' } } },
  handlers = {
    ['workspace/diagnostic/refresh'] = function(_, _, context)
      local client = vim.lsp.get_client_by_id(context.client_id)
      for buffer in pairs(client.attached_buffers) do
        local params = { textDocument = vim.lsp.util.make_text_document_params(buffer) }
        client:request('textDocument/diagnostic', params, nil, buffer)
      end
      return vim.NIL
    end,
  },
}

-- Finding, typing, hover, fixes, undo, other files, another project, a server that is killed.

wait('the server attaches', function() return #Told.clients > 0 end)
local client = Told.clients[1]
say(('%s %s, positions in %s, root %s'):format(client[1], client[2], client[3], vim.fs.basename(client[4])))
wait_found('app.py', '7:5 unawaited-coroutine')

-- Typing a second one shows it before the typing ends.
ask([[ vim.api.nvim_win_set_cursor(0, { 7, 4 }) ]])
keys('oasyncio.sleep(2)')
wait_found('app.py', '7:5 unawaited-coroutine, 8:5 unawaited-coroutine')
expect('the mode when the finding came', Told.diagnostics['app.py'].mode, 'i')
keys('<Esc>')

-- Why: the hover.
ask([[ vim.lsp.buf.hover() ]])
local function floats()
  return ask([[ for _, window in ipairs(vim.api.nvim_list_wins()) do
    if vim.api.nvim_win_get_config(window).relative ~= '' then
      return table.concat(vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false), '\n')
    end
  end
  return '' ]])
end
wait('a hover shows', function() return floats():find('unawaited-coroutine', 1, true) ~= nil end)
say('hover: ' .. floats():match('[^\n]+'))
ask([[ vim.cmd.fclose() ]])

-- The fix of one, undone, and of all.
code_action('^Insert `await`')
wait_found('app.py', '7:5 unawaited-coroutine')
expect('the line', current_line(), '    await asyncio.sleep(2)')
keys('u')
wait_found('app.py', '7:5 unawaited-coroutine, 8:5 unawaited-coroutine')
code_action('.', 'source.fixAll.awaitls')
wait_found('app.py', '')
expect('the lines', ask('return vim.api.nvim_buf_get_lines(0, 6, 8, false)'), { '    await asyncio.sleep(1)', '    await asyncio.sleep(2)' })

-- A helper in another file begins to block; nothing is written yet.
keys(':edit shop/stock.py<CR>5GOtime.sleep(1)<Esc>')
wait_found('app.py', '13:11 transitive-blocking-call')
keys(':buffer app.py<CR>')
wait('app.py is shown again', function() return ask([[ return vim.fs.basename(vim.api.nvim_buf_get_name(0)) ]]) == 'app.py' end)
ask([[ vim.api.nvim_win_set_cursor(0, { 13, 10 }); require('awaitls').chain() ]])
local chain = ask([[ local steps = {}
  for _, item in ipairs(vim.fn.getloclist(0)) do
    table.insert(steps, ('%s:%d:%d %s'):format(vim.fs.basename(vim.fn.bufname(item.bufnr)), item.lnum, item.col, item.text))
  end
  vim.cmd.lclose()
  return steps ]])
expect('the number of places in the chain', #chain, 2)
expect('where the chain ends', chain[2], 'stock.py:5:5 `time.sleep` blocks')
local function virtual_lines()
  return ask([[ local text = {}
    local namespace = vim.api.nvim_get_namespaces()['awaitls/chain']
    for _, mark in ipairs(namespace and vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, { details = true }) or {}) do
      table.insert(text, ('%d %s'):format(mark[2] + 1, vim.trim(mark[4].virt_lines[1][1][1])))
    end
    return table.concat(text, '\n') ]])
end
expect('the lines below findings', virtual_lines(), '')
ask([[ vim.diagnostic.config({ ['awaitls/chain'] = true }) ]])
expect('the lines below findings', virtual_lines(), '13 └ stock.py:5: `time.sleep` blocks')
ask([[ vim.diagnostic.config({ ['awaitls/chain'] = { current_line = true } }); vim.api.nvim_win_set_cursor(0, { 1, 0 }) ]])
keys('j')
wait('the chain shows below the cursor alone', function() return virtual_lines() == '' end)
keys('12G')
keys('j')
wait('the chain shows below the cursor', function() return virtual_lines() ~= '' end)
ask([[ vim.diagnostic.config({ ['awaitls/chain'] = false }) ]])
expect('the lines below findings', virtual_lines(), '')

-- Who calls the function: the editor lists its callers.
ask([[ vim.fn.search('main', 'bw'); vim.lsp.buf.incoming_calls() ]])
wait('the callers are listed', function() return ask('return #vim.fn.getqflist()') > 0 end)
local caller = ask('return vim.fn.getqflist()[1]')
expect('the line that calls main', ask('return vim.api.nvim_buf_get_lines(...)', caller.bufnr, caller.lnum - 1, caller.lnum, false)[1], 'asyncio.run(main())')
keys(':cclose<CR>')

-- Another project has another root and another configuration.
keys(':edit ../other/jobs.py<CR>')
wait_found('jobs.py', '7:5 blocking-sleep')
wait('the other project has its own root', function() return Told.clients[#Told.clients][4]:find('other$') ~= nil end)

-- The server is killed; what docs/editors.md says starts another, for all buffers, with what is not written in them.
Mortal = true
keys(':buffer app.py<CR>')
wait('app.py is shown again', function() return ask([[ return vim.fs.basename(vim.api.nvim_buf_get_name(0)) ]]) == 'app.py' end)
local attached = #Told.clients
vim.uv.kill(server_of('/project'), 'sigkill')
wait('the editor notices', function() return #Told.exits == 1 end)
wait_found('app.py', '')
keys(":lua vim.lsp.enable('awaitls')<CR>")
wait('a server attaches again', function() return #Told.clients > attached end)
wait_found('app.py', '13:11 transitive-blocking-call')
leave()

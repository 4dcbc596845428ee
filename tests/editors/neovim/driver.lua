-- A person at work in Neovim: `nvim --headless -u NONE -l session.lua NVIM CONFIG FILE`. A second Neovim opens FILE with the
-- configuration CONFIG and is sent keys; what happens in it is told to this one, which waits for that and never for time.
-- Ends with status 1 and a line that starts with FAIL where something else happens, or nothing within PATIENCE.

local nvim, config, file = arg[1], arg[2], arg[3]
local PATIENCE = tonumber(vim.env.SESSION_PATIENCE_MS or 30000)

local function say(text) io.stdout:write(text .. '\n') end
local function fail(text)
  io.stderr:write('FAIL ' .. text .. '\n')
  os.exit(1)
end

if vim.fn.has('nvim-0.11') == 0 then fail('Neovim 0.11 or newer is needed, this is ' .. tostring(vim.version())) end
say('Neovim ' .. tostring(vim.version()))

-- What the editor tells: the diagnostics of the buffer each time that they are set, and the server's start and end.
Told = {}

local editor = vim.fn.jobstart({ nvim, '--embed', '--headless', '-n', '-u', 'NONE', '-i', 'NONE' }, { rpc = true })
if editor <= 0 then fail('Neovim does not start: ' .. nvim) end
local function ask(code, ...) return vim.rpcrequest(editor, 'nvim_exec_lua', code, { ... }) end
local function keys(text) vim.rpcrequest(editor, 'nvim_input', text) end

local function wait(what, happened)
  local done = false
  vim.wait(PATIENCE, function()
    done = Told.ended == nil and happened()
    return done or Told.ended ~= nil
  end, 10)
  if Told.ended then fail(what .. ': the server ended, ' .. Told.ended) end
  if not done then
    fail(what .. ': it did not happen; last told: ' .. vim.inspect(Told) .. '; log: ' .. ask('return vim.lsp.get_log_path and vim.lsp.get_log_path() or ""'))
  end
end

ask([[
  local config, file = ...
  local function tell(name, value) vim.rpcnotify(1, 'nvim_exec_lua', 'local name, value = ...; Told[name] = value', { name, value }) end
  vim.cmd('filetype on')
  dofile(config)
  vim.lsp.config('awaitls', { on_exit = function(code, signal)
    tell('exit', { code, signal })
    if not Leaving then tell('ended', 'status ' .. code .. ', signal ' .. signal) end
  end })
  vim.api.nvim_create_autocmd('LspAttach', { callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    tell('client', { client.name, client.server_info and client.server_info.version or '?', client.offset_encoding })
  end })
  vim.api.nvim_create_autocmd('DiagnosticChanged', { callback = function()
    local found = {}
    for _, d in ipairs(vim.diagnostic.get(0)) do
      table.insert(found, { line = d.lnum, code = d.code, source = d.source, message = d.message })
    end
    tell('diagnostics', { found = found, mode = vim.api.nvim_get_mode().mode })
  end })
  vim.cmd.edit(vim.fn.fnameescape(file))
]], config, file)

wait('the server attaches', function() return Told.client ~= nil end)
say(('%s %s, positions in %s'):format(Told.client[1], Told.client[2], Told.client[3]))

-- Types a call without `await` below the function's first line.
local line = ask([[ return vim.fn.search('async def', 'w') ]])
keys('o')
keys('    asyncio.sleep(1)')
local function finding()
  for _, d in ipairs(Told.diagnostics and Told.diagnostics.found or {}) do
    if d.code == 'unawaited-coroutine' and d.line == line then return d end
  end
end
wait('a finding shows while typing', function() return finding() ~= nil end)
if Told.diagnostics.mode ~= 'i' then fail('the finding came in mode ' .. Told.diagnostics.mode .. ', after the typing') end
local seen = finding()
say(('line %d: %s [%s] %s'):format(seen.line + 1, seen.source, seen.code, seen.message))

keys('<Esc>')
ask([[ vim.lsp.buf.code_action({ apply = true, filter = function(action)
  return action.kind == 'quickfix' and action.title:find('^Insert `await`') ~= nil
end }) ]])
wait('the finding goes with the fix', function() return finding() == nil end)
local text = ask('return vim.api.nvim_get_current_line()')
if text ~= '    await asyncio.sleep(1)' then fail('the fix made this line: ' .. text) end
say('line ' .. (line + 1) .. ': ' .. text)

-- Who calls the function: the editor lists its callers.
ask([[ vim.fn.search('main', 'bw'); vim.lsp.buf.incoming_calls() ]])
local function callers() return ask('return vim.fn.getqflist()') end
wait('the callers are listed', function() return #callers() > 0 end)
local caller = callers()[1]
local calling = ask('return vim.api.nvim_buf_get_lines(...)', caller.bufnr, caller.lnum - 1, caller.lnum, false)[1]
if #callers() ~= 1 or calling ~= 'asyncio.run(main())' then fail('the callers are ' .. vim.inspect(callers())) end
say(('called by %s, line %d: %s'):format(caller.text, caller.lnum, calling))
ask([[ vim.cmd.cclose() ]])

keys(':write<CR>')
wait('the file is written', function() return ask('return not vim.bo.modified') end)

ask([[ Leaving = true; for _, client in ipairs(vim.lsp.get_clients()) do client:stop() end ]])
wait('the server ends when told', function() return Told.exit ~= nil end)
if Told.exit[1] ~= 0 then fail('the server ended with status ' .. Told.exit[1]) end
keys(':qall!<CR>')
vim.fn.jobwait({ editor }, PATIENCE)
say('done')
os.exit(0)

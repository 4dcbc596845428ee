-- A person at work in Neovim: `nvim --headless -u NONE -l driver.lua NVIM SCENARIO FILE`. A second Neovim, with the person's
-- own configuration, opens FILE and is sent keys by SCENARIO; what happens in it is told to this one, which waits for that
-- and never for time. Ends with status 1 and a line that starts with FAIL where something else happens, or nothing within
-- PATIENCE.

local nvim, scenario, file = arg[1], arg[2], arg[3]
local PATIENCE = tonumber(vim.env.SESSION_PATIENCE_MS or 60000)

function say(text) io.stdout:write(text .. '\n') end
function fail(text)
  io.stderr:write('FAIL ' .. text .. '\n')
  os.exit(1)
end

say('Neovim ' .. tostring(vim.version()))

-- What the editor tells: the diagnostics of each buffer when they are set, by the end of the file's name, and each server's
-- start and end.
Told = { diagnostics = {}, clients = {}, exits = {} }

local editor = vim.fn.jobstart({ nvim, '--embed', '--headless', '-n' }, { rpc = true })
if editor <= 0 then fail('Neovim does not start: ' .. nvim) end
function ask(code, ...) return vim.rpcrequest(editor, 'nvim_exec_lua', code, { ... }) end
function keys(text) vim.rpcrequest(editor, 'nvim_input', text) end
function messages() return ask([[ return vim.fn.execute('messages') ]]) end

-- The server may end only where a scenario expects it.
Mortal = false

function wait(what, happened)
  local done = false
  local function died() return not Mortal and #Told.exits > 0 end
  vim.wait(PATIENCE, function()
    done = not died() and happened()
    return done or died()
  end, 10)
  if died() then fail(what .. ': the server ended, ' .. vim.inspect(Told.exits)) end
  if not done then fail(what .. ': it did not happen; last told: ' .. vim.inspect(Told) .. '; ' .. messages()) end
end

--- The findings of a file, as "LINE:COLUMN CODE" in order.
function found(name)
  local lines = {}
  for _, d in ipairs((Told.diagnostics[name] or {}).found or {}) do
    table.insert(lines, ('%d:%d %s'):format(d.lnum + 1, d.col + 1, d.code))
  end
  return table.concat(lines, ', ')
end
function wait_found(name, wanted)
  wait(('%s has [%s]'):format(name, wanted), function() return found(name) == wanted end)
  say(('%s: %s'):format(name, wanted == '' and 'nothing' or wanted))
end

function current_line() return ask('return vim.api.nvim_get_current_line()') end
function expect(what, is, wanted)
  if not vim.deep_equal(is, wanted) then
    fail(('line %d: %s is %s and not %s'):format(debug.getinfo(2, 'l').currentline, what, vim.inspect(is), vim.inspect(wanted)))
  end
end
function code_action(pattern, only)
  ask([[ local pattern, only = ...
    vim.lsp.buf.code_action({ apply = true, context = { only = only and { only }, diagnostics = only and {} or nil },
      filter = function(action) return action.title:find(pattern) ~= nil end }) ]], pattern, only)
end

--- What :checkhealth awaitls says.
function checkhealth()
  return ask([[ vim.cmd('checkhealth awaitls')
    local text = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\n')
    vim.cmd.bwipeout()
    return text ]])
end

--- The newest server with a root that ends so.
function server_of(root)
  local process
  for _, line in ipairs(vim.fn.readfile(vim.env.AWAITLS_TRAFFIC)) do
    local record = vim.json.decode(line)
    local uri = record.message.method == 'initialize' and record.message.params.rootUri
    if type(uri) == 'string' and vim.endswith(uri, root) then process = record.process end
  end
  return process
end

function leave()
  Mortal = true
  keys('<Esc>:wall<CR>')
  wait('all is written', function() return ask('return #vim.fn.getbufinfo({ bufmodified = 1 })') == 0 end)
  ask([[ for _, client in ipairs(vim.lsp.get_clients()) do client:stop() end ]])
  wait('the servers end when told', function() return ask('return #vim.lsp.get_clients()') == 0 end)
  keys(':qall!<CR>')
  vim.fn.jobwait({ editor }, PATIENCE)
  say('done')
  os.exit(0)
end

ask([[
  local function tell(code, ...) vim.rpcnotify(1, 'nvim_exec_lua', code, { ... }) end
  if vim.lsp.config then
    vim.lsp.config('awaitls', { on_exit = function(code, signal)
      tell('table.insert(Told.exits, { ... })', code, signal)
    end })
  end
  vim.api.nvim_create_autocmd('LspAttach', { callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    tell('table.insert(Told.clients, { ... })', client.name, client.server_info and client.server_info.version or '?',
      client.offset_encoding, client.config.root_dir or '')
  end })
  vim.api.nvim_create_autocmd('DiagnosticChanged', { callback = function(event)
    local found = {}
    for _, d in ipairs(vim.diagnostic.get(event.buf)) do
      table.insert(found, { lnum = d.lnum, col = d.col, code = d.code, source = d.source, message = d.message })
    end
    table.sort(found, function(a, b) return a.lnum < b.lnum or (a.lnum == b.lnum and a.source:lower() < b.source:lower()) end)
    local name = vim.fs.basename(vim.api.nvim_buf_get_name(event.buf))
    tell('local name, told = ...; Told.diagnostics[name] = told', name, { found = found, mode = vim.api.nvim_get_mode().mode })
  end })
  vim.cmd.edit(vim.fn.fnameescape(...))
]], file)

dofile(scenario)

-- pyright and ruff in the same buffer: what two of them find is shown twice, and with one line of configuration once.

-- Neovim shows what a server pushes beside what it was pulled, and pyright may do both.
local function reports()
  local lines, seen = {}, {}
  for _, d in ipairs((Told.diagnostics['jobs.py'] or {}).found or {}) do
    local source = d.source:lower()
    local line = ('%d %s %s'):format(d.lnum + 1, source, d.code)
    if ({ awaitls = 1, pyright = 1, ruff = 1 })[source] and not (seen[line] and source == 'pyright') then table.insert(lines, line) end
    seen[line] = true
  end
  return table.concat(lines, ', ')
end

if vim.env.SESSION_BESIDE == 'once' then
  wait('each is reported once', function() return reports() == '6 pyright reportUnusedCoroutine, 7 ruff ASYNC251' end)
  say(reports())
  if not checkhealth():find('nothing is reported twice', 1, true) then fail('checkhealth: ' .. checkhealth()) end
  leave()
end

wait('each is reported twice', function()
  return reports() == '6 awaitls unawaited-coroutine, 6 pyright reportUnusedCoroutine, 7 awaitls blocking-sleep, 7 ruff ASYNC251'
end)
say(reports())
local health = checkhealth()
say(health)
for _, wanted in ipairs({
  'unawaited-coroutine is also reported by Pyright as reportUnusedCoroutine',
  'blocking-sleep is also reported by Ruff as ASYNC251',
  'other servers in its buffers: pyright, ruff',
  'ignore = ["ASYNC251", "reportUnusedCoroutine"]',
}) do
  if not health:find(wanted, 1, true) then fail('checkhealth does not say: ' .. wanted) end
end
leave()

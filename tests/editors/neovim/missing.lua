-- The program is not there: the editor says so, and :checkhealth says what to do.

wait('the editor says what is missing', function() return messages():find('awaitls', 1, true) ~= nil end)
say(vim.trim(messages()))
local health = checkhealth()
if not health:find('awaitls is not found', 1, true) or not health:find('./dev install', 1, true) then fail(health) end
leave()

-- For wrk: sends the requests in turn, compares every answer, prints what it saw as JSON.
-- Arguments: folder with the files `requests` and `values` (parts end with a zero byte), text that
-- marks a hit ("" when the server does not say so), index of the first request.
-- Counters are globals because `done` can only read a thread's globals.
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

local function parts(name)
  local file = assert(io.open(name, "rb"))
  local bytes = file:read("*a")
  file:close()
  local found = {}
  for part in bytes:gmatch("([^%z]+)%z") do table.insert(found, part) end
  return found
end

function init(args)
  requests, values, mark = parts(args[1] .. "/requests"), parts(args[1] .. "/values"), args[2]
  index = tonumber(args[3])
  open = {}  -- requests under way, by the number their answer carries
  -- wrk calls `request` once before the round, to look at its result, and sends nothing.
  sent, answers, ok, hits, same = -1, 0, 0, 0, 0
end

function request()
  sent = sent + 1
  if sent == 0 then return requests[index + 1] end
  local now = index
  open[now] = (open[now] or 0) + 1
  index = (index + 1) % #requests
  return requests[now + 1]
end

function response(status, headers, body)
  answers = answers + 1
  if status == 200 then ok = ok + 1 end
  if mark == "" or body:find(mark, 1, true) then hits = hits + 1 end
  local name = tonumber(body:match("answer%-(%d%d%d%d)"))
  -- The right value of a request that nobody waits for is as wrong as a wrong value.
  if name and (open[name] or 0) > 0 and body:find(values[name + 1], 1, true) then
    open[name] = open[name] - 1
    same = same + 1
  end
end

function done(summary, latency, requests)
  local sum = { sent = 0, answers = 0, ok = 0, hits = 0, same = 0 }
  for _, thread in ipairs(threads) do
    for name, count in pairs(sum) do sum[name] = count + thread:get(name) end
  end
  local e = summary.errors
  io.write(string.format(
    'TALLY {"seconds": %.6f, "sent": %d, "answers": %d, "ok": %d, "hits": %d, "same": %d, ' ..
    '"broken": %d, "p50_us": %d, "p99_us": %d}\n',
    summary.duration / 1e6, sum.sent, sum.answers, sum.ok, sum.hits, sum.same,
    e.connect + e.read + e.write + e.timeout, latency:percentile(50), latency:percentile(99)))
end

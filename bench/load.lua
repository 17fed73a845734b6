-- For wrk: sends one request again and again, compares every answer, prints what it saw as JSON.
-- Arguments: file with the request's bytes, file with the stored value, text that marks a hit.
-- Counters are globals because `done` can only read a thread's globals.
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

local function content(name)
  local file = assert(io.open(name, "rb"))
  local bytes = file:read("*a")
  file:close()
  return bytes
end

function init(args)
  raw, value, mark = content(args[1]), content(args[2]), args[3]
  -- wrk calls `request` once before the round, to look at its result, and sends nothing.
  sent, answers, ok, hits, same = -1, 0, 0, 0, 0
end

function request()
  sent = sent + 1
  return raw
end

function response(status, headers, body)
  answers = answers + 1
  if status == 200 then ok = ok + 1 end
  if body:find(mark, 1, true) then hits = hits + 1 end
  if body:find(value, 1, true) then same = same + 1 end
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

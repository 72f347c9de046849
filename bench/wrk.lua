-- One request after the other, each with the token of another tenant. The requests are made once: building one costs more
-- than sending it. The argument is a file with a token a line.
local threads = 0

function setup(thread)
   thread:set("start", threads * 37)
   threads = threads + 1
end

function init(args)
   requests, at = {}, start
   for token in io.lines(args[1]) do
      requests[#requests + 1] = wrk.format("GET", nil, { ["Authorization"] = "Bearer " .. token, ["Host"] = wrk.headers["Host"] })
   end
end

function request()
   at = at + 1
   return requests[at % #requests + 1]
end

-- wrk counts a status above 399 as an error; the bench refuses any, and checks the length of the answers for the rest.
function done(summary, latency)
   local e = summary.errors
   io.write(string.format(
      '\n{"requests":%d,"duration_us":%d,"bytes":%d,"p50_us":%d,"p95_us":%d,"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}\n',
      summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(95),
      e.connect, e.read, e.write, e.status, e.timeout))
end

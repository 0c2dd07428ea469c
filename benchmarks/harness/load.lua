-- What wrk sends, told by the words after `--`:
--   replay METHOD FILE    the bodies (POST) or queries (GET) of a file, line by line, over and over
--   fresh RUN             a flower by POST that was never sent before; RUN numbers the runs against one server

local made, next_one = {}, 0

local function replay(method, file)
  for line in io.lines(file) do
    if method == "GET" then
      made[#made + 1] = wrk.format("GET", "/predict?" .. line)
    else
      made[#made + 1] = wrk.format("POST", "/predict", nil, line)
    end
  end
  request = function()
    next_one = next_one % #made + 1
    return made[next_one]
  end
end

local function fresh(run)
  local flower = '{"sepal_length":%.3f,"sepal_width":%.6f,"petal_length":1.4,"petal_width":0.2}'
  request = function()
    next_one = next_one + 1
    return wrk.format("POST", "/predict", nil, flower:format(4 + run / 1000, 2 + next_one / 1000000))
  end
end

function init(args)
  wrk.headers["Content-Type"] = args[1] == "fresh" and "application/json" or (args[2] == "POST" and "application/json" or nil)
  if args[1] == "fresh" then fresh(tonumber(args[2])) else replay(args[2], args[3]) end
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    'summary {"requests":%d,"duration_us":%d,"failed":%d,"p50_us":%d,"p99_us":%d}\n',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(99)))
end

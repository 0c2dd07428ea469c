-- What wrk sends to the path of its URL, named by the words after `--`:
--   replay METHOD FILE    the bodies (POST) or queries (GET) of a file, line by line, over and over
--   traced METHOD FILE    the same, each request with a traceparent and an x-request-id of its own
--   fresh RUN [BODY]      a flower by POST that was never sent before; RUN numbers the runs against one server. BODY is
--                         another body, with the place of two integers: RUN, and the number of the request

local made, next_one = {}, 0

local TRACE, ID = "<the traceparent>", "<the request id>"

-- Flowers by the path that takes them: harness/forms.py has the same.
local flowers = {
  ["/predict"] = '{"sepal_length":%.3f,"sepal_width":%.6f,"petal_length":1.4,"petal_width":0.2}',
  ["/v2/models/model/infer"] = '{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP64","data":[%.3f,%.6f,1.4,0.2]}]}',
}

local function read(method, file, path)
  for line in io.lines(file) do
    if method == "GET" then
      made[#made + 1] = wrk.format("GET", path .. "?" .. line)
    else
      made[#made + 1] = wrk.format("POST", path, nil, line)
    end
  end
end

local function replay()
  request = function()
    next_one = next_one % #made + 1
    return made[next_one]
  end
end

-- Requests are cut at the two values once, so that a request costs wrk little.
local function traced()
  local cut = {}
  for place, whole in ipairs(made) do
    local trace, id = whole:find(TRACE, 1, true), whole:find(ID, 1, true)
    local first, second = math.min(trace, id), math.max(trace, id)
    local ends = { [trace] = trace + #TRACE, [id] = id + #ID }
    cut[place] = { whole:sub(1, first - 1), whole:sub(ends[first], second - 1), whole:sub(ends[second]), trace < id }
  end
  local run = os.time() % 0x1000000
  request = function()
    next_one = next_one + 1
    local parts = cut[next_one % #cut + 1]
    local trace = string.format("00-%016x%016x-%016x-01", run, next_one, next_one)
    local id = string.format("%08x-0000-4000-8000-%012x", run, next_one)
    if not parts[4] then trace, id = id, trace end
    return parts[1] .. trace .. parts[2] .. id .. parts[3]
  end
end

local function fresh(run, path, body)
  local flower = flowers[path]
  request = function()
    next_one = next_one + 1
    if body then return wrk.format("POST", path, nil, body:format(run, next_one)) end
    return wrk.format("POST", path, nil, flower:format(4 + run / 1000, 2 + next_one / 1000000))
  end
end

function init(args)
  local what, method = args[1], args[1] == "fresh" and "POST" or args[2]
  if method == "POST" then wrk.headers["Content-Type"] = "application/json" end
  if what == "fresh" then return fresh(tonumber(args[2]), wrk.path, args[3]) end
  if what == "traced" then wrk.headers["traceparent"], wrk.headers["x-request-id"] = TRACE, ID end
  read(method, args[3], wrk.path)
  if what == "traced" then traced() else replay() end
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    'summary {"requests":%d,"duration_us":%d,"failed":%d,"p50_us":%d,"p99_us":%d}\n',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(99)))
end

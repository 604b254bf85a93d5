-- wrk sends unique card sales: each has its own amount and its own reference.
local thread_number = 0

function setup(thread)
  thread:set("number", thread_number)
  thread_number = thread_number + 1
end

function init(args)
  sent = 0
  headers = {
    ["api-key"] = "mock-key",
    ["api-secret"] = "mock-secret",
    ["Content-Type"] = "application/json",
    ["Accept"] = "application/json",
  }
  run = os.time() % 1000000
end

function request()
  sent = sent + 1
  local reference = string.format("LT-%06d-%d-%08d", run, number, sent)
  local body = string.format(
    '{"Outlet":{"MerchantID":"TESTMERCH","StoreID":"0001","TerminalID":"0001"},' ..
    '"PaymentMethod":"Card","Amount":"%d.00",' ..
    '"Card":{"EntryMode":"key","CardNumber":"4111111111111111","Expiration":"12/39","CVN":"123"},' ..
    '"Patient":{"AccountNumber":"%s","FirstName":"Load","LastName":"Test"},"AdditionalInfo1":"%s"}',
    1 + sent % 900, reference, reference)
  return wrk.format("POST", nil, headers, body)
end

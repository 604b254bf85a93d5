-- One and the same card sale, for wrk.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["api-key"] = "key"
wrk.headers["api-secret"] = "secret"
wrk.body = '{"Outlet":{"MerchantID":"TESTMERCH","StoreID":"0001","TerminalID":"0001"},"PaymentMethod":"Card",' ..
  '"Amount":"123.45","Card":{"EntryMode":"key","CardNumber":"4111111111111111","Expiration":"12/29","CVN":"123"},' ..
  '"Patient":{"AccountNumber":"k3x9ab-5-0-0","FirstName":"ALEX","LastName":"BIRCH"},"AdditionalInfo1":"k3x9ab-5-0-0"}'

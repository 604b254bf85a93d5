-- Eligibility as X12 and typed, claim status, and (with the argument "sales") card sales, in turn.
local number = 0
local with_sales = false
local soap = {
  ["Content-Type"] = "text/xml; charset=utf-8",
  ["Authorization"] = "Basic bW9jay11c2VyOm1vY2stcGFzc3dvcmQ=",
}
local rest = { ["Content-Type"] = "application/json", ["api-key"] = "mock-key", ["api-secret"] = "mock-secret" }
local open = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
local close = "</s:Body></s:Envelope>"

init = function(arguments)
  with_sales = arguments[1] == "sales"
end

local function interchange(control, functional, version, body)
  return "ISA*00*          *00*          *ZZ*CLINIC01       *ZZ*GATEWAY        *261121*1200*^*00501*" .. control
    .. "*0*T*:~GS*" .. functional .. "*CLINIC01*GATEWAY*20261121*1200*77*X*" .. version .. "~" .. body
    .. "GE*1*77~IEA*1*" .. control .. "~"
end

local function edi(operation, text)
  return open .. "<" .. operation .. ' xmlns="http://www.instamed.com/"><requestEDI>' .. text .. "</requestEDI></"
    .. operation .. ">" .. close
end

request = function()
  number = number + 1
  local id = string.format("%09d", number)
  local payer = string.format("PAYER%02d", number % 40)
  local turn = number % (with_sales and 4 or 3)
  if turn == 0 then
    return wrk.format("POST", "/healthcare/service.asmx", soap, edi("DoEligibilityInquiryEDI", interchange(id, "HS",
      "005010X279A1", "ST*270*0042*005010X279A1~BHT*0022*13*REF" .. id .. "*20261121*1200~HL*1**20*1~NM1*PR*2*TEST PAYER*****PI*"
      .. payer .. "~HL*2*1*21*1~NM1*1P*2*LOAD CLINIC*****XX*1234567893~HL*3*2*22*0~TRN*1*T" .. id
      .. "*9LOADTEST1~NM1*IL*1*DOE*JANE****MI*W" .. id
      .. "~DMG*D8*19800101*F~DTP*291*D8*20261121~EQ*30~SE*13*0042~")))
  elseif turn == 1 then
    return wrk.format("POST", "/healthcare/service.asmx", soap, edi("DoClaimStatusInquiryEDI", interchange(id, "HR",
      "005010X212", "ST*276*0043*005010X212~BHT*0010*13*REF" .. id .. "*20261121*1200~HL*1**20*1~NM1*PR*2*TEST PAYER*****PI*"
      .. payer .. "~HL*2*1*21*1~NM1*41*2*LOAD BILLING*****46*X67E~HL*3*2*19*1~NM1*1P*2*LOAD CLINIC*****XX*1234567893~"
      .. "HL*4*3*22*0~NM1*IL*1*DOE*JANE****MI*W" .. id .. "~TRN*1*T" .. id
      .. "~REF*EJ*PCN1~AMT*T3*211~DTP*472*D8*20261015~SE*15*0043~")))
  elseif turn == 2 then
    return wrk.format("POST", "/healthcare/service.asmx", soap, open
      .. '<DoEligibilityInquiry xmlns="http://www.instamed.com/"><request><RecipientID>' .. payer
      .. "</RecipientID><RecipientIDQualifier>PI</RecipientIDQualifier><RecipientName>TEST</RecipientName>"
      .. "<PatientRelationship>18</PatientRelationship><ProviderID1>1234567893</ProviderID1>"
      .. "<ProviderIDQualifier1>XX</ProviderIDQualifier1><SubscriberID>W" .. id
      .. "</SubscriberID></request></DoEligibilityInquiry>" .. close)
  end
  return wrk.format("POST", "/rest/payment/sale", rest,
    '{"Outlet":{"MerchantID":"M","StoreID":"1","TerminalID":"1"},"PaymentMethod":"Card","Amount":"25.00","Card":'
    .. '{"EntryMode":"key","CardNumber":"4111111111111111","Expiration":"12/39"},"AdditionalInfo1":"I' .. id .. '"}')
end

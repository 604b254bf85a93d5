-- One 270 after another in a SOAP 1.1 call, each with its own member, trace and control number.
local number = 0
local headers = {
  ["Content-Type"] = "text/xml; charset=utf-8",
  ["Authorization"] = "Basic bW9jay11c2VyOm1vY2stcGFzc3dvcmQ=",
}
local head = '<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
  .. '<DoEligibilityInquiryEDI xmlns="http://www.instamed.com/"><requestEDI>'
local tail = '</requestEDI></DoEligibilityInquiryEDI></s:Body></s:Envelope>'

request = function()
  number = number + 1
  local control = string.format("%09d", number)
  local edi = "ISA*00*          *00*          *ZZ*CLINIC01       *ZZ*GATEWAY        *261121*1200*^*00501*" .. control
    .. "*0*T*:~GS*HS*CLINIC01*GATEWAY*20261121*1200*77*X*005010X279A1~ST*270*0042*005010X279A1~BHT*0022*13*REF"
    .. control .. "*20261121*1200~HL*1**20*1~NM1*PR*2*TEST PAYER*****PI*PAYER0" .. (number % 9)
    .. "~HL*2*1*21*1~NM1*1P*2*LOAD CLINIC*****XX*1234567893~HL*3*2*22*0~TRN*1*T" .. control
    .. "*9LOADTEST1~NM1*IL*1*DOE*JANE****MI*W" .. control
    .. "~DMG*D8*19800101*F~DTP*291*D8*20261121~EQ*30~SE*13*0042~GE*1*77~IEA*1*" .. control .. "~"
  return wrk.format("POST", nil, headers, head .. edi .. tail)
end

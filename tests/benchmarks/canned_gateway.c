/* The canned gateway of canned_gateway.py over plain TCP. In Python it is the slower side by far, and works so much
 * beside the client that it is felt there where two cores share a cache. Prints its port. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { MOST_CONNECTIONS = 4096, BUFFER = 65536, EVENTS = 256 };

struct part { const char *at; int length; };

static char *pending[MOST_CONNECTIONS];
static int filled[MOST_CONNECTIONS];
static char reply[BUFFER], body[BUFFER], date[64];
static unsigned long long count;
static int connected;

static struct part between(const char *text, const char *before, char after) {
    const char *start = strstr(text, before);
    if (!start) return (struct part){"", 0};
    start += strlen(before);
    while (*start == ' ') start++;
    const char *end = strchr(start, after);
    return (struct part){start, end ? (int)(end - start) : 0};
}

static int write_reply(const char *asked) {
    const char *kind;
    int length;
    count++;
    if (*asked == '{') {
        struct part amount = between(asked, "\"Amount\":", ','), account = between(asked, "\"AdditionalInfo1\":", '}');
        kind = "application/json";
        length = snprintf(body, BUFFER,
            "{\"TransactionID\":\"%032llx\",\"TransactionStatus\":\"C\",\"ResponseCode\":\"000\","
            "\"ResponseMessage\":\"APPROVAL\",\"AuthorizationNumber\":\"9325B5\",\"IsPartiallyApproved\":false,"
            "\"PartialApprovalAmount\":null,\"Amount\":%.*s,\"AdditionalInfo1\":%.*s}",
            count, amount.length, amount.at, account.length, account.at);
    } else {
        struct part trace = between(asked, "~TRN*1*", '*'), person = between(asked, "~NM1*IL", '~');
        kind = "text/xml; charset=utf-8";
        length = snprintf(body, BUFFER,
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>"
            "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body>"
            "<DoEligibilityInquiryEDIResponse xmlns=\"http://www.instamed.com/\"><DoEligibilityInquiryEDIResult>"
            "ISA*00*          *00*          *ZZ*INSTAMED       *ZZ*SLAGATE        *261122*0057*^*00501*823369874*0*T*:~"
            "GS*HB*INSTAMED*SLAGATE*20261122*0057*823369874*X*005010X279A1~ST*271*0001*005010X279A1~"
            "BHT*0022*11*%.*s*20261122*0057~HL*1**20*1~NM1*PR*2*TEST PAYER*****PI*PAYER03~HL*2*1*21*1~"
            "NM1*1P*2*LOAD CLINIC*****XX*1234567893~HL*3*2*22*0~TRN*2*%.*s*9SLAGATE00~NM1*IL%.*s~N3*12 ELM ST~"
            "N4*SPRINGFIELD*IL*62701~DMG*D8*19630519*F~DTP*346*D8*20260101~EB*1**30**COMMUNITY HMO~"
            "EB*C*IND*30***23*2500*****Y~EB*C*IND*30***29*1000*****Y~EB*G*IND*30***23*4500*****Y~"
            "EB*G*IND*30***29*3600*****Y~EB*1**1~EB*1**33~EB*1**35~EB*1**47~EB*1**48~EB*1**50~EB*1**86~EB*1**88~"
            "EB*1**98~SE*28*0001~GE*1*823369874~IEA*1*823369874~"
            "</DoEligibilityInquiryEDIResult></DoEligibilityInquiryEDIResponse></soap:Body></soap:Envelope>",
            trace.length, trace.at, trace.length, trace.at, person.length, person.at);
    }
    int head = snprintf(reply, BUFFER,
        "HTTP/1.1 200 OK\r\nServer: canned\r\nDate: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n"
        "Connection: keep-alive\r\n\r\n", date, kind, length);
    memcpy(reply + head, body, (size_t)length);
    return head + length;
}

static void answer(int line) {
    char *data = pending[line];
    ssize_t got = recv(line, data + filled[line], (size_t)(BUFFER - 1 - filled[line]), 0);
    if (got <= 0) {
        close(line);
        filled[line] = 0;
        connected--;
        return;
    }
    filled[line] += (int)got;
    data[filled[line]] = 0;
    char *end = strstr(data, "\r\n\r\n");
    char *length = strcasestr(data, "content-length:");
    if (!end || !length || filled[line] < end + 4 - data + atoi(length + 15)) return;
    filled[line] = 0;
    int size = write_reply(end + 4);
    if (send(line, reply, (size_t)size, MSG_NOSIGNAL) != size) shutdown(line, SHUT_RDWR);
}

int main(void) {
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof place;
    int listener = socket(AF_INET, SOCK_STREAM, 0), poll = epoll_create1(0), one = 1;
    struct epoll_event wanted = {.events = EPOLLIN, .data.fd = listener}, events[EVENTS];
    if (bind(listener, (struct sockaddr *)&place, size) || listen(listener, 1024)) return 1;
    getsockname(listener, (struct sockaddr *)&place, &size);
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &wanted);
    printf("%d\n", ntohs(place.sin_port));
    fflush(stdout);
    for (time_t dated = 0;;) {
        /* never asleep while somebody is connected: waking it would be at the expense of the client that sends */
        int ready = epoll_wait(poll, events, EVENTS, connected ? 0 : -1);
        time_t now = time(NULL);
        if (now != dated) strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime(&now)), dated = now;
        for (int each = 0; each < ready; each++) {
            int line = events[each].data.fd;
            if (line != listener) {
                answer(line);
                continue;
            }
            line = accept(listener, NULL, NULL);
            if (line < 0 || line >= MOST_CONNECTIONS) return 1;
            setsockopt(line, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            connected++;
            if (!pending[line]) pending[line] = malloc(BUFFER);
            wanted.data.fd = line;
            epoll_ctl(poll, EPOLL_CTL_ADD, line, &wanted);
        }
    }
}

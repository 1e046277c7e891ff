// What DNS answers say, as lists of texts: the records of one type in a message. Pure; the bytes
// come from outside.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace higuma::net {

enum class DnsType { a, aaaa, caa, cname, mx, ns, ptr, soa, srv, txt };

// "A", "AAAA", ...; none for another word.
std::optional<DnsType> dns_type_from(std::string_view text);
int wire_number(DnsType type);

struct DnsRecords {
    std::string text;                 // all of them, in the words of Uptime Kuma's beats
    std::vector<std::string> values;  // what conditions look at: an address, a name, a text
};

// `status` is one of c-ares: ARES_SUCCESS, or what is wrong with the message, or that it holds no
// such record.
struct DnsReading {
    int status = 0;
    DnsRecords records;
};
DnsReading read_dns_answer(DnsType type, std::span<const unsigned char> message);

// "1.2.3.4" -> "4.3.2.1.in-addr.arpa"; none for what is no address.
std::optional<std::string> reverse_name(std::string_view address);

// "queryA ENOTFOUND name", as Node.js writes a failed question.
std::string dns_failure_text(DnsType type, int status, std::string_view name);

}  // namespace higuma::net

#include "net/dns_records.hpp"

#include <ares.h>
#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <netdb.h>

#include <array>
#include <boost/asio/ip/address.hpp>
#include <memory>

namespace higuma::net {

namespace {

constexpr std::string_view kBetween = " | ";

struct HostDeleter {
    void operator()(hostent* host) const { ares_free_hostent(host); }
};
struct DataDeleter {
    void operator()(void* data) const { ares_free_data(data); }
};
using Host = std::unique_ptr<hostent, HostDeleter>;
template <class T>
using Data = std::unique_ptr<T, DataDeleter>;

struct Message {
    const unsigned char* bytes;
    int size;
};

std::string address_text(int family, const void* bytes) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(family, bytes, text.data(), text.size());
    return text.data();
}

std::string joined(const std::vector<std::string>& values) {
    return fmt::format("{}", fmt::join(values, kBetween));
}

DnsReading listed(std::string_view title, std::vector<std::string> values) {
    if (values.empty()) return {ARES_ENODATA, {}};
    return {ARES_SUCCESS, {fmt::format("{}: {}", title, joined(values)), std::move(values)}};
}

DnsReading read_a(Message message) {
    std::array<ares_addrttl, 256> found;
    int count = found.size();
    const int status =
        ares_parse_a_reply(message.bytes, message.size, nullptr, found.data(), &count);
    if (status != ARES_SUCCESS) return {status, {}};
    std::vector<std::string> values;
    for (int i = 0; i < count; ++i) values.push_back(address_text(AF_INET, &found[i].ipaddr));
    return listed("Records", std::move(values));
}

DnsReading read_aaaa(Message message) {
    std::array<ares_addr6ttl, 256> found;
    int count = found.size();
    const int status =
        ares_parse_aaaa_reply(message.bytes, message.size, nullptr, found.data(), &count);
    if (status != ARES_SUCCESS) return {status, {}};
    std::vector<std::string> values;
    for (int i = 0; i < count; ++i) values.push_back(address_text(AF_INET6, &found[i].ip6addr));
    return listed("Records", std::move(values));
}

DnsReading read_cname(Message message) {
    hostent* raw = nullptr;
    const int status = ares_parse_a_reply(message.bytes, message.size, &raw, nullptr, nullptr);
    const Host host(raw);
    if (status != ARES_SUCCESS) return {status, {}};
    const std::string name = host && host->h_name ? host->h_name : "";
    if (name.empty()) return {ARES_ENODATA, {}};
    return {ARES_SUCCESS, {name, {name}}};
}

std::vector<std::string> aliases_of(const hostent& host) {
    std::vector<std::string> names;
    for (char** alias = host.h_aliases; alias && *alias; ++alias) names.emplace_back(*alias);
    return names;
}

DnsReading read_ns(Message message) {
    hostent* raw = nullptr;
    const int status = ares_parse_ns_reply(message.bytes, message.size, &raw);
    const Host host(raw);
    if (status != ARES_SUCCESS || !host) return {status, {}};
    return listed("Servers", aliases_of(*host));
}

DnsReading read_ptr(Message message) {
    hostent* raw = nullptr;
    const int status = ares_parse_ptr_reply(message.bytes, message.size, nullptr, 0, AF_INET, &raw);
    const Host host(raw);
    if (status != ARES_SUCCESS || !host) return {status, {}};
    return listed("Records", aliases_of(*host));
}

// Only `issue` properties are shown and compared, as Uptime Kuma does.
DnsReading read_caa(Message message) {
    ares_caa_reply* raw = nullptr;
    const int status = ares_parse_caa_reply(message.bytes, message.size, &raw);
    const Data<ares_caa_reply> list(raw);
    if (status != ARES_SUCCESS) return {status, {}};
    DnsRecords records;
    for (const auto* each = list.get(); each; each = each->next) {
        const std::string_view property(reinterpret_cast<const char*>(each->property),
                                        each->plength);
        if (property != "issue" || each->length == 0) continue;
        records.values.emplace_back(reinterpret_cast<const char*>(each->value), each->length);
    }
    records.text = "Records: " + joined(records.values);
    return {ARES_SUCCESS, std::move(records)};
}

DnsReading read_mx(Message message) {
    ares_mx_reply* raw = nullptr;
    const int status = ares_parse_mx_reply(message.bytes, message.size, &raw);
    const Data<ares_mx_reply> list(raw);
    if (status != ARES_SUCCESS) return {status, {}};
    DnsRecords records;
    std::vector<std::string> lines;
    for (const auto* each = list.get(); each; each = each->next) {
        lines.push_back(fmt::format("Hostname: {} - Priority: {}", each->host, each->priority));
        records.values.emplace_back(each->host);
    }
    records.text = joined(lines);
    return {records.values.empty() ? ARES_ENODATA : ARES_SUCCESS, std::move(records)};
}

DnsReading read_soa(Message message) {
    ares_soa_reply* raw = nullptr;
    const int status = ares_parse_soa_reply(message.bytes, message.size, &raw);
    const Data<ares_soa_reply> soa(raw);
    if (status != ARES_SUCCESS || !soa) return {status, {}};
    return {ARES_SUCCESS,
            {fmt::format("NS-Name: {} | Hostmaster: {} | Serial: {} | Refresh: {} | Retry: {} | "
                         "Expire: {} | MinTTL: {}",
                         soa->nsname, soa->hostmaster, soa->serial, soa->refresh, soa->retry,
                         soa->expire, soa->minttl),
             {soa->nsname}}};
}

DnsReading read_srv(Message message) {
    ares_srv_reply* raw = nullptr;
    const int status = ares_parse_srv_reply(message.bytes, message.size, &raw);
    const Data<ares_srv_reply> list(raw);
    if (status != ARES_SUCCESS) return {status, {}};
    DnsRecords records;
    std::vector<std::string> lines;
    for (const auto* each = list.get(); each; each = each->next) {
        lines.push_back(fmt::format("Name: {} | Port: {} | Priority: {} | Weight: {}", each->host,
                                    each->port, each->priority, each->weight));
        records.values.emplace_back(each->host);
    }
    records.text = joined(lines);
    return {records.values.empty() ? ARES_ENODATA : ARES_SUCCESS, std::move(records)};
}

// A record's chunks are compared one by one and shown with commas between them.
DnsReading read_txt(Message message) {
    ares_txt_ext* raw = nullptr;
    const int status = ares_parse_txt_reply_ext(message.bytes, message.size, &raw);
    const Data<ares_txt_ext> list(raw);
    if (status != ARES_SUCCESS) return {status, {}};
    DnsRecords records;
    std::vector<std::string> lines;
    for (const auto* each = list.get(); each; each = each->next) {
        std::string chunk(reinterpret_cast<const char*>(each->txt), each->length);
        if (each->record_start || lines.empty()) {
            lines.push_back(chunk);
        } else {
            lines.back() += "," + chunk;
        }
        records.values.push_back(std::move(chunk));
    }
    records.text = "Records: " + joined(lines);
    return {records.values.empty() ? ARES_ENODATA : ARES_SUCCESS, std::move(records)};
}

struct TypeRow {
    DnsType type;
    std::string_view name;      // in `dns_resolve_type`
    std::string_view question;  // in Node.js's messages
    int number;
    DnsReading (*read)(Message);
};

constexpr std::array kTypes{
    TypeRow{DnsType::a, "A", "queryA", 1, read_a},
    TypeRow{DnsType::aaaa, "AAAA", "queryAaaa", 28, read_aaaa},
    TypeRow{DnsType::caa, "CAA", "queryCaa", 257, read_caa},
    TypeRow{DnsType::cname, "CNAME", "queryCname", 5, read_cname},
    TypeRow{DnsType::mx, "MX", "queryMx", 15, read_mx},
    TypeRow{DnsType::ns, "NS", "queryNs", 2, read_ns},
    TypeRow{DnsType::ptr, "PTR", "getHostByAddr", 12, read_ptr},
    TypeRow{DnsType::soa, "SOA", "querySoa", 6, read_soa},
    TypeRow{DnsType::srv, "SRV", "querySrv", 33, read_srv},
    TypeRow{DnsType::txt, "TXT", "queryTxt", 16, read_txt},
};

const TypeRow& row_of(DnsType type) { return kTypes[static_cast<std::size_t>(type)]; }

std::string_view status_name(int status) {
    switch (status) {
        case ARES_ENODATA:
            return "ENODATA";
        case ARES_EFORMERR:
            return "EFORMERR";
        case ARES_ESERVFAIL:
            return "ESERVFAIL";
        case ARES_ENOTFOUND:
            return "ENOTFOUND";
        case ARES_ENOTIMP:
            return "ENOTIMP";
        case ARES_EREFUSED:
            return "EREFUSED";
        case ARES_EBADNAME:
            return "EBADNAME";
        case ARES_EBADRESP:
            return "EBADRESP";
        case ARES_ECONNREFUSED:
            return "ECONNREFUSED";
        case ARES_ETIMEOUT:
            return "ETIMEOUT";
        case ARES_ECANCELLED:
            return "ECANCELLED";
        default:
            return "EUNKNOWN";
    }
}

}  // namespace

std::optional<DnsType> dns_type_from(std::string_view text) {
    for (const auto& row : kTypes) {
        if (row.name == text) return row.type;
    }
    return std::nullopt;
}

int wire_number(DnsType type) { return row_of(type).number; }

DnsReading read_dns_answer(DnsType type, std::span<const unsigned char> message) {
    return row_of(type).read({message.data(), static_cast<int>(message.size())});
}

std::optional<std::string> reverse_name(std::string_view address) {
    boost::system::error_code error;
    const auto parsed = boost::asio::ip::make_address(std::string(address), error);
    if (error) return std::nullopt;
    if (parsed.is_v4()) {
        const auto bytes = parsed.to_v4().to_bytes();
        return fmt::format("{}.{}.{}.{}.in-addr.arpa", bytes[3], bytes[2], bytes[1], bytes[0]);
    }
    std::string name;
    const auto bytes = parsed.to_v6().to_bytes();
    for (std::size_t i = bytes.size(); i-- > 0;) {
        name += fmt::format("{:x}.{:x}.", bytes[i] & 0xF, bytes[i] >> 4);
    }
    return name + "ip6.arpa";
}

std::string dns_failure_text(DnsType type, int status, std::string_view name) {
    return fmt::format("{} {} {}", row_of(type).question, status_name(status), name);
}

}  // namespace higuma::net

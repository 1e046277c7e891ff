#include "net/tls_peer.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/address.hpp>
#include <boost/json.hpp>

namespace higuma::net {
namespace json = boost::json;

namespace {

constexpr std::size_t kMaxChain = 16;

template <auto Function>
struct Freed {
    template <class T>
    void operator()(T* object) const {
        Function(object);
    }
};
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using Names = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>>;
using KeyUsage = std::unique_ptr<EXTENDED_KEY_USAGE, Freed<EXTENDED_KEY_USAGE_free>>;

std::string text_of(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

std::string text_of(const ASN1_STRING* value) {
    unsigned char* utf8 = nullptr;
    const int size = ASN1_STRING_to_UTF8(&utf8, value);
    if (size < 0) return {};
    std::string text(reinterpret_cast<char*>(utf8), static_cast<std::size_t>(size));
    OPENSSL_free(utf8);
    return text;
}

// {"C":"DE","O":"...","CN":"..."}; a repeated part becomes an array.
json::object name_json(const X509_NAME* name) {
    json::object parts;
    for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
        const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
        const int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
        char dotted[80] = {};
        if (nid == NID_undef) {
            OBJ_obj2txt(dotted, sizeof dotted, X509_NAME_ENTRY_get_object(entry), 1);
        }
        const std::string_view key = nid == NID_undef ? dotted : OBJ_nid2sn(nid);
        const std::string value = text_of(X509_NAME_ENTRY_get_data(entry));
        json::value& part = parts[key];
        if (part.is_null()) {
            part = value;
        } else {
            if (!part.is_array()) part = json::array{part};
            part.get_array().emplace_back(value);
        }
    }
    return parts;
}

std::string fingerprint_of(const X509* certificate, const EVP_MD* digest) {
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    if (X509_digest(certificate, digest, bytes, &size) != 1) return {};
    std::string text;
    for (unsigned int i = 0; i < size; ++i) {
        text += fmt::format("{}{:02X}", i == 0 ? "" : ":", bytes[i]);
    }
    return text;
}

// "Nov 22 10:41:29 2026 GMT".
std::string time_text(const ASN1_TIME* time) {
    const Bio bio(BIO_new(BIO_s_mem()));
    if (!bio || ASN1_TIME_print(bio.get(), time) != 1) return {};
    return text_of(bio.get());
}

std::optional<WallTime> wall_time(const ASN1_TIME* time) {
    std::tm broken{};
    if (ASN1_TIME_to_tm(time, &broken) != 1) return std::nullopt;
    return WallTime{Seconds{timegm(&broken)}};
}

std::string ip_text(const ASN1_OCTET_STRING* octets) {
    namespace ip = boost::asio::ip;
    const unsigned char* data = ASN1_STRING_get0_data(octets);
    const int size = ASN1_STRING_length(octets);
    if (size == 4) {
        ip::address_v4::bytes_type bytes;
        std::copy_n(data, 4, bytes.begin());
        return ip::address_v4(bytes).to_string();
    }
    if (size == 16) {
        ip::address_v6::bytes_type bytes;
        std::copy_n(data, 16, bytes.begin());
        return ip::address_v6(bytes).to_string();
    }
    return "<invalid>";
}

struct AltNames {
    std::vector<std::string> dns, ip, uri;
    std::string text;                    // "DNS:a, IP Address:127.0.0.1"
    std::vector<std::string> valid_for;  // the same without the kinds
};

AltNames alt_names(const X509* certificate) {
    AltNames found;
    const Names names(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    const auto add = [&found](std::string_view kind, const std::string& value,
                              std::vector<std::string>* of_kind) {
        if (!found.text.empty()) found.text += ", ";
        found.text += fmt::format("{}:{}", kind, value);
        if (of_kind) of_kind->push_back(value);
        const bool plain = kind == "DNS" || kind == "IP Address";
        found.valid_for.push_back(plain ? value : fmt::format("{}:{}", kind, value));
    };
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
        if (name->type == GEN_DNS) add("DNS", text_of(name->d.dNSName), &found.dns);
        if (name->type == GEN_IPADD) add("IP Address", ip_text(name->d.iPAddress), &found.ip);
        if (name->type == GEN_URI) {
            add("URI", text_of(name->d.uniformResourceIdentifier), &found.uri);
        }
        if (name->type == GEN_EMAIL) add("email", text_of(name->d.rfc822Name), nullptr);
    }
    return found;
}

json::array key_usage_json(const X509* certificate) {
    json::array purposes;
    const KeyUsage usage(static_cast<EXTENDED_KEY_USAGE*>(
        X509_get_ext_d2i(certificate, NID_ext_key_usage, nullptr, nullptr)));
    for (int i = 0; usage && i < sk_ASN1_OBJECT_num(usage.get()); ++i) {
        char dotted[80] = {};
        OBJ_obj2txt(dotted, sizeof dotted, sk_ASN1_OBJECT_value(usage.get(), i), 1);
        purposes.emplace_back(dotted);
    }
    return purposes;
}

std::string serial_text(const X509* certificate) {
    const std::unique_ptr<BIGNUM, Freed<BN_free>> number(
        ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
    if (!number) return {};
    char* hex = BN_bn2hex(number.get());
    if (!hex) return {};
    std::string text(hex);
    OPENSSL_free(hex);
    return text;
}

json::object certificate_json(const X509* certificate, std::string_view kind, WallTime now) {
    json::object info;
    info["subject"] = name_json(X509_get_subject_name(certificate));
    info["issuer"] = name_json(X509_get_issuer_name(certificate));
    const AltNames names = alt_names(certificate);
    if (!names.text.empty()) info["subjectaltname"] = names.text;
    info["ca"] = X509_check_ca(const_cast<X509*>(certificate)) == 1;
    if (const EVP_PKEY* key = X509_get0_pubkey(certificate)) info["bits"] = EVP_PKEY_get_bits(key);
    info["valid_from"] = time_text(X509_get0_notBefore(certificate));
    info["valid_to"] = time_text(X509_get0_notAfter(certificate));
    info["fingerprint"] = fingerprint_of(certificate, EVP_sha1());
    info["fingerprint256"] = fingerprint_of(certificate, EVP_sha256());
    info["fingerprint512"] = fingerprint_of(certificate, EVP_sha512());
    if (auto purposes = key_usage_json(certificate); !purposes.empty()) {
        info["ext_key_usage"] = std::move(purposes);
    }
    info["serialNumber"] = serial_text(certificate);
    if (const auto end = wall_time(X509_get0_notAfter(certificate))) {
        info["validTo"] = format_iso_time(*end);
        if (!names.valid_for.empty()) info["validFor"] = json::value_from(names.valid_for);
        info["daysRemaining"] = std::chrono::duration_cast<std::chrono::days>(*end - now).count();
    }
    info["certType"] = kind;
    return info;
}

bool is_address(const std::string& host) {
    boost::system::error_code error;
    boost::asio::ip::make_address(host, error);
    return !error;
}

std::string joined(const std::vector<std::string>& names, std::string_view before) {
    std::string text;
    for (const auto& name : names)
        text += fmt::format("{}{}{}", text.empty() ? "" : ", ", before, name);
    return text;
}

}  // namespace

std::shared_ptr<const TlsPeer> TlsPeer::of(SSL* connection) {
    auto peer = std::make_shared<TlsPeer>();
    Certificate own(SSL_get1_peer_certificate(connection));
    if (!own) return nullptr;
    peer->verify_result_ = SSL_get_verify_result(connection);
    peer->chain_.push_back(std::move(own));
    // What was verified has the root that the server need not send; else what the server sent.
    const STACK_OF(X509)* chain = SSL_get0_verified_chain(connection);
    if (!chain) chain = SSL_get_peer_cert_chain(connection);
    for (int i = 1; chain && i < sk_X509_num(chain) && peer->chain_.size() < kMaxChain; ++i) {
        X509* issuer = sk_X509_value(chain, i);
        if (X509_check_issued(issuer, peer->chain_.back().get()) != X509_V_OK) break;
        X509_up_ref(issuer);
        peer->chain_.emplace_back(issuer);
    }
    return peer;
}

std::string TlsPeer::verify_text() const {
    // libcurl accepts partial chains, which hides OpenSSL's second complaint of a lone certificate.
    const bool lone =
        chain_.size() == 1 && verify_result_ == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
    return X509_verify_cert_error_string(lone ? X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE
                                              : verify_result_);
}

bool TlsPeer::matches_host(const std::string& host) const {
    X509* own = chain_.front().get();
    if (is_address(host)) return X509_check_ip_asc(own, host.c_str(), 0) == 1;
    return X509_check_host(own, host.c_str(), host.size(), 0, nullptr) == 1;
}

std::string TlsPeer::fingerprint() const {
    return fingerprint_of(chain_.front().get(), EVP_sha256());
}

std::string TlsPeer::info_json(const std::string& host, WallTime now) const {
    json::value issuer = nullptr;
    // From the root down, as each holds its issuer. What signs itself has none, the end of a chain
    // whose root is not known says nothing of it.
    for (std::size_t i = chain_.size(); i-- > 0;) {
        const bool is_last = i + 1 == chain_.size();
        X509* certificate = chain_[i].get();
        const std::string_view kind = is_last ? (i == 0 ? "self-signed" : "root CA")
                                              : (i == 0 ? "server" : "intermediate CA");
        json::object info = certificate_json(certificate, kind, now);
        if (!is_last) {
            info["issuerCertificate"] = std::move(issuer);
        } else if (X509_check_issued(certificate, certificate) == X509_V_OK) {
            info["issuerCertificate"] = nullptr;
        }
        issuer = std::move(info);
    }
    const bool host_matches = host.empty() || matches_host(host);
    json::object all;
    all["valid"] = verify_result_ == X509_V_OK && host_matches;
    all["certInfo"] = std::move(issuer);
    all["hostnameMatchMonitorUrl"] = host_matches;
    return json::serialize(all);
}

std::string TlsPeer::mismatch_text(const std::string& host) const {
    const AltNames names = alt_names(chain_.front().get());
    const std::string_view start = "Hostname/IP does not match certificate's altnames: ";
    if (is_address(host)) {
        return fmt::format("{}IP: {} is not in the cert's list: {}", start, host,
                           joined(names.ip, ""));
    }
    if (!names.dns.empty() || !names.ip.empty()) {
        return fmt::format("{}Host: {}. is not in the cert's altnames: {}", start, host,
                           names.text);
    }
    const json::object subject = name_json(X509_get_subject_name(chain_.front().get()));
    const json::value* common = subject.if_contains("CN");
    if (!common || !common->is_string()) {
        return fmt::format("{}Cert does not contain a DNS name", start);
    }
    return fmt::format("{}Host: {}. is not cert's CN: {}", start, host,
                       std::string_view(common->get_string()));
}

}  // namespace higuma::net

// What a server showed of itself at a TLS handshake: its certificates and what verifying them said.
// As JSON it is what Uptime Kuma keeps of a certificate.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace higuma::net {

class TlsPeer {
  public:
    // After a full handshake; none when the server showed no certificate.
    static std::shared_ptr<const TlsPeer> of(SSL* connection);

    // X509_V_OK, or the last thing that was wrong with the chain.
    long verify_result() const { return verify_result_; }
    // That in words, as Node.js has them.
    std::string verify_text() const;
    bool matches_host(const std::string& host) const;
    std::string fingerprint() const;  // SHA-256 of the server's certificate, "AA:BB:..."

    // {"valid":...,"certInfo":{...},"hostnameMatchMonitorUrl":...}: monitor_tls_info.info_json.
    std::string info_json(const std::string& host, WallTime now) const;
    // "Hostname/IP does not match certificate's altnames: ...", as Node.js words it.
    std::string mismatch_text(const std::string& host) const;

  private:
    struct Free {
        void operator()(X509* certificate) const { X509_free(certificate); }
    };
    using Certificate = std::unique_ptr<X509, Free>;

    std::vector<Certificate> chain_;  // the server's own first, then issuers; at most kMaxChain
    long verify_result_ = X509_V_OK;
};

}  // namespace higuma::net

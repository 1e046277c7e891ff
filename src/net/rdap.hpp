// RDAP: asks the registry of a domain when its registration ends. Which registry answers for which
// top-level domain says IANA's directory, which is fetched once a week.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "net/http_client.hpp"

namespace higuma::net {

class RdapDirectory {
  public:
    // The text of https://data.iana.org/rdap/dns.json. Failures: invalid_input.
    static Result<RdapDirectory> parse(std::string_view text);
    // The address that "domain/<name>" is added to; none: the registry has no RDAP.
    std::optional<std::string> server_of(const std::string& domain) const;
    std::size_t size() const { return servers_.size(); }

  private:
    std::map<std::string, std::string, std::less<>> servers_;
};

// When the registration that an answer tells of ends; none when it does not say.
std::optional<WallTime> rdap_expiry(std::string_view answer);
// "2028-09-14T04:00:00Z", with a fraction or an offset such as "+02:00".
std::optional<WallTime> rdap_time(std::string_view text);

class RdapClient {
  public:
    RdapClient(HttpClient& http, std::shared_ptr<const Clock> clock, std::string directory_url);

    // Failures: not_found (the top-level domain has no RDAP), and those of HttpClient::send.
    Task<Result<std::optional<WallTime>>> expiry(std::string domain, Deadline deadline);

  private:
    Task<Result<void>> read_directory(Deadline deadline);

    HttpClient& http_;
    std::shared_ptr<const Clock> clock_;
    std::string directory_url_;
    std::optional<RdapDirectory> directory_;
    Instant read_again_{};
};

}  // namespace higuma::net

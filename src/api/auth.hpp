// Who asks: passwords (bcrypt), API keys ("uk<id>_<40 characters>", stored as bcrypt) and JWTs
// (HS256 with Uptime Kuma's `jwtSecret`). Hashing runs on a bounded pool of its own; verified keys
// are remembered for a minute, so that a busy client does not pay for bcrypt at each request.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "store/database.hpp"

namespace higuma::api {

// Blocking (about 50 ms): call from a pool or a command, not from the main loop.
std::string bcrypt_hash(std::string_view password, int rounds = 10);
bool bcrypt_verify(std::string_view password, const std::string& hash);
std::string random_token(std::size_t characters);  // letters and digits from the system's generator

// Uptime Kuma's token: {"username","h":shake256 of the stored hash, 16 bytes hex,"iat"}.
std::string make_user_token(const std::string& secret, const std::string& username,
                            const std::string& password_hash, WallTime now);
// Ours between controller and nodes: {"iss":"higuma","sub":"controller","iat","exp"}; short-lived.
std::string make_service_token(const std::string& secret, WallTime now, Seconds valid);

struct Principal {
    enum class Kind { user, api_key, service } kind = Kind::user;
    std::string name;
    std::optional<UserId> user = std::nullopt;  // none for a service
};

class Authenticator {
  public:
    Authenticator(boost::asio::any_io_executor executor, std::shared_ptr<const Clock> clock,
                  store::Database& db);
    ~Authenticator();

    // `authorization`: "Bearer <key or JWT>", a bare key or JWT, or "Basic :<key>".
    // Failures: unauthorized (says what is wrong, not whether a user exists), overloaded (too many
    // tries: 60 failed ones a minute and address), unavailable.
    Task<Result<Principal>> authenticate(std::optional<std::string> authorization,
                                         std::string remote, Deadline deadline);
    // A JWT for user and password. Failures: unauthorized, overloaded (20 tries a minute).
    Task<Result<std::string>> login(std::string username, std::string password, std::string remote,
                                    Deadline deadline);

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace higuma::api

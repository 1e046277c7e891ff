#include <cstdio>

#include "api/auth.hpp"
#include "commands.hpp"
#include "store/users.hpp"

namespace higuma::app {

namespace {

constexpr std::size_t kKeyLength = 40;

UserId owner_of(store::Connection& db, const std::string& name) {
    if (!name.empty()) {
        const auto user = store::get_user_by_name(db, name);
        if (!user) fail_start("--user " + name, user.error());
        return user->id;
    }
    const auto user = store::first_user(db);
    if (!user) {
        throw StartupError("there is no user yet; create one with `higuma user create NAME`");
    }
    return user->id;
}

std::optional<WallTime> parse_expiry(const std::string& text) {
    if (text.empty()) return std::nullopt;
    const auto time =
        parse_time(text.find_first_of(" T") == std::string::npos ? text + " 00:00:00" : text);
    if (!time) {
        throw StartupError("--expires " + text +
                           ": not a UTC time such as \"2027-01-31 00:00:00\"");
    }
    return time;
}

}  // namespace

int run_create_api_key(const CreateApiKeyOptions& options) {
    const auto expires = parse_expiry(options.expires);
    const auto db = connect_or_throw(database_of(options.source));
    const auto clear = api::random_token(kKeyLength);
    const auto id = store::create_api_key(*db, options.name, api::bcrypt_hash(clear),
                                          owner_of(*db, options.user), expires);
    if (!id) fail_start("api key", id.error());
    // The key itself goes to standard output alone, for scripts.
    std::fprintf(stderr, "API key \"%s\"; it is shown this once:\n", options.name.c_str());
    std::printf("uk%lld_%s\n", static_cast<long long>(id->value), clear.c_str());
    return 0;
}

}  // namespace higuma::app

#include "store/secret.hpp"

#include <crypt.h>
#include <sys/random.h>

#include <array>

#include "store/sql.hpp"

namespace higuma::store {

// Random letters and digits of full strength (5 bits each).
static std::string random_text(std::size_t length) {
    static constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz234567";
    std::string bytes(length, '\0');
    invariant(::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(length),
              "no random bytes from the system");
    for (char& c : bytes) c = kLetters[static_cast<unsigned char>(c) % kLetters.size()];
    return bytes;
}

static std::string make_secret() {
    std::array<char, CRYPT_GENSALT_OUTPUT_SIZE> salt{};
    invariant(crypt_gensalt_rn("$2a$", 10, nullptr, 0, salt.data(), salt.size()) != nullptr,
              "no bcrypt in libcrypt");
    auto data = std::make_unique<crypt_data>();
    return crypt_r(random_text(64).c_str(), salt.data(), data.get());
}

Result<std::string> ensure_jwt_secret(Connection& db) {
    constexpr std::string_view read = "SELECT value FROM setting WHERE `key` = 'jwtSecret'";
    auto rows = db.query(read);
    if (!rows) return rows.error();
    if (rows->size() == 0) {
        auto made =
            db.execute(sql_format("INSERT IGNORE INTO setting (`key`, value, type) "
                                  "VALUES ('jwtSecret', ?, NULL)",
                                  make_secret()));
        if (!made) return made.error();
        rows = db.query(read);
        if (!rows) return rows.error();
    }
    return rows->string(0, 0);
}

}  // namespace higuma::store

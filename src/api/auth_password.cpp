#include <crypt.h>
#include <sys/random.h>

#include <array>
#include <memory>

#include "api/auth.hpp"
#include "api/auth_tokens.hpp"

namespace higuma::api {
namespace {

void fill_random(void* target, std::size_t bytes) {
    auto* at = static_cast<char*>(target);
    while (bytes > 0) {
        const auto got = ::getrandom(at, bytes, 0);
        if (got < 0 && errno == EINTR) continue;
        invariant(got > 0, "the system gives random bytes");
        at += got;
        bytes -= static_cast<std::size_t>(got);
    }
}

// Other methods of crypt(3) are not accepted: a stored hash must not choose a weak one.
bool is_bcrypt(const std::string& hash) {
    return hash.size() == 60 &&
           (hash.starts_with("$2a$") || hash.starts_with("$2b$") || hash.starts_with("$2y$"));
}

// Empty when crypt(3) refuses.
std::string crypt_text(std::string_view password, const std::string& setting) {
    const auto data = std::make_unique<crypt_data>();
    const std::string terminated(password);
    const char* hash = ::crypt_r(terminated.c_str(), setting.c_str(), data.get());
    return hash && hash[0] != '*' ? std::string(hash) : std::string();
}

}  // namespace

std::string bcrypt_hash(std::string_view password, int rounds) {
    std::array<char, 16> salt;
    fill_random(salt.data(), salt.size());
    std::array<char, CRYPT_GENSALT_OUTPUT_SIZE> setting{};
    const char* made =
        ::crypt_gensalt_rn("$2b$", static_cast<unsigned long>(rounds), salt.data(),
                           static_cast<int>(salt.size()), setting.data(), setting.size());
    invariant(made != nullptr, "libxcrypt makes bcrypt settings");
    auto hash = crypt_text(password, made);
    invariant(is_bcrypt(hash), "libxcrypt makes bcrypt hashes");
    return hash;
}

bool bcrypt_verify(std::string_view password, const std::string& hash) {
    // crypt(3) would end the password at a NUL.
    if (!is_bcrypt(hash) || password.find('\0') != std::string_view::npos) return false;
    return same_secret(crypt_text(password, hash), hash);
}

std::string random_token(std::size_t characters) {
    static constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    std::string token;
    std::array<std::uint8_t, 64> pool;
    while (token.size() < characters) {
        fill_random(pool.data(), pool.size());
        for (const auto byte : pool) {
            // 248 = 4 * 62: larger bytes would make the first letters more likely.
            if (byte < 248 && token.size() < characters) token.push_back(kAlphabet[byte % 62]);
        }
    }
    return token;
}

}  // namespace higuma::api

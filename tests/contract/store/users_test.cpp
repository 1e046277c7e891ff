#include "store/users.hpp"

#include <gmock/gmock.h>

#include <set>
#include <thread>

#include "contract/store/fixture.hpp"

namespace higuma::store {
namespace {

class UsersTest : public StoreTest {
  protected:
    const std::string awkward = "'); DROP TABLE user; -- \\ 日本";
};

TEST_F(UsersTest, UsersAreFoundByNameAndId) {
    EXPECT_EQ(*count_users(*db), 0);
    auto id = create_user(*db, awkward, "$2a$10$hash'");
    HIGUMA_OK(id);
    EXPECT_EQ(*count_users(*db), 1);
    auto user = get_user_by_name(*db, awkward);
    HIGUMA_OK(user);
    EXPECT_EQ(user->id, *id);
    EXPECT_EQ(user->username, awkward);
    EXPECT_EQ(user->password_hash, "$2a$10$hash'");
    EXPECT_TRUE(user->active);
    EXPECT_EQ(get_user(*db, *id)->username, awkward);
    auto twice = create_user(*db, awkward, "x");
    EXPECT_EQ(twice.error().kind, ErrorKind::conflict);
    EXPECT_EQ(twice.error().field, "username");
    EXPECT_EQ(get_user_by_name(*db, "' OR 1=1 -- ").error().kind, ErrorKind::not_found);
    EXPECT_EQ(get_user(*db, {99}).error().kind, ErrorKind::not_found);
}

TEST_F(UsersTest, ApiKeysExpireByTheDatabasesClock) {
    const auto user = *create_user(*db, "admin", "x");
    auto forever = create_api_key(*db, awkward, "hash", user, std::nullopt);
    HIGUMA_OK(forever);
    auto key = get_api_key(*db, *forever);
    HIGUMA_OK(key);
    EXPECT_EQ(key->name, awkward);
    EXPECT_EQ(key->key_hash, "hash");
    EXPECT_EQ(key->user, user);
    EXPECT_TRUE(key->active);
    EXPECT_FALSE(key->expired);
    auto old = create_api_key(*db, "old", "hash", user, parse_time("2020-01-01 00:00:00"));
    EXPECT_TRUE(get_api_key(*db, *old)->expired);
    auto later = create_api_key(*db, "later", "hash", user, parse_time("2099-01-01 00:00:00"));
    EXPECT_FALSE(get_api_key(*db, *later)->expired);
    EXPECT_EQ(get_api_key(*db, {99}).error().kind, ErrorKind::not_found);
    EXPECT_EQ(create_api_key(*db, "x", "x", {99}, std::nullopt).error().kind, ErrorKind::not_found);
}

TEST_F(UsersTest, SettingsAreReplaced) {
    EXPECT_FALSE(get_setting(*db, awkward)->has_value());
    HIGUMA_OK(set_setting(*db, awkward, "\"a'b\"", "general"));
    HIGUMA_OK(set_setting(*db, awkward, "2", "general"));
    EXPECT_EQ(*get_setting(*db, awkward), "2");
    EXPECT_EQ(number("SELECT COUNT(*) FROM setting WHERE type = 'general'"), 1);
}

TEST_F(UsersTest, TheJwtSecretIsMadeOnceWhoeverAsks) {
    run("DELETE FROM setting WHERE `key` = 'jwtSecret'");
    std::vector<std::string> secrets(4);
    std::vector<std::thread> threads;
    for (auto& secret : secrets) {
        threads.emplace_back([&] {
            Connection own(config);
            auto got = jwt_secret(own);
            if (got) secret = *got;
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(std::set<std::string>(secrets.begin(), secrets.end()).size(), 1U);
    EXPECT_EQ(secrets[0].size(), 60U);
    EXPECT_EQ(*jwt_secret(*db), secrets[0]);
}

}  // namespace
}  // namespace higuma::store

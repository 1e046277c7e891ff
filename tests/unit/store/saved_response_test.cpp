#include "store/saved_response.hpp"

#include <gtest/gtest.h>

namespace higuma::store {
namespace {

TEST(SavedResponse, ComesBackWhateverItsLength) {
    EXPECT_EQ(encode_saved_response(""), "");
    std::string text;
    for (int i = 0; i < 400; ++i) {
        text += static_cast<char>('a' + i % 26);
        EXPECT_EQ(decode_saved_response(encode_saved_response(text)), text);
    }
    const std::string large(1 << 20, 'x');
    EXPECT_EQ(decode_saved_response(encode_saved_response(large)), large);
}

TEST(SavedResponse, ReadsWhatNodeWrote) {
    // zlib.brotliCompressSync("hello").toString("base64")
    EXPECT_EQ(decode_saved_response("CwKAaGVsbG8D"), "hello");
}

TEST(SavedResponse, WhatIsNoSuchFormIsReturnedAsItIs) {
    for (const char* text : {"plain text", "abc", "====", "AAAA", "CwKAaGVs", "not*base64=="}) {
        EXPECT_EQ(decode_saved_response(text), text);
    }
}

TEST(SavedResponse, ATextThatWouldBecomeHugeIsCut) {
    std::string many = encode_saved_response(std::string(1 << 20, 'x'));
    EXPECT_LT(many.size(), 200u);
    EXPECT_LE(decode_saved_response(many).size(), (1u << 20) + 32);
}

}  // namespace
}  // namespace higuma::store

#include "store/saved_response.hpp"

#include <brotli/decode.h>
#include <brotli/encode.h>

#include <array>
#include <memory>
#include <optional>

#include "store/sql.hpp"

namespace higuma::store {

namespace {

constexpr std::size_t kColumnBytes = 65'535;
constexpr std::size_t kLongestText = 1 << 20;  // Uptime Kuma keeps no more either
constexpr std::string_view kTruncated = "... (truncated)";
// Of 11: a twentieth of the time for a tenth more bytes.
constexpr int kQuality = 5;
constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string to_base64(std::string_view bytes) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        unsigned group = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            group =
                group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
        }
        for (std::size_t k = 0; k < 4; ++k) {
            out += i + k > bytes.size() ? '=' : kDigits[group >> (18 - 6 * k) & 63];
        }
    }
    return out;
}

std::optional<std::string> from_base64(std::string_view text) {
    if (text.empty() || text.size() % 4 != 0) return std::nullopt;
    std::string out;
    out.reserve(text.size() / 4 * 3);
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    for (std::size_t i = 0; i < text.size(); i += 4) {
        unsigned group = 0;
        for (std::size_t k = 0; k < 4; ++k) {
            const bool padded = i + k >= text.size() - padding;
            const auto digit = padded ? 0 : kDigits.find(text[i + k]);
            if (digit == std::string_view::npos) return std::nullopt;
            group = group << 6 | static_cast<unsigned>(digit);
        }
        for (int shift = 16; shift >= 0; shift -= 8) out += static_cast<char>(group >> shift & 255);
    }
    for (std::size_t i = 0; i < padding; ++i) out.pop_back();
    return out;
}

std::string compressed(std::string_view text) {
    std::string out(BrotliEncoderMaxCompressedSize(text.size()) + 16, '\0');
    std::size_t size = out.size();
    const auto* input = reinterpret_cast<const std::uint8_t*>(text.data());
    const bool done =
        BrotliEncoderCompress(kQuality, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT, text.size(), input,
                              &size, reinterpret_cast<std::uint8_t*>(out.data())) == BROTLI_TRUE;
    out.resize(done ? size : 0);
    return out;
}

std::optional<std::string> decompressed(std::string_view bytes) {
    const std::unique_ptr<BrotliDecoderState, decltype(&BrotliDecoderDestroyInstance)> state(
        BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), &BrotliDecoderDestroyInstance);
    if (!state) return std::nullopt;
    std::string out;
    std::array<std::uint8_t, 16'384> buffer;
    std::size_t left = bytes.size();
    const auto* input = reinterpret_cast<const std::uint8_t*>(bytes.data());
    for (;;) {
        std::size_t room = buffer.size();
        auto* end = buffer.data();
        const auto result =
            BrotliDecoderDecompressStream(state.get(), &left, &input, &room, &end, nullptr);
        out.append(buffer.begin(), end);
        if (result == BROTLI_DECODER_RESULT_SUCCESS || out.size() > kLongestText) return out;
        if (result != BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) return std::nullopt;
    }
}

}  // namespace

std::string encode_saved_response(std::string_view text) {
    if (text.empty()) return {};
    std::string kept = clean_text(text, kLongestText + kTruncated.size());
    std::size_t length = kept.size();
    for (;;) {
        auto encoded = to_base64(compressed(kept));
        if (encoded.size() <= kColumnBytes) return encoded;
        length /= 2;
        kept = clean_text(text, length);
        kept += kTruncated;
    }
}

std::string decode_saved_response(std::string_view stored) {
    const auto bytes = from_base64(stored);
    if (!bytes) return std::string(stored);
    auto text = decompressed(*bytes);
    if (!text) return std::string(stored);
    return clean_text(*text, kLongestText + kTruncated.size());
}

}  // namespace higuma::store

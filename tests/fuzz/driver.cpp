#include "fuzz/driver.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

namespace higuma::fuzz {
namespace {

constexpr std::size_t kLongestInput = 64 * 1024;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::vector<std::string> read_corpus(const std::string& name) {
    std::vector<std::string> inputs;
    for (const auto& entry : std::filesystem::directory_iterator(HIGUMA_FUZZ_CORPUS "/" + name)) {
        std::ifstream file(entry.path(), std::ios::binary);
        inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    std::sort(inputs.begin(), inputs.end());  // a folder has no order, and a seed repeats a run
    return inputs;
}

std::string hex(std::string_view input) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const char c : input) {
        const auto byte = static_cast<unsigned char>(c);
        text += {kDigits[byte >> 4], kDigits[byte & 15]};
    }
    return text;
}

std::optional<std::string> try_on(const Target& target, std::string_view input) {
    const auto exact = std::make_unique<char[]>(input.size());
    std::memcpy(exact.get(), input.data(), input.size());
    return target({exact.get(), input.size()});
}

std::size_t below(std::size_t limit, Random& random) { return limit == 0 ? 0 : random() % limit; }

}  // namespace

std::string mutated(std::string input, const std::vector<std::string>& corpus,
                    std::string_view alphabet, Random& random) {
    for (std::uint64_t changes = 1 + random() % 4; changes > 0; --changes) {
        const std::size_t at = below(input.size() + 1, random);
        const char letter = alphabet.empty() ? static_cast<char>(random())
                                             : alphabet[below(alphabet.size(), random)];
        const std::string& other = corpus[below(corpus.size(), random)];
        switch (random() % 6) {
            case 0:
                input.insert(at, 1, letter);
                break;
            case 1:
                if (at < input.size()) input[at] = static_cast<char>(random());
                break;
            case 2:
                if (at < input.size()) input[at] = letter;
                break;
            case 3:
                input.erase(at, random() % 8);
                break;
            case 4:
                input = input.substr(0, at) + other.substr(below(other.size() + 1, random));
                break;
            case 5:
                input.insert(at, input.substr(below(input.size() + 1, random), random() % 32));
                break;
        }
    }
    input.resize(std::min(input.size(), kLongestInput));
    return input;
}

void run(const Options& options, const Target& target) {
    const auto corpus = read_corpus(options.corpus);
    ASSERT_FALSE(corpus.empty()) << options.corpus;
    for (const std::string& input : corpus) {
        const auto complaint = try_on(target, input);
        ASSERT_FALSE(complaint) << *complaint << "\nkept input " << hex(input);
    }
    const auto seed = from_environment("HIGUMA_FUZZ_SEED", options.seed);
    const auto rounds =
        from_environment("HIGUMA_FUZZ_ROUNDS", static_cast<std::uint64_t>(options.rounds));
    Random random(seed);
    for (std::uint64_t round = 0; round < rounds; ++round) {
        std::string input =
            mutated(corpus[below(corpus.size(), random)], corpus, options.alphabet, random);
        if (options.repair && round % 2 == 1) options.repair(input);
        const auto complaint = try_on(target, input);
        ASSERT_FALSE(complaint) << *complaint << "\nseed " << seed << ", round " << round
                                << ", input " << hex(input);
    }
}

}  // namespace higuma::fuzz

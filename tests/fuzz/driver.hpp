// Runs a parser on outside bytes: first every kept input of its corpus, then a bounded number of
// mutations of them from a fixed seed. What is found is kept as one more file of the corpus.
#pragma once

#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace higuma::fuzz {

using Random = std::mt19937_64;

// Says what is wrong with how the parser took `input`; none: it took or refused it well. The input
// ends where its memory ends, so that a sanitizer sees any read behind it.
using Target = std::function<std::optional<std::string>(std::string_view input)>;

struct Options {
    std::string corpus;                        // folder below tests/fuzz/corpus
    std::string alphabet;                      // bytes that mean something to the parser
    int rounds = 20'000;                       // HIGUMA_FUZZ_ROUNDS in the environment wins
    std::uint64_t seed = 1;                    // HIGUMA_FUZZ_SEED in the environment wins
    std::function<void(std::string&)> repair;  // makes every second mutation pass first checks
};

// A GoogleTest failure with the seed, the round and the input in hex for each complaint.
void run(const Options& options, const Target& target);

std::string mutated(std::string input, const std::vector<std::string>& corpus,
                    std::string_view alphabet, Random& random);

}  // namespace higuma::fuzz

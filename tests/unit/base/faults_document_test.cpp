#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include "support/project_root.hpp"

namespace higuma {
namespace {

std::string text_of(const std::filesystem::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST(FaultsDocument, NamesTestsThatExist) {
    const auto root = test::project_root();
    const auto document = text_of(root / "docs" / "faults.md");
    const std::regex reference("`(tests/[^`]+)` ([A-Za-z0-9_]+)");
    std::set<std::string> named;
    for (std::sregex_iterator each(document.begin(), document.end(), reference), end; each != end;
         ++each) {
        const std::string file = (*each)[1], name = (*each)[2];
        named.insert(name);
        EXPECT_NE(text_of(root / file).find(name), std::string::npos) << file << " has no " << name;
    }
    EXPECT_GE(named.size(), 17U);
}

TEST(FaultsDocument, HasARowForEach) {
    const auto document = text_of(test::project_root() / "docs" / "faults.md");
    for (int fault = 1; fault <= 17; ++fault) {
        EXPECT_NE(document.find("\n| " + std::to_string(fault) + " | "), std::string::npos)
            << "fault " << fault;
    }
}

}  // namespace
}  // namespace higuma

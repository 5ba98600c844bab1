#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

/// docs/failure-museum.md says which tests there are, and so do their sources.

namespace florin::test {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

/// All matches of the first group, or of the first two with a point between.
std::set<std::string> matches(const std::string& text, const char* pattern) {
  std::set<std::string> found;
  const std::regex regex(pattern);
  for (std::sregex_iterator each(text.begin(), text.end(), regex), end; each != end; ++each) {
    found.insert(each->size() == 2 ? (*each)[1].str() : (*each)[1].str() + "." + (*each)[2].str());
  }
  return found;
}

/// As `Suite.Test`; of Python: class and method.
std::set<std::string> tests_there_are() {
  std::set<std::string> all;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(FLORIN_SOURCE) / "tests")) {
    const bool is_python = entry.path().extension() == ".py";
    if (entry.path().extension() != ".cpp" && !is_python) continue;
    const std::string text = read(entry.path());
    if (!is_python) {
      all.merge(matches(text, R"(TEST(?:_F|_P)?\((\w+),\s*(\w+)\))"));
      continue;
    }
    const std::set<std::string> classes = matches(text, R"(class (\w+)\()");
    for (const std::string& method : matches(text, R"(def (test_\w+)\()")) {
      for (const std::string& name : classes) all.insert(name + "." + method);
    }
  }
  return all;
}

TEST(FailureMuseumPage, NamesTestsThatThereAreAndAllOfTheMuseum) {
  const std::string page = read(fs::path(FLORIN_SOURCE) / "docs/failure-museum.md");
  const std::set<std::string> named = matches(page, R"(`(\w+)\.(\w+)`)");
  const std::set<std::string> there = tests_there_are();
  for (const std::string& test : named) EXPECT_TRUE(there.contains(test)) << test << " is on the page, and there is no such test";
  for (const std::string& test : there) {
    const bool is_of_museum = test.starts_with("FailureMuseum") && test.find(".R") != std::string::npos;
    EXPECT_TRUE(!is_of_museum || named.contains(test)) << test << " is not on the page";
  }
}

TEST(FailureMuseumPage, HasAllNumbers) {
  const std::string page = read(fs::path(FLORIN_SOURCE) / "docs/failure-museum.md");
  const std::set<std::string> numbers = matches(page, R"(\*\*R(\d\d)\*\*)");
  EXPECT_EQ(numbers.size(), 29U);
  EXPECT_EQ(*numbers.begin(), "01");
  EXPECT_EQ(*numbers.rbegin(), "29");
}

}  // namespace
}  // namespace florin::test

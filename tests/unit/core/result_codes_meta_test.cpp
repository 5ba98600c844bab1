#include <gtest/gtest.h>

#include <set>
#include <string>

#include "florin/status_codes.hpp"

/// A result code without a test of its own name is a failure here.

namespace florin::test {
namespace {

/// Names of the tests of every suite whose name contains `suite`, without the parameter.
std::set<std::string> tests_of(const std::string& suite) {
  std::set<std::string> names;
  const ::testing::UnitTest& all = *::testing::UnitTest::GetInstance();
  for (int i = 0; i < all.total_test_suite_count(); ++i) {
    const ::testing::TestSuite& found = *all.GetTestSuite(i);
    if (std::string(found.name()).find(suite) == std::string::npos) continue;
    for (int j = 0; j < found.total_test_count(); ++j) {
      const std::string name = found.GetTestInfo(j)->name();
      names.insert(name.substr(0, name.find('/')));
    }
  }
  return names;
}

template <typename Status>
std::set<std::string> names_of_all() {
  std::set<std::string> names = {std::string(name_of(Status::kCreated))};
  for (std::uint32_t code = 0; code < 1'000; ++code) {
    const std::string_view name = name_of(static_cast<Status>(code));
    if (name != "unknown") names.insert(std::string(name));
  }
  return names;
}

TEST(ResultCodes, EveryAccountCodeHasATestOfItsName) {
  const std::set<std::string> tests = tests_of("CreateAccountCode");
  const std::set<std::string> codes = names_of_all<CreateAccountStatus>();
  EXPECT_EQ(codes.size(), 27U);
  for (const std::string& code : codes) EXPECT_TRUE(tests.contains(code)) << code;
}

TEST(ResultCodes, EveryTransferCodeHasATestOfItsName) {
  std::set<std::string> tests = tests_of("CreateTransferCode");
  tests.merge(tests_of("CreateImportedTransferCode"));
  tests.merge(tests_of("CreateTransferAgainCode"));
  const std::set<std::string> codes = names_of_all<CreateTransferStatus>();
  EXPECT_EQ(codes.size(), 69U);
  for (const std::string& code : codes) EXPECT_TRUE(tests.contains(code)) << code;
}

}  // namespace
}  // namespace florin::test

#include <gmock/gmock.h>

#include "command.hpp"

/// The commands that print what the engine is made of, without a server.

namespace florin::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(Tables, StatesComeInThreeFormats) {
  const auto text = florin({"states"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_THAT(text.out, StartsWith("event "));
  EXPECT_THAT(florin({"states", "--format", "dot"}).out, StartsWith("digraph orders {"));
  EXPECT_THAT(florin({"states", "--format", "markdown"}).out, StartsWith("# States of orders\n"));
  EXPECT_EQ(florin({"states", "--format", "html"}).code, 2);
}

TEST(Tables, CodesComeInTwoFormats) {
  const auto text = florin({"codes"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("1501  insufficient_funds"));
  EXPECT_THAT(florin({"codes", "--format", "markdown"}).out, StartsWith("# Result codes of payments\n"));
  EXPECT_EQ(florin({"codes", "--format", "dot"}).code, 2);
}

}  // namespace
}  // namespace florin::test

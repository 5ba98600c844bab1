#include "client/server_address.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>

namespace florin::client {
namespace {

TEST(ServerAddress, NumericAddressesOfBothKinds) {
  const auto four = resolve("127.0.0.1:3000");
  ASSERT_TRUE(four);
  ASSERT_EQ(four.value().size(), 1U);
  EXPECT_EQ(four.value()[0].address.ss_family, AF_INET);
  EXPECT_EQ(ntohs(reinterpret_cast<const sockaddr_in&>(four.value()[0].address).sin_port), 3000);
  const auto six = resolve("[::1]:3001");
  ASSERT_TRUE(six);
  EXPECT_EQ(six.value()[0].address.ss_family, AF_INET6);
}

TEST(ServerAddress, EverythingElseIsNamed) {
  for (const char* bad : {"", ":", "host", "host:", ":3000", "host:http", "1.2.3.4:12a"}) {
    const auto result = resolve(bad);
    ASSERT_FALSE(result) << bad;
    EXPECT_EQ(result.error().kind(), ErrorKind::kUsage) << bad;
  }
}

}  // namespace
}  // namespace florin::client

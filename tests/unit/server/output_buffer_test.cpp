#include "server/output_buffer.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace florin::server {
namespace {

/// Two connected sockets with small buffers; the far end reads when told.
class OutputBufferTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets_), 0);
    const int small = 4096;
    ::setsockopt(sockets_[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  }
  void TearDown() override {
    ::close(sockets_[0]);
    if (sockets_[1] >= 0) ::close(sockets_[1]);
  }
  void read_some(std::size_t bytes_max = 100'000) {
    std::vector<std::byte> piece(bytes_max);
    const ssize_t count = ::recv(sockets_[1], piece.data(), piece.size(), 0);
    if (count > 0) received_.insert(received_.end(), piece.begin(), piece.begin() + count);
  }
  static std::vector<std::byte> pattern(std::size_t size, unsigned seed) {
    std::vector<std::byte> bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>((i * 31 + seed) & 255);
    return bytes;
  }

  int sockets_[2] = {-1, -1};
  OutputBuffer output_;
  std::vector<std::byte> received_;
};

TEST_F(OutputBufferTest, SmallPiecesLeaveTogether) {
  const auto first = pattern(100, 1);
  const auto second = pattern(200, 2);
  output_.append(first);
  output_.append(second);
  EXPECT_EQ(output_.size(), 300U);
  EXPECT_EQ(output_.flush(sockets_[0]), OutputBuffer::Outcome::kSent);
  EXPECT_TRUE(output_.empty());
  EXPECT_EQ(output_.take_sent_bytes(), 300U);
  EXPECT_EQ(output_.take_sent_bytes(), 0U);
  read_some();
  auto expected = first;
  expected.insert(expected.end(), second.begin(), second.end());
  EXPECT_EQ(received_, expected);
}

TEST_F(OutputBufferTest, WhatTheSocketDoesNotTakeIsKeptInOrder) {
  std::vector<std::byte> expected;
  for (unsigned i = 0; i < 20; ++i) {
    const auto small = pattern(50, i);
    const auto large = pattern(70'000, i + 100);
    output_.append(small);
    output_.flush_with(sockets_[0], large);
    expected.insert(expected.end(), small.begin(), small.end());
    expected.insert(expected.end(), large.begin(), large.end());
    read_some(10'000);
  }
  EXPECT_FALSE(output_.empty());
  while (!output_.empty()) {
    read_some();
    ASSERT_NE(output_.flush(sockets_[0]), OutputBuffer::Outcome::kFailed);
  }
  for (int i = 0; i < 1000 && received_.size() < expected.size(); ++i) read_some();
  EXPECT_EQ(received_, expected);
}

TEST_F(OutputBufferTest, FullSocketIsBlockedAndDeadPeerFails) {
  EXPECT_EQ(output_.flush_with(sockets_[0], pattern(1'000'000, 3)), OutputBuffer::Outcome::kBlocked);
  EXPECT_GT(output_.size(), 0U);
  EXPECT_EQ(output_.flush(sockets_[0]), OutputBuffer::Outcome::kBlocked);
  ::close(sockets_[1]);
  sockets_[1] = -1;
  EXPECT_EQ(output_.flush(sockets_[0]), OutputBuffer::Outcome::kFailed);
}

}  // namespace
}  // namespace florin::server

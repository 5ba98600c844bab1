#include "server/session_table.hpp"

#include <gtest/gtest.h>

namespace florin::server {
namespace {

class NoSession final : public Session {
 public:
  void on_ready(std::uint32_t) override {}
  void on_reply(pipeline::Request&) override {}
  void on_round_end() override {}
  void on_resume() override {}
  void on_tick(std::uint64_t) override {}
  void on_stop() override {}
  [[nodiscard]] bool is_closed() const noexcept override { return false; }
};

std::uint64_t insert(SessionTable& table) {
  const std::uint64_t handle = table.next_handle();
  table.insert(handle, std::make_unique<NoSession>());
  return handle;
}

TEST(SessionTable, FindsWhatIsThere) {
  SessionTable table;
  const std::uint64_t first = insert(table);
  const std::uint64_t second = insert(table);
  EXPECT_NE(first, second);
  EXPECT_NE(table.find(first), nullptr);
  EXPECT_NE(table.find(first), table.find(second));
  EXPECT_EQ(table.size(), 2U);
}

TEST(SessionTable, AHandleThatOutlivedItsSessionFindsNothing) {
  SessionTable table;
  const std::uint64_t old_handle = insert(table);
  table.erase(old_handle);
  EXPECT_EQ(table.find(old_handle), nullptr);
  const std::uint64_t new_handle = insert(table);
  EXPECT_NE(new_handle, old_handle);
  EXPECT_EQ(static_cast<std::uint32_t>(new_handle), static_cast<std::uint32_t>(old_handle)) << "the slot is used again";
  EXPECT_EQ(table.find(old_handle), nullptr) << "no stranger gets its reply";
  EXPECT_NE(table.find(new_handle), nullptr);
}

TEST(SessionTable, HandlesOfNobodyFindNothing) {
  SessionTable table;
  EXPECT_EQ(table.find(0), nullptr);
  EXPECT_EQ(table.find(~std::uint64_t{0}), nullptr);
}

TEST(SessionTable, VisitsEachOnce) {
  SessionTable table;
  const std::uint64_t first = insert(table);
  const std::uint64_t second = insert(table);
  insert(table);
  table.erase(second);
  std::vector<std::uint64_t> seen;
  table.for_each([&](std::uint64_t handle, Session&) { seen.push_back(handle); });
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0], first);
}

}  // namespace
}  // namespace florin::server

#include "store_commands.hpp"

#include <chrono>
#include <filesystem>
#include <thread>

#include "segment_file.hpp"

namespace florin::test {

namespace fs = std::filesystem;

StoreCommands::Arguments StoreCommands::load_arguments(const RunningServer& server, int transfers) {
  return {"bench",   "--connect", server.address(), "--accounts", "50", "--transfers", std::to_string(transfers), "--batch", "100",
          "--pending-share", "15", "--post-share", "10", "--void-share", "5"};
}

void StoreCommands::load_until(const RunningServer& server, const std::function<bool()>& is_so) {
  for (int i = 0; i < 100 && !is_so(); ++i) ASSERT_EQ(load(server, 1'100).code, 0);
  ASSERT_TRUE(is_so());
}

bool StoreCommands::eventually(const std::function<bool()>& is_so) {
  for (int i = 0; i < 12'000; ++i) {
    if (is_so()) return true;  // it need not stay so
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

StoreCommands::Arguments StoreCommands::with_archive(const std::string& kept) const {
  Arguments all = small_;
  all.insert(all.end(), {"--archive", archive_, "--archive-after", kept});
  return all;
}

std::size_t StoreCommands::count(const std::string& folder, const char* extension) {
  std::error_code none;
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(folder, none)) files += entry.path().extension() == extension ? 1U : 0U;
  return files;
}

StoreCommands::SegmentFiles StoreCommands::segment_files(const Beginning& beginning) const {
  SegmentFiles files;
  std::error_code none;
  for (const std::string& folder : {data_ + "/history", archive_}) {
    for (const auto& entry : fs::directory_iterator(folder, none)) {
      const std::string extension = entry.path().extension();
      if (extension != ".sealed" && extension != ".archive") continue;
      const SegmentFile segment(entry.path());
      if (segment.is_shrunk()) {
        ++files.shrunk;
      } else if (segment.last_sequence() != 0 && segment.last_sequence() < std::stoull(beginning.sequence)) {
        ++files.to_shrink;
      }
    }
  }
  return files;
}

std::string StoreCommands::history_of(const RunningServer& server, const Beginning& beginning) {
  std::string all;
  const auto ask = [&](Arguments arguments) {
    arguments.insert(arguments.end(), {"--connect", server.address()});
    const Finished answer = florin(arguments);
    EXPECT_EQ(answer.code, 0) << answer.err << "the server: " << server.err();
    all += answer.out;
  };
  ask({"feed", "--from", beginning.sequence});
  for (const char* account : {"01", "07", "32"}) {  // of `florin bench`
    ask({"statement", std::string("0xACC000000000000000000000000000") + account, "--from", beginning.timestamp});
  }
  ask({"trial-balance", "--at-sequence", std::to_string(std::stoull(beginning.sequence) + 1'000), "--json"});
  // Not the text itself: where two of them differ, the test framework would look for the shortest difference with gigabytes of memory.
  return std::to_string(all.size()) + " bytes, hash " + std::to_string(std::hash<std::string>()(all));
}

std::string StoreCommands::history_of_journal(const Beginning& beginning) const {
  const std::string copy = folder_.path("copy");
  fs::create_directory(copy);
  fs::copy(data_ + "/journal", copy + "/journal");
  std::string history;
  {
    const RunningServer server(folder_, copy);
    history = history_of(server, beginning);
  }
  fs::remove_all(copy);
  return history;
}

void StoreCommands::expect_restores(const Arguments& more, const std::function<void(const std::string&)>& look) const {
  const std::string restored = folder_.path("restored");
  Arguments arguments{"restore", "--from", to_, "--to", restored, "--json"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const auto result = florin(arguments);
  ASSERT_EQ(result.code, 0) << result.err;
  const std::string sequence = result.json()["sequence"].dump();
  const auto original = florin({"replay", "--data", data_, "--to", sequence, "--json"});
  ASSERT_EQ(original.code, 0) << original.err;
  EXPECT_EQ(result.json()["state_hash"], original.json()["state_hash"]);
  const auto verified = florin({"verify", "--data", restored});
  EXPECT_EQ(verified.code, 0) << verified.err;
  if (look) look(restored);
  fs::remove_all(restored);
}

}  // namespace florin::test

#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "command.hpp"

namespace florin::test {

/// Where history begins: its first event.
struct Beginning {
  std::string sequence = "1";
  std::string timestamp = "1";
};

/// A store in small pieces, and what is done to it by commands: loads, questions about all of its past, backups and what is made of them.
class StoreCommands : public testing::Test {
 protected:
  using Arguments = std::vector<std::string>;

  static Arguments load_arguments(const RunningServer& server, int transfers);
  static Finished load(const RunningServer& server, int transfers) { return florin(load_arguments(server, transfers)); }
  /// Transfers leave memory between the batches that come later.
  static void load_until(const RunningServer& server, const std::function<bool()>& is_so);
  static bool eventually(const std::function<bool()>& is_so);
  static nlohmann::json status(const RunningServer& server) { return florin({"status", "--connect", server.address(), "--json"}).json(); }

  /// Arguments of a server whose segments are archived but for so many.
  [[nodiscard]] Arguments with_archive(const std::string& kept) const;
  static std::size_t count(const std::string& folder, const char* extension);
  [[nodiscard]] std::size_t sealed() const { return count(data_ + "/history", ".sealed"); }
  [[nodiscard]] std::size_t archived() const { return count(archive_, ".archive"); }

  struct SegmentFiles {
    std::size_t shrunk = 0;
    std::size_t to_shrink = 0;  ///< whole, although all of it was dropped
  };
  /// Of a store whose history begins there; a segment that is about to be archived may have two files.
  [[nodiscard]] SegmentFiles segment_files(const Beginning& beginning) const;

  /// Everything that the history says from there on, by every index it has.
  static std::string history_of(const RunningServer& server, const Beginning& beginning = {});
  /// The same, of a server that begins with nothing but the journal.
  [[nodiscard]] std::string history_of_journal(const Beginning& beginning = {}) const;

  [[nodiscard]] Arguments backup_arguments() const { return {"backup", "--data", data_, "--to", to_, "--json"}; }
  [[nodiscard]] Finished backup() const { return florin(backup_arguments()); }
  [[nodiscard]] Finished check() const { return florin({"backup", "--verify", to_, "--json"}); }
  /// Restores to a folder that goes away, and compares with the original at the sequence. `look` may have a look at the folder before.
  void expect_restores(const Arguments& more = {}, const std::function<void(const std::string& restored)>& look = {}) const;

  const TempFolder folder_;
  const std::string data_ = folder_.path("ledger");
  const std::string archive_ = folder_.path("archive");
  const std::string to_ = folder_.path("backup");
  const Arguments small_{"--generation", "1000", "--snapshot-every", "3000", "--segment-size", "1MiB", "--archive-cache", "1MiB"};
};

}  // namespace florin::test

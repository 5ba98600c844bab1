#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "florin/sealed_segment.hpp"
#include "journal/archive_writer.hpp"
#include "journal/history_store.hpp"
#include "runtime/agent.hpp"
#include "sealing.hpp"

namespace florin {

/// Moves sealed segments into the archive, the oldest first, until only the newest few are as they were sealed. An agent that a thread of low
/// priority steps, 64 KiB at a time, with pauses while somebody writes; sealing has a thread of its own and never waits for it.
/// One segment: its file is written, durable, and read back whole; the sealed one is removed; whoever reads it takes the archived one from
/// the next batch boundary on; and when nobody reads the sealed one any more, its mapping goes and the next segment's turn comes. What fails
/// is told once and tried again; the sealed segment is there until the archived one is whole. One that turns out damaged is set aside, so that the
/// next start builds it again, and the next one's turn comes: nobody needs its file any more in this life.
/// do_work(): one thread.
class Archiving final : public runtime::Agent {
 public:
  /// `kept`: so many segments stay sealed.
  Archiving(journal::HistoryStore& store, const Sealing& sealing, std::uint64_t kept) : store_(store), sealing_(sealing), kept_(kept) {}

  /// The core has to pass a batch boundary. Before the first do_work().
  void set_on_archived(std::function<void()> on_archived) { on_archived_ = std::move(on_archived); }

  int do_work() noexcept override;
  [[nodiscard]] unsigned long long idle_ns() const noexcept override { return idle_ns_; }

 private:
  Status note_archived(const history::SealedPast& past);
  [[nodiscard]] bool is_beside_writes(const history::SealedPast& past) noexcept;
  Result<bool> step(history::SealedPast& past);
  Result<bool> begin(history::SealedPast& past);
  Status write(u128 store_id);
  Status check(history::SealedPast& past);
  Status finish(history::SealedPast& past);
  /// Ok: it was damage of the sealed segment, which is out of the way.
  Status set_aside(const Status& failure);
  void report(const Status& failure);

  journal::HistoryStore& store_;
  const Sealing& sealing_;
  const std::uint64_t kept_;
  std::function<void()> on_archived_;

  // The agent's thread.
  bool has_noted_ = false;                          ///< what lies in the archive, once in a life
  std::uint64_t segment_ = 0;                       ///< in hand
  std::unique_ptr<journal::ArchiveWriter> writer_;  ///< while it is written
  std::unique_ptr<SealedReader> reader_;            ///< while it is read back
  std::uint64_t checked_ = 0;                       ///< blocks
  std::uint64_t filled_ = 0;                        ///< of the generation that fills, when it was last asked
  std::uint32_t quiet_steps_ = 0;                   ///< in which nothing was written
  unsigned long long idle_ns_ = ~0ULL;
  std::string reported_;  ///< the failure that was told last
};

}  // namespace florin

#include "support/disk_past.hpp"

#include <chrono>
#include <stdexcept>
#include <utility>

namespace florin::test {

DiskPast::DiskPast(Builder builder) : DiskPast(builder, std::make_unique<journal::testing::TemporaryFolder>(journal::testing::TemporaryFolder::Where::kMemory)) {}

DiskPast::DiskPast(Builder builder, std::unique_ptr<journal::testing::TemporaryFolder> folder) : DiskPast(builder, folder->path()) {
  folder_ = std::move(folder);
}

DiskPast::DiskPast(Builder builder, const std::string& folder) : builder_(builder) {
  auto store = journal::SealedFolder::open(folder);
  if (!store) throw std::runtime_error(store.error().message());
  store_ = std::move(*store);
  past_ = std::make_unique<history::SealedPast>(*store_, history::SealedPastOptions{});
  if (builder_ == Builder::kCaller) return;
  thread_ = std::thread([this] {
    while (!stops_.load(std::memory_order_relaxed)) {
      build();
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  });
}

DiskPast::~DiskPast() {
  stops_.store(true, std::memory_order_relaxed);
  if (thread_.joinable()) thread_.join();
}

void DiskPast::build() {
  const auto built = past_->do_work();
  if (!built) throw std::runtime_error(built.error().message());
}

void DiskPast::seal(const core::FrozenGeneration& generation) {
  asked_ = 0;
  is_sealing_ = true;
  past_->seal(generation);
}

/// Where there are no snapshots, and no other life, files may shrink at once.
void DiskPast::drop_before(std::uint64_t timestamp) {
  past_->drop_before(timestamp);
  if (folder_) past_->may_forget_before(timestamp);
}

void DiskPast::settle() noexcept {
  if (builder_ == Builder::kCaller && !is_sealing_) build();  // what was dropped: nothing else waits
  past_->settle();
}

bool DiskPast::is_sealed() noexcept {
  if (builder_ == Builder::kCaller && ++asked_ == 3) build();
  const bool is_sealed = past_->is_sealed();
  if (is_sealed) is_sealing_ = false;
  return is_sealed;
}

}  // namespace florin::test

#include "support/disk_past.hpp"

#include <chrono>
#include <stdexcept>
#include <utility>

#include "history/section_form.hpp"

namespace florin::test {

DiskPast::DiskPast(Builder builder) : DiskPast(builder, std::make_unique<journal::testing::TemporaryFolder>(journal::testing::TemporaryFolder::Where::kMemory)) {}

DiskPast::DiskPast(Builder builder, std::unique_ptr<journal::testing::TemporaryFolder> folder) : DiskPast(builder, folder->path()) {
  folder_ = std::move(folder);
}

DiskPast::DiskPast(Builder builder, const std::string& folder) : builder_(builder) {
  auto store = journal::HistoryStore::open({.data = folder, .archive = folder + "/archive", .cache_bytes = 0, .page_cache_bytes = kPageCacheBytes});
  if (!store) throw std::runtime_error(store.error().message());
  store_ = std::move(*store);
  history::SealedPastOptions options;
  options.filter_block = kFilterBlock;
  options.image_ids_min = 1;
  past_ = std::make_unique<history::SealedPast>(*store_, options);
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
  archive();
  if (store_->page_cache().is_over()) store_->page_cache().trim();
}

/// At most one: the next one waits until nobody reads the sealed form of that any more.
void DiskPast::archive() {
  if (!past_->is_replaced()) return;
  if (!has_noted_ && past_->durable_generations() != 0) has_noted_ = store_->note_archived(past_->store_id()).is_ok();
  const auto unarchived = store_->unarchived();
  for (const std::uint64_t segment : *unarchived) {
    if (segment >= past_->durable_generations()) return;
    if (segment % 3 == 0) continue;
    if (past_->hold(segment)) archive(segment);
    return;
  }
}

void DiskPast::archive(std::uint64_t segment) {
  const auto check = [](const Status& status) {
    if (!status) throw std::runtime_error(status.message());
  };
  auto writer = store_->begin_archive(segment, past_->store_id(), history::form_of);
  if (!writer) check(writer.error());
  for (bool is_written = false; !is_written;) {
    const auto step = (*writer)->step();
    if (!step) check(step.error());
    is_written = *step;
  }
  auto reader = store_->open_archived(segment, past_->store_id());
  if (!reader) check(reader.error());
  check((*reader)->verify());
  auto view = history::SegmentView::open(std::move(*reader));
  if (!view) check(view.error());
  check(store_->finish_archive(segment, past_->store_id()));
  past_->replace(std::move(*view));
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

void DiskPast::at_boundary(std::uint64_t filled, std::uint64_t full) noexcept {
  if (builder_ == Builder::kCaller && !is_sealing_ && past_->has_work()) build();  // what was dropped: nothing else waits
  past_->at_boundary(filled, full);
}

bool DiskPast::is_sealed() noexcept {
  if (builder_ == Builder::kCaller && ++asked_ == 3) build();
  const bool is_sealed = past_->is_sealed();
  if (is_sealed) is_sealing_ = false;
  return is_sealed;
}

}  // namespace florin::test

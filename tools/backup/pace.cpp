#include "backup/pace.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <thread>

namespace florin::backup {

void Pace::add(std::uint64_t bytes) {
  bytes_ += bytes;
  if (show_) show_(bytes_);
  if (bytes_per_second_ == 0) return;
  const std::chrono::duration<double> due(static_cast<double>(bytes_) / static_cast<double>(bytes_per_second_));
  std::this_thread::sleep_until(begin_ + std::chrono::duration_cast<std::chrono::steady_clock::duration>(due));
}

void lower_priority() {
  constexpr int kNice = 19;
  constexpr int kProcess = 1;                    // IOPRIO_WHO_PROCESS; the C library has no names for these
  constexpr int kBestEffortLast = 2 << 13 | 7;  // the idle class could wait for ever beside a busy server
  (void)::setpriority(PRIO_PROCESS, 0, kNice);
  (void)::syscall(SYS_ioprio_set, kProcess, 0, kBestEffortLast);
}

}  // namespace florin::backup

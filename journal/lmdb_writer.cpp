#include "journal/lmdb_writer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "journal/aligned_buffer.hpp"
#include "journal/file.hpp"

namespace florin::journal {
namespace {

/// Above bytes_max: a value that begins just below it, tree pages, and freed pages not yet used again.
constexpr std::uint64_t kMapSlackBytes = 16U << 20;

/// Pages that a commit may add behind the last value: tree pages and the list of freed pages, with much to spare.
constexpr std::uint64_t kTreeSlackBytes = 256U << 10;
/// Claimed at once, and zeroed at once: small enough that put() never waits long, and direct writes are efficient.
constexpr std::uint64_t kZeroBytes = 512U << 10;

}  // namespace

Status LmdbWriter::lmdb_error(const char* what, int code) const {
  if (code == MDB_MAP_FULL) return {ErrorKind::kIo, path_ + ": " + what + ": the segment is full"};
  if (code == ENOSPC) return {ErrorKind::kIo, path_ + ": " + what + ": the disk is full"};
  return {ErrorKind::kIo, path_ + ": " + what + ": " + mdb_strerror(code)};
}

Result<std::unique_ptr<LmdbWriter>> LmdbWriter::create(const std::string& path, std::uint64_t bytes_max, Order order) {
  const std::uint64_t map_bytes = (bytes_max + kMapSlackBytes + kPageBytes - 1) / kPageBytes * kPageBytes;
  if (Status status = remove_file(path); !status) return status;
  std::unique_ptr<LmdbWriter> writer(new LmdbWriter(path, map_bytes, order));
  if (Status status = writer->open(); !status) return status;
  return writer;
}

Status LmdbWriter::open() {
  int code = mdb_env_create(&environment_);
  if (code != 0) return lmdb_error("create environment", code);
  if ((code = mdb_env_set_mapsize(environment_, map_bytes_)) != 0) return lmdb_error("set map size", code);
  const unsigned flags = MDB_NOSUBDIR | MDB_NOMETASYNC | MDB_NOLOCK;
  if ((code = mdb_env_open(environment_, path_.c_str(), flags, 0644)) != 0) return lmdb_error("open", code);
  if ((code = mdb_env_get_fd(environment_, &descriptor_)) != 0) return lmdb_error("open", code);
  MDB_stat facts;
  if ((code = mdb_env_stat(environment_, &facts)) != 0) return lmdb_error("open", code);
  if (facts.ms_psize != kPageBytes) return {ErrorKind::kIo, path_ + ": pages of this system are not of 4 KiB"};
  MDB_txn* setup = nullptr;
  if ((code = mdb_txn_begin(environment_, nullptr, 0, &setup)) != 0) return lmdb_error("begin", code);
  code = mdb_dbi_open(setup, nullptr, MDB_INTEGERKEY, &tree_);
  if (code != 0) {
    mdb_txn_abort(setup);
    return lmdb_error("open tree", code);
  }
  if ((code = mdb_txn_commit(setup)) != 0) return lmdb_error("commit", code);
  used_bytes_ = std::uint64_t{kMetaPages} * kPageBytes;
  safe_end_ = kZeroBytes;
  if (::fsync(descriptor_) != 0) return io_error("fsync", path_, errno);
  return Status::ok();
}

LmdbWriter::~LmdbWriter() {
  if (transaction_ != nullptr) mdb_txn_abort(transaction_);
  if (environment_ != nullptr) mdb_env_close(environment_);
}

Status LmdbWriter::put(std::uint64_t key, std::uint32_t size, std::span<const BytesView> pieces) {
  if (transaction_ == nullptr) {
    const int code = mdb_txn_begin(environment_, nullptr, 0, &transaction_);
    if (code != 0) return lmdb_error("begin", code);
    places_.clear();
  }
  claim(used_bytes() + std::uint64_t{value_pages(size)} * kPageBytes + kTreeSlackBytes);
  MDB_val name{sizeof key, &key};
  MDB_val value{size, nullptr};
  const unsigned order = order_ == Order::kAscending ? MDB_APPEND : MDB_NOOVERWRITE;
  const int code = mdb_put(transaction_, tree_, &name, &value, order | MDB_RESERVE);
  if (code == MDB_KEYEXIST) return {ErrorKind::kInternal, path_ + ": key " + std::to_string(key) + " is there already"};
  if (code != 0) return lmdb_error("put", code);
  auto* target = static_cast<std::byte*>(value.mv_data);
  // Where LMDB will write it stands in front of it: the header of its overflow page.
  PageHeader page;
  std::memcpy(&page, target - sizeof page, sizeof page);
  if ((page.flags & PageHeader::kOverflow) == 0 || page.pages != value_pages(size)) {
    return {ErrorKind::kInternal, path_ + ": LMDB lays values out in another way than expected"};
  }
  for (const BytesView& piece : pieces) {
    if (piece.size != 0) std::memcpy(target, piece.data, piece.size);
    target += piece.size;
  }
  places_.push_back({key, static_cast<std::uint32_t>(page.number), size});
  const std::uint64_t end = (page.number + page.pages) * kPageBytes;
  used_bytes_.store(std::max(used_bytes(), end), std::memory_order_relaxed);
  return Status::ok();
}

Status LmdbWriter::commit() {
  const int code = mdb_txn_commit(std::exchange(transaction_, nullptr));
  if (code != 0) return lmdb_error("commit", code);
  MDB_envinfo facts;
  if (mdb_env_info(environment_, &facts) == 0) {
    const std::uint64_t end = (std::uint64_t{facts.me_last_pgno} + 1) * kPageBytes;
    used_bytes_.store(std::max(used_bytes(), end), std::memory_order_relaxed);
  }
  return Status::ok();
}

Status LmdbWriter::sync_meta() {
  const int code = mdb_env_sync(environment_, 1);
  return code == 0 ? Status::ok() : lmdb_error("sync", code);
}

Status LmdbWriter::trim() {
  if (allocated_bytes() <= used_bytes()) return Status::ok();
  if (::ftruncate(descriptor_, static_cast<off_t>(used_bytes())) != 0) return io_error("cut", path_, errno);
  allocated_bytes_ = used_bytes();
  if (::fsync(descriptor_) != 0) return io_error("fsync", path_, errno);
  return Status::ok();
}

Status LmdbWriter::preallocate(std::uint64_t end) {
  end = std::min(end, map_bytes_);
  const std::uint64_t begin = allocated_bytes();
  if (end <= begin) return Status::ok();
  if (::fallocate(descriptor_, 0, static_cast<off_t>(begin), static_cast<off_t>(end - begin)) != 0) {
    if (errno != EOPNOTSUPP && errno != ENOSYS) return io_error("allocate", path_, errno);
    return Status::ok();  // nothing is allocated, and nothing may be counted as such
  }
  allocated_bytes_.store(end, std::memory_order_relaxed);
  return Status::ok();
}

void LmdbWriter::claim(std::uint64_t end) {
  if (end <= safe_end_.load(std::memory_order_acquire)) return;
  const std::lock_guard lock(zero_mutex_);  // what is being zeroed right now may be what is claimed: wait for it
  const std::uint64_t claimed = (end / kZeroBytes + 1) * kZeroBytes;
  if (claimed > safe_end_.load(std::memory_order_relaxed)) safe_end_.store(claimed, std::memory_order_release);
}

void LmdbWriter::zero_ahead(std::uint64_t end) {
  // The very file that LMDB has open, whatever its name is by now.
  Result<File> file = File::open("/proc/self/fd/" + std::to_string(descriptor_), O_RDWR | O_DIRECT);
  if (!file) return;  // a file system without direct writes
  AlignedBuffer zeros(kZeroBytes);
  std::fill(zeros.bytes().begin(), zeros.bytes().end(), std::byte{0});
  end = std::min(end, allocated_bytes());
  for (;;) {
    const std::lock_guard lock(zero_mutex_);
    const std::uint64_t begin = safe_end_.load(std::memory_order_relaxed);
    if (begin % kZeroBytes != 0 || begin + kZeroBytes > end) return;
    if (::pwrite(file->descriptor(), zeros.bytes().data(), kZeroBytes, static_cast<off_t>(begin)) !=
        static_cast<ssize_t>(kZeroBytes)) {
      return;
    }
    safe_end_.store(begin + kZeroBytes, std::memory_order_release);
  }
}

void LmdbWriter::drop_cache(std::uint64_t begin, std::uint64_t end) const {
  (void)::posix_fadvise(descriptor_, static_cast<off_t>(begin), static_cast<off_t>(end - begin), POSIX_FADV_DONTNEED);
}

}  // namespace florin::journal

#include "load/account_sums.hpp"

#include <algorithm>
#include <cstring>

#include "protocol/frame_codec.hpp"

namespace florin::load {

AccountTotals AccountTotals::since(const AccountTotals& before) const noexcept {
  return {.found = found - before.found,
          .debits_posted = debits_posted - before.debits_posted,
          .credits_posted = credits_posted - before.credits_posted,
          .debits_pending = debits_pending - before.debits_pending,
          .credits_pending = credits_pending - before.credits_pending,
          .refused = refused + before.refused};
}

AccountSums::AccountSums(std::uint64_t count, std::uint32_t slots, std::function<u128(std::uint64_t)> id)
    : count_(count), id_(std::move(id)), pool_(4, kEventsMax * sizeof(u128)), ids_(slots) {}

RequestSource::Next AccountSums::next(std::uint32_t slot, PreparedRequest& request) {
  if (asked_ == count_) return Next::kDone;
  if (pool_.empty()) return Next::kWait;
  const std::uint32_t frame = pool_.take();
  ids_[slot] = static_cast<std::uint32_t>(std::min<std::uint64_t>(count_ - asked_, kEventsMax));
  for (std::uint32_t i = 0; i < ids_[slot]; ++i) {
    const u128 id = id_(asked_ + i);
    std::memcpy(pool_.body(frame) + i * sizeof id, &id, sizeof id);
  }
  asked_ += ids_[slot];
  request = {.frame = pool_.frame(frame),
             .frame_bytes = kFrameHeaderBytes + ids_[slot] * static_cast<std::uint32_t>(sizeof(u128)),
             .operation = Operation::kLookupAccounts,
             .flags = 0,
             .sent = frame};
  return Next::kReady;
}

std::uint64_t AccountSums::completed(std::uint32_t slot, const FrameHeader& reply, std::span<const std::byte> body) {
  if (protocol::code_of(reply) != ReplyCode::kOk || body.size() < std::size_t{reply.count} * sizeof(Account)) {
    ++totals_.refused;
    return 0;
  }
  for (std::uint32_t i = 0; i < reply.count; ++i) {
    Account account;
    std::memcpy(&account, body.data() + i * sizeof account, sizeof account);
    ++totals_.found;
    totals_.debits_posted += account.debits_posted;
    totals_.credits_posted += account.credits_posted;
    totals_.debits_pending += account.debits_pending;
    totals_.credits_pending += account.credits_pending;
  }
  return ids_[slot];
}

}  // namespace florin::load

#include "core/client_sessions.hpp"

#define XXH_INLINE_ALL  // the library is built for the oldest processors; inlined it uses those we promise
#include <xxhash.h>

#include <algorithm>

namespace florin::core {
namespace {

u128 to_u128(const XXH128_hash_t& hash) noexcept { return make_u128(hash.high64, hash.low64); }

}  // namespace

ClientSessions::ClientSessions() : slots_by_client_(kClientSessionsMax), log_(std::make_shared<Log>(kEventsMax)) {
  slots_.reserve(kClientSessionsMax);
  slots_by_client_.expect(kClientSessionsMax);  // it never doubles, which would have to happen between batches
}

ClientSession* ClientSessions::find(u128 client, const IdHash& hash) noexcept {
  const auto is_his = [&](std::uint32_t place) { return slots_[place - 1].client == client; };
  const std::uint32_t place = slots_by_client_.find(TagTable::tag_of(hash(client)), is_his);
  return place == 0 ? nullptr : &slots_[place - 1];
}

/// Every session that is handed out is a slot.
std::span<const CreateReplyEntry> ClientSessions::outcomes_of(const ClientSession& session) const noexcept {
  return {log_->entries.get() + static_cast<const Slot&>(session).first_outcome, session.outcomes};
}

ClientSession& ClientSessions::add(const ClientSession& session, const IdHash& hash) noexcept {
  slots_.push_back(Slot{session, 0, 0});
  slots_by_client_.insert(TagTable::tag_of(hash(session.client)), count());
  return slots_.back();
}

/// The last one takes its place, so that there is no gap.
void ClientSessions::evict(ClientSession& session, const IdHash& hash) noexcept {
  Slot& slot = static_cast<Slot&>(session);
  const auto place = static_cast<std::uint32_t>(&slot - slots_.data() + 1);
  slots_by_client_.erase(TagTable::tag_of(hash(session.client)), place);
  if (place != count()) {
    const std::uint32_t tag = TagTable::tag_of(hash(slots_.back().client));
    slots_by_client_.erase(tag, count());
    slots_by_client_.insert(tag, place);
    slot = slots_.back();
  }
  slots_.pop_back();
}

ClientSession& ClientSessions::oldest() noexcept {
  return *std::ranges::min_element(slots_, {}, &Slot::sequence);
}

ClientSession& ClientSessions::least_used() noexcept {
  return *std::ranges::min_element(slots_, {}, [](const Slot& slot) { return std::max(slot.used, slot.sequence); });
}

void ClientSessions::remember(ClientSession& session, std::uint32_t outcomes) noexcept {
  static_cast<Slot&>(session).first_outcome = log_->size;
  session.outcomes = outcomes;
  log_->size += outcomes;
}

std::uint64_t ClientSessions::live_outcomes() const noexcept {
  std::uint64_t sum = 0;
  for (const Slot& slot : slots_) sum += slot.outcomes;
  return sum;
}

/// Twice of what must stay, so that writing it anew costs no more than what was appended meanwhile.
std::uint64_t ClientSessions::capacity_for(std::uint64_t live, std::uint64_t outcomes) noexcept {
  return std::max<std::uint64_t>(2 * live + outcomes, kEventsMax);
}

void ClientSessions::reserve(std::uint64_t outcomes) {
  if (log_->capacity - log_->size >= outcomes) return;
  const auto log = std::make_shared<Log>(capacity_for(live_outcomes(), outcomes));
  for (Slot& slot : slots_) {
    const std::span<const CreateReplyEntry> entries = outcomes_of(slot);
    std::ranges::copy(entries, log->entries.get() + log->size);
    slot.first_outcome = log->size;
    log->size += entries.size();
  }
  log_ = log;
}

std::uint64_t ClientSessions::bytes_after(std::uint64_t outcomes) const noexcept {
  if (slots_.empty()) return 0;
  const bool has_room = log_->capacity - log_->size >= outcomes;
  const std::uint64_t capacity = has_room ? log_->capacity : capacity_for(live_outcomes(), outcomes);
  return slots_.size() * sizeof(Slot) + slots_by_client_.bytes() + capacity * sizeof(CreateReplyEntry);
}

u128 ClientSessions::digest_of(std::span<const std::byte> body, std::uint64_t seed) noexcept {
  return to_u128(XXH3_128bits_withSeed(body.data(), body.size(), seed));
}

u128 ClientSessions::hash_of(const ClientSession& session, std::span<const CreateReplyEntry> outcomes) noexcept {
  const struct {
    ClientSession session;
    u128 outcomes;
  } both{session, to_u128(XXH3_128bits(outcomes.data(), outcomes.size_bytes()))};
  static_assert(std::has_unique_object_representations_v<decltype(both)>);
  return to_u128(XXH3_128bits(&both, sizeof both));
}

u128 ClientSessions::hash() const noexcept {
  u128 sum = 0;
  for (const Slot& slot : slots_) sum += hash_of(slot, outcomes_of(slot));
  return sum;
}

}  // namespace florin::core

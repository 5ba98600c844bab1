#include "core/client_sessions.hpp"

#define XXH_INLINE_ALL  // the library is built for the oldest processors; inlined it uses those we promise
#include <xxhash.h>

namespace florin::core {
namespace {

u128 to_u128(const XXH128_hash_t& hash) noexcept { return make_u128(hash.high64, hash.low64); }

}  // namespace

ClientSessions::ClientSessions()
    : slots_by_client_(kClientSessionsMax), by_turn_(kClientSessionsMax), by_write_(kClientSessionsMax), log_(std::make_shared<Log>(kEventsMax)) {
  slots_.reserve(kClientSessionsMax);
  free_places_.reserve(kClientSessionsMax);
  slots_by_client_.expect(kClientSessionsMax);  // it never doubles, which would have to happen between batches
}

ClientSession* ClientSessions::find(u128 client, const IdHash& hash) noexcept {
  return const_cast<ClientSession*>(static_cast<const ClientSessions*>(this)->find(client, hash));
}

const ClientSession* ClientSessions::find(u128 client, const IdHash& hash) const noexcept {
  const auto is_his = [&](std::uint32_t place) { return slots_[place - 1].client == client; };
  const std::uint32_t place = slots_by_client_.find(TagTable::tag_of(hash(client)), is_his);
  return place == 0 ? nullptr : &slots_[place - 1];
}

/// Every session that is handed out is a slot.
std::span<const OutcomeRun> ClientSessions::outcomes_of(const ClientSession& session) const noexcept {
  return {log_->runs.get() + static_cast<const Slot&>(session).first_run, session.runs};
}

ClientSession& ClientSessions::add(const ClientSession& session, const IdHash& hash) noexcept {
  std::uint32_t place = 0;
  if (free_places_.empty()) {
    slots_.emplace_back();
    place = static_cast<std::uint32_t>(slots_.size());
  } else {
    place = free_places_.back();
    free_places_.pop_back();
  }
  slots_[place - 1] = Slot{session, 0, false};
  slots_by_client_.insert(TagTable::tag_of(hash(session.client)), place);
  by_turn_.push_back(place);
  ++count_;
  return slots_[place - 1];
}

void ClientSessions::evict(ClientSession& session, const IdHash& hash) noexcept {
  drop_outcomes(static_cast<Slot&>(session));
  const std::uint32_t place = place_of(session);
  slots_by_client_.erase(TagTable::tag_of(hash(session.client)), place);
  by_turn_.remove(place);
  free_places_.push_back(place);
  --count_;
  next_to_name_ = 0;
}

void ClientSessions::pass_over_before(const ClientSession& session) noexcept {
  const std::uint32_t place = place_of(session);
  while (by_turn_.front() != place) by_turn_.move_to_back(by_turn_.front());
  next_to_name_ = 0;
}

/// The one that is named counts as used, or it would be named a second time before it ends. If all were used it is the first one.
const ClientSession& ClientSessions::next_to_end() noexcept {
  const auto next_of = [this](std::uint32_t place) { return by_turn_.next(place) != 0 ? by_turn_.next(place) : by_turn_.front(); };
  std::uint32_t place = next_to_name_ != 0 ? next_to_name_ : by_turn_.front();
  while (slots_[place - 1].was_used) {
    slots_[place - 1].was_used = false;
    place = next_of(place);
  }
  slots_[place - 1].was_used = true;
  next_to_name_ = next_of(place);
  return slots_[place - 1];
}

void ClientSessions::set_runs_max(std::uint32_t runs) noexcept {
  runs_max_ = std::min(runs, kRunsMax);
  forget_oldest();
}

void ClientSessions::remember(ClientSession& session, std::span<const CreateReplyEntry> outcomes) noexcept {
  Slot& slot = static_cast<Slot&>(session);
  drop_outcomes(slot);
  slot.is_forgotten = 0;
  const std::uint32_t runs = compress(outcomes, log_->runs.get() + log_->size);
  keep(slot, log_->size, runs);
  log_->size += runs;
  if (runs > 0) by_write_.push_back(place_of(slot));
  by_turn_.move_to_back(place_of(slot));
  slot.was_used = false;
  next_to_name_ = 0;
  forget_oldest();
}

void ClientSessions::keep(Slot& slot, std::uint64_t first_run, std::uint32_t runs) noexcept {
  slot.first_run = first_run;
  slot.runs = runs;
  remembered_ += runs;
}

void ClientSessions::drop_outcomes(Slot& slot) noexcept {
  if (slot.runs == 0) return;
  by_write_.remove(place_of(slot));
  remembered_ -= slot.runs;
  slot.runs = 0;
}

void ClientSessions::forget_oldest() noexcept {
  while (remembered_ > runs_max_ && by_write_.front() != by_write_.back()) {
    Slot& slot = slots_[by_write_.front() - 1];
    drop_outcomes(slot);
    slot.is_forgotten = 1;
  }
}

/// Half as much again as must stay, so that writing it anew costs no more than twice what was appended meanwhile.
std::uint64_t ClientSessions::log_capacity(std::uint64_t remembered, std::uint64_t events) noexcept {
  return remembered + remembered / 2 + std::max<std::uint64_t>(events, kEventsMax);
}

void ClientSessions::reserve(std::uint64_t events) {
  if (log_->capacity - log_->size >= events) return;
  const auto log = std::make_shared<Log>(log_capacity(remembered_, events));
  for (std::uint32_t place = by_write_.front(); place != 0; place = by_write_.next(place)) {
    Slot& slot = slots_[place - 1];
    std::ranges::copy(outcomes_of(slot), log->runs.get() + log->size);
    slot.first_run = log->size;
    log->size += slot.runs;
  }
  log_ = log;
}

void ClientSessions::load(const ClientSession& session, std::span<const OutcomeRun> runs, const IdHash& hash) {
  reserve(runs.size());
  Slot& slot = static_cast<Slot&>(add(session, hash));
  std::ranges::copy(runs, log_->runs.get() + log_->size);
  keep(slot, log_->size, static_cast<std::uint32_t>(runs.size()));
  log_->size += runs.size();
  if (!runs.empty()) by_write_.push_back(place_of(slot));
}

void ClientSessions::order_loaded() {
  std::vector<std::uint32_t> places;
  for (std::uint32_t place = by_write_.front(); place != 0; place = by_write_.next(place)) places.push_back(place);
  std::ranges::sort(places, {}, [this](std::uint32_t place) { return slots_[place - 1].sequence; });
  for (const std::uint32_t place : places) by_write_.move_to_back(place);
}

std::uint64_t ClientSessions::bytes() const noexcept {
  if (slots_.empty()) return 0;
  return slots_.size() * sizeof(Slot) + slots_by_client_.bytes() + by_turn_.bytes() + by_write_.bytes() + log_->capacity * sizeof(OutcomeRun);
}

std::uint64_t ClientSessions::bytes_max(std::uint32_t runs_max) const noexcept {
  constexpr std::uint64_t kBatchEventsMax = kBatchBytesMax / kEventBytes;
  constexpr std::uint64_t kLogs = 3;  // that which is written anew, the one before, and the one of a snapshot
  const std::uint64_t log_bytes = log_capacity(std::max<std::uint64_t>(runs_max, kEventsMax), kBatchEventsMax) * sizeof(OutcomeRun);
  return 2 * kClientSessionsMax * sizeof(Slot) + slots_by_client_.bytes() + by_turn_.bytes() + by_write_.bytes() + kLogs * log_bytes;
}

u128 ClientSessions::digest_of(std::span<const std::byte> body, std::uint64_t seed) noexcept {
  return to_u128(XXH3_128bits_withSeed(body.data(), body.size(), seed));
}

/// Of a session, what it remembers, and its turn: so the sum knows their order.
u128 ClientSessions::hash_of(const ClientSession& session, std::span<const OutcomeRun> runs, std::uint32_t turn, std::uint32_t runs_max) noexcept {
  const struct {
    ClientSession session;
    u128 outcomes;
    std::uint64_t turn;
    std::uint64_t runs_max;
  } all{session, to_u128(XXH3_128bits(runs.data(), runs.size_bytes())), turn, runs_max};
  static_assert(std::has_unique_object_representations_v<decltype(all)>);
  return to_u128(XXH3_128bits(&all, sizeof all));
}

u128 ClientSessions::hash() const noexcept {
  u128 sum = 0;
  std::uint32_t turn = 0;
  for (std::uint32_t place = by_turn_.front(); place != 0; place = by_turn_.next(place)) {
    const Slot& slot = slots_[place - 1];
    sum += hash_of(slot, outcomes_of(slot), turn++, runs_max_);
  }
  return sum;
}

ClientSessions::Frozen::Frozen(const ClientSessions& sessions) : runs_max_(sessions.runs_max_), log_(sessions.log_) {
  slots_.reserve(sessions.count());
  for (std::uint32_t place = sessions.by_turn_.front(); place != 0; place = sessions.by_turn_.next(place)) slots_.push_back(sessions.slots_[place - 1]);
}

}  // namespace florin::core

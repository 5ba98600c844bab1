#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>
#include <memory>

#include "command_line.hpp"
#include "core/payments/payment_request.hpp"
#include "core/payments/story.hpp"
#include "engine.hpp"
#include "florin/account.hpp"
#include "florin/asset.hpp"
#include "florin/engine_id.hpp"
#include "journal/record/batch_walk.hpp"
#include "journal/history_store.hpp"
#include "journal/snapshot_check.hpp"
#include "number_options.hpp"
#include "offline.hpp"
#include "output.hpp"

/// florin verify: reads every byte of a journal, its snapshots and its sealed segments, then rebuilds the state and checks what must hold of it.
namespace florin::tools {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  OfflineOptions offline;
  std::string archive;
  bool quick = false;
  bool json = false;
};

/// What reading the journal found. Every batch: checksums of all its bytes, and the chain to the one before.
class Walk final : public record::BatchVisitor {
 public:
  explicit Walk(std::uint64_t first_sequence) : next_sequence(first_sequence) {}

  Result<bool> take(std::size_t, const record::BatchView& batch) override {
    ++batches;
    events += batch.header().event_count;
    next_sequence = batch.last_sequence() + 1;
    if (const auto end = checksum_at.find(batch.last_sequence()); end != checksum_at.end()) end->second = batch.header().checksum;
    for (const record::RequestView request : batch) {
      if (request.header.operation == Operation::kPayments) add_accounts_of_payments(request.body);
      if (request.header.operation != Operation::kCreateAccounts) continue;
      for (std::size_t at = 0; at < request.body.size(); at += sizeof(Account)) {
        accounts.emplace_back();
        std::memcpy(&accounts.back(), request.body.data() + at, sizeof(u128));
      }
    }
    return true;
  }

  /// Payments open accounts for parties, and for the platform with each asset and channel; groups may have events of the ledger.
  void add_accounts_of_payments(std::span<const std::byte> body) {
    const char* reason = nullptr;
    if (core::count_payments(body, reason) == 0) return;  // rebuilding says so
    for (core::CommandWalk commands(body); commands.has_next();) {
      const PaymentCommand& command = *commands.next().command;
      if (command.command == CommandNumber::kOpenAccount || command.command == CommandNumber::kCreateAccount) {
        accounts.push_back(core::object_of(command));
      }
      if (command.command != CommandNumber::kDeclareAsset) continue;
      for (auto role = AccountRole::kChannelClearing; is_platform_role(role); role = static_cast<AccountRole>(static_cast<std::uint16_t>(role) + 1)) {
        accounts.push_back(platform_account_id(record_in<Asset>(command).ledger, role));
      }
    }
  }

  std::uint64_t batches = 0;
  std::uint64_t events = 0;
  std::uint64_t next_sequence;  ///< where the first fault would be
  std::vector<u128> accounts;   ///< ids that were asked to be created
  std::map<std::uint64_t, u128> checksum_at;  ///< of the batches that end with these sequences, if there are such
};

/// All cores verify, beside each other; the chain is checked in order.
Status walk(const OfflineStore& store, Walk& found) {
  if (store.journal->durable_sequence() == 0) return {};
  const auto open = [&store](std::uint64_t sequence) { return store.journal->read_from(sequence); };
  if (auto status = record::walk(open, found.next_sequence, found); !status) return status;
  if (found.next_sequence == store.journal->durable_sequence() + 1) return {};
  return {ErrorKind::kCorrupt, fmt::format("sequence {}: missing; the journal should reach sequence {}", found.next_sequence,
                                           store.journal->durable_sequence())};
}

Status check_snapshots(const OfflineStore& store, Json& json) {
  const auto listed = store.snapshots->list();
  if (!listed) return listed.error();
  json = Json::array();
  Status first;
  for (const std::uint64_t sequence : listed.value()) {
    const auto reader = store.snapshots->open(sequence);
    const Status status = reader ? journal::check_chunks(*reader.value()) : reader.error();
    json.push_back({{"sequence", sequence}, {"ok", status.is_ok()}, {"error", status.message()}});
    if (!status && first) first = status;
  }
  return first;
}

/// Sealed segments are derived, but a damaged one would make the next start slow: every byte, their sequence, and that each belongs to
/// this journal.
class HistoryCheck {
 public:
  HistoryCheck(const std::string& data, const std::string& archive) : store_(journal::HistoryStore::open_readonly(data, archive)) {}

  /// Before the journal is read: which batches to look out for.
  Status begin(u128 store_id, Walk& walk) {
    const auto numbers = store_->list();
    if (!numbers) return numbers.error();
    for (const std::uint64_t number : *numbers) {
      auto reader = store_->open(number, store_id);
      if (reader) walk.checksum_at[(*reader)->header().last_sequence] = 0;
      const auto path = store_->find(number);
      readers_.push_back({number, path && path->ends_with(".archive"), std::move(reader)});
    }
    return {};
  }

  Status check(const Walk& walk, Json& json) const {
    json = Json::array();
    Status first;
    std::uint64_t next_number = 1;
    std::uint64_t next_sequence = 1;
    for (const Opened& opened : readers_) {
      Status status = opened.number == next_number ? Status() : Status(ErrorKind::kCorrupt, fmt::format("segment {} is missing", next_number));
      if (status) status = store_->check_stub(opened.number);
      if (status) status = check_one(opened, walk, next_sequence);
      json.push_back({{"segment", opened.number}, {"archived", opened.is_archived}, {"ok", status.is_ok()}, {"error", status.message()}});
      if (!status && first) first = status;
      next_number = opened.number + 1;
      if (opened.reader) next_sequence = (*opened.reader)->header().last_sequence + 1;
    }
    return first;
  }

 private:
  struct Opened {
    std::uint64_t number;
    bool is_archived;
    Result<std::unique_ptr<SealedReader>> reader;
  };

  static Status check_one(const Opened& opened, const Walk& walk, std::uint64_t first_sequence) {
    if (!opened.reader) return opened.reader.error();
    const SealedReader& reader = **opened.reader;
    const SealedHeader& header = reader.header();
    if (Status status = reader.verify(); !status) return status;
    if (header.first_sequence != first_sequence) {
      return {ErrorKind::kCorrupt, fmt::format("sealed segment {} begins at sequence {}, not {}", opened.number, header.first_sequence, first_sequence)};
    }
    if (walk.checksum_at.at(header.last_sequence) != header.batch_checksum) {
      return {ErrorKind::kCorrupt, fmt::format("sealed segment {} is not of this journal: no batch ends like it", opened.number)};
    }
    return {};
  }

  std::unique_ptr<journal::HistoryStore> store_;
  std::vector<Opened> readers_;
};

/// What each ledger's accounts must add up to, and each account's own limits.
class Invariants {
 public:
  Status add(const Account& account) {
    Balances& totals = ledgers_[account.ledger];
    // Sums over all accounts may pass 2^128; both sides wrap alike and must agree all the same.
    totals.debits_posted += account.debits_posted;
    totals.credits_posted += account.credits_posted;
    totals.debits_pending += account.debits_pending;
    totals.credits_pending += account.credits_pending;
    if ((account.flags & AccountFlags::kDebitsMustNotExceedCredits) != 0 &&
        account.debits_posted + account.debits_pending > account.credits_posted) {
      return bad(account, "debits exceed credits");
    }
    if ((account.flags & AccountFlags::kCreditsMustNotExceedDebits) != 0 &&
        account.credits_posted + account.credits_pending > account.debits_posted) {
      return bad(account, "credits exceed debits");
    }
    return {};
  }

  [[nodiscard]] Status balanced() const {
    for (const auto& [ledger, totals] : ledgers_) {
      if (totals.debits_posted != totals.credits_posted || totals.debits_pending != totals.credits_pending) {
        return {ErrorKind::kCorrupt, fmt::format("ledger {}: debits and credits do not add up to the same", ledger)};
      }
    }
    return {};
  }

 private:
  static Status bad(const Account& account, std::string_view what) {
    return {ErrorKind::kCorrupt, fmt::format("account {}: {}", to_decimal(account.id), what)};
  }

  std::map<std::uint32_t, Balances> ledgers_;
};

Status check_invariants(core::StateMachine& machine, std::vector<u128>& ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  Invariants invariants;
  std::uint64_t accounts = 0;
  for (std::size_t at = 0; at < ids.size(); at += kEventsMax) {
    const auto part = std::span(ids).subspan(at, std::min<std::size_t>(kEventsMax, ids.size() - at));
    const auto body = read_state(machine, Operation::kLookupAccounts, std::as_bytes(part));
    if (!body) return body.error();
    for (std::size_t i = 0; i < body.value().size(); i += sizeof(Account)) {
      Account account;
      std::memcpy(&account, body.value().data() + i, sizeof account);
      if (auto status = invariants.add(account); !status) return status;
      ++accounts;
    }
  }
  if (accounts != machine.counts().accounts) {
    return {ErrorKind::kCorrupt, fmt::format("{} accounts can be looked up, but {} are counted", accounts, machine.counts().accounts)};
  }
  return invariants.balanced();
}

Status verify(const Options& options, Json& json) {
  const auto store = OfflineStore::open(options.offline.data);
  if (!store) return store.error();
  Walk found(store.value().journal->oldest_sequence());
  const auto store_id = store.value().store_id();
  if (!store_id) return store_id.error();
  HistoryCheck history(options.offline.data, options.archive);
  if (auto status = history.begin(*store_id, found); !status) return status;
  const auto walked = walk(store.value(), found);
  json["batches"] = found.batches;
  json["events"] = found.events;
  json["sequence"] = found.next_sequence - 1;
  if (!walked) return walked;
  if (auto status = check_snapshots(store.value(), json["snapshots"]); !status) return status;
  if (auto status = history.check(found, json["history"]); !status) return status;
  if (options.quick) return {};
  const auto rebuilt = store.value().rebuild(options.offline);
  if (!rebuilt) return rebuilt.error();
  const pipeline::Recovered& recovered = rebuilt.value().recovered;
  core::StateMachine& machine = *recovered.state_machine;
  json["state_hash"] = to_hex(machine.state_hash());
  // Accounts from before the oldest segment cannot be named, so sums would be of a part only.
  if (store.value().journal->oldest_sequence() > 1) return {};
  if (auto status = check_invariants(machine, found.accounts); !status) return status;
  json["invariants"] = "hold";
  return {};
}

/// Messages about damaged data say "sequence N".
std::uint64_t sequence_in(const std::string& message) {
  constexpr std::string_view kWord = "sequence ";
  std::uint64_t sequence = 0;
  const auto at = message.find(kWord);
  if (at != std::string::npos) std::from_chars(message.data() + at + kWord.size(), message.data() + message.size(), sequence);
  return sequence;
}

Status run(const Options& options) {
  Json json = {{"ok", false}};
  const auto status = verify(options, json);
  json["ok"] = status.is_ok();
  if (!status) {
    json["error"] = status.message();
    if (const auto sequence = sequence_in(status.message()); sequence != 0) json["first_bad_sequence"] = sequence;
  }
  if (auto written = options.json ? write_json("-", json) : print_fields(json); !written) return written;
  return status;
}

constexpr const char* kExamples =
    R"(  florin verify --data ./ledger            chain, checksums, snapshots, history; then rebuilds the state and checks it
  florin verify --data ./copy --quick      bytes only: chain and checksums
  florin verify --data ./copy --json       for programs: ok, sequence, first_bad_sequence, error

Exit code 4 names the file, the first bad sequence and the reason. Nothing is locked or written.
What is checked of the state: it follows from the journal, every recorded digest of outcomes agrees, in every ledger debits equal
credits (posted and pending), and no account is beyond its limits.
)";

}  // namespace

void add_verify(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App& app = line.add("verify", "Check a data folder: chain, checksums, snapshots, invariants", kExamples,
                           [options] { return run(*options); });
  app.add_option("--data", options->offline.data, "Data folder, or a copy of one")->type_name("DIR")->required();
  app.add_option("--archive", options->archive, "Its archived segments, if they are not where the server put them")->type_name("DIR");
  app.add_flag("--quick", options->quick, "Only the bytes: chain and checksums");
  add_number(app, "--partitions", options->offline.partitions, "Partitions; 0 lets the machine decide", {.max = kPartitionsMax});
  app.add_flag("--progress", options->offline.progress, "Show how far it is");
  app.add_flag("--json", options->json, "Print JSON");
}

}  // namespace florin::tools

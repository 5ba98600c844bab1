#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "florin/account.hpp"
#include "florin/frame.hpp"
#include "florin/party_query.hpp"
#include "florin/payment_commands.hpp"
#include "florin/payment_query.hpp"
#include "florin/payment_reply.hpp"
#include "florin/query.hpp"
#include "florin/status.hpp"
#include "florin/status_codes.hpp"
#include "florin/transfer.hpp"
#include "florin/uint128.hpp"

/// @file
/// The C++ client of florin's native protocol.
///
///   auto client = florin::Client::connect({.address = "127.0.0.1:3000", .principal = 1});
///   if (!client) return fail(client.error());
///   auto result = client.value()->create_transfer(transfer);
///
/// **How a call can end.** A value: the server executed the request and it is durable. Or a Status whose kind says what is
/// known about the effect:
///
///   kOutcomeUnknown   the request was sent and no answer came in time, or the server's journal failed: it may or may not
///                     have taken effect. Send the same events again with the same ids to find out.
///   anything else     nothing happened: the request never left, or the server refused it before it was sequenced (kDeadline,
///                     kBusy, kUnavailable, kOutOfMemory, kRefused; the message begins with the name of the reply's code).
///
/// **Retries.** If the connection is lost, the client connects again and sends every open request again, with the same bytes,
/// until the call's deadline. That is safe because events are idempotent by id. An event whose first answer was lost then
/// answers `exists` with the timestamp of the original instead of `created`, and one that was refused for a transient reason
/// (see is_transient()) answers `id_already_failed`; the client reports what the server says.
/// Payments are idempotent by key: sent again they answer what they answered first, with that sequence, and `is_replayed`. Who gives up asks resolve_key(),
/// which says what became of the key, or makes sure that nothing will.
///
/// **Batching.** Calls of create_account() and create_transfer(), from any number of threads, that arrive while such a request
/// is under way share the next request. An event that is linked or imported is sent in a request of its own: an event cannot
/// become part of a stranger's chain. Calls with many events are one request each, so chains are never split.
///
/// **Pages.** A query answers with a page, which may be short, even empty, although more is to come. next_page() of
/// florin/query.hpp makes its filter that of the page behind it:
///
///   do {
///     auto page = client->query_transfers(filter);
///     if (!page) return fail(page.error());
///     use(page->rows), end = page->end;
///   } while (florin::next_page(filter, end));
///
/// or for_each_page() does it all.

namespace florin {

struct ClientOptions {
  std::string address = "127.0.0.1:3000";  ///< host:port, or [IPv6]:port
  u128 principal = 0;                      ///< who acts
  u128 client = 0;                         ///< names this client object in the journal; 0: random
  std::uint32_t timeout_ms = 30'000;       ///< of a call that names none
  std::uint32_t connect_timeout_ms = 5'000;
  std::uint32_t in_flight_max = 64;        ///< requests on the wire at the same time; the rest waits here
  std::uint64_t queue_bytes_max = 256U << 20;  ///< bodies waiting or on the wire; beyond it a call fails with kBusy
};

struct CallOptions {
  std::uint32_t timeout_ms = 0;  ///< 0: that of the client
  bool post_balances = false;    ///< create_*: both accounts' balances right after each event
  bool latency_receipt = false;
};

/// The balances of both accounts of a transfer right after it (create_accounts: of the account, then zeros).
struct PostBalances {
  Balances debit_account;
  Balances credit_account;
};

/// What the server adds to every reply.
struct ReplyInfo {
  std::uint64_t sequence = 0;   ///< of the request's last event (writes), newest seen (reads)
  std::uint64_t timestamp = 0;  ///< of that event, ns
  LatencyReceipt receipt = {};  ///< zeros unless asked for
};

struct CreateReply {
  std::vector<CreateResult> results;         ///< one per event, in order
  std::vector<PostBalances> post_balances;   ///< one per event if asked for
  ReplyInfo info;
};

/// Rows of a look-up: those found, in order of the ids asked for.
template <typename Row>
struct RowsReply {
  std::vector<Row> rows;
  ReplyInfo info;
};

/// Rows of a query, and where it goes on.
template <typename Row>
struct PageReply {
  std::vector<Row> rows;
  PageEnd end;
  ReplyInfo info;
};

struct TextReply {
  std::string text;
  ReplyInfo info;
};

/// One per command, in order.
struct PaymentsReply {
  std::vector<PaymentAnswer> answers;
  ReplyInfo info;
};

/// A connection to one server that repairs itself, with a thread of its own.
///
/// Thread-safe: any thread may call anything at any time. Callbacks run on the client's thread: they must be short, may start
/// asynchronous calls, and must not throw; a blocking call inside one fails with kUsage.
/// Lifecycle: connect() -> calls -> destruction, which answers every open call before it returns: kUnavailable if it was not
/// sent, kOutcomeUnknown if it was.
class Client {
 public:
  template <typename Reply>
  using Callback = std::function<void(Result<Reply>)>;

  /// Connects and says hello. kUnavailable if nobody answers in time, kRefused with the server's reason if it declines.
  static Result<std::unique_ptr<Client>> connect(ClientOptions options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// The store this client is connected to; a reconnect to another one fails every call.
  [[nodiscard]] u128 store_id() const noexcept;

  // One event; concurrent calls share requests.
  void create_account_async(const Account& account, Callback<CreateResult> done, CallOptions options = {});
  void create_transfer_async(const Transfer& transfer, Callback<CreateResult> done, CallOptions options = {});

  // At most kEventsMax elements, one request each. The elements are copied before the call returns.
  void create_accounts_async(std::span<const Account> accounts, Callback<CreateReply> done, CallOptions options = {});
  void create_transfers_async(std::span<const Transfer> transfers, Callback<CreateReply> done, CallOptions options = {});
  void lookup_accounts_async(std::span<const u128> ids, Callback<RowsReply<Account>> done, CallOptions options = {});
  void lookup_transfers_async(std::span<const u128> ids, Callback<RowsReply<Transfer>> done, CallOptions options = {});
  void get_account_transfers_async(const AccountFilter& filter, Callback<PageReply<Transfer>> done, CallOptions options = {});
  void get_account_balances_async(const AccountFilter& filter, Callback<PageReply<AccountBalance>> done, CallOptions options = {});

  void query_accounts_async(const QueryFilter& filter, Callback<PageReply<Account>> done, CallOptions options = {});
  void query_transfers_async(const QueryFilter& filter, Callback<PageReply<Transfer>> done, CallOptions options = {});
  void get_change_events_async(const ChangeEventsFilter& filter, Callback<PageReply<ChangeEvent>> done, CallOptions options = {});
  /// At most kAccountsAtMax ids. `timestamp_ns`: as AccountsAt::timestamp.
  void get_accounts_at_async(std::uint64_t timestamp_ns, std::span<const u128> ids, Callback<PageReply<Account>> done,
                             CallOptions options = {});
  /// `moment`: a sequence or a timestamp; the other one is 0. At most one row.
  void get_moment_async(const Moment& moment, Callback<PageReply<Moment>> done, CallOptions options = {});
  /// Rows of several pages are to be added up: add_up() of florin/query.hpp.
  void get_trial_balance_async(const TrialBalanceFilter& filter, Callback<PageReply<TrialBalance>> done, CallOptions options = {});

  /// Changes the ledger; one row.
  void drop_history_async(const DropHistory& drop, Callback<RowsReply<DroppedHistoryReply>> done, CallOptions options = {});

  // Payments, one request each. A command with a field that does not fit its place fails with kUsage; the message names the field.
  void send_payment_async(const CommandWithParts& command, Callback<PaymentAnswer> done, CallOptions options = {});
  /// Each by itself, in order.
  void send_payments_async(std::span<const CommandWithParts> commands, Callback<PaymentsReply> done, CallOptions options = {});
  /// After the first that is refused the rest answers `skipped`, for ever.
  void send_payment_list_async(std::span<const CommandWithParts> commands, Callback<PaymentsReply> done, CallOptions options = {});
  /// 2 to 64 commands, all of them or none, under one key; those of its members are 0.
  void send_payment_group_async(u128 key, std::span<const CommandWithParts> members, Callback<PaymentsReply> done, CallOptions options = {});
  /// What became of a key of this principal, as a replay; if nothing has, nothing will: it is fenced, and answers kFenced.
  void resolve_key_async(u128 key, Callback<PaymentAnswer> done, CallOptions options = {});
  /// What is kept under a key, of a group one for each member; no row: nothing so far, and no fence.
  void lookup_key_async(u128 key, Callback<RowsReply<PaymentOutcome>> done, CallOptions options = {});
  /// At most kOrdersMax ids.
  void lookup_orders_async(std::span<const u128> ids, Callback<RowsReply<Order>> done, CallOptions options = {});
  /// By its merchant's name for it, at most 32 bytes. One row or none.
  void find_order_async(u128 merchant, std::string_view reference, Callback<RowsReply<Order>> done, CallOptions options = {});
  /// Lines of one object. read_story() gives all of them.
  void get_story_async(const StoryFilter& filter, Callback<RowsReply<StoryLine>> done, CallOptions options = {});
  /// Orders of a party or of all, by state and time. A page may be short, or empty, and not be the last: see OrderFilter.
  void query_orders_async(const OrderFilter& filter, Callback<PageReply<Order>> done, CallOptions options = {});
  /// Lines of all stories. PaymentFeed (payment_feed.hpp) follows them.
  void get_payment_events_async(const PaymentEventsFilter& filter, Callback<PageReply<StoryLine>> done, CallOptions options = {});
  /// At most kPartiesMax ids. The hash of a password is in no row.
  void lookup_parties_async(std::span<const u128> ids, Callback<RowsReply<Party>> done, CallOptions options = {});
  /// By its unique name, to the byte.
  void find_party_async(std::string_view name, Callback<RowsReply<Party>> done, CallOptions options = {});
  /// Public keys of a party, active and revoked, newest first.
  void get_credentials_async(const CredentialFilter& filter, Callback<PageReply<Credential>> done, CallOptions options = {});
  /// Whether this is the hash of the party's password, by scrypt with the salt and the costs that lookup_parties tells; no row: no such party. kBusy: it was
  /// asked too often of late.
  void verify_credential_async(const PasswordProof& proof, Callback<RowsReply<PasswordVerdict>> done, CallOptions options = {});

  void ping_async(Callback<ReplyInfo> done, CallOptions options = {});
  void status_async(Callback<TextReply> done, CallOptions options = {});  ///< JSON
  void snapshot_async(Callback<ReplyInfo> done, CallOptions options = {});  ///< answered when it is published
  void clock_advance_async(std::uint64_t ns, Callback<ReplyInfo> done, CallOptions options = {});  ///< --test-clock only

  // The same as futures.
  std::future<Result<CreateResult>> create_account_future(const Account& account, CallOptions options = {});
  std::future<Result<CreateResult>> create_transfer_future(const Transfer& transfer, CallOptions options = {});
  std::future<Result<CreateReply>> create_accounts_future(std::span<const Account> accounts, CallOptions options = {});
  std::future<Result<CreateReply>> create_transfers_future(std::span<const Transfer> transfers, CallOptions options = {});
  std::future<Result<RowsReply<Account>>> lookup_accounts_future(std::span<const u128> ids, CallOptions options = {});
  std::future<Result<RowsReply<Transfer>>> lookup_transfers_future(std::span<const u128> ids, CallOptions options = {});
  std::future<Result<PageReply<Transfer>>> get_account_transfers_future(const AccountFilter& filter, CallOptions options = {});
  std::future<Result<PageReply<AccountBalance>>> get_account_balances_future(const AccountFilter& filter, CallOptions options = {});
  std::future<Result<PageReply<Account>>> query_accounts_future(const QueryFilter& filter, CallOptions options = {});
  std::future<Result<PageReply<Transfer>>> query_transfers_future(const QueryFilter& filter, CallOptions options = {});
  std::future<Result<PageReply<ChangeEvent>>> get_change_events_future(const ChangeEventsFilter& filter, CallOptions options = {});
  std::future<Result<PageReply<Account>>> get_accounts_at_future(std::uint64_t timestamp_ns, std::span<const u128> ids,
                                                                 CallOptions options = {});
  std::future<Result<PageReply<Moment>>> get_moment_future(const Moment& moment, CallOptions options = {});
  std::future<Result<PageReply<TrialBalance>>> get_trial_balance_future(const TrialBalanceFilter& filter, CallOptions options = {});
  std::future<Result<RowsReply<DroppedHistoryReply>>> drop_history_future(const DropHistory& drop, CallOptions options = {});
  std::future<Result<PaymentAnswer>> send_payment_future(const CommandWithParts& command, CallOptions options = {});
  std::future<Result<PaymentsReply>> send_payments_future(std::span<const CommandWithParts> commands, CallOptions options = {});
  std::future<Result<PaymentsReply>> send_payment_list_future(std::span<const CommandWithParts> commands, CallOptions options = {});
  std::future<Result<PaymentsReply>> send_payment_group_future(u128 key, std::span<const CommandWithParts> members, CallOptions options = {});
  std::future<Result<PaymentAnswer>> resolve_key_future(u128 key, CallOptions options = {});
  std::future<Result<RowsReply<PaymentOutcome>>> lookup_key_future(u128 key, CallOptions options = {});
  std::future<Result<RowsReply<Order>>> lookup_orders_future(std::span<const u128> ids, CallOptions options = {});
  std::future<Result<RowsReply<Order>>> find_order_future(u128 merchant, std::string_view reference, CallOptions options = {});
  std::future<Result<RowsReply<StoryLine>>> get_story_future(const StoryFilter& filter, CallOptions options = {});
  std::future<Result<PageReply<Order>>> query_orders_future(const OrderFilter& filter, CallOptions options = {});
  std::future<Result<PageReply<StoryLine>>> get_payment_events_future(const PaymentEventsFilter& filter, CallOptions options = {});
  std::future<Result<RowsReply<Party>>> lookup_parties_future(std::span<const u128> ids, CallOptions options = {});
  std::future<Result<RowsReply<Party>>> find_party_future(std::string_view name, CallOptions options = {});
  std::future<Result<PageReply<Credential>>> get_credentials_future(const CredentialFilter& filter, CallOptions options = {});
  std::future<Result<RowsReply<PasswordVerdict>>> verify_credential_future(const PasswordProof& proof, CallOptions options = {});

  // The same, blocking.
  Result<CreateResult> create_account(const Account& account, CallOptions options = {});
  Result<CreateResult> create_transfer(const Transfer& transfer, CallOptions options = {});
  Result<CreateReply> create_accounts(std::span<const Account> accounts, CallOptions options = {});
  Result<CreateReply> create_transfers(std::span<const Transfer> transfers, CallOptions options = {});
  Result<RowsReply<Account>> lookup_accounts(std::span<const u128> ids, CallOptions options = {});
  Result<RowsReply<Transfer>> lookup_transfers(std::span<const u128> ids, CallOptions options = {});
  Result<PageReply<Transfer>> get_account_transfers(const AccountFilter& filter, CallOptions options = {});
  Result<PageReply<AccountBalance>> get_account_balances(const AccountFilter& filter, CallOptions options = {});
  Result<PageReply<Account>> query_accounts(const QueryFilter& filter, CallOptions options = {});
  Result<PageReply<Transfer>> query_transfers(const QueryFilter& filter, CallOptions options = {});
  Result<PageReply<ChangeEvent>> get_change_events(const ChangeEventsFilter& filter, CallOptions options = {});
  Result<PageReply<Account>> get_accounts_at(std::uint64_t timestamp_ns, std::span<const u128> ids, CallOptions options = {});
  Result<PageReply<Moment>> get_moment(const Moment& moment, CallOptions options = {});
  Result<PageReply<TrialBalance>> get_trial_balance(const TrialBalanceFilter& filter, CallOptions options = {});
  Result<RowsReply<DroppedHistoryReply>> drop_history(const DropHistory& drop, CallOptions options = {});
  Result<PaymentAnswer> send_payment(const CommandWithParts& command, CallOptions options = {});
  Result<PaymentsReply> send_payments(std::span<const CommandWithParts> commands, CallOptions options = {});
  Result<PaymentsReply> send_payment_list(std::span<const CommandWithParts> commands, CallOptions options = {});
  Result<PaymentsReply> send_payment_group(u128 key, std::span<const CommandWithParts> members, CallOptions options = {});
  Result<PaymentAnswer> resolve_key(u128 key, CallOptions options = {});
  Result<RowsReply<PaymentOutcome>> lookup_key(u128 key, CallOptions options = {});
  Result<RowsReply<Order>> lookup_orders(std::span<const u128> ids, CallOptions options = {});
  Result<RowsReply<Order>> find_order(u128 merchant, std::string_view reference, CallOptions options = {});
  Result<RowsReply<StoryLine>> get_story(const StoryFilter& filter, CallOptions options = {});
  Result<PageReply<Order>> query_orders(const OrderFilter& filter, CallOptions options = {});
  Result<PageReply<StoryLine>> get_payment_events(const PaymentEventsFilter& filter, CallOptions options = {});
  Result<RowsReply<Party>> lookup_parties(std::span<const u128> ids, CallOptions options = {});
  Result<RowsReply<Party>> find_party(std::string_view name, CallOptions options = {});
  Result<PageReply<Credential>> get_credentials(const CredentialFilter& filter, CallOptions options = {});
  Result<RowsReply<PasswordVerdict>> verify_credential(const PasswordProof& proof, CallOptions options = {});
  Result<ReplyInfo> ping(CallOptions options = {});
  Result<TextReply> status(CallOptions options = {});
  Result<ReplyInfo> snapshot(CallOptions options = {});
  Result<ReplyInfo> clock_advance(std::uint64_t ns, CallOptions options = {});

 private:
  class Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Reads a query page by page, until it ends or `use(rows)` returns false.
///
///   for_each_page(filter, [&](const auto& page) { return client->query_transfers(page); }, [&](const auto& rows) { ...; return true; });
template <typename Filter, typename Ask, typename Use>
Status for_each_page(Filter filter, Ask&& ask, Use&& use) {
  PageEnd end;
  do {
    auto page = ask(filter);
    if (!page) return page.error();
    if (!use(page->rows)) return {};
    end = page->end;
  } while (next_page(filter, end));
  return {};
}

/// All lines of an object's story, oldest first; none: there is no such object. Objects of different kinds may have one id.
Result<std::vector<StoryLine>> read_story(Client& client, u128 object, StoryOf kind = StoryOf::kAny, CallOptions options = {});

}  // namespace florin

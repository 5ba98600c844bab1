#include "florin/client.hpp"

#include <cstring>

#include <algorithm>

#include "client/client_engine.hpp"
#include "client/payment_codec.hpp"
#include "protocol/create_reply.hpp"

namespace florin {
namespace {

using client::Answer;
using client::ClientEngine;
using client::Request;

template <typename T>
std::vector<std::byte> bytes_of(std::span<const T> values) {
  const std::span<const std::byte> bytes = std::as_bytes(values);
  return {bytes.begin(), bytes.end()};
}

template <typename T>
std::vector<T> values_of(std::span<const std::byte> bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

Status contradiction(Operation operation) {
  const ErrorKind kind = client::has_effect(operation) ? ErrorKind::kOutcomeUnknown : ErrorKind::kCorrupt;
  return {kind, std::string(name_of(operation)) + ": the reply contradicts itself"};
}

std::size_t receipt_bytes(const FrameHeader& header) noexcept {
  return (header.flags & RequestFlags::kLatencyReceipt) != 0 ? sizeof(LatencyReceipt) : 0;
}

ReplyInfo info_of(const Answer& answer) noexcept {
  ReplyInfo info{.sequence = answer.header.first, .timestamp = answer.header.second, .receipt = {}};
  if (receipt_bytes(answer.header) != 0 && answer.body.size() >= sizeof info.receipt) {
    std::memcpy(&info.receipt, answer.body.data() + answer.body.size() - sizeof info.receipt, sizeof info.receipt);
  }
  return info;
}

Result<CreateReply> decode_create(const Answer& answer, std::uint32_t event_count) {
  protocol::CreateReplyView view;
  if (!protocol::parse_create_reply(answer.header, answer.body, event_count, view)) {
    return contradiction(answer.header.operation);
  }
  CreateReply reply;
  reply.info = info_of(answer);
  reply.results.resize(event_count);
  protocol::expand_results(reply.info.timestamp, view.entries, reply.results);
  reply.post_balances = values_of<PostBalances>(view.post_balances);
  return reply;
}

template <typename Row>
Result<RowsReply<Row>> decode_rows(const Answer& answer) {
  const std::size_t rows_bytes = std::size_t{answer.header.count} * sizeof(Row);
  if (answer.body.size() != rows_bytes + receipt_bytes(answer.header)) return contradiction(answer.header.operation);
  return RowsReply<Row>{values_of<Row>(answer.body.first(rows_bytes)), info_of(answer)};
}

template <typename Row>
Result<PageReply<Row>> decode_page(const Answer& answer) {
  const std::size_t rows_bytes = std::size_t{answer.header.count} * sizeof(Row);
  if (answer.body.size() != rows_bytes + sizeof(PageEnd) + receipt_bytes(answer.header)) return contradiction(answer.header.operation);
  PageReply<Row> page{values_of<Row>(answer.body.first(rows_bytes)), {}, info_of(answer)};
  std::memcpy(&page.end, answer.body.data() + rows_bytes, sizeof page.end);
  return page;
}

Result<TextReply> decode_text(const Answer& answer) {
  const std::size_t text_bytes = answer.body.size() - std::min(answer.body.size(), receipt_bytes(answer.header));
  return TextReply{{reinterpret_cast<const char*>(answer.body.data()), text_bytes}, info_of(answer)};
}

Result<ReplyInfo> decode_info(const Answer& answer) { return info_of(answer); }

Result<PaymentsReply> decode_payments(const Answer& answer, std::uint32_t commands) {
  const std::size_t receipt = receipt_bytes(answer.header);
  if (answer.header.count != commands || answer.body.size() < receipt) return contradiction(answer.header.operation);
  PaymentsReply reply{.answers = {}, .info = info_of(answer)};
  if (!client::parse_payment_answers(answer.body.first(answer.body.size() - receipt), commands, reply.answers)) return contradiction(answer.header.operation);
  return reply;
}

Result<RowsReply<Order>> decode_orders(const Answer& answer) {
  const std::size_t receipt = receipt_bytes(answer.header);
  RowsReply<Order> reply{.rows = {}, .info = info_of(answer)};
  if (answer.body.size() < receipt || !client::parse_orders(answer.body.first(answer.body.size() - receipt), answer.header.count, reply.rows)) {
    return contradiction(answer.header.operation);
  }
  return reply;
}

Result<PageReply<Order>> decode_order_page(const Answer& answer) {
  PageReply<Order> page;
  page.info = info_of(answer);
  const std::size_t behind = sizeof page.end + receipt_bytes(answer.header);
  if (answer.body.size() < behind) return contradiction(answer.header.operation);
  const auto rows = answer.body.first(answer.body.size() - behind);
  if (!client::parse_orders(rows, answer.header.count, page.rows)) return contradiction(answer.header.operation);
  std::memcpy(&page.end, rows.data() + rows.size(), sizeof page.end);
  return page;
}

/// A callback that fulfils a future.
template <typename Reply>
std::pair<Client::Callback<Reply>, std::future<Result<Reply>>> promised() {
  auto promise = std::make_shared<std::promise<Result<Reply>>>();
  auto future = promise->get_future();
  return {[promise](Result<Reply> result) { promise->set_value(std::move(result)); }, std::move(future)};
}

}  // namespace

class Client::Impl {
 public:
  Impl(ClientOptions options, std::vector<client::Endpoint> endpoints)
      : engine(std::move(options), std::move(endpoints)) {}

  std::uint64_t deadline_ns(CallOptions options) const noexcept {
    const std::uint64_t timeout_ms = options.timeout_ms != 0 ? options.timeout_ms : engine.options().timeout_ms;
    return ClientEngine::now_ns() + timeout_ms * 1'000'000;
  }

  template <typename Reply, typename Decode>
  void call(Operation operation, std::vector<std::byte> body, CallOptions options, Callback<Reply> done, Decode decode) {
    auto request = std::make_unique<Request>();
    request->operation = operation;
    request->flags = static_cast<std::uint16_t>((options.post_balances ? RequestFlags::kPostBalances : 0U) |
                                                (options.latency_receipt ? RequestFlags::kLatencyReceipt : 0U));
    request->body = std::move(body);
    request->deadline_ns = deadline_ns(options);
    request->done = [done = std::move(done), decode](const Result<Answer>& result) {
      if (result) {
        done(decode(*result));
      } else {
        done(result.error());
      }
    };
    engine.submit(std::move(request));
  }

  template <typename Event>
  void create_many(Operation operation, std::span<const Event> events, CallOptions options, Callback<CreateReply> done) {
    const auto event_count = static_cast<std::uint32_t>(events.size());
    if (events.empty() || events.size() > kEventsMax) {
      return done(Status(ErrorKind::kUsage, "a request has 1 to " + std::to_string(kEventsMax) + " events"));
    }
    call<CreateReply>(operation, bytes_of(events), options, std::move(done),
                      [event_count](const Answer& answer) { return decode_create(answer, event_count); });
  }

  template <typename Event>
  void create_one(Operation operation, const Event& event, bool stands_alone, CallOptions options, Callback<CreateResult> done) {
    if (options.post_balances || options.latency_receipt) {
      return done(Status(ErrorKind::kUsage, "balances and receipts belong to a request: use the call for many events"));
    }
    client::SingleEvent single;
    std::memcpy(single.event.data(), &event, sizeof event);
    single.deadline_ns = deadline_ns(options);
    single.stands_alone = stands_alone;
    single.done = std::move(done);
    engine.submit(operation, std::move(single));
  }

  template <typename Row>
  void look_up(Operation operation, std::span<const u128> ids, CallOptions options, Callback<RowsReply<Row>> done) {
    if (ids.empty() || ids.size() > kEventsMax) {
      return done(Status(ErrorKind::kUsage, "a look-up has 1 to " + std::to_string(kEventsMax) + " ids"));
    }
    call<RowsReply<Row>>(operation, bytes_of(ids), options, std::move(done), decode_rows<Row>);
  }

  template <typename Row, typename Filter>
  void query(Operation operation, const Filter& filter, CallOptions options, Callback<PageReply<Row>> done) {
    call<PageReply<Row>>(operation, bytes_of(std::span(&filter, 1)), options, std::move(done), decode_page<Row>);
  }

  void send_payments(PaymentsMode mode, u128 group_key, std::span<const CommandWithParts> commands, CallOptions options, Callback<PaymentsReply> done) {
    auto body = client::payments_body(mode, group_key, commands);
    if (!body) return done(body.error());
    const auto count = static_cast<std::uint32_t>(commands.size());
    call<PaymentsReply>(Operation::kPayments, std::move(body).value(), options, std::move(done),
                        [count](const Answer& answer) { return decode_payments(answer, count); });
  }

  /// Waits for what `start(callback)` promises.
  template <typename Reply, typename Start>
  Result<Reply> block(Start start) {
    if (engine.is_own_thread()) return Status(ErrorKind::kUsage, "a blocking call inside a callback would wait for itself");
    auto [done, future] = promised<Reply>();
    start(std::move(done));
    return future.get();
  }

  ClientEngine engine;
};

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

Result<std::unique_ptr<Client>> Client::connect(ClientOptions options) {
  auto endpoints = client::resolve(options.address);
  if (!endpoints) return endpoints.error();
  auto impl = std::make_unique<Impl>(std::move(options), std::move(endpoints).value());
  if (!impl->engine.is_sound()) return Status(ErrorKind::kIo, "too many open files");
  Status status = impl->engine.wait_until_ready();
  if (!status.is_ok()) return status;
  return std::unique_ptr<Client>(new Client(std::move(impl)));
}

u128 Client::store_id() const noexcept { return impl_->engine.store_id(); }

// --- Callbacks ----------------------------------------------------------------------------------------------------------

void Client::create_account_async(const Account& account, Callback<CreateResult> done, CallOptions options) {
  const bool stands_alone = (account.flags & (AccountFlags::kLinked | AccountFlags::kImported)) != 0;
  impl_->create_one(Operation::kCreateAccounts, account, stands_alone, options, std::move(done));
}
void Client::create_transfer_async(const Transfer& transfer, Callback<CreateResult> done, CallOptions options) {
  const bool stands_alone = (transfer.flags & (TransferFlags::kLinked | TransferFlags::kImported)) != 0;
  impl_->create_one(Operation::kCreateTransfers, transfer, stands_alone, options, std::move(done));
}
void Client::create_accounts_async(std::span<const Account> accounts, Callback<CreateReply> done, CallOptions options) {
  impl_->create_many(Operation::kCreateAccounts, accounts, options, std::move(done));
}
void Client::create_transfers_async(std::span<const Transfer> transfers, Callback<CreateReply> done, CallOptions options) {
  impl_->create_many(Operation::kCreateTransfers, transfers, options, std::move(done));
}
void Client::lookup_accounts_async(std::span<const u128> ids, Callback<RowsReply<Account>> done, CallOptions options) {
  impl_->look_up(Operation::kLookupAccounts, ids, options, std::move(done));
}
void Client::lookup_transfers_async(std::span<const u128> ids, Callback<RowsReply<Transfer>> done, CallOptions options) {
  impl_->look_up(Operation::kLookupTransfers, ids, options, std::move(done));
}
void Client::get_account_transfers_async(const AccountFilter& filter, Callback<PageReply<Transfer>> done, CallOptions options) {
  impl_->query(Operation::kGetAccountTransfers, filter, options, std::move(done));
}
void Client::get_account_balances_async(const AccountFilter& filter, Callback<PageReply<AccountBalance>> done,
                                        CallOptions options) {
  impl_->query(Operation::kGetAccountBalances, filter, options, std::move(done));
}
void Client::query_accounts_async(const QueryFilter& filter, Callback<PageReply<Account>> done, CallOptions options) {
  impl_->query(Operation::kQueryAccounts, filter, options, std::move(done));
}
void Client::query_transfers_async(const QueryFilter& filter, Callback<PageReply<Transfer>> done, CallOptions options) {
  impl_->query(Operation::kQueryTransfers, filter, options, std::move(done));
}
void Client::get_change_events_async(const ChangeEventsFilter& filter, Callback<PageReply<ChangeEvent>> done, CallOptions options) {
  impl_->query(Operation::kGetChangeEvents, filter, options, std::move(done));
}
void Client::get_accounts_at_async(std::uint64_t timestamp_ns, std::span<const u128> ids, Callback<PageReply<Account>> done,
                                   CallOptions options) {
  if (ids.empty() || ids.size() > kAccountsAtMax) {
    return done(Status(ErrorKind::kUsage, "get_accounts_at has 1 to " + std::to_string(kAccountsAtMax) + " ids"));
  }
  const AccountsAt at{.timestamp = timestamp_ns};
  std::vector<std::byte> body = bytes_of(std::span(&at, 1));
  const auto id_bytes = std::as_bytes(ids);
  body.insert(body.end(), id_bytes.begin(), id_bytes.end());
  impl_->call<PageReply<Account>>(Operation::kGetAccountsAt, std::move(body), options, std::move(done), decode_page<Account>);
}
void Client::get_moment_async(const Moment& moment, Callback<PageReply<Moment>> done, CallOptions options) {
  impl_->query(Operation::kGetMoment, moment, options, std::move(done));
}
void Client::get_trial_balance_async(const TrialBalanceFilter& filter, Callback<PageReply<TrialBalance>> done, CallOptions options) {
  impl_->query(Operation::kGetTrialBalance, filter, options, std::move(done));
}
void Client::drop_history_async(const DropHistory& drop, Callback<RowsReply<DroppedHistoryReply>> done, CallOptions options) {
  impl_->call<RowsReply<DroppedHistoryReply>>(Operation::kDropHistory, bytes_of(std::span(&drop, 1)), options, std::move(done),
                                              decode_rows<DroppedHistoryReply>);
}
void Client::send_payment_async(const CommandWithParts& command, Callback<PaymentAnswer> done, CallOptions options) {
  send_payments_async(std::span(&command, 1), [done = std::move(done)](Result<PaymentsReply> reply) {
    if (reply) {
      done(reply->answers.front());
    } else {
      done(reply.error());
    }
  }, options);
}
void Client::send_payments_async(std::span<const CommandWithParts> commands, Callback<PaymentsReply> done, CallOptions options) {
  impl_->send_payments(PaymentsMode::kIndependent, 0, commands, options, std::move(done));
}
void Client::send_payment_list_async(std::span<const CommandWithParts> commands, Callback<PaymentsReply> done, CallOptions options) {
  impl_->send_payments(PaymentsMode::kStopOnFirst, 0, commands, options, std::move(done));
}
void Client::send_payment_group_async(u128 key, std::span<const CommandWithParts> members, Callback<PaymentsReply> done, CallOptions options) {
  impl_->send_payments(PaymentsMode::kGroup, key, members, options, std::move(done));
}
void Client::resolve_key_async(u128 key, Callback<PaymentAnswer> done, CallOptions options) {
  send_payment_async(commands::Resolve{.asked_key = key}, std::move(done), options);
}
void Client::lookup_key_async(u128 key, Callback<RowsReply<PaymentOutcome>> done, CallOptions options) {
  impl_->call<RowsReply<PaymentOutcome>>(Operation::kLookupKey, bytes_of(std::span<const u128>(&key, 1)), options, std::move(done),
                                         decode_rows<PaymentOutcome>);
}
void Client::lookup_orders_async(std::span<const u128> ids, Callback<RowsReply<Order>> done, CallOptions options) {
  if (ids.empty() || ids.size() > kOrdersMax) return done(Status(ErrorKind::kUsage, "a look-up has 1 to " + std::to_string(kOrdersMax) + " orders"));
  impl_->call<RowsReply<Order>>(Operation::kLookupOrders, bytes_of(ids), options, std::move(done), decode_orders);
}
void Client::find_order_async(u128 merchant, std::string_view reference, Callback<RowsReply<Order>> done, CallOptions options) {
  OrderReference asked{.merchant = merchant};
  if (reference.size() > sizeof asked.reference) return done(Status(ErrorKind::kUsage, "reference: has at most 32 bytes"));
  std::copy(reference.begin(), reference.end(), asked.reference);
  impl_->call<RowsReply<Order>>(Operation::kFindOrder, bytes_of(std::span<const OrderReference>(&asked, 1)), options, std::move(done), decode_orders);
}
void Client::get_story_async(const StoryFilter& filter, Callback<RowsReply<StoryLine>> done, CallOptions options) {
  impl_->call<RowsReply<StoryLine>>(Operation::kGetStory, bytes_of(std::span(&filter, 1)), options, std::move(done), decode_rows<StoryLine>);
}
void Client::query_orders_async(const OrderFilter& filter, Callback<PageReply<Order>> done, CallOptions options) {
  impl_->call<PageReply<Order>>(Operation::kQueryOrders, bytes_of(std::span(&filter, 1)), options, std::move(done), decode_order_page);
}
void Client::get_payment_events_async(const PaymentEventsFilter& filter, Callback<PageReply<StoryLine>> done, CallOptions options) {
  impl_->query<StoryLine>(Operation::kGetPaymentEvents, filter, options, std::move(done));
}
void Client::lookup_parties_async(std::span<const u128> ids, Callback<RowsReply<Party>> done, CallOptions options) {
  if (ids.empty() || ids.size() > kPartiesMax) return done(Status(ErrorKind::kUsage, "a look-up has 1 to " + std::to_string(kPartiesMax) + " parties"));
  impl_->call<RowsReply<Party>>(Operation::kLookupParties, bytes_of(ids), options, std::move(done), decode_rows<Party>);
}
void Client::find_party_async(std::string_view name, Callback<RowsReply<Party>> done, CallOptions options) {
  PartyName asked;
  if (name.size() > sizeof asked.name) return done(Status(ErrorKind::kUsage, "name: has at most 48 bytes"));
  std::copy(name.begin(), name.end(), asked.name);
  impl_->call<RowsReply<Party>>(Operation::kFindParty, bytes_of(std::span<const PartyName>(&asked, 1)), options, std::move(done), decode_rows<Party>);
}
void Client::get_credentials_async(const CredentialFilter& filter, Callback<PageReply<Credential>> done, CallOptions options) {
  impl_->query<Credential>(Operation::kGetCredentials, filter, options, std::move(done));
}
void Client::verify_credential_async(const PasswordProof& proof, Callback<RowsReply<PasswordVerdict>> done, CallOptions options) {
  impl_->call<RowsReply<PasswordVerdict>>(Operation::kVerifyCredential, bytes_of(std::span(&proof, 1)), options, std::move(done),
                                          decode_rows<PasswordVerdict>);
}
void Client::ping_async(Callback<ReplyInfo> done, CallOptions options) {
  impl_->call<ReplyInfo>(Operation::kPing, {}, options, std::move(done), decode_info);
}
void Client::status_async(Callback<TextReply> done, CallOptions options) {
  impl_->call<TextReply>(Operation::kStatus, {}, options, std::move(done), decode_text);
}
void Client::snapshot_async(Callback<ReplyInfo> done, CallOptions options) {
  impl_->call<ReplyInfo>(Operation::kSnapshot, {}, options, std::move(done), decode_info);
}
void Client::clock_advance_async(std::uint64_t ns, Callback<ReplyInfo> done, CallOptions options) {
  impl_->call<ReplyInfo>(Operation::kClockAdvance, bytes_of(std::span<const std::uint64_t>(&ns, 1)), options,
                         std::move(done), decode_info);
}

// --- Futures ------------------------------------------------------------------------------------------------------------

std::future<Result<CreateResult>> Client::create_account_future(const Account& account, CallOptions options) {
  auto [done, future] = promised<CreateResult>();
  create_account_async(account, std::move(done), options);
  return std::move(future);
}
std::future<Result<CreateResult>> Client::create_transfer_future(const Transfer& transfer, CallOptions options) {
  auto [done, future] = promised<CreateResult>();
  create_transfer_async(transfer, std::move(done), options);
  return std::move(future);
}
std::future<Result<CreateReply>> Client::create_accounts_future(std::span<const Account> accounts, CallOptions options) {
  auto [done, future] = promised<CreateReply>();
  create_accounts_async(accounts, std::move(done), options);
  return std::move(future);
}
std::future<Result<CreateReply>> Client::create_transfers_future(std::span<const Transfer> transfers, CallOptions options) {
  auto [done, future] = promised<CreateReply>();
  create_transfers_async(transfers, std::move(done), options);
  return std::move(future);
}
std::future<Result<RowsReply<Account>>> Client::lookup_accounts_future(std::span<const u128> ids, CallOptions options) {
  auto [done, future] = promised<RowsReply<Account>>();
  lookup_accounts_async(ids, std::move(done), options);
  return std::move(future);
}
std::future<Result<RowsReply<Transfer>>> Client::lookup_transfers_future(std::span<const u128> ids, CallOptions options) {
  auto [done, future] = promised<RowsReply<Transfer>>();
  lookup_transfers_async(ids, std::move(done), options);
  return std::move(future);
}
std::future<Result<PageReply<Transfer>>> Client::get_account_transfers_future(const AccountFilter& filter, CallOptions options) {
  auto [done, future] = promised<PageReply<Transfer>>();
  get_account_transfers_async(filter, std::move(done), options);
  return std::move(future);
}
std::future<Result<PageReply<AccountBalance>>> Client::get_account_balances_future(const AccountFilter& filter,
                                                                                   CallOptions options) {
  auto [done, future] = promised<PageReply<AccountBalance>>();
  get_account_balances_async(filter, std::move(done), options);
  return std::move(future);
}
std::future<Result<PageReply<Account>>> Client::query_accounts_future(const QueryFilter& filter, CallOptions options) {
  auto [done, future] = promised<PageReply<Account>>();
  query_accounts_async(filter, std::move(done), options);
  return std::move(future);
}
std::future<Result<PageReply<Transfer>>> Client::query_transfers_future(const QueryFilter& filter, CallOptions options) {
  auto [done, future] = promised<PageReply<Transfer>>();
  query_transfers_async(filter, std::move(done), options);
  return std::move(future);
}
std::future<Result<PageReply<ChangeEvent>>> Client::get_change_events_future(const ChangeEventsFilter& filter, CallOptions options) {
  auto [done, future] = promised<PageReply<ChangeEvent>>();
  get_change_events_async(filter, std::move(done), options);
  return std::move(future);
}
std::future<Result<PageReply<Account>>> Client::get_accounts_at_future(std::uint64_t timestamp_ns, std::span<const u128> ids,
                                                                       CallOptions options) {
  auto [done, future] = promised<PageReply<Account>>();
  get_accounts_at_async(timestamp_ns, ids, std::move(done), options);
  return std::move(future);
}

std::future<Result<PageReply<Moment>>> Client::get_moment_future(const Moment& moment, CallOptions options) {
  auto [done, future] = promised<PageReply<Moment>>();
  get_moment_async(moment, std::move(done), options);
  return std::move(future);
}
std::future<Result<PageReply<TrialBalance>>> Client::get_trial_balance_future(const TrialBalanceFilter& filter, CallOptions options) {
  auto [done, future] = promised<PageReply<TrialBalance>>();
  get_trial_balance_async(filter, std::move(done), options);
  return std::move(future);
}
std::future<Result<RowsReply<DroppedHistoryReply>>> Client::drop_history_future(const DropHistory& drop, CallOptions options) {
  auto [done, future] = promised<RowsReply<DroppedHistoryReply>>();
  drop_history_async(drop, std::move(done), options);
  return std::move(future);
}
std::future<Result<PaymentAnswer>> Client::send_payment_future(const CommandWithParts& command, CallOptions options) {
  auto [done, future] = promised<PaymentAnswer>();
  send_payment_async(command, std::move(done), options);
  return std::move(future);
}
std::future<Result<PaymentsReply>> Client::send_payments_future(std::span<const CommandWithParts> commands, CallOptions options) {
  auto [done, future] = promised<PaymentsReply>();
  send_payments_async(commands, std::move(done), options);
  return std::move(future);
}
std::future<Result<PaymentsReply>> Client::send_payment_list_future(std::span<const CommandWithParts> commands, CallOptions options) {
  auto [done, future] = promised<PaymentsReply>();
  send_payment_list_async(commands, std::move(done), options);
  return std::move(future);
}
std::future<Result<PaymentsReply>> Client::send_payment_group_future(u128 key, std::span<const CommandWithParts> members, CallOptions options) {
  auto [done, future] = promised<PaymentsReply>();
  send_payment_group_async(key, members, std::move(done), options);
  return std::move(future);
}
std::future<Result<PaymentAnswer>> Client::resolve_key_future(u128 key, CallOptions options) {
  auto [done, future] = promised<PaymentAnswer>();
  resolve_key_async(key, std::move(done), options);
  return std::move(future);
}
std::future<Result<RowsReply<PaymentOutcome>>> Client::lookup_key_future(u128 key, CallOptions options) {
  auto [done, future] = promised<RowsReply<PaymentOutcome>>();
  lookup_key_async(key, std::move(done), options);
  return std::move(future);
}
std::future<Result<RowsReply<Order>>> Client::lookup_orders_future(std::span<const u128> ids, CallOptions options) {
  auto [done, future] = promised<RowsReply<Order>>();
  lookup_orders_async(ids, std::move(done), options);
  return std::move(future);
}
std::future<Result<RowsReply<Order>>> Client::find_order_future(u128 merchant, std::string_view reference, CallOptions options) {
  auto [done, future] = promised<RowsReply<Order>>();
  find_order_async(merchant, reference, std::move(done), options);
  return std::move(future);
}
std::future<Result<RowsReply<StoryLine>>> Client::get_story_future(const StoryFilter& filter, CallOptions options) {
  auto [done, future] = promised<RowsReply<StoryLine>>();
  get_story_async(filter, std::move(done), options);
  return std::move(future);
}
std::future<Result<PageReply<Order>>> Client::query_orders_future(const OrderFilter& filter, CallOptions options) {
  auto [done, future] = promised<PageReply<Order>>();
  query_orders_async(filter, std::move(done), options);
  return std::move(future);
}
std::future<Result<PageReply<StoryLine>>> Client::get_payment_events_future(const PaymentEventsFilter& filter, CallOptions options) {
  auto [done, future] = promised<PageReply<StoryLine>>();
  get_payment_events_async(filter, std::move(done), options);
  return std::move(future);
}
std::future<Result<RowsReply<Party>>> Client::lookup_parties_future(std::span<const u128> ids, CallOptions options) {
  auto [done, future] = promised<RowsReply<Party>>();
  lookup_parties_async(ids, std::move(done), options);
  return std::move(future);
}
std::future<Result<RowsReply<Party>>> Client::find_party_future(std::string_view name, CallOptions options) {
  auto [done, future] = promised<RowsReply<Party>>();
  find_party_async(name, std::move(done), options);
  return std::move(future);
}
std::future<Result<PageReply<Credential>>> Client::get_credentials_future(const CredentialFilter& filter, CallOptions options) {
  auto [done, future] = promised<PageReply<Credential>>();
  get_credentials_async(filter, std::move(done), options);
  return std::move(future);
}
std::future<Result<RowsReply<PasswordVerdict>>> Client::verify_credential_future(const PasswordProof& proof, CallOptions options) {
  auto [done, future] = promised<RowsReply<PasswordVerdict>>();
  verify_credential_async(proof, std::move(done), options);
  return std::move(future);
}

// --- Blocking -----------------------------------------------------------------------------------------------------------

Result<CreateResult> Client::create_account(const Account& account, CallOptions options) {
  return impl_->block<CreateResult>([&](auto done) { create_account_async(account, std::move(done), options); });
}
Result<CreateResult> Client::create_transfer(const Transfer& transfer, CallOptions options) {
  return impl_->block<CreateResult>([&](auto done) { create_transfer_async(transfer, std::move(done), options); });
}
Result<CreateReply> Client::create_accounts(std::span<const Account> accounts, CallOptions options) {
  return impl_->block<CreateReply>([&](auto done) { create_accounts_async(accounts, std::move(done), options); });
}
Result<CreateReply> Client::create_transfers(std::span<const Transfer> transfers, CallOptions options) {
  return impl_->block<CreateReply>([&](auto done) { create_transfers_async(transfers, std::move(done), options); });
}
Result<RowsReply<Account>> Client::lookup_accounts(std::span<const u128> ids, CallOptions options) {
  return impl_->block<RowsReply<Account>>([&](auto done) { lookup_accounts_async(ids, std::move(done), options); });
}
Result<RowsReply<Transfer>> Client::lookup_transfers(std::span<const u128> ids, CallOptions options) {
  return impl_->block<RowsReply<Transfer>>([&](auto done) { lookup_transfers_async(ids, std::move(done), options); });
}
Result<PageReply<Transfer>> Client::get_account_transfers(const AccountFilter& filter, CallOptions options) {
  return impl_->block<PageReply<Transfer>>([&](auto done) { get_account_transfers_async(filter, std::move(done), options); });
}
Result<PageReply<AccountBalance>> Client::get_account_balances(const AccountFilter& filter, CallOptions options) {
  return impl_->block<PageReply<AccountBalance>>(
      [&](auto done) { get_account_balances_async(filter, std::move(done), options); });
}
Result<PageReply<Account>> Client::query_accounts(const QueryFilter& filter, CallOptions options) {
  return impl_->block<PageReply<Account>>([&](auto done) { query_accounts_async(filter, std::move(done), options); });
}
Result<PageReply<Transfer>> Client::query_transfers(const QueryFilter& filter, CallOptions options) {
  return impl_->block<PageReply<Transfer>>([&](auto done) { query_transfers_async(filter, std::move(done), options); });
}
Result<PageReply<ChangeEvent>> Client::get_change_events(const ChangeEventsFilter& filter, CallOptions options) {
  return impl_->block<PageReply<ChangeEvent>>([&](auto done) { get_change_events_async(filter, std::move(done), options); });
}
Result<PageReply<Account>> Client::get_accounts_at(std::uint64_t timestamp_ns, std::span<const u128> ids, CallOptions options) {
  return impl_->block<PageReply<Account>>([&](auto done) { get_accounts_at_async(timestamp_ns, ids, std::move(done), options); });
}
Result<PageReply<Moment>> Client::get_moment(const Moment& moment, CallOptions options) {
  return impl_->block<PageReply<Moment>>([&](auto done) { get_moment_async(moment, std::move(done), options); });
}
Result<PageReply<TrialBalance>> Client::get_trial_balance(const TrialBalanceFilter& filter, CallOptions options) {
  return impl_->block<PageReply<TrialBalance>>([&](auto done) { get_trial_balance_async(filter, std::move(done), options); });
}
Result<RowsReply<DroppedHistoryReply>> Client::drop_history(const DropHistory& drop, CallOptions options) {
  return impl_->block<RowsReply<DroppedHistoryReply>>([&](auto done) { drop_history_async(drop, std::move(done), options); });
}
Result<PaymentAnswer> Client::send_payment(const CommandWithParts& command, CallOptions options) {
  return impl_->block<PaymentAnswer>([&](auto done) { send_payment_async(command, std::move(done), options); });
}
Result<PaymentsReply> Client::send_payments(std::span<const CommandWithParts> commands, CallOptions options) {
  return impl_->block<PaymentsReply>([&](auto done) { send_payments_async(commands, std::move(done), options); });
}
Result<PaymentsReply> Client::send_payment_list(std::span<const CommandWithParts> commands, CallOptions options) {
  return impl_->block<PaymentsReply>([&](auto done) { send_payment_list_async(commands, std::move(done), options); });
}
Result<PaymentsReply> Client::send_payment_group(u128 key, std::span<const CommandWithParts> members, CallOptions options) {
  return impl_->block<PaymentsReply>([&](auto done) { send_payment_group_async(key, members, std::move(done), options); });
}
Result<PaymentAnswer> Client::resolve_key(u128 key, CallOptions options) {
  return impl_->block<PaymentAnswer>([&](auto done) { resolve_key_async(key, std::move(done), options); });
}
Result<RowsReply<PaymentOutcome>> Client::lookup_key(u128 key, CallOptions options) {
  return impl_->block<RowsReply<PaymentOutcome>>([&](auto done) { lookup_key_async(key, std::move(done), options); });
}
Result<RowsReply<Order>> Client::lookup_orders(std::span<const u128> ids, CallOptions options) {
  return impl_->block<RowsReply<Order>>([&](auto done) { lookup_orders_async(ids, std::move(done), options); });
}
Result<RowsReply<Order>> Client::find_order(u128 merchant, std::string_view reference, CallOptions options) {
  return impl_->block<RowsReply<Order>>([&](auto done) { find_order_async(merchant, reference, std::move(done), options); });
}
Result<RowsReply<StoryLine>> Client::get_story(const StoryFilter& filter, CallOptions options) {
  return impl_->block<RowsReply<StoryLine>>([&](auto done) { get_story_async(filter, std::move(done), options); });
}
Result<PageReply<Order>> Client::query_orders(const OrderFilter& filter, CallOptions options) {
  return impl_->block<PageReply<Order>>([&](auto done) { query_orders_async(filter, std::move(done), options); });
}
Result<PageReply<StoryLine>> Client::get_payment_events(const PaymentEventsFilter& filter, CallOptions options) {
  return impl_->block<PageReply<StoryLine>>([&](auto done) { get_payment_events_async(filter, std::move(done), options); });
}
Result<RowsReply<Party>> Client::lookup_parties(std::span<const u128> ids, CallOptions options) {
  return impl_->block<RowsReply<Party>>([&](auto done) { lookup_parties_async(ids, std::move(done), options); });
}
Result<RowsReply<Party>> Client::find_party(std::string_view name, CallOptions options) {
  return impl_->block<RowsReply<Party>>([&](auto done) { find_party_async(name, std::move(done), options); });
}
Result<PageReply<Credential>> Client::get_credentials(const CredentialFilter& filter, CallOptions options) {
  return impl_->block<PageReply<Credential>>([&](auto done) { get_credentials_async(filter, std::move(done), options); });
}
Result<RowsReply<PasswordVerdict>> Client::verify_credential(const PasswordProof& proof, CallOptions options) {
  return impl_->block<RowsReply<PasswordVerdict>>([&](auto done) { verify_credential_async(proof, std::move(done), options); });
}
Result<ReplyInfo> Client::ping(CallOptions options) {
  return impl_->block<ReplyInfo>([&](auto done) { ping_async(std::move(done), options); });
}
Result<TextReply> Client::status(CallOptions options) {
  return impl_->block<TextReply>([&](auto done) { status_async(std::move(done), options); });
}
Result<ReplyInfo> Client::snapshot(CallOptions options) {
  return impl_->block<ReplyInfo>([&](auto done) { snapshot_async(std::move(done), options); });
}
Result<ReplyInfo> Client::clock_advance(std::uint64_t ns, CallOptions options) {
  return impl_->block<ReplyInfo>([&](auto done) { clock_advance_async(ns, std::move(done), options); });
}

Result<std::vector<StoryLine>> read_story(Client& client, u128 object, StoryOf kind, CallOptions options) {
  std::vector<StoryLine> story;
  StoryFilter filter{.object = object, .limit = kStoryLinesMax, .kind = kind};
  while (true) {
    auto page = client.get_story(filter, options);
    if (!page) return page.error();
    story.insert(story.end(), page->rows.begin(), page->rows.end());
    if (page->rows.size() < filter.limit) return story;
    filter.after = story.back().sequence;
  }
}

}  // namespace florin

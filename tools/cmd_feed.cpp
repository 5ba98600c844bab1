#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>

#include "as_of.hpp"
#include "command_line.hpp"
#include "dropped_history.hpp"
#include "florin/feed.hpp"
#include "json_records.hpp"
#include "number_options.hpp"
#include "payment_feed_printer.hpp"
#include "remote.hpp"

/// florin feed: everything that happens, as lines of JSON, from any place on.
namespace florin::tools {
namespace {

struct Options {
  std::string connect;
  std::uint64_t from = 1;
  std::string resume;
  std::uint64_t to = 0;
  std::string account;
  std::uint64_t limit = 0;
  bool follow = false;
  bool payments = false;
};

std::atomic<bool> interrupted = false;  // writer: the signal handler

void end_on_signals() {
  for (const int number : {SIGINT, SIGTERM}) ::signal(number, [](int) { interrupted = true; });
}

/// What could be printed, and why no more could.
enum class Printed { kAll, kNobodyReads, kFailed };

Printed print(std::span<const ChangeEvent> events) {
  std::string text;
  for (const ChangeEvent& event : events) text += to_json(event).dump() + "\n";
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return Printed::kAll;
  return errno == EPIPE ? Printed::kNobodyReads : Printed::kFailed;
}

/// Prints the events of the feed. `cursor` is left behind what was printed.
class Printer {
 public:
  Printer(Client& client, const Options& options, const FeedOptions& feed_options)
      : client_(client), options_(options), feed_(client, feed_options), cursor_(feed_options.from) {
    left_ = options.limit == 0 ? std::numeric_limits<std::uint64_t>::max() : options.limit;
  }

  Status run() {
    while (!interrupted && left_ != 0) {
      const auto is_last_round = look_ahead();
      if (!is_last_round) return is_last_round.error();
      const auto end = print_to_the_end();
      if (!end) return end.error();
      if (*end == Printed::kNobodyReads || *is_last_round) break;
      if (*end == Printed::kFailed) return {ErrorKind::kIo, fmt::format("standard output cannot be written: {}", std::strerror(errno))};
    }
    return {};
  }

  [[nodiscard]] FeedCursor cursor() const { return cursor_; }

 private:
  /// Sets how far the feed may go. True: behind that there is nothing to wait for.
  Result<bool> look_ahead() {
    if (options_.to == 0) {
      if (options_.follow) return false;
      const auto now = client_.ping();
      if (!now) return now.error();
      feed_.set_timestamp_max(now->timestamp);  // who writes faster than this is read would keep it from ending
      return true;
    }
    const auto last = client_.get_moment({.sequence = options_.to});
    if (!last) return last.error();
    if (last->rows.empty()) return Status(ErrorKind::kNotFound, fmt::format("the ledger knows no sequence {}", options_.to));
    feed_.set_timestamp_max(last->rows.front().timestamp);
    return !options_.follow || last->rows.front().sequence == options_.to;
  }

  Result<Printed> print_to_the_end() {
    // A signal is noticed within this time.
    const std::chrono::milliseconds patience(options_.follow ? 200 : 0);
    while (!interrupted && left_ != 0) {
      const auto read = feed_.wait(patience, static_cast<std::uint32_t>(std::min<std::uint64_t>(left_, kChangeEventsMax)));
      if (!read) return read.error();
      const auto events = wanted_of(*read);
      if (const Printed printed = print(events); printed != Printed::kAll) return printed;
      left_ -= events.size();
      if (events.size() != read->size()) {
        move_behind(events);
        break;
      }
      if (events.empty()) break;
      cursor_ = feed_.cursor();
    }
    return Printed::kAll;
  }

  /// History that was imported later than the last one wanted has perhaps earlier timestamps.
  [[nodiscard]] std::span<const ChangeEvent> wanted_of(std::span<const ChangeEvent> events) const {
    if (options_.to == 0) return events;
    const auto end = std::ranges::find_if(events, [&](const ChangeEvent& event) { return event.sequence > options_.to; });
    return events.first(static_cast<std::size_t>(end - events.begin()));
  }

  void move_behind(std::span<const ChangeEvent> events) {
    for (const ChangeEvent& event : events) {
      (event.type == ChangeEventType::kTwoPhaseExpired ? cursor_.expiries : cursor_.transfers) = event.timestamp + 1;
    }
  }

  Client& client_;
  const Options& options_;
  Feed feed_;
  FeedCursor cursor_;
  std::uint64_t left_ = 0;
};

/// A refusal because history was dropped, with the sequence from which on it is not.
Status with_kept_sequence(Client& client, const Status& status) {
  std::uint64_t begins = 0;
  if (!is_history_dropped(status, begins)) return status;
  const auto sequence = first_sequence_from(client, begins);
  if (!sequence) return sequence.error();
  return {status.kind(), fmt::format("{}: ask with --from {} or later", dropped_text(begins), *sequence)};
}

Status run(const Options& options) {
  if (options.to != 0 && options.to < options.from) return {ErrorKind::kUsage, fmt::format("--to: {} is before --from {}", options.to, options.from)};
  FeedOptions feed;
  if (!options.resume.empty()) {
    const auto cursor = FeedCursor::parse(options.resume);
    if (!cursor) return cursor.error();
    feed.from = *cursor;
  }
  if (!options.account.empty()) {
    const auto id = parse_id("--account", options.account);
    if (!id) return id.error();
    feed.account_id = *id;
  }
  const auto client = connect_client(options.connect);
  if (!client) return client.error();
  if (options.resume.empty() && !options.payments) {
    const auto cursor = FeedCursor::at_sequence(**client, options.from);
    if (!cursor) return with_kept_sequence(**client, cursor.error());
    feed.from = *cursor;
  }
  end_on_signals();
  if (options.payments) {
    return print_payment_feed(**client, {.from = options.from, .to = options.to, .limit = options.limit, .follow = options.follow}, interrupted);
  }
  Printer printer(**client, options, feed);
  const Status status = printer.run();
  // What was to come next is dropped: there is no going on from here.
  if (std::uint64_t begins = 0; is_history_dropped(status, begins)) return with_kept_sequence(**client, status);
  fmt::print(stderr, "to go on from here: --resume {}\n", printer.cursor().to_text());
  return status;
}

constexpr const char* kExamples =
    R"(  florin feed --connect 127.0.0.1:3000                        everything so far
  florin feed --from 5000 --follow --connect 127.0.0.1:3000    and everything to come
  florin feed --payments --from 5000 --follow --connect 127.0.0.1:3000    orders and parties
  florin feed --resume 1700000000000000000:1700000000000000000 --connect 127.0.0.1:3000

Prints one line of JSON an event: transfers and expiries in the order in which they were committed, with both accounts as they were
right after it; with --payments the lines of all stories, one for each command that was done, with the order's sums right after it. Whoever reads slowly
holds nothing up. At the end, and when interrupted, standard error says how to go on. Where history was
dropped it ends with exit code 10, and says from which sequence on there is some.
)";

}  // namespace

void add_feed(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App& app = line.add("feed", "Print everything that happens as lines of JSON", kExamples, [options] { return run(*options); });
  auto* from = add_number(app, "--from", options->from, "First sequence", {.min = 1})->type_name("SEQ")->capture_default_str();
  app.add_option("--resume", options->resume, "From where an earlier feed ended")->type_name("CURSOR")->excludes(from);
  add_number(app, "--to", options->to, "Last sequence", {.min = 1})->type_name("SEQ");
  app.add_option("--account", options->account, "Of this account alone; the other account of each event is without balances")->type_name("ID");
  add_number(app, "--limit", options->limit, "Events at most; 0: all")->capture_default_str();
  app.add_flag("--follow", options->follow, "Wait for what is still to come");
  app.add_flag("--payments", options->payments, "What happened to orders, parties, accounts and wallets, instead of the transfers that it wrote")
      ->excludes("--resume")
      ->excludes("--account");
  app.add_option("--connect", options->connect, "Server")->type_name("HOST:PORT")->required();
}

}  // namespace florin::tools

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "server/socket_session.hpp"
#include "tigerbeetle/create_results.hpp"
#include "tigerbeetle/message_codec.hpp"
#include "tigerbeetle/paged_query.hpp"
#include "tigerbeetle/request_check.hpp"

namespace florin::server {

/// A connection that speaks the protocol of TigerBeetle's clients (docs/tigerbeetle-compatibility.md): messages in, requests into blocks,
/// replies out. One request at a time is under way, as the protocol has it; what a client sends meanwhile is a request sent again, and its
/// answer is on its way already.
///
/// A request with filters becomes queries, page by page. Each page takes its turn for a block like the request of anybody else, and between
/// pages the session holds none: what it has so far it keeps itself, within SessionContext::gathered_bytes.
///
/// The protocol knows no errors. What cannot be done for now (no memory, no disk, stopping) is not answered: the client sends it again. A
/// message that cannot be followed ends the connection; a request that cannot be meant ends the client's session by an eviction.
///
/// Lifecycle: open -> closed. Writer, readers: the I/O thread. Limits: ServerSettings.
class TigerBeetleSession final : public SocketSession {
 public:
  /// Owns `socket`, which is connected and non-blocking.
  TigerBeetleSession(SessionContext& context, std::uint64_t handle, int socket);
  ~TigerBeetleSession() override { drop_query(); }

  void on_ready(std::uint32_t events) override;
  void on_reply(pipeline::Request& request) override;
  void on_round_end() override;
  void on_resume() override;
  void on_tick(std::uint64_t now_ns) override;
  void on_stop() override;

 private:
  enum class Pause : std::uint8_t { kNone, kBlock, kQueryBlock, kReplies };

  // Input.
  void receive();
  bool read_messages();
  bool take_message();
  bool take_request();
  bool take_large_header();
  void finish_large_request();
  [[nodiscard]] bool is_worth_reading() const noexcept;
  /// A peer that does not read its replies is not read either: what it has asked before fills its own share, and no more.
  [[nodiscard]] bool may_admit() const noexcept { return output_bytes() < context_.settings.output_bytes_max; }
  [[nodiscard]] bool is_under_way() const noexcept { return requests_under_way_ > 0 || query_.has_value(); }
  void begin(const tigerbeetle::MessageHeader& header) noexcept;
  void submit_filled(pipeline::Request& request) noexcept;
  void fill_origin(pipeline::Request& request) noexcept;
  void pause(Pause cause);
  void read_on();

  // Queries.
  void begin_query(const tigerbeetle::OperationTraits& traits, std::span<const std::byte> body);
  void ask();
  void ask_for_pages();
  void ask_for_nothing();
  void go_on_asking();
  void take_page(pipeline::Request& request);
  void answer_query(std::span<const std::byte> body);
  void count_query_memory();
  void drop_query() noexcept;

  // Output.
  void answer_create(const pipeline::Request& request);
  void answer_read(pipeline::Request& request);
  void answer_registration(const pipeline::Request& request);
  void answer_verdict(core::SessionVerdict verdict);
  std::span<const std::byte> write_results(const pipeline::Request& request, const tigerbeetle::CreateOutcomes& outcomes);
  std::uint32_t append_trailer(pipeline::Request& request, const tigerbeetle::OperationTraits& traits) const noexcept;
  void evict(const tigerbeetle::MessageHeader& message, tigerbeetle::EvictionReason reason);
  void send(const tigerbeetle::MessageHeader& header, std::span<const std::byte> body);
  void update_interest();

  tigerbeetle::MessageReader reader_;
  tigerbeetle::MessageHeader request_header_;  ///< of the request under way
  std::uint32_t requests_under_way_ = 0;       ///< one, or the pages of the query
  std::optional<tigerbeetle::PagedQuery> query_;
  core::QueryReader::Moment query_moment_;     ///< newest that a page of it is of
  std::size_t query_bytes_ = 0;                ///< its share of SessionContext::gathered_bytes
  std::uint64_t message_since_ns_ = 0;         ///< when the partial message began; 0 = none
  std::uint64_t silent_since_ns_;              ///< when the connection was made; 0 = there was a message
  Pause pause_ = Pause::kNone;
};

}  // namespace florin::server

#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "runtime/clock.hpp"
#include "server/block_gatherer.hpp"
#include "server/counters.hpp"
#include "server/settings.hpp"
#include "server/socket_poller.hpp"

namespace florin::server {

/// What the sessions of one I/O thread share, and the marks they leave for its loop. Writer, readers: that thread.
struct SessionContext {
  /// Received at once from a socket. Frames that lie whole in it are copied once, into a block.
  static constexpr std::size_t kScratchBytes = 64 * 1024;

  SessionContext(const ServerSettings& settings_in, const ServerIdentity& identity_in, pipeline::Port& port)
      : settings(settings_in), identity(identity_in), gatherer(port, settings_in.query_blocks_max), scratch(kScratchBytes) {}

  const ServerSettings& settings;
  const ServerIdentity& identity;
  runtime::SystemClock clock;
  SocketPoller poller;
  BlockGatherer gatherer;
  IoCounters counters;
  std::vector<std::byte> scratch;
  std::vector<std::byte> results;  ///< a reply of TigerBeetle's protocol while it is made and sent

  std::vector<std::uint64_t> dirty;              ///< handles with replies to send, each once
  std::vector<std::uint64_t> closed;             ///< handles to be destroyed
  std::vector<std::uint64_t> waiting_for_block;  ///< handles that stopped reading until a block is free, first come first
  std::deque<std::uint64_t> waiting_for_query_block;  ///< the same for queries; who has taken one goes to the end
  std::uint32_t large_bodies = 0;                ///< blocks that large bodies are being received into
  std::uint64_t unsent_bytes = 0;                ///< of all sessions
  std::uint64_t gathered_bytes = 0;              ///< of answers that are being put together from pages, of all sessions
  bool blocks_freed = false;                     ///< those who wait for a block may try again
  bool stopping = false;
};

}  // namespace florin::server

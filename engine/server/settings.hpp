#pragma once

#include <cstdint>
#include <string>

#include "florin/uint128.hpp"

namespace florin::server {

/// The listener for TigerBeetle's clients.
struct TigerBeetleSettings {
  bool listens = false;
  std::string address = "127.0.0.1";  ///< numeric IPv4 or IPv6
  std::uint16_t port = 0;             ///< 0: the system picks one
  u128 cluster = 0;                   ///< clients that name another are not served
  std::uint32_t sessions_max = 1024;  ///< more clients than that end the sessions of those that asked for nothing the longest
  std::uint32_t first_message_timeout_ms = 60'000;  ///< of a connection; one that is there again, without a call, pings after 30 s
};

/// What an operator may set. Defaults suit one machine with thousands of connections.
struct ServerSettings {
  std::string address = "127.0.0.1";  ///< numeric IPv4 or IPv6
  std::uint16_t port = 0;             ///< 0: the system picks one
  TigerBeetleSettings tigerbeetle;
  bool trust_principals = false;      ///< believe the principal of peers that are not on loopback, and serve TigerBeetle's, who name none
  std::uint32_t connections_max = 10'000;
  std::uint32_t in_flight_max = 1024;               ///< requests a connection may have open
  std::uint64_t output_bytes_max = 16U << 20;       ///< replies reserved or unsent per connection before it is not read
  std::uint64_t output_bytes_total_max = 256U << 20;  ///< unsent replies per I/O thread before slow readers are dropped
  std::uint64_t gathered_bytes_max = 256U << 20;  ///< answers of many pages in the making per I/O thread; those beyond are given up
  std::uint32_t large_bodies_max = 8;    ///< large bodies an I/O thread receives at the same time; each holds a block
  std::uint32_t query_blocks_max = 4;    ///< blocks of queries a connection may have under way before it is not read
  std::uint32_t frame_timeout_ms = 30'000;  ///< first byte of a frame to its last
  std::uint32_t hello_timeout_ms = 10'000;
  std::uint32_t write_timeout_ms = 30'000;  ///< replies are waiting and the peer takes nothing
  std::uint32_t drain_timeout_ms = 5'000;   ///< stop(): replies still under way may leave for so long
};

/// What the server says of itself in the reply to hello.
struct ServerIdentity {
  u128 store_id = 0;
  std::uint32_t partitions = 1;
};

}  // namespace florin::server

#pragma once

// The only door to Asio: 1.74 does not compile as C++20 under g++ 12 unless <utility> comes first.
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

namespace florin::server {
namespace asio = boost::asio;
}  // namespace florin::server

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "tigerbeetle/operations.hpp"

/// @file
/// From the outcomes of a request's events to the body of its reply.

namespace florin::tigerbeetle {

/// One event that was not created, as clients before release 0.17 hear of it.
struct SparseResult {
  std::uint32_t index = 0;  ///< in its batch
  std::uint32_t result = 0;
};
static_assert(sizeof(SparseResult) == 8 && std::has_unique_object_representations_v<SparseResult>);

/// Outcomes of the events of one request, of all its batches together.
struct CreateOutcomes {
  std::uint64_t timestamp = 0;         ///< of the last event
  std::span<const std::byte> entries;  ///< CreateReplyEntry: the events that were not created at their own time
};

/// Room that write_create_results() needs for a request with this body.
std::uint32_t create_results_bytes_max(const OperationTraits& traits, std::span<const std::byte> request_body) noexcept;

/// Writes the body of the reply to a request that was judged and served; returns its bytes. `reply_body` is 16-byte aligned.
std::uint32_t write_create_results(const OperationTraits& traits, std::span<const std::byte> request_body, const CreateOutcomes& outcomes,
                                   std::span<std::byte> reply_body) noexcept;

}  // namespace florin::tigerbeetle

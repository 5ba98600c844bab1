#pragma once

#include <cstdint>

#include "florin/frame.hpp"

namespace florin::tigerbeetle {

/// What a request asks for. Clients of release 0.17 send those from 140 on and 137, older ones the others.
enum class OperationCode : std::uint8_t {
  kRegister = 2,
  kNoop = 6,
  kCreateAccountsUnbatched = 129,
  kCreateTransfersUnbatched = 130,
  kLookupAccountsUnbatched = 131,
  kLookupTransfersUnbatched = 132,
  kGetAccountTransfersUnbatched = 133,
  kGetAccountBalancesUnbatched = 134,
  kQueryAccountsUnbatched = 135,
  kQueryTransfersUnbatched = 136,
  kGetChangeEvents = 137,
  kCreateAccountsSparse = 138,
  kCreateTransfersSparse = 139,
  kLookupAccounts = 140,
  kLookupTransfers = 141,
  kGetAccountTransfers = 142,
  kGetAccountBalances = 143,
  kQueryAccounts = 144,
  kQueryTransfers = 145,
  kCreateAccounts = 146,
  kCreateTransfers = 147,
};

/// How the results of events are told.
enum class ResultForm : std::uint8_t {
  kRows,    ///< records that were found
  kDense,   ///< a CreateResult for each event
  kSparse,  ///< a SparseResult for each event that was not created: clients before 0.17
};

/// What of one kind of request is fixed.
struct OperationTraits {
  Operation native;             ///< what it is in florin
  std::uint32_t element_bytes;  ///< of its body
  std::uint32_t result_bytes;   ///< of its reply's body
  bool is_batched;              ///< both bodies are multi-batch
  bool takes_many;              ///< elements in a batch; otherwise one, a filter
  ResultForm form;
};

/// Rows that a reply holds, and so what the limit of a filter is cut to.
std::uint32_t rows_max(const OperationTraits& traits) noexcept;

/// nullptr: clients cannot ask for it. Registering and noop have no elements, and no traits.
const OperationTraits* traits_of(OperationCode operation) noexcept;

}  // namespace florin::tigerbeetle

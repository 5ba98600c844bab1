#include "tigerbeetle/operations.hpp"

#include <array>

#include "florin/account.hpp"
#include "florin/multi_batch.hpp"
#include "florin/query.hpp"
#include "florin/status_codes.hpp"
#include "tigerbeetle/create_results.hpp"
#include "tigerbeetle/message.hpp"

namespace florin::tigerbeetle {
namespace {

constexpr std::uint32_t kIdBytes = 16;
constexpr std::uint32_t kAccountFilterBytes = 128;
constexpr std::uint32_t kQueryFilterBytes = 64;  // without what florin's own filter has beyond it
constexpr std::uint32_t kChangeEventsFilterBytes = 64;

constexpr OperationTraits creating(Operation native, bool is_batched, ResultForm form) noexcept {
  const auto result_bytes = static_cast<std::uint32_t>(form == ResultForm::kDense ? sizeof(CreateResult) : sizeof(SparseResult));
  return {native, kEventBytes, result_bytes, is_batched, true, form};
}
constexpr OperationTraits looking_up(Operation native, bool is_batched) noexcept {
  return {native, kIdBytes, kEventBytes, is_batched, true, ResultForm::kRows};
}
constexpr OperationTraits asking(Operation native, std::uint32_t filter_bytes, bool is_batched) noexcept {
  return {native, filter_bytes, kEventBytes, is_batched, false, ResultForm::kRows};
}

constexpr auto kFirst = static_cast<std::size_t>(OperationCode::kCreateAccountsUnbatched);

/// In the order of their codes.
constexpr std::array kTraits{
    creating(Operation::kCreateAccounts, false, ResultForm::kSparse),
    creating(Operation::kCreateTransfers, false, ResultForm::kSparse),
    looking_up(Operation::kLookupAccounts, false),
    looking_up(Operation::kLookupTransfers, false),
    asking(Operation::kGetAccountTransfers, kAccountFilterBytes, false),
    asking(Operation::kGetAccountBalances, kAccountFilterBytes, false),
    asking(Operation::kQueryAccounts, kQueryFilterBytes, false),
    asking(Operation::kQueryTransfers, kQueryFilterBytes, false),
    OperationTraits{Operation::kGetChangeEvents, kChangeEventsFilterBytes, sizeof(ChangeEvent), false, false, ResultForm::kRows},
    creating(Operation::kCreateAccounts, true, ResultForm::kSparse),
    creating(Operation::kCreateTransfers, true, ResultForm::kSparse),
    looking_up(Operation::kLookupAccounts, true),
    looking_up(Operation::kLookupTransfers, true),
    asking(Operation::kGetAccountTransfers, kAccountFilterBytes, true),
    asking(Operation::kGetAccountBalances, kAccountFilterBytes, true),
    asking(Operation::kQueryAccounts, kQueryFilterBytes, true),
    asking(Operation::kQueryTransfers, kQueryFilterBytes, true),
    creating(Operation::kCreateAccounts, true, ResultForm::kDense),
    creating(Operation::kCreateTransfers, true, ResultForm::kDense),
};
static_assert(kTraits.size() == static_cast<std::size_t>(OperationCode::kCreateTransfers) - kFirst + 1);

}  // namespace

std::uint32_t rows_max(const OperationTraits& traits) noexcept {
  const std::uint32_t trailer = traits.is_batched ? trailer_bytes(1, traits.result_bytes) : 0;
  return (kMessageBodyBytesMax - trailer) / traits.result_bytes;
}

const OperationTraits* traits_of(OperationCode operation) noexcept {
  const std::size_t place = static_cast<std::size_t>(operation) - kFirst;  // below the first it wraps
  return place < kTraits.size() ? &kTraits[place] : nullptr;
}

}  // namespace florin::tigerbeetle

#include "core/payments/party_queries.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <span>

#include "core/payments/payment_reply_rows.hpp"
#include "florin/party_query.hpp"

namespace florin::core {
namespace {

template <typename Body>
Body body_of(const Command& query) noexcept {
  Body body;
  std::memcpy(&body, query.body.data(), sizeof body);
  return body;
}

void append_party(const PaymentTables& tables, std::uint32_t number, ReplyArea& reply) noexcept {
  if (number == 0) return;
  Party party = tables.party(number);
  std::ranges::fill(party.scrypt, std::uint8_t{0});
  append_row(reply, party);
}

/// Takes as long whatever is in them, and wherever they begin to differ.
bool are_same_secrets(std::span<const std::uint8_t, 32> left, std::span<const std::uint8_t, 32> right) noexcept {
  volatile std::uint8_t difference = 0;
  for (std::size_t i = 0; i < left.size(); ++i) difference = static_cast<std::uint8_t>(difference | (left[i] ^ right[i]));
  return difference == 0;
}

}  // namespace

void lookup_parties(const PaymentTables& tables, const Command& query) noexcept {
  const std::span ids(reinterpret_cast<const u128*>(query.body.data()), query.body.size() / sizeof(u128));
  for (const u128 id : ids) append_party(tables, tables.find_party(id), *query.reply);
}

void find_party(const PaymentTables& tables, const Command& query) noexcept {
  append_party(tables, tables.find_party_named(body_of<PartyName>(query).name), *query.reply);
}

/// `after` is the number of the last key of the page before. A number that is not one of this party's keys begins no page.
void get_credentials(const PaymentTables& tables, const Command& query) noexcept {
  const auto filter = body_of<CredentialFilter>(query);
  std::uint32_t key = 0;
  if (filter.after == 0) {
    const std::uint32_t party = tables.find_party(filter.party);
    if (party != 0) key = tables.newest_credential(party);
  } else if (filter.after <= tables.credentials() && tables.credential(static_cast<std::uint32_t>(filter.after)).party == filter.party) {
    key = tables.previous_credential(static_cast<std::uint32_t>(filter.after));
  }
  std::uint32_t last = 0;
  for (; key != 0 && query.reply->count < filter.limit; key = tables.previous_credential(key)) {
    append_row(*query.reply, tables.credential(key));
    last = key;
  }
  append_bytes(*query.reply, PageEnd{.resume = key == 0 ? 0 : last});
}

void verify_credential(const PaymentTables& tables, const Command& query) noexcept {
  const auto proof = body_of<PasswordProof>(query);
  const std::uint32_t number = tables.find_party(proof.party);
  if (number == 0) return;
  const Party& party = tables.party(number);
  const bool is_right = are_same_secrets(proof.scrypt, party.scrypt) && party.log2_n != 0;
  append_row(*query.reply, PasswordVerdict{.is_right = is_right ? std::uint8_t{1} : std::uint8_t{0}, .status = party.status});
}

}  // namespace florin::core

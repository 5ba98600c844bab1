#include "load/outcomes.hpp"

#include <cstring>

#include <fmt/format.h>

#include "florin/status_codes.hpp"
#include "protocol/create_reply.hpp"
#include "protocol/frame_codec.hpp"

namespace florin::load {
namespace {

std::string status_name(Operation operation, std::uint32_t status) {
  return std::string(operation == Operation::kCreateAccounts ? name_of(static_cast<CreateAccountStatus>(status))
                                                             : name_of(static_cast<CreateTransferStatus>(status)));
}

std::string with_separators(std::uint64_t value) {
  const std::string digits = std::to_string(value);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i != 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

}  // namespace

std::uint64_t Outcomes::add(const FrameHeader& reply, std::span<const std::byte> body, std::uint32_t events) {
  operation_ = reply.operation;
  if (protocol::code_of(reply) != ReplyCode::kOk) {
    ++refused_[protocol::code_of(reply)];
    return 0;
  }
  if (reply.count == 0) {
    created_ += events;
    return events;
  }
  protocol::CreateReplyView view;
  if (!protocol::parse_create_reply(reply, body, events, view)) {
    ++refused_[ReplyCode::kMalformedBody];
    return 0;
  }
  created_ += events - reply.count;
  for (std::uint32_t i = 0; i < reply.count; ++i) {
    CreateReplyEntry entry;
    std::memcpy(&entry, view.entries.data() + i * sizeof entry, sizeof entry);
    if (entry.status == kCreated) {
      ++created_;
    } else {
      ++statuses_[entry.status];
    }
  }
  return events;
}

std::uint64_t Outcomes::exists() const noexcept {
  const auto found = statuses_.find(static_cast<std::uint32_t>(operation_ == Operation::kCreateAccounts
                                                                   ? static_cast<std::uint32_t>(CreateAccountStatus::kExists)
                                                                   : static_cast<std::uint32_t>(CreateTransferStatus::kExists)));
  return found == statuses_.end() ? 0 : found->second;
}

std::map<std::string, std::uint64_t> Outcomes::by_name() const {
  std::map<std::string, std::uint64_t> names;
  names["created"] = created_;
  for (const auto& [status, count] : statuses_) names[status_name(operation_, status)] += count;
  for (const auto& [code, count] : refused_) names[fmt::format("request_{}", name_of(code))] += count;
  return names;
}

std::string Outcomes::text() const {
  std::string text = with_separators(created_) + " created";
  for (const auto& [name, count] : by_name()) {
    if (name != "created") text += fmt::format(", {} {}", with_separators(count), name);
  }
  return text;
}

}  // namespace florin::load

#include "remote.hpp"

#include <cstring>
#include <string_view>

#include <fmt/format.h>

#include "load/load_loop.hpp"
#include "protocol/frame_codec.hpp"

namespace florin::tools {
namespace {

/// Exactly one request, whose reply is kept.
class OneRequest final : public load::RequestSource {
 public:
  OneRequest(Operation operation, std::span<const std::byte> body)
      : operation_(operation), frame_(kFrameHeaderBytes + body.size()) {
    if (!body.empty()) std::memcpy(frame_.data() + kFrameHeaderBytes, body.data(), body.size());
  }

  Next next(std::uint32_t /*slot*/, load::PreparedRequest& request) override {
    if (sent_) return Next::kDone;
    sent_ = true;
    request.frame = frame_.data();
    request.frame_bytes = static_cast<std::uint32_t>(frame_.size());
    request.operation = operation_;
    return Next::kReady;
  }
  std::uint64_t completed(std::uint32_t /*slot*/, const FrameHeader& reply, std::span<const std::byte> body) override {
    reply_.header = reply;
    reply_.body.assign(body.begin(), body.end());
    return 1;
  }

  RemoteReply& reply() noexcept { return reply_; }

 private:
  const Operation operation_;
  std::vector<std::byte> frame_;
  RemoteReply reply_;
  bool sent_ = false;
};

std::string_view text_of(const std::vector<std::byte>& body) {
  return {reinterpret_cast<const char*>(body.data()), body.size()};
}

}  // namespace

Result<RemoteReply> remote_reply(const Address& address, Operation operation, std::span<const std::byte> body, std::uint64_t timeout_ns) {
  load::LoadLoop loop;
  load::LoopSettings settings;
  settings.host = address.host;
  settings.port = address.port;
  if (auto status = loop.connect(settings); !status) return status;
  OneRequest source(operation, body);
  load::RunSettings run;
  run.reply_timeout_ns = timeout_ns;
  if (auto result = loop.run(source, run); !result.status) return result.status;
  return std::move(source.reply());
}

Result<RemoteReply> remote_call(const Address& address, Operation operation, std::span<const std::byte> body, std::uint64_t timeout_ns) {
  auto reply = remote_reply(address, operation, body, timeout_ns);
  if (!reply) return reply;
  if (Status status = refusal_of(*reply); !status) return status;
  return reply;
}

Status refusal_of(const RemoteReply& reply) {
  const ReplyCode code = protocol::code_of(reply.header);
  if (code == ReplyCode::kOk) return {};
  const auto detail = text_of(reply.body);
  return {ErrorKind::kRefused, fmt::format("the server answers {}{}{}", name_of(code), detail.empty() ? "" : ": ", detail)};
}

Ask ask_remote(const Address& address) {
  return [address](Operation operation, std::span<const std::byte> body) -> Result<Answer> {
    auto reply = remote_call(address, operation, body);
    if (!reply) return reply.error();
    return Answer{.sequence = reply->header.first, .body = std::move(reply->body)};
  };
}

Result<std::unique_ptr<Client>> connect_client(const std::string& address, u128 principal) {
  const auto parsed = parse_address(address);
  if (!parsed) return parsed.error();
  return Client::connect({.address = address, .principal = principal});
}

Result<nlohmann::ordered_json> remote_status(const Address& address) {
  auto reply = remote_call(address, Operation::kStatus, {});
  if (!reply) return reply.error();
  auto json = nlohmann::ordered_json::parse(text_of(reply->body), nullptr, false);
  if (!json.is_object()) return Status(ErrorKind::kUnavailable, "the server's status is not JSON");
  return json;
}

}  // namespace florin::tools

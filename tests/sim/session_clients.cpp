#include "sim/session_clients.hpp"

#include <cstring>

#include "model/expected_reply.hpp"
#include "support/client_requests.hpp"

namespace florin::sim {

using test::TestRequest;

std::optional<TestRequest> SessionClients::next(const TestRequest& write, test::RandomWorkload& workload) {
  Client& client = clients_[static_cast<std::size_t>(random_.below(clients_.size()))];
  if (client.session == 0) {
    workload.advance_to(workload.now() + 1);
    return test::register_request(client.id, workload.now(), {.release = kRelease, .sessions_max = kSessionsMax});
  }
  if (client.last && random_.chance(30)) return client.last;
  if (write.operation == Operation::kCreateAccounts) return client.last = in_batches<Account>(client, write);
  if (write.operation == Operation::kCreateTransfers) return client.last = in_batches<Transfer>(client, write);
  return std::nullopt;
}

template <typename Event>
TestRequest SessionClients::in_batches(Client& client, const TestRequest& write) {
  std::vector<std::vector<Event>> batches(1);
  for (const Event& event : model::elements_of<Event>(write.body())) {
    if (random_.chance(15)) batches.emplace_back();
    batches.back().push_back(event);
  }
  return test::client_request<Event>(client.id, ++client.number, batches, write.timestamp);
}

void SessionClients::sign(pipeline::Request& request, const TestRequest& sent) const {
  request.protocol = Protocol::kTigerBeetle;
  request.client = sent.origin->client;
  request.request = sent.origin->request;
  request.client_session = client(sent.origin->client).session;
  request.client_release = kRelease;
}

void SessionClients::answered(const pipeline::Request& request) {
  Client& client = clients_[static_cast<std::size_t>(request.client - clients_.front().id)];
  const auto begin_anew = [&] { client = {.id = client.id, .number = client.number, .last = std::nullopt}; };  // no number twice
  if (request.reply.code != ReplyCode::kOk) {
    if (request.verdict == core::SessionVerdict::kNoSession) begin_anew();
    return;
  }
  core::ClientReply reply;
  std::memcpy(&reply, request.reply.data, sizeof reply);
  if (reply.verdict == core::SessionVerdict::kNoSession || reply.verdict == core::SessionVerdict::kForgotten) begin_anew();
  const bool is_registered = reply.verdict == core::SessionVerdict::kExecuted || reply.verdict == core::SessionVerdict::kRepeated;
  if (request.operation == Operation::kRegisterClient && is_registered) client.session = reply.sequence;
}

}  // namespace florin::sim

#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/reference_ledger.hpp"
#include "pipeline/request_block.hpp"
#include "support/engine_under_test.hpp"
#include "support/random.hpp"
#include "support/random_workload.hpp"

namespace florin::sim {

/// Clients of TigerBeetle's protocol: they register, send writes in batches under numbers of their own, send the last one again as often as they
/// like, and begin anew when their session was ended for another. More of them than sessions there may be.
/// Writer: one test thread.
class SessionClients {
 public:
  explicit SessionClients(std::uint64_t seed) : random_(seed), clients_(kClients) {
    for (std::size_t i = 0; i < clients_.size(); ++i) clients_[i].id = 1'000 + i;
  }

  /// What one of them sends next; `write` is what it would like to have created. Nothing: it has no use for that.
  std::optional<test::TestRequest> next(const test::TestRequest& write, test::RandomWorkload& workload);
  /// Names the client's session in a request of its.
  void sign(pipeline::Request& request, const test::TestRequest& sent) const;
  /// One of their requests was answered.
  void answered(const pipeline::Request& request);

 private:
  static constexpr std::size_t kClients = 5;
  static constexpr std::uint32_t kSessionsMax = 3;
  static constexpr std::uint32_t kRelease = 1;

  struct Client {
    u128 id = 0;
    std::uint64_t session = 0;  ///< 0: none that it knows of
    std::uint64_t number = 0;
    std::optional<test::TestRequest> last;
  };

  [[nodiscard]] const Client& client(u128 id) const { return clients_[static_cast<std::size_t>(id - clients_.front().id)]; }
  template <typename Event>
  test::TestRequest in_batches(Client& client, const test::TestRequest& write);

  test::Random random_;
  std::vector<Client> clients_;
};

}  // namespace florin::sim

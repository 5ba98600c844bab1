#pragma once

#include "bench_session.hpp"
#include "florin/status.hpp"

namespace florin::tools {

/// florin bench --payments: parties, accounts and funds are made if they are not there, then orders are sent, and at last the accounts are asked
/// whether they have what the answers said. The error is kDiffers if they have not, or if an answer was not what it should have been.
Status run_payment_bench(const BenchOptions& options);

}  // namespace florin::tools

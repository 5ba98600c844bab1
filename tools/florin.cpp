#include <csignal>

#include "command_line.hpp"

/// The `florin` command. Each subcommand stands in a file of its own, cmd_<name>.cpp, and only wires what the libraries do.
int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that leaves (`florin ... | head`) is a failed write, not a death
  florin::tools::CommandLine line;
  florin::tools::add_serve(line);
  florin::tools::add_status(line);
  florin::tools::add_bench(line);
  florin::tools::add_replay(line);
  florin::tools::add_verify(line);
  florin::tools::add_inspect(line);
  florin::tools::add_snapshot(line);
  florin::tools::add_backup(line);
  florin::tools::add_restore(line);
  florin::tools::add_clock(line);
  florin::tools::add_create(line);
  florin::tools::add_lookup(line);
  florin::tools::add_query(line);
  florin::tools::add_feed(line);
  florin::tools::add_statement(line);
  florin::tools::add_trial_balance(line);
  florin::tools::add_drop_history(line);
  florin::tools::add_pay(line);
  florin::tools::add_order(line);
  florin::tools::add_orders(line);
  florin::tools::add_party(line);
  florin::tools::add_states(line);
  florin::tools::add_codes(line);
  return line.main(argc, argv);
}

#include "load/acknowledged.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <sstream>

namespace florin::load {

Result<AcknowledgedLog> AcknowledgedLog::create(const std::string& path, const WorkloadOptions& options, std::uint64_t id_prefix) {
  AcknowledgedLog log(path, options.batch);
  log.file_.open(path, std::ios::trunc);
  const nlohmann::json header = {{"florin_acknowledged", 1},
                                 {"seed", options.seed},
                                 {"id_prefix", id_prefix},
                                 {"accounts", options.accounts},
                                 {"batch", options.batch},
                                 {"distribution", options.distribution.text()},
                                 {"pending_percent", options.pending_percent},
                                 {"post_percent", options.post_percent},
                                 {"void_percent", options.void_percent},
                                 {"limits_percent", options.limits_percent},
                                 {"random_ids", options.random_ids},
                                 {"random_user_data", options.random_user_data}};
  log.file_ << header.dump() << '\n';
  if (!log.file_) return Status(ErrorKind::kIo, path + ": cannot be written");
  return log;
}

void AcknowledgedLog::add(const AcknowledgedRange& range) {
  const bool continues = held_.count != 0 && held_.uses == range.uses && held_.first + held_.count == range.first &&
                         held_.count % batch_ == 0 && held_.frame + held_.count / batch_ == range.frame;
  if (continues) {
    held_.count += range.count;
    return;
  }
  write_held();
  held_ = range;
}

void AcknowledgedLog::write_held() {
  if (held_.count == 0) return;
  file_ << held_.first << ' ' << held_.count << ' ' << held_.frame << ' ' << held_.uses << '\n';
  held_ = {};
}

Status AcknowledgedLog::finish() {
  write_held();
  file_.flush();
  return file_ ? Status() : Status(ErrorKind::kIo, path_ + ": cannot be written");
}

Result<Acknowledged> Acknowledged::read(const std::string& path) {
  std::ifstream file(path);
  if (!file) return Status(ErrorKind::kNotFound, path + ": cannot be read");
  std::string line;
  std::getline(file, line);
  const auto header = nlohmann::json::parse(line, nullptr, false);
  if (!header.is_object() || header.value("florin_acknowledged", 0) != 1) {
    return Status(ErrorKind::kCorrupt, path + ": line 1 is not the header of a log of acknowledged transfers");
  }
  Acknowledged log;
  log.options.seed = header.value("seed", std::uint64_t{0});
  log.id_prefix = header.value("id_prefix", std::uint64_t{0});
  log.options.accounts = header.value("accounts", std::uint64_t{0});
  log.options.batch = header.value("batch", std::uint32_t{0});
  log.options.pending_percent = header.value("pending_percent", 0U);
  log.options.post_percent = header.value("post_percent", 0U);
  log.options.void_percent = header.value("void_percent", 0U);
  log.options.limits_percent = header.value("limits_percent", 0U);
  log.options.random_ids = header.value("random_ids", false);
  log.options.random_user_data = header.value("random_user_data", false);
  auto distribution = Distribution::parse(header.value("distribution", std::string()));
  if (!distribution) return distribution.error().with_context(path);
  log.options.distribution = *distribution;
  for (std::size_t number = 2; std::getline(file, line); ++number) {
    AcknowledgedRange range;
    std::istringstream fields(line);
    if (!(fields >> range.first >> range.count >> range.frame >> range.uses) || range.count == 0) {
      return Status(ErrorKind::kCorrupt, fmt::format("{}: line {} is no range", path, number));
    }
    log.ranges.push_back(range);
    log.transfers += range.count;
  }
  return log;
}

}  // namespace florin::load

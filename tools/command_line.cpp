#include "command_line.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdio>
#include <exception>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

extern char** environ;

namespace florin::tools {
namespace {

constexpr std::string_view kPrefix = "FLORIN_";
constexpr const char* kConfigVariable = "FLORIN_CONFIG";

constexpr const char* kFooter = R"(
Exit codes, the same for every subcommand:
   0  done                             6  not found
   1  internal error                   7  over the memory budget
   2  bad flag, setting or argument    8  server unreachable, or stopping
   3  the system refused: permission,  9  time-out
      disk full, I/O error            10  the server refused the request
   4  damaged data                    11  a comparison found a difference
   5  in use: port taken, data folder locked

Settings: --config FILE (TOML, a table for each subcommand) < environment
(FLORIN_SERVE_LISTEN) < flags (florin serve --listen). Unknown ones are refused.

Try it:
  florin serve --data ./ledger --listen 127.0.0.1:3000
  florin bench --connect 127.0.0.1:3000 --accounts 10000 --transfers 1000000
  florin replay --data ./ledger
)";

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return static_cast<char>(c == '-' ? '_' : std::toupper(c));
  });
  return text;
}

bool is_setting(const CLI::Option& option) {
  return !option.get_lnames().empty() && option.get_lnames().front() != "help" && option.get_lnames().front() != "config";
}

/// Scalars only: no option takes a list.
bool text_of(const toml::node& node, std::string& text) {
  if (const auto* value = node.as_string()) return text = value->get(), true;
  if (const auto* value = node.as_integer()) return text = std::to_string(value->get()), true;
  if (const auto* value = node.as_floating_point()) return text = fmt::format("{}", value->get()), true;
  if (const auto* value = node.as_boolean()) return text = value->get() ? "true" : "false", true;
  return false;
}

int report(std::string_view who, const Status& status) {
  if (!status) std::fputs(fmt::format("{}: {}\n", who, status.message()).c_str(), stderr);
  return static_cast<int>(status.kind());
}

}  // namespace

CommandLine::CommandLine() : app_("florin: an in-memory ledger whose every reply is durable", "florin") {
  app_.set_version_flag("--version", "florin " FLORIN_VERSION);
  app_.require_subcommand(1);
  app_.footer(kFooter);
  app_.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

CLI::App& CommandLine::add(const std::string& name, const std::string& summary, const std::string& examples, Run run) {
  CLI::App& app = *app_.add_subcommand(name, summary);
  app.footer("\nExamples:\n" + examples);
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.add_option("--config", config_, "TOML file with settings; its table [" + name + "] counts here")->type_name("FILE");
  runs_[name] = std::move(run);
  return app;
}

const CLI::App* CommandLine::subcommand_named(const std::string& name) const {
  const auto found = app_.get_subcommands([&](const CLI::App* app) { return app->get_name() == name; });
  return found.empty() ? nullptr : found.front();
}

const CLI::Option* CommandLine::option_named(const CLI::App& app, std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  const auto options = app.get_options([&](const CLI::Option* option) {
    return is_setting(*option) && option->get_lnames().front() == name;
  });
  return options.empty() ? nullptr : options.front();
}

std::map<std::string, CommandLine::Setting> CommandLine::settings_by_environment_name() const {
  std::map<std::string, Setting> settings;
  for (const CLI::App* app : app_.get_subcommands([](const CLI::App*) { return true; })) {
    for (const CLI::Option* option : app->get_options()) {
      if (!is_setting(*option)) continue;
      settings[upper(std::string(kPrefix) + app->get_name() + "_" + option->get_lnames().front())] = {app,
                                                                                                                  option};
    }
  }
  return settings;
}

Status CommandLine::add_configured(const std::string& path, const std::string& subcommand,
                                   std::vector<std::string>& arguments) const {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return {ErrorKind::kUsage, fmt::format("config file {}: cannot be read", path)};
  const auto parsed = toml::parse(text.str());
  if (!parsed) {
    return {ErrorKind::kUsage, fmt::format("config file {}, line {}: {}", path, parsed.error().source().begin.line,
                                           parsed.error().description())};
  }
  for (const auto& [key, node] : parsed.table()) {
    const std::string name(key.str());
    const CLI::App* const app = subcommand_named(name);
    const toml::table* const table = node.as_table();
    if (app == nullptr || table == nullptr) {
      return {ErrorKind::kUsage, fmt::format("config file {}: unknown setting '{}'; it wants a table for each subcommand, as [serve]",
                                             path, name)};
    }
    for (const auto& [option_key, value] : *table) {
      const std::string option_name(option_key.str());
      std::string value_text;
      const CLI::Option* const option = option_named(*app, option_name);
      if (option == nullptr) return {ErrorKind::kUsage, fmt::format("config file {}: unknown setting '{}' in [{}]", path, option_name, name)};
      if (!text_of(value, value_text)) {
        return {ErrorKind::kUsage, fmt::format("config file {}: '{}' in [{}] must be a single value", path, option_name, name)};
      }
      if (name == subcommand) arguments.push_back(fmt::format("--{}={}", option->get_lnames().front(), value_text));
    }
  }
  return {};
}

Status CommandLine::add_environment(const std::string& subcommand, std::vector<std::string>& arguments) const {
  const auto settings = settings_by_environment_name();
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (!text.starts_with(kPrefix) || equals == std::string_view::npos) continue;
    const std::string name(text.substr(0, equals));
    if (name == kConfigVariable) continue;
    const auto found = settings.find(name);
    if (found == settings.end()) return {ErrorKind::kUsage, fmt::format("environment: unknown setting {}", name)};
    if (found->second.app->get_name() != subcommand) continue;
    arguments.push_back(fmt::format("--{}={}", found->second.option->get_lnames().front(), text.substr(equals + 1)));
  }
  return {};
}

/// The flags as given, with those from file and environment put in front of them: of several the last one counts.
Status CommandLine::gather(int argc, char** argv, std::vector<std::string>& arguments) const {
  const std::vector<std::string> given(argv + 1, argv + argc);
  if (given.empty() || subcommand_named(given.front()) == nullptr) {
    arguments = given;
    return {};
  }
  const std::string& subcommand = given.front();
  const char* const variable = std::getenv(kConfigVariable);
  std::string config = variable == nullptr ? "" : variable;
  for (std::size_t i = 1; i < given.size(); ++i) {
    if (given[i] == "--config" && i + 1 < given.size()) config = given[i + 1];
    if (given[i].starts_with("--config=")) config = given[i].substr(9);
  }
  arguments.push_back(subcommand);
  if (!config.empty()) {
    if (auto status = add_configured(config, subcommand, arguments); !status) return status;
  }
  if (auto status = add_environment(subcommand, arguments); !status) return status;
  arguments.insert(arguments.end(), given.begin() + 1, given.end());
  return {};
}

int CommandLine::main(int argc, char** argv) {
  std::vector<std::string> arguments;
  if (const auto status = gather(argc, argv, arguments); !status) return report("florin", status);
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
  try {
    app_.parse(arguments);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) return app_.exit(error);
    const auto chosen = app_.get_subcommands();
    const std::string who = chosen.empty() ? "florin" : "florin " + chosen.front()->get_name();
    return report("florin", {ErrorKind::kUsage, fmt::format("{} (see {} --help)", error.what(), who)});
  }
  const std::string name = app_.get_subcommands().front()->get_name();
  try {
    return report("florin " + name, runs_.at(name)());
  } catch (const std::bad_alloc&) {
    return report("florin " + name, {ErrorKind::kOutOfMemory, "out of memory"});
  } catch (const std::exception& error) {
    return report("florin " + name, {ErrorKind::kInternal, error.what()});
  }
}

Result<Address> parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  Address address;
  bool good = colon != std::string_view::npos && colon != 0;
  if (good) {
    const char* const begin = text.data() + colon + 1;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(begin, end, address.port);
    good = begin != end && stop == end && error == std::errc{};
  }
  if (!good) return Status(ErrorKind::kUsage, fmt::format("'{}' is no address: use HOST:PORT, as in 127.0.0.1:3000", text));
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  address.host = host;
  return address;
}

Result<u128> parse_id(std::string_view option, std::string_view text) {
  u128 id = 0;
  if (parse_u128(text, id) && id != 0 && id != kU128Max) return id;
  return Status(ErrorKind::kUsage, fmt::format("{}: '{}' is no id: use decimal digits, or hexadecimal after 0x, from 1 to 2^128 - 2", option, text));
}

}  // namespace florin::tools

#include "backup/manifest.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <span>

#include "record/checksum.hpp"

namespace florin::backup {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint32_t kFormatVersion = 1;
constexpr std::size_t kNameDigits = 20;

struct KindName {
  FileKind kind;
  std::string_view folder;
  std::string_view extension;
};
constexpr std::array<KindName, 4> kKinds{{{FileKind::kSegment, "journal/", ".mdb"},
                                          {FileKind::kSnapshot, "snapshots/", ".mdb"},
                                          {FileKind::kSealed, "history/", ".sealed"},
                                          {FileKind::kArchived, "history/", ".archive"}}};

std::string checksum_of(const Json& json) {
  const std::string text = json.dump();
  return to_hex(record::checksum(std::as_bytes(std::span(text))));
}

u128 from_hex(const Json& json) {
  u128 value = 0;
  if (!parse_u128("0x" + json.get<std::string>(), value)) throw std::invalid_argument("no hexadecimal number");
  return value;
}

Json to_json(const BackupFile& file) {
  return {{"path", file.path()},
          {"bytes", file.bytes},
          {"xxh128", to_hex(file.digest)},
          {"last_sequence", file.last_sequence},
          {"batch_checksum", to_hex(file.batch_checksum)}};
}

BackupFile file_from(const Json& json) {
  const auto named = file_named(json.at("path").get<std::string>());
  if (!named) throw std::invalid_argument("a path that is none of ours");
  BackupFile file = *named;
  file.bytes = json.at("bytes").get<std::uint64_t>();
  file.digest = from_hex(json.at("xxh128"));
  file.last_sequence = json.at("last_sequence").get<std::uint64_t>();
  file.batch_checksum = from_hex(json.at("batch_checksum"));
  return file;
}

Manifest manifest_from(const Json& json) {
  if (json.at("format_version").get<std::uint32_t>() != kFormatVersion) throw std::invalid_argument("unknown format version");
  Manifest manifest;
  manifest.store_id = from_hex(json.at("store_id"));
  manifest.created_ns = json.at("created_ns").get<std::uint64_t>();
  manifest.first_sequence = json.at("first_sequence").get<std::uint64_t>();
  manifest.sequence = json.at("sequence").get<std::uint64_t>();
  manifest.timestamp = json.at("timestamp").get<std::uint64_t>();
  manifest.batch_number = json.at("batch_number").get<std::uint64_t>();
  manifest.batch_checksum = from_hex(json.at("batch_checksum"));
  for (const Json& file : json.at("files")) manifest.files.push_back(file_from(file));
  return manifest;
}

}  // namespace

std::string BackupFile::path() const {
  const KindName& name = *std::find_if(kKinds.begin(), kKinds.end(), [this](const KindName& candidate) { return candidate.kind == kind; });
  const std::string digits = std::to_string(number);
  return std::string(name.folder) + std::string(kNameDigits - digits.size(), '0') + digits + std::string(name.extension);
}

std::optional<BackupFile> file_named(std::string_view path) {
  const auto digits = path.find('/') + 1;  // 0 if there is none
  BackupFile file;
  const auto [stop, error] = std::from_chars(path.data() + digits, path.data() + path.size(), file.number);
  if (error != std::errc{} || file.number == 0) return std::nullopt;
  for (const KindName& name : kKinds) {
    file.kind = name.kind;
    if (file.path() == path) return file;
  }
  return std::nullopt;
}

std::vector<BackupFile> Manifest::files_of(FileKind kind) const {
  std::vector<BackupFile> found;
  std::copy_if(files.begin(), files.end(), std::back_inserter(found), [kind](const BackupFile& file) { return file.kind == kind; });
  return found;
}

const BackupFile* Manifest::find(const BackupFile& named_so) const {
  const auto found = std::find_if(files.begin(), files.end(), [&](const BackupFile& file) { return file.is_named_as(named_so); });
  return found == files.end() ? nullptr : &*found;
}

std::string to_text(const Manifest& manifest) {
  Json json = {{"format_version", kFormatVersion},
               {"store_id", to_hex(manifest.store_id)},
               {"created_ns", manifest.created_ns},
               {"first_sequence", manifest.first_sequence},
               {"sequence", manifest.sequence},
               {"timestamp", manifest.timestamp},
               {"batch_number", manifest.batch_number},
               {"batch_checksum", to_hex(manifest.batch_checksum)},
               {"files", Json::array()}};
  for (const BackupFile& file : manifest.files) json["files"].push_back(to_json(file));
  json["checksum"] = checksum_of(json);
  return json.dump(1) + "\n";
}

Result<Manifest> manifest_from_text(const std::string& text, const std::string& path) {
  const auto damaged = [&](const std::string& reason) { return Status(ErrorKind::kCorrupt, path + ": " + reason); };
  try {
    Json json = Json::parse(text);
    const std::string checksum = json.at("checksum").get<std::string>();
    json.erase("checksum");
    if (checksum != checksum_of(json)) return damaged("checksum of the manifest");
    Manifest manifest = manifest_from(json);
    // White space and the like, which the checksum does not cover.
    if (to_text(manifest) != text) return damaged("not as it was written");
    return manifest;
  } catch (const std::exception& error) {
    return damaged(std::string("no manifest of a backup: ") + error.what());
  }
}

}  // namespace florin::backup

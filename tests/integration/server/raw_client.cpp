#include "integration/server/raw_client.hpp"

namespace florin::server::test {

std::vector<std::byte> RawClient::frame(const protocol::RequestFields& fields, std::span<const std::byte> body) {
  const FrameHeader header = protocol::make_request_header(fields, body);
  std::vector<std::byte> bytes(header.size);
  std::memcpy(bytes.data(), &header, kFrameHeaderBytes);
  if (!body.empty()) std::memcpy(bytes.data() + kFrameHeaderBytes, body.data(), body.size());
  return bytes;
}

std::vector<std::byte> RawClient::hello_frame(u128 principal) {
  Hello hello;
  hello.principal = principal;
  hello.client = 77;
  return frame({.operation = Operation::kHello}, std::as_bytes(std::span(&hello, 1)));
}

}  // namespace florin::server::test

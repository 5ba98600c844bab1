#include "record/batch_record.hpp"

#include <cstring>
#include <memory>
#include <new>

#include "record/checksum.hpp"

namespace florin::record {
namespace {

/// A batch in aligned memory, built piece by piece so that tests can spoil any of them.
class RawBatch {
 public:
  explicit RawBatch(const std::vector<std::size_t>& body_sizes) {
    std::uint64_t sequence = 100;
    std::vector<std::byte> bodies;
    for (std::size_t i = 0; i < body_sizes.size(); ++i) {
      std::vector<std::byte> body(body_sizes[i]);
      for (std::size_t j = 0; j < body.size(); ++j) body[j] = static_cast<std::byte>(i * 31 + j + 1);
      RequestHeader request;
      request.body_checksum = checksum(body);
      request.body_bytes = static_cast<std::uint32_t>(body.size());
      request.event_count = static_cast<std::uint32_t>(i + 1);
      request.first_sequence = sequence;
      request.request = i;
      sequence += request.event_count;
      requests_.push_back(request);
      body.resize(padded_body_bytes(request.body_bytes));
      bodies.insert(bodies.end(), body.begin(), body.end());
    }
    header_.first_sequence = 100;
    header_.event_count = static_cast<std::uint32_t>(sequence - 100);
    header_.request_count = static_cast<std::uint32_t>(requests_.size());
    header_.size = static_cast<std::uint32_t>(batch_bytes(requests_));
    seal(header_, requests_);
    size_ = header_.size;
    bytes_.reset(static_cast<std::byte*>(std::aligned_alloc(64, (size_ + 63) / 64 * 64)));
    std::memset(bytes_.get(), 0, size_);
    std::memcpy(bytes_.get(), &header_, sizeof header_);
    std::memcpy(bytes_.get() + sizeof header_, requests_.data(), requests_.size() * sizeof(RequestHeader));
    std::memcpy(bytes_.get() + sizeof header_ + requests_.size() * sizeof(RequestHeader), bodies.data(), bodies.size());
  }

  std::span<std::byte> bytes() { return {bytes_.get(), size_}; }
  BatchHeader& header() { return *reinterpret_cast<BatchHeader*>(bytes_.get()); }
  RequestHeader* requests() { return reinterpret_cast<RequestHeader*>(bytes_.get() + sizeof(BatchHeader)); }
  /// Recomputes the header's checksum, as a writer with wrong fields would.
  void reseal() { seal(header(), {requests(), header().request_count}); }

 private:
  struct Free {
    void operator()(std::byte* bytes) const { std::free(bytes); }
  };
  BatchHeader header_;
  std::vector<RequestHeader> requests_;
  std::unique_ptr<std::byte[], Free> bytes_;
  std::size_t size_ = 0;
};

TEST(BatchRecord, WholeBatchVerifies) {
  RawBatch batch({128, 0, 17, 5000});
  EXPECT_FALSE(verify(batch.bytes())) << verify(batch.bytes()).reason;
}

TEST(BatchRecord, SmallBatchIsPaddedToTheMinimum) {
  RawBatch batch({128});
  EXPECT_EQ(batch.header().size, kBatchBytesMin);
  EXPECT_FALSE(verify(batch.bytes()));
}

TEST(BatchRecord, EveryFlippedByteIsFound) {
  RawBatch batch({128, 30, 17});
  for (std::size_t i = 0; i < batch.bytes().size(); ++i) {
    batch.bytes()[i] ^= std::byte{0x10};
    EXPECT_TRUE(verify(batch.bytes())) << "byte " << i;
    batch.bytes()[i] ^= std::byte{0x10};
  }
  EXPECT_FALSE(verify(batch.bytes()));
}

TEST(BatchRecord, EveryCutIsFound) {
  RawBatch batch({128, 3000});
  for (std::size_t size = 0; size < batch.bytes().size(); ++size) EXPECT_TRUE(verify(batch.bytes().first(size)));
}

TEST(BatchRecord, ChecksumOfSeparatePiecesEqualsThatOfJoinedOnes) {
  RawBatch batch({128, 30, 17});
  const BatchHeader apart = batch.header();
  const std::vector<RequestHeader> requests(batch.requests(), batch.requests() + 3);
  EXPECT_EQ(header_checksum(apart, requests), header_checksum(batch.header(), {batch.requests(), 3}));
}

TEST(BatchRecord, WalksRequestsInOrder) {
  RawBatch batch({128, 0, 17});
  std::vector<std::size_t> sizes;
  for (const RequestView request : BatchView(batch.bytes())) {
    EXPECT_EQ(request.header.request, sizes.size());
    EXPECT_EQ(checksum(request.body), request.header.body_checksum);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(request.body.data()) % 16, 0U);
    sizes.push_back(request.body.size());
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{128, 0, 17}));
  EXPECT_EQ(BatchView(batch.bytes()).last_sequence(), 105U);
}

struct Spoiling {
  const char* reason;
  void (*spoil)(RawBatch&);
};

class BatchRecordFields : public testing::TestWithParam<Spoiling> {};

TEST_P(BatchRecordFields, WrongFieldUnderAGoodChecksumIsNamed) {
  RawBatch batch({128, 30, 17});
  GetParam().spoil(batch);
  EXPECT_STREQ(verify(batch.bytes()).reason, GetParam().reason);
}

INSTANTIATE_TEST_SUITE_P(
    All, BatchRecordFields,
    testing::Values(
        Spoiling{"no batch here (magic)", [](RawBatch& b) { b.header().magic = 1; b.reseal(); }},
        Spoiling{"unknown format version", [](RawBatch& b) { b.header().format_version = 99; b.reseal(); }},
        Spoiling{"unknown rules version", [](RawBatch& b) { b.header().rules_version = 0; b.reseal(); }},
        Spoiling{"size outside the limits", [](RawBatch& b) { b.header().size = 128; }},
        Spoiling{"size not aligned", [](RawBatch& b) { b.header().size += 1; }},
        Spoiling{"sequence zero", [](RawBatch& b) { b.header().first_sequence = 0; b.reseal(); }},
        Spoiling{"impossible event count", [](RawBatch& b) { b.header().event_count = 0; b.reseal(); }},
        Spoiling{"impossible event count", [](RawBatch& b) { b.header().first_sequence = ~0ULL; b.reseal(); }},
        Spoiling{"impossible request count", [](RawBatch& b) { b.header().request_count = 0; b.reseal(); }},
        Spoiling{"impossible request count", [](RawBatch& b) { b.header().request_count = ~0U; }},
        Spoiling{"size differs from the bytes there", [](RawBatch& b) { b.header().size += 16; b.reseal(); }},
        Spoiling{"checksum of the header", [](RawBatch& b) { b.header().timestamp += 1; }},
        Spoiling{"first sequence of a request does not continue",
                 [](RawBatch& b) { b.requests()[1].first_sequence += 1; b.reseal(); }},
        Spoiling{"request without events", [](RawBatch& b) { b.requests()[0].event_count = 0; b.reseal(); }},
        Spoiling{"body larger than a batch", [](RawBatch& b) { b.requests()[0].body_bytes = ~0U; b.reseal(); }},
        Spoiling{"event counts do not add up", [](RawBatch& b) { b.header().event_count += 1; b.reseal(); }},
        Spoiling{"bodies longer than the batch",
                 [](RawBatch& b) { b.requests()[2].body_bytes = kBatchBytesMin; b.reseal(); }},
        Spoiling{"checksum of a body", [](RawBatch& b) { b.bytes()[128 + 3 * 96] ^= std::byte{1}; }},
        Spoiling{"padding of a body is not zero", [](RawBatch& b) { b.bytes()[128 + 3 * 96 + 128 + 31] = std::byte{1}; }},
        Spoiling{"padding is not zero", [](RawBatch& b) { b.bytes().back() = std::byte{1}; }}));

}  // namespace
}  // namespace florin::record

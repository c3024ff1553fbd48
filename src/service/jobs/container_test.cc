#include "jobs/impl/container.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace verbatim::jobs {
namespace {

using namespace std::string_literals;

// Bytes of which only the first few are there. Waiting is a bug.
class PartialSource final : public ByteSource {
 public:
  PartialSource(std::string bytes, size_t available)
      : bytes_(std::move(bytes)), available_(std::min(available, bytes_.size())) {}

  std::optional<uint64_t> size() const override { return bytes_.size(); }
  uint64_t available() const override { return available_; }
  Result<size_t> ReadAt(uint64_t offset, std::span<char> into, const std::stop_token&) override {
    EXPECT_LT(offset, available_) << "would wait";
    const size_t count = std::min({into.size(), available_ - offset, size_t{100}});
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), count, into.begin());
    return count;
  }

 private:
  std::string bytes_;
  size_t available_;
};

ReadingOrder OrderOf(std::string head, size_t available = 100'000) {
  head.resize(std::max<size_t>(head.size(), 4096), '\0');
  PartialSource source(std::move(head), available);
  const Result<ReadingOrder> order = FindReadingOrder(source, {});
  EXPECT_TRUE(order);
  return order.value_or(ReadingOrder::kUnknown);
}

std::string Box(const std::string& type, size_t size) {
  std::string box;
  for (int shift = 24; shift >= 0; shift -= 8) box += static_cast<char>(size >> shift & 0xFF);
  box += type;
  box.resize(size, 'x');
  return box;
}

TEST(ContainerTest, FormatsThatAreReadFromFrontToBack) {
  for (const std::string& head :
       {"RIFF\x24\x08\x00\x00WAVEfmt "s, "RF64\xff\xff\xff\xffWAVEds64"s, "fLaC\0\0\0\x22"s,
        "OggS\0\x02"s, "ID3\x04\0\0"s, "\xff\xfb\x90\x64"s, "\xff\xf3\x40\xc4"s,
        "\xff\xf1\x50\x80"s, "\xff\xf9\x50\x80"s, "\x1a\x45\xdf\xa3\x01"s}) {
    EXPECT_EQ(OrderOf(head), ReadingOrder::kInOrder) << head;
  }
  std::string stream(188, 'x');
  stream[0] = 'G';
  EXPECT_EQ(OrderOf(stream + stream + stream + stream), ReadingOrder::kInOrder);
}

TEST(ContainerTest, WhatIsNotKnownNeedsItsEnd) {
  for (const std::string& head : {"RIFF\x24\x08\x00\x00"
                                  "AVI LIST"s,
                                  "GIF89a"s, "\xff\xff\xff\xff"s, "\xff\xd8\xff\xe0"s, "GGGGGGGG"s,
                                  "FORM\0\0\0\0AIFF"s, std::string(16, '\0'), "MThd"s}) {
    EXPECT_EQ(OrderOf(head), ReadingOrder::kNeedsWhole) << head;
  }
}

TEST(ContainerTest, AnMp4IsReadInOrderIfItsIndexComesFirst) {
  EXPECT_EQ(OrderOf(Box("ftyp", 32) + Box("moov", 5000) + Box("mdat", 5000)),
            ReadingOrder::kInOrder);
  EXPECT_EQ(OrderOf(Box("ftyp", 32) + Box("free", 64) + Box("uuid", 90) + Box("moov", 500)),
            ReadingOrder::kInOrder);
  EXPECT_EQ(OrderOf(Box("ftyp", 32) + Box("mdat", 5000) + Box("moov", 500)),
            ReadingOrder::kNeedsWhole);
  EXPECT_EQ(OrderOf(Box("ftyp", 32) + Box("wide", 8) + Box("mdat", 5000)),
            ReadingOrder::kNeedsWhole);
}

TEST(ContainerTest, SizesThatLieEndTheSearch) {
  const std::string large = "\0\0\0\1free\xff\xff\xff\xff\xff\xff\xff\xff"s;
  EXPECT_EQ(OrderOf(Box("ftyp", 32) + large), ReadingOrder::kNeedsWhole);
  EXPECT_EQ(OrderOf(Box("ftyp", 32) + "\0\0\0\3free"s), ReadingOrder::kNeedsWhole);
  EXPECT_EQ(OrderOf(Box("ftyp", 32) + "\0\0\0\0free"s), ReadingOrder::kNeedsWhole);
  std::string many = Box("ftyp", 32);
  for (int i = 0; i < 500; ++i) many += Box("free", 8);
  EXPECT_EQ(OrderOf(many + Box("moov", 5000)), ReadingOrder::kNeedsWhole);
}

TEST(ContainerTest, WithTooFewBytesItIsNotKnownYet) {
  EXPECT_EQ(OrderOf("RIFF\0\0\0\0WAVE"s, 1000), ReadingOrder::kUnknown);
  EXPECT_EQ(OrderOf("RIFF\0\0\0\0WAVE"s, 1024), ReadingOrder::kInOrder);
  EXPECT_EQ(OrderOf("", 0), ReadingOrder::kUnknown);
  const std::string late = Box("ftyp", 32) + Box("free", 3000) + Box("moov", 5000);
  EXPECT_EQ(OrderOf(late, 2000), ReadingOrder::kUnknown);
  EXPECT_EQ(OrderOf(late, 3040), ReadingOrder::kUnknown);
  EXPECT_EQ(OrderOf(late, 3048), ReadingOrder::kInOrder);
}

}  // namespace
}  // namespace verbatim::jobs

#include "digest/digest.h"

#include <gtest/gtest.h>

namespace verbatim::digest {
namespace {

// FIPS 180-4, its examples.
constexpr std::string_view kSha1OfAbc = "a9993e364706816aba3e25717850c26c9cd0d89d";
constexpr std::string_view kSha256OfAbc =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(DigestTest, KnownAnswers) {
  EXPECT_EQ(Sha256("abc"), kSha256OfAbc);
  Digest sha1(Kind::kSha1);
  sha1.Update(std::string_view("abc"));
  EXPECT_EQ(Hex(sha1.Finish()), kSha1OfAbc);
}

TEST(DigestTest, PiecesAreAsTheWhole) {
  Digest pieces;
  for (const std::string_view piece : {"a", "", "bc"}) pieces.Update(piece);
  EXPECT_EQ(Hex(pieces.Finish()), kSha256OfAbc);
}

TEST(DigestTest, HmacOfRfc4231) {  // its second test case
  EXPECT_EQ(HmacSha256("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(DigestTest, HexHasTwoDigitsForEachByte) {
  EXPECT_EQ(Hex(std::string_view("\x00\x0f\xff", 3)), "000fff");
}

TEST(DigestTest, OnlyTheSameIsTheSame) {
  EXPECT_TRUE(IsSame(Sha256("a"), Sha256("a")));
  EXPECT_FALSE(IsSame(Sha256("a"), Sha256("b")));
  EXPECT_FALSE(IsSame(Sha256("a"), ""));
}

}  // namespace
}  // namespace verbatim::digest

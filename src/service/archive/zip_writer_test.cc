#include "archive/zip_writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>
#include <locale.h>

#include <map>

namespace verbatim::archive {
namespace {

// By libarchive's reader; tests/e2e/test_editing.py reads one with Python.
std::map<std::string, std::string> Read(const std::string& zip) {
  const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  const locale_t before = uselocale(locale);
  std::map<std::string, std::string> files;
  struct archive* reader = archive_read_new();
  archive_read_support_format_zip_streamable(reader);
  EXPECT_EQ(archive_read_open_memory(reader, zip.data(), zip.size()), ARCHIVE_OK);
  archive_entry* entry = nullptr;
  while (archive_read_next_header(reader, &entry) == ARCHIVE_OK) {
    std::string content(1 << 20, '\0');
    const la_ssize_t size = archive_read_data(reader, content.data(), content.size());
    EXPECT_GE(size, 0);
    content.resize(static_cast<size_t>(std::max<la_ssize_t>(size, 0)));
    files[archive_entry_pathname_utf8(entry)] = content;
  }
  archive_read_free(reader);
  uselocale(before);
  freelocale(locale);
  return files;
}

TEST(ZipWriterTest, BytesComeAsFilesAreAdded) {
  auto zip = ZipWriter::Open();
  ASSERT_TRUE(zip);
  const std::string content(100'000, 'x');
  ASSERT_TRUE((*zip)->Add({"talk.srt", 1'700'000'000'000}, content));
  std::string bytes = (*zip)->Take();
  EXPECT_GT(bytes.size(), 100U);
  EXPECT_LT(bytes.size(), 10'000U);  // deflated
  ASSERT_TRUE((*zip)->Add({"Größe — 日本語.txt", 0}, "zwei"));
  ASSERT_TRUE((*zip)->Add({"empty.txt", 0}, ""));
  bytes += (*zip)->Take();
  ASSERT_TRUE((*zip)->Finish());
  bytes += (*zip)->Take();
  EXPECT_TRUE((*zip)->Take().empty());
  const std::map<std::string, std::string> expected = {
      {"talk.srt", content}, {"Größe — 日本語.txt", "zwei"}, {"empty.txt", ""}};
  EXPECT_EQ(Read(bytes), expected);
}

TEST(ZipWriterTest, OneThatIsGivenUpLeavesNothing) {
  auto zip = ZipWriter::Open();
  ASSERT_TRUE(zip);
  ASSERT_TRUE((*zip)->Add({"talk.srt", 0}, "one"));
}

TEST(ZipWriterTest, AnEmptyArchiveIsOne) {
  auto zip = ZipWriter::Open();
  ASSERT_TRUE(zip);
  ASSERT_TRUE((*zip)->Finish());
  EXPECT_TRUE((*zip)->Take().starts_with("PK\x05\x06"));
}

}  // namespace
}  // namespace verbatim::archive

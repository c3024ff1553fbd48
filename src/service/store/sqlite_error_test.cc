#include "store/impl/sqlite_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace verbatim::store {
namespace {

TEST(SqliteErrors, EachCodeBecomesOneOfOurs) {
  struct Row {
    int sqlite_code;
    int error_number;
    ErrorCode code;
  };
  for (const Row& row : {
           Row{SQLITE_FULL, 0, ErrorCode::kOutOfSpace},
           Row{SQLITE_BUSY, 0, ErrorCode::kBusy},
           Row{SQLITE_BUSY_SNAPSHOT, 0, ErrorCode::kBusy},
           Row{SQLITE_LOCKED, 0, ErrorCode::kBusy},
           Row{SQLITE_PROTOCOL, 0, ErrorCode::kBusy},
           Row{SQLITE_CONSTRAINT_UNIQUE, 0, ErrorCode::kConflict},
           Row{SQLITE_CONSTRAINT_PRIMARYKEY, 0, ErrorCode::kConflict},
           Row{SQLITE_CONSTRAINT_FOREIGNKEY, 0, ErrorCode::kConflict},
           Row{SQLITE_CONSTRAINT_CHECK, 0, ErrorCode::kInternal},
           Row{SQLITE_CONSTRAINT_NOTNULL, 0, ErrorCode::kInternal},
           Row{SQLITE_IOERR_WRITE, EIO, ErrorCode::kIo},
           Row{SQLITE_IOERR_WRITE, EDQUOT, ErrorCode::kOutOfSpace},
           Row{SQLITE_IOERR_FSYNC, ENOSPC, ErrorCode::kOutOfSpace},
           Row{SQLITE_IOERR_SHMSIZE, ENOSPC, ErrorCode::kOutOfSpace},
           Row{SQLITE_IOERR_NOMEM, 0, ErrorCode::kBusy},
           Row{SQLITE_CANTOPEN, EMFILE, ErrorCode::kIo},
           Row{SQLITE_CANTOPEN, ENOSPC, ErrorCode::kOutOfSpace},
           Row{SQLITE_READONLY, 0, ErrorCode::kOutOfSpace},
           Row{SQLITE_PERM, 0, ErrorCode::kIo},
           Row{SQLITE_TOOBIG, 0, ErrorCode::kTooLarge},
           Row{SQLITE_INTERRUPT, 0, ErrorCode::kCancelled},
           Row{SQLITE_CORRUPT, 0, ErrorCode::kCorruptDatabase},
           Row{SQLITE_NOTADB, 0, ErrorCode::kCorruptDatabase},
           Row{SQLITE_NOMEM, 0, ErrorCode::kBusy},
           Row{SQLITE_ERROR, 0, ErrorCode::kInternal},
           Row{SQLITE_MISUSE, 0, ErrorCode::kInternal},
       }) {
    EXPECT_EQ(CodeOf(row.sqlite_code, row.error_number), row.code)
        << row.sqlite_code << " with errno " << row.error_number;
  }
}

TEST(SqliteErrors, DamageIsCalledDamage) {
  EXPECT_THAT(SqliteError(nullptr, SQLITE_CORRUPT, "reading").message,
              testing::StartsWith("reading: damaged: "));
  EXPECT_EQ(SqliteError(nullptr, SQLITE_NOTADB, "reading").message,
            "reading: damaged: file is not a database (SQLite 26)");
}

}  // namespace
}  // namespace verbatim::store

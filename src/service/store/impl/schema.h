// The tables, version by version (docs/schema.md). A version that was released never changes; what
// is new becomes the next one.
#pragma once

#include <span>
#include <string_view>

#include "base/error.h"
#include "store/impl/connection.h"

namespace verbatim::store {

// Migrations()[n] leads from version n to n + 1.
std::span<const std::string_view> Migrations();

// The version of a file, 0 of a new one. Errors: kConflict if it is of a version beyond `newest`,
// or not ours; those of SQLite.
Result<size_t> VersionOf(Connection& connection, size_t newest);

// VersionOf, of a file whose tables and indexes are as the migrations to its version make them: a
// damaged name is no damage to SQLite, and comes to light only when somebody asks for it. What
// somebody added does not count.
// Errors: as VersionOf; kCorruptDatabase; those of SQLite.
Result<size_t> CheckSchema(Connection& connection);

// Brings the database to the newest version, each step in a transaction of its own: after a failure
// it has the version it got to. `connection` is the writing one.
// Errors: as VersionOf, and those of SQLite.
Result<void> Migrate(Connection& connection, std::span<const std::string_view> migrations);

}  // namespace verbatim::store

#include "access/keyring.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "access/secret.h"
#include "base/random_id.h"
#include "digest/digest.h"

namespace verbatim::access {
namespace {

using store::Connection;

constexpr size_t kNameBytesMax = 100;
constexpr size_t kTokensMax = 1000;
constexpr size_t kSessionsOfTokenMax = 100;
constexpr int64_t kCoarseMs = 60'000;  // how exactly it is known when something was used
constexpr size_t kKeyDigits = 16;

// The first 64 bits of a digest find an entry; the rest is compared in constant time.
std::string KeyOf(std::string_view digest) { return std::string(digest.substr(0, kKeyDigits)); }

int64_t Coarse(int64_t time_ms) { return time_ms - time_ms % kCoarseMs; }

bool HasExpired(const store::Token& token, int64_t now_ms) {
  return token.expires_ms != 0 && token.expires_ms <= now_ms;
}

Result<void> CheckName(const std::string& name) {
  const bool is_plain =
      std::ranges::none_of(name, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (!name.empty() && name.size() <= kNameBytesMax && is_plain && !HasToken(name)) return {};
  return Fail(ErrorCode::kInvalidArgument,
              "the name of a token has 1 to 100 bytes and no control characters");
}

// Of a token or a session: it is in use.
template <typename Known>
void Touch(Known& known, int64_t now_ms) {
  const int64_t used_ms = Coarse(now_ms);
  if (known.row.last_used_ms >= used_ms) return;
  known.row.last_used_ms = used_ms;
  known.is_touched = true;
}

}  // namespace

Result<std::unique_ptr<Keyring>> Keyring::Open(store::Database& database, const Clock& clock,
                                               Log& log) {
  std::unique_ptr<Keyring> keyring(new Keyring(database, clock, log));
  TRY_VOID(keyring->Read());
  return keyring;
}

Result<void> Keyring::Read() {
  std::vector<store::Token> tokens;
  std::vector<store::Session> sessions;
  const auto read = [&](Connection& connection) -> Result<void> {
    tokens = TRY(store::ListTokens(connection));
    sessions = TRY(store::ListSessions(connection));
    return {};
  };
  TRY_VOID(database_.Read(read));
  const MutexLock lock(mutex_);
  for (store::Token& row : tokens) {
    const std::string key = KeyOf(row.hash);
    const std::optional<Scope> scope = ParseScope(row.scope);
    order_.push_back(key);
    tokens_[key] = {std::move(row), scope.value_or(Scope::kRead)};
  }
  for (store::Session& row : sessions) {
    const std::string key = KeyOf(row.hash);
    sessions_[key] = {std::move(row)};
  }
  return {};
}

Result<Issued> Keyring::Issue(const NewToken& wish) {
  TRY_VOID(CheckName(wish.name));
  const MutexLock turn(turn_);
  if (Tokens().size() >= kTokensMax) {
    return Fail(ErrorCode::kConflict,
                fmt::format("there are {} tokens already: revoke some", kTokensMax));
  }
  Issued issued;
  issued.secret = MakeTokenSecret();
  issued.token.id = RandomId().substr(0, 8);
  issued.token.name = wish.name;
  issued.token.hash = digest::Sha256(issued.secret);
  issued.token.scope = ScopeName(wish.scope);
  issued.token.created_ms = clock_.WallMs();
  if (wish.lifetime_ms > 0) issued.token.expires_ms = issued.token.created_ms + wish.lifetime_ms;
  TRY_VOID(database_.Write(
      [&](Connection& connection) { return store::InsertToken(connection, issued.token); }));
  const std::string key = KeyOf(issued.token.hash);
  const MutexLock lock(mutex_);
  order_.push_back(key);
  tokens_[key] = {issued.token, wish.scope};
  return issued;
}

Result<store::Token> Keyring::Revoke(const std::string& id) {
  Ends ends;
  store::Token revoked;
  {
    const MutexLock turn(turn_);
    const bool was_there = TRY(database_.Write(
        [&](Connection& connection) { return store::DeleteToken(connection, id); }));
    if (!was_there) return Fail(ErrorCode::kNotFound, "there is no token " + id);
    const MutexLock lock(mutex_);
    if (const KnownToken* known = TokenOf(id)) {
      revoked = known->row;
      const std::string key = KeyOf(revoked.hash);
      tokens_.erase(key);
      std::erase(order_, key);
    }
    std::erase_if(sessions_, [&](const auto& entry) { return entry.second.row.token == id; });
    ends = EndsOf([&](const Guest& guest) { return guest.token == id; });
  }
  for (const auto& end : ends) end();
  return revoked;
}

std::vector<store::Token> Keyring::Tokens() const {
  const MutexLock lock(mutex_);
  std::vector<store::Token> tokens;
  for (const std::string& key : order_) tokens.push_back(tokens_.at(key).row);
  return tokens;
}

bool Keyring::has_tokens() const {
  const MutexLock lock(mutex_);
  return !tokens_.empty();
}

std::optional<Identity> Keyring::FindToken(std::string_view secret) {
  const std::string hash = digest::Sha256(secret);
  const int64_t now_ms = clock_.WallMs();
  const MutexLock lock(mutex_);
  const auto found = tokens_.find(KeyOf(hash));
  if (found == tokens_.end()) return std::nullopt;
  if (!digest::IsSame(found->second.row.hash, hash)) return std::nullopt;
  KnownToken& known = found->second;
  if (HasExpired(known.row, now_ms)) return std::nullopt;
  Touch(known, now_ms);
  return Identity{known.row.id, known.row.name, known.scope, "", known.row.expires_ms};
}

std::optional<Identity> Keyring::FindSession(std::string_view secret) {
  const std::string hash = digest::Sha256(secret);
  const int64_t now_ms = clock_.WallMs();
  const MutexLock lock(mutex_);
  const auto found = sessions_.find(KeyOf(hash));
  if (found == sessions_.end()) return std::nullopt;
  if (!digest::IsSame(found->second.row.hash, hash)) return std::nullopt;
  KnownSession& known = found->second;
  if (IsOver(known.row, now_ms)) return std::nullopt;
  KnownToken& token = *TokenOf(known.row.token);
  Touch(known, now_ms);
  Touch(token, now_ms);
  return Identity{token.row.id, token.row.name, token.scope, hash, known.row.expires_ms};
}

Result<SignedIn> Keyring::SignIn(const Identity& identity) {
  const int64_t now_ms = clock_.WallMs();
  SignedIn made{identity, MakeSessionSecret()};
  store::Session row;
  row.hash = digest::Sha256(made.secret);
  row.token = identity.token;
  row.created_ms = now_ms;
  row.expires_ms = now_ms + kSessionLifetimeMs;
  row.last_used_ms = Coarse(now_ms);
  made.identity.session = row.hash;
  std::string too_many;
  {
    const MutexLock turn(turn_);
    {
      const MutexLock lock(mutex_);
      const KnownToken* token = TokenOf(identity.token);
      if (token == nullptr) return Fail(ErrorCode::kNotFound, "the token was revoked");
      const int64_t token_end_ms = token->row.expires_ms;
      if (token_end_ms != 0) row.expires_ms = std::min(row.expires_ms, token_end_ms);
    }
    TRY_VOID(database_.Write(
        [&](Connection& connection) { return store::InsertSession(connection, row); }));
    made.identity.expires_ms = row.expires_ms;
    const MutexLock lock(mutex_);
    sessions_[KeyOf(row.hash)] = {row};
    too_many = SessionTooMany(identity.token);
  }
  if (!too_many.empty()) TRY_VOID(ForgetSession(too_many));
  return made;
}

Result<void> Keyring::SignOut(const Identity& identity) {
  if (identity.session.empty()) return {};
  return ForgetSession(identity.session);
}

Result<void> Keyring::ForgetSession(const std::string& digest) {
  Ends ends;
  {
    const MutexLock turn(turn_);
    TRY_VOID(database_.Write(
        [&](Connection& connection) { return store::DeleteSession(connection, digest); }));
    const MutexLock lock(mutex_);
    sessions_.erase(KeyOf(digest));
    ends = EndsOf([&](const Guest& guest) { return guest.session == digest; });
  }
  for (const auto& end : ends) end();
  return {};
}

Keyring::Presence Keyring::Enter(const Identity& identity, std::function<void()> end) {
  uint64_t number = 0;
  bool is_over = false;
  {
    const MutexLock lock(mutex_);
    number = next_guest_++;
    is_over = identity.session.empty() ? TokenOf(identity.token) == nullptr
                                       : !sessions_.contains(KeyOf(identity.session));
    if (!is_over) guests_[number] = {identity.token, identity.session, end};
  }
  if (is_over) end();
  return {this, number};
}

void Keyring::Leave(uint64_t guest) {
  std::function<void()> end;  // destroyed without the lock
  const MutexLock lock(mutex_);
  const auto found = guests_.find(guest);
  if (found == guests_.end()) return;
  end = std::move(found->second.end);
  guests_.erase(found);
}

void Keyring::Tick() {
  for (const auto& end : EndExpired(clock_.WallMs())) end();
  if (Result<void> written = WriteTouched(); !written) {
    log_.Warning("writing down when tokens were used: {}", written.error().message);
  }
}

Keyring::KnownToken* Keyring::TokenOf(const std::string& id) {
  const auto found =
      std::ranges::find(tokens_, id, [](const auto& entry) { return entry.second.row.id; });
  return found == tokens_.end() ? nullptr : &found->second;
}

bool Keyring::IsOver(const store::Session& session, int64_t now_ms) {
  const KnownToken* token = TokenOf(session.token);
  return token == nullptr || HasExpired(token->row, now_ms) || session.expires_ms <= now_ms ||
         session.last_used_ms + kSessionIdleMs <= now_ms;
}

// The digest of the session that was used longest ago, if a token has too many.
std::string Keyring::SessionTooMany(const std::string& token) {
  size_t count = 0;
  const store::Session* oldest = nullptr;
  for (const auto& [key, known] : sessions_) {
    if (known.row.token != token) continue;
    ++count;
    if (oldest == nullptr || std::pair(known.row.last_used_ms, known.row.created_ms) <
                                 std::pair(oldest->last_used_ms, oldest->created_ms)) {
      oldest = &known.row;
    }
  }
  return count > kSessionsOfTokenMax ? oldest->hash : "";
}

Keyring::Ends Keyring::EndsOf(const std::function<bool(const Guest&)>& is_over) const {
  Ends ends;
  for (const auto& [number, guest] : guests_) {
    if (is_over(guest)) ends.push_back(guest.end);
  }
  return ends;
}

// A session under which something goes on, such as a page that follows the events, is in use.
Keyring::Ends Keyring::EndExpired(int64_t now_ms) {
  const MutexLock lock(mutex_);
  for (const auto& [number, guest] : guests_) {
    const auto session = sessions_.find(KeyOf(guest.session));
    if (session == sessions_.end() || IsOver(session->second.row, now_ms)) continue;
    Touch(session->second, now_ms);
  }
  return EndsOf([&](const Guest& guest) REQUIRES(mutex_) {
    if (!guest.session.empty()) {
      const auto session = sessions_.find(KeyOf(guest.session));
      return session == sessions_.end() || IsOver(session->second.row, now_ms);
    }
    const KnownToken* token = TokenOf(guest.token);
    return token == nullptr || HasExpired(token->row, now_ms);
  });
}

// Once a minute, also of the sessions that are over.
Result<void> Keyring::WriteTouched() {
  const int64_t now_ms = clock_.WallMs();
  const MutexLock turn(turn_);
  if (now_ms >= written_ms_ && now_ms < written_ms_ + kCoarseMs) return {};
  written_ms_ = now_ms;
  std::vector<store::Token> tokens;
  std::vector<store::Session> sessions;
  std::vector<std::string> over;
  {
    const MutexLock lock(mutex_);
    for (auto& [key, known] : tokens_) {
      if (std::exchange(known.is_touched, false)) tokens.push_back(known.row);
    }
    for (auto& [key, known] : sessions_) {
      if (IsOver(known.row, now_ms)) {
        over.push_back(known.row.hash);
      } else if (std::exchange(known.is_touched, false)) {
        sessions.push_back(known.row);
      }
    }
    for (const std::string& digest : over) sessions_.erase(KeyOf(digest));
  }
  if (tokens.empty() && sessions.empty() && over.empty()) return {};
  return database_.Write([&](Connection& connection) -> Result<void> {
    for (const store::Token& row : tokens) {
      TRY_VOID(store::TouchToken(connection, row.id, row.last_used_ms));
    }
    for (const store::Session& row : sessions) {
      TRY_VOID(store::TouchSession(connection, row.hash, row.last_used_ms));
    }
    for (const std::string& digest : over) TRY_VOID(store::DeleteSession(connection, digest));
    return {};
  });
}

}  // namespace verbatim::access

// Tokens, and the sessions of browsers that signed in with one: made, recognised, taken back. All
// are held in memory, so that recognising one asks no disk; changes are on disk before they hold.
// Whoever is let in for longer says so with Enter, and is told when what let them in has ended.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "access/scope.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mutex.h"
#include "store/database.h"
#include "store/tokens.h"

namespace verbatim::access {

// Whoever showed a token, or the session made with it.
struct Identity {
  std::string token;  // its id
  std::string name;
  Scope scope = Scope::kRead;
  std::string session;  // its digest; "": the token itself was shown
  int64_t expires_ms = 0;
};

struct NewToken {
  std::string name;  // 1 to 100 bytes, no control characters
  Scope scope = Scope::kRead;
  int64_t lifetime_ms = 0;  // 0: for ever
};

struct Issued {
  store::Token token;
  std::string secret;  // is nowhere else
};

struct SignedIn {
  Identity identity;
  std::string secret;  // the session's id
};

// A session ends when it is this old, or was not used for that long.
inline constexpr int64_t kSessionLifetimeMs = 30LL * 86'400'000;
inline constexpr int64_t kSessionIdleMs = 7LL * 86'400'000;

// Thread: any.
class Keyring {
 public:
  // Reads what there is. Errors: those of the database. All three outlive it.
  static Result<std::unique_ptr<Keyring>> Open(store::Database& database, const Clock& clock,
                                               Log& log);

  // Makes a token. Errors: kInvalidArgument (its name), kConflict (there are 1000), the database's.
  Result<Issued> Issue(const NewToken& wish);
  // Takes a token back, at once, with its sessions and all that goes on under it.
  // Errors: kNotFound, those of the database.
  Result<store::Token> Revoke(const std::string& id);
  // All tokens, also expired ones, in the order of creation.
  std::vector<store::Token> Tokens() const;
  // Whether there is a token, valid or expired.
  bool has_tokens() const;

  // Who shows this; none if it is nobody's, or no longer.
  std::optional<Identity> FindToken(std::string_view secret);
  std::optional<Identity> FindSession(std::string_view secret);

  // A new session of whoever has shown a token. Of more than 100 of one token, the one that was
  // used longest ago ends. Errors: kNotFound if the token was revoked meanwhile, the database's.
  Result<SignedIn> SignIn(const Identity& identity);
  // Ends the session of an identity that has one. Errors: those of the database.
  Result<void> SignOut(const Identity& identity);

  // Something that goes on under an identity, until it is destroyed.
  class Presence;
  // `end` is called, from any thread, if the token or the session ends first, and at once if it has
  // ended already. It must not wait for the presence to be destroyed.
  Presence Enter(const Identity& identity, std::function<void()> end);

  // To be called each second: ends what has expired, and writes down what was used when.
  void Tick();

 private:
  // What is kept of each beside its row. Both are found by the first digits of their digest.
  struct KnownToken {
    store::Token row;
    Scope scope = Scope::kRead;
    bool is_touched = false;  // since it was written down
  };
  struct KnownSession {
    store::Session row;
    bool is_touched = false;
  };
  struct Guest {
    std::string token;
    std::string session;
    std::function<void()> end;
  };
  using Ends = std::vector<std::function<void()>>;

  Keyring(store::Database& database, const Clock& clock, Log& log)
      : database_(database), clock_(clock), log_(log) {}

  Result<void> Read();
  KnownToken* TokenOf(const std::string& id) REQUIRES(mutex_);
  bool IsOver(const store::Session& session, int64_t now_ms) REQUIRES(mutex_);
  Result<void> ForgetSession(const std::string& digest);
  std::string SessionTooMany(const std::string& token) REQUIRES(mutex_);
  Ends EndsOf(const std::function<bool(const Guest&)>& is_over) const REQUIRES(mutex_);
  Ends EndExpired(int64_t now_ms);
  Result<void> WriteTouched();
  void Leave(uint64_t guest);

  store::Database& database_;
  const Clock& clock_;
  Log& log_;
  Mutex turn_;  // one change at a time, on disk and here
  mutable Mutex mutex_;
  std::vector<std::string> order_ GUARDED_BY(mutex_);  // of creation: the tokens' keys
  std::unordered_map<std::string, KnownToken> tokens_ GUARDED_BY(mutex_);
  std::unordered_map<std::string, KnownSession> sessions_ GUARDED_BY(mutex_);
  std::map<uint64_t, Guest> guests_ GUARDED_BY(mutex_);
  uint64_t next_guest_ GUARDED_BY(mutex_) = 1;
  int64_t written_ms_ GUARDED_BY(turn_) = 0;
};

// Made by Enter; ends before its keyring.
class Keyring::Presence {
 public:
  // For Enter.
  Presence(Keyring* keyring, uint64_t guest) : keyring_(keyring), guest_(guest) {}
  ~Presence() { keyring_->Leave(guest_); }
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;

 private:
  Keyring* keyring_;
  uint64_t guest_;
};

}  // namespace verbatim::access

// What kind of build this is.
#pragma once

namespace verbatim::sandbox {

// The sanitizers' own code opens files, maps memory beyond any limit and makes calls of many kinds.
// In such a build the list of calls, the limit of the address space and the empty root are left
// out, and the report says so.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kIsSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kIsSanitized = true;
#else
inline constexpr bool kIsSanitized = false;
#endif
#else
inline constexpr bool kIsSanitized = false;
#endif

}  // namespace verbatim::sandbox

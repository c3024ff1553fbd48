// Whether a test runs under sanitizers, which are slow, keep what was freed and bring an allocator
// of their own: there it may do less of the same.
#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define VERBATIM_IS_SANITIZED 1
#elif defined(__has_feature)  // how clang says it
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define VERBATIM_IS_SANITIZED 1
#endif
#endif
#ifndef VERBATIM_IS_SANITIZED
#define VERBATIM_IS_SANITIZED 0
#endif

namespace verbatim::tests {

inline constexpr bool kIsSanitized = VERBATIM_IS_SANITIZED != 0;

}  // namespace verbatim::tests

// Whether a test runs under sanitizers, which are slow and keep what was freed: there it may do
// less of the same.
#pragma once

namespace verbatim::tests {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kIsSanitized = true;
#else
inline constexpr bool kIsSanitized = false;
#endif

}  // namespace verbatim::tests

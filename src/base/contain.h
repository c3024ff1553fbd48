// Where exceptions end. Our code throws none, but any allocation may (std::bad_alloc), and so may
// libraries. Each entry of a thread, a run or a destructor contains its work, so that what fails is
// that work, and not the server.
#pragma once

#include <chrono>
#include <exception>
#include <new>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>

#include "base/error.h"

namespace verbatim {

// Runs work that returns a Result or nothing, and makes an error of what it throws.
template <typename Work>
auto Contain(Work&& work) {
  using Done = std::invoke_result_t<Work>;
  using Contained = std::conditional_t<std::is_void_v<Done>, Result<void>, Done>;
  try {
    if constexpr (std::is_void_v<Done>) {
      std::forward<Work>(work)();
      return Contained();
    } else {
      return Contained(std::forward<Work>(work)());
    }
  } catch (const std::bad_alloc&) {
    return Contained(Fail(ErrorCode::kBusy, "out of memory"));  // short: it needs no memory itself
  } catch (const std::system_error& error) {  // no more threads are to be had, for one
    return Contained(Failure(SystemError(error.code().value(), "the system refused")));
  } catch (const std::exception& exception) {
    return Contained(Fail(ErrorCode::kInternal, exception.what()));
  }
}

// Does what somebody waits for and what needs nothing but memory: again and again, until it is
// done.
template <typename Work>
void Insist(const Work& work) {
  while (!Contain(work)) std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

}  // namespace verbatim

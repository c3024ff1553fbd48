// Where exceptions end. Our code throws none, but any allocation may (std::bad_alloc), and so may
// libraries. Each entry of a thread, a run or a destructor contains its work, so that what fails is
// that work, and not the server.
#pragma once

#include <chrono>
#include <exception>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

#include "base/error.h"

namespace verbatim {

// Runs work that returns a Result, and makes an error of what it throws.
template <typename Work>
auto Contain(Work&& work) -> decltype(work()) {
  try {
    return std::forward<Work>(work)();
  } catch (const std::bad_alloc&) {
    return Fail(ErrorCode::kBusy, "out of memory");  // short enough to need no memory itself
  } catch (const std::system_error& error) {         // no more threads are to be had, for one
    return Failure(SystemError(error.code().value(), "the system refused"));
  } catch (const std::exception& exception) {
    return Fail(ErrorCode::kInternal, exception.what());
  }
}

// Does what somebody waits for and what needs nothing but memory: again and again, until it is
// done.
template <typename Work>
void Insist(Work&& work) {
  const auto try_once = [&]() -> Result<void> {
    work();
    return {};
  };
  while (!Contain(try_once)) std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

}  // namespace verbatim

// What this machine can do at most, measured: rates that the stages of a run are compared with.
#pragma once

#include <cstddef>

#include "kernels/thread_pool.h"

namespace verbatim::kernels {

enum class NumberFormat { kF32, kBf16, kInt8 };

// The rate of the library's matrix products in the best of a few shapes that models have, all
// threads of the pool working; the best of several tries. Unit: operations per second (a
// multiplication and an addition are two); 0 if the library has no product in this format here.
double MeasureProducts(NumberFormat format, ThreadPool& pool);

// The rate at which all threads together copy memory that no cache holds. Unit: bytes per second,
// read and written ones both counted.
double MeasureCopy(ThreadPool& pool);

// The rate at which all threads together read `bytes`, each a part of its own, over and over. What
// fits a cache is read from there. Unit: bytes per second.
double MeasureReading(size_t bytes, ThreadPool& pool);

}  // namespace verbatim::kernels

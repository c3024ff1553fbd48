#include "history/ridge.h"

#include <cmath>
#include <numeric>
#include <utility>

#include "base/check.h"

namespace verbatim::history {

Ridge::Ridge(std::vector<double> strengths, RidgeOptions options)
    : strengths_(std::move(strengths)),
      options_(options),
      squares_(strengths_.size() * strengths_.size()),
      products_(strengths_.size()),
      coefficients_(strengths_.size()) {}

void Ridge::Add(std::span<const double> x, double y) {
  const size_t size = strengths_.size();
  CHECK(x.size() == size);
  for (size_t row = 0; row < size; ++row) {
    for (size_t column = 0; column < size; ++column) {
      double& square = squares_[row * size + column];
      square = options_.keep * square + x[row] * x[column];
    }
    products_[row] = options_.keep * products_[row] + x[row] * y;
  }
  Solve();
}

double Ridge::Predict(std::span<const double> x) const {
  CHECK(x.size() == coefficients_.size());
  return std::inner_product(x.begin(), x.end(), coefficients_.begin(), 0.0);
}

// By Cholesky's decomposition: with strengths above 0 the matrix is positive definite.
void Ridge::Solve() {
  const size_t size = strengths_.size();
  std::vector<double> lower = squares_;
  const auto at = [&](size_t row, size_t column) -> double& { return lower[row * size + column]; };
  for (size_t row = 0; row < size; ++row) {
    at(row, row) += strengths_[row];
    for (size_t column = 0; column <= row; ++column) {
      double sum = at(row, column);
      for (size_t k = 0; k < column; ++k) sum -= at(row, k) * at(column, k);
      at(row, column) = row == column ? std::sqrt(sum) : sum / at(column, column);
    }
  }
  coefficients_ = products_;
  for (size_t row = 0; row < size; ++row) {
    for (size_t k = 0; k < row; ++k) coefficients_[row] -= at(row, k) * coefficients_[k];
    coefficients_[row] /= at(row, row);
  }
  for (size_t row = size; row-- > 0;) {
    for (size_t k = row + 1; k < size; ++k) coefficients_[row] -= at(k, row) * coefficients_[k];
    coefficients_[row] /= at(row, row);
  }
}

}  // namespace verbatim::history

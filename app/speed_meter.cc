#include "speed_meter.h"

namespace verbatim::app {

double SpeedMeter::Measure(const pipeline::Progress& progress, TimePoint now) {
  SampleTime& position = positions_[progress.file];
  if (progress.position > position) {
    sum_ += progress.position - position;
    position = progress.position;
  }
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  return elapsed > 0 ? ToSeconds(sum_) / elapsed : 0;
}

}  // namespace verbatim::app

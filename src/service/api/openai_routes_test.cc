// OpenAI's audio API over the wire.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/test_service.h"

namespace verbatim::api {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using tests::RawResponse;

using Fields = std::vector<std::pair<std::string, std::string>>;

boost::json::value Json(const RawResponse& response) { return boost::json::parse(response.body); }

RawResponse Transcribe(const RunningService& service, Fields fields,
                       std::string_view what = "transcriptions") {
  fields.emplace_back("model", "whisper-1");
  return service.Ask("POST", fmt::format("/v1/audio/{}", what), kFormType, Form(fields));
}

// Neither a job nor a file of a call stays behind.
bool IsClean(const RunningService& service) {
  const auto uploads = service.services().database.Read(
      [](store::Connection& connection) { return store::AllUploads(connection); });
  const auto ephemeral = service.services().database.Read(
      [](store::Connection& connection) { return store::EphemeralJobs(connection); });
  const auto others = service.services().database.Read(
      [](store::Connection& connection) { return store::ListJobs(connection, {.count = 1}); });
  return uploads && uploads->empty() && ephemeral && ephemeral->empty() && others &&
         others->empty();
}

// Waits until nothing is left.
bool BecomesClean(const RunningService& service) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!IsClean(service)) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

TEST(OpenAiRoutesTest, JsonIsTheTextAndTheSoundsLength) {
  const RunningService service;
  const RawResponse response = Transcribe(service, {});
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.headers.at("content-type"), "application/json");
  EXPECT_EQ(response.body,
            "{\"text\":\"Hello world. How are you?\",\"usage\":{\"type\":\"duration\","
            "\"seconds\":3}}\n");
  EXPECT_TRUE(IsClean(service));
}

TEST(OpenAiRoutesTest, TextAndSubtitlesArePlain) {
  const RunningService service;
  const RawResponse text = Transcribe(service, {{"response_format", "text"}});
  EXPECT_EQ(text.body, "Hello world. How are you?\n");
  EXPECT_EQ(text.headers.at("content-type"), "text/plain; charset=utf-8");
  EXPECT_THAT(Transcribe(service, {{"response_format", "srt"}}).body,
              StartsWith("1\n00:00:00,000 --> "));
  EXPECT_THAT(Transcribe(service, {{"response_format", "vtt"}}).body, StartsWith("WEBVTT\n"));
}

TEST(OpenAiRoutesTest, VerboseJsonHasSegments) {
  const RunningService service;
  const RawResponse response = Transcribe(service, {{"response_format", "verbose_json"}});
  ASSERT_EQ(response.status, 200) << response.body;
  const boost::json::value json = Json(response);
  EXPECT_EQ(json.at("task").as_string(), "transcribe");
  EXPECT_EQ(json.at("language").as_string(), "english");
  EXPECT_EQ(json.at("duration").to_number<double>(), 2.5);
  EXPECT_EQ(json.at("text").as_string(), kSpokenText);
  EXPECT_FALSE(json.as_object().contains("words"));
  const boost::json::value& segment = json.at("segments").at(1);
  EXPECT_EQ(segment.at("id").as_int64(), 1);
  EXPECT_EQ(segment.at("seek").as_int64(), 0);
  EXPECT_EQ(segment.at("start").to_number<double>(), 1.0);
  EXPECT_EQ(segment.at("end").to_number<double>(), 2.5);
  EXPECT_EQ(segment.at("text").as_string(), " How are you?");
  EXPECT_EQ(segment.at("tokens").as_array().size(), 2U);
  EXPECT_EQ(segment.at("avg_logprob").to_number<double>(), -0.25);
  EXPECT_EQ(segment.at("compression_ratio").to_number<double>(), 1.5);
  EXPECT_EQ(segment.at("no_speech_prob").to_number<double>(), 0.125);
  EXPECT_EQ(segment.at("temperature").to_number<double>(), 0);
}

TEST(OpenAiRoutesTest, VerboseJsonHasWordsIfAskedFor) {
  const RunningService service;
  const Fields words = {{"response_format", "verbose_json"}, {"timestamp_granularities[]", "word"}};
  const boost::json::value only = Json(Transcribe(service, words));
  EXPECT_FALSE(only.as_object().contains("segments"));
  EXPECT_EQ(only.at("words").as_array().size(), 5U);
  EXPECT_EQ(only.at("words").at(1).at("word").as_string(), "world.");
  EXPECT_EQ(only.at("words").at(1).at("start").to_number<double>(), 0.5);
  Fields both = words;
  both.emplace_back("timestamp_granularities[]", "segment");
  EXPECT_TRUE(Json(Transcribe(service, both)).as_object().contains("segments"));
}

TEST(OpenAiRoutesTest, TranslationsAreEnglish) {
  const RunningService service;
  const boost::json::value json =
      Json(Transcribe(service, {{"response_format", "verbose_json"}}, "translations"));
  EXPECT_EQ(json.at("task").as_string(), "translate");
  EXPECT_EQ(json.at("language").as_string(), "english");
}

TEST(OpenAiRoutesTest, StreamsTheTextAsItComes) {
  const RunningService service;
  const RawResponse response = Transcribe(service, {{"stream", "true"}});
  ASSERT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.at("content-type"), "text/event-stream");
  std::string told;
  std::string whole;
  for (size_t at = 0; at < response.body.size();) {
    const size_t end = response.body.find("\n\n", at);
    ASSERT_NE(end, std::string::npos);
    ASSERT_EQ(response.body.substr(at, 6), "data: ");
    const boost::json::value event = boost::json::parse(response.body.substr(at + 6, end - at - 6));
    if (event.at("type").as_string() == "transcript.text.delta") {
      told += event.at("delta").as_string();
    } else {
      EXPECT_EQ(event.at("type").as_string(), "transcript.text.done");
      whole = event.at("text").as_string();
      EXPECT_EQ(end + 2, response.body.size());
    }
    at = end + 2;
  }
  EXPECT_EQ(told, kSpokenText);
  EXPECT_EQ(whole, kSpokenText);
  EXPECT_TRUE(IsClean(service));
}

TEST(OpenAiRoutesTest, ErrorsNameTheParameter) {
  const RunningService service;
  const auto error_of = [&](const Fields& fields) {
    const RawResponse response = Transcribe(service, fields);
    EXPECT_EQ(response.status, 400) << response.body;
    const boost::json::value error = Json(response).at("error");
    EXPECT_EQ(error.at("type").as_string(), "invalid_request_error");
    EXPECT_FALSE(error.at("message").as_string().empty());
    return std::string(error.at("param").as_string());
  };
  EXPECT_EQ(error_of({{"response_format", "doc"}}), "response_format");
  EXPECT_EQ(error_of({{"temperature", "2"}}), "temperature");
  EXPECT_EQ(error_of({{"temperature", "nan"}}), "temperature");
  EXPECT_EQ(error_of({{"language", "klingonese"}}), "language");
  EXPECT_EQ(error_of({{"stream", "perhaps"}}), "stream");
  EXPECT_EQ(error_of({{"timestamp_granularities[]", "letter"}}), "timestamp_granularities");
  EXPECT_EQ(error_of({{"timestamp_granularities[]", "word"}}), "timestamp_granularities");
  EXPECT_TRUE(IsClean(service));
}

TEST(OpenAiRoutesTest, MissingThingsAreNamed) {
  const RunningService service;
  const RawResponse no_file = service.Ask("POST", "/v1/audio/transcriptions", kFormType,
                                          Form({{"model", "whisper-1"}}, std::nullopt));
  EXPECT_EQ(no_file.status, 400);
  EXPECT_EQ(Json(no_file).at("error").at("param").as_string(), "file");
  const RawResponse no_model = service.Ask("POST", "/v1/audio/transcriptions", kFormType,
                                           Form({{"model", "no-such-model"}}));
  EXPECT_EQ(no_model.status, 404);
  EXPECT_EQ(Json(no_model).at("error").at("code").as_string(), "model_not_found");
  const RawResponse no_form = service.PostJson("/v1/audio/transcriptions", "{}");
  EXPECT_EQ(no_form.status, 400);
  EXPECT_TRUE(Json(no_form).at("error").is_object());
  EXPECT_TRUE(IsClean(service));
}

TEST(OpenAiRoutesTest, WhatTheEngineSaysIsAnErrorOfTheFile) {
  RunningService service;
  service.script.FailWith({ErrorCode::kUnsupportedMedia, "there is no sound in it"});
  const RawResponse response = Transcribe(service, {});
  EXPECT_EQ(response.status, 400);
  const boost::json::value error = Json(response).at("error");
  EXPECT_EQ(error.at("param").as_string(), "file");
  EXPECT_EQ(error.at("code").as_string(), "unsupported_media");
  EXPECT_THAT(std::string(error.at("message").as_string()), HasSubstr("there is no sound in it"));
  service.script.FailWith({ErrorCode::kInternal, "secret"});
  const RawResponse bug = Transcribe(service, {});
  EXPECT_EQ(bug.status, 500);
  EXPECT_EQ(Json(bug).at("error").at("type").as_string(), "server_error");
  EXPECT_THAT(bug.body, Not(HasSubstr("secret")));
  const RawResponse streamed = Transcribe(service, {{"stream", "true"}});
  EXPECT_THAT(streamed.body, HasSubstr("data: {\"error\":{\"message\":"));
  EXPECT_TRUE(IsClean(service));
}

TEST(OpenAiRoutesTest, WhoGoesAwayLeavesNothing) {
  RunningService service;
  service.script.Hold();
  {
    tests::RawHttpClient client(service.port());
    client.Send(RunningService::RequestText("POST", "/v1/audio/transcriptions", kFormType,
                                            Form({{"model", ""}})));
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (service.services().jobs.load().running == 0) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  EXPECT_TRUE(BecomesClean(service));
}

TEST(OpenAiRoutesTest, CallsAreNoJobsOfTheList) {
  RunningService service;
  service.script.Hold();
  tests::RawHttpClient client(service.port());
  client.Send(RunningService::RequestText("POST", "/v1/audio/transcriptions", kFormType, Form({})));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (service.services().jobs.load().running == 0) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  EXPECT_EQ(service.Get("/api/jobs").body, "{\"jobs\":[],\"next\":null}\n");
  service.script.Release();
  EXPECT_EQ(client.ReceiveResponse()->status, 200);
}

TEST(OpenAiRoutesTest, ModelsAreListedAndFound) {
  const RunningService service;
  const boost::json::value list = Json(service.Get("/v1/models"));
  EXPECT_EQ(list.at("object").as_string(), "list");
  std::vector<std::string> names;
  for (const auto& model : list.at("data").as_array()) {
    names.emplace_back(model.at("id").as_string());
    EXPECT_EQ(model.at("object").as_string(), "model");
    EXPECT_TRUE(model.at("created").is_int64());
    EXPECT_EQ(model.at("owned_by").as_string(), "verbatim");
  }
  EXPECT_THAT(names, ::testing::IsSupersetOf({"base", "whisper-1"}));
  EXPECT_EQ(Json(service.Get("/v1/models/base")).at("id").as_string(), "base");
  const RawResponse absent = service.Get("/v1/models/gpt-9");
  EXPECT_EQ(absent.status, 404);
  EXPECT_EQ(Json(absent).at("error").at("code").as_string(), "model_not_found");
}

}  // namespace
}  // namespace verbatim::api

#include "api/impl/openai_request.h"

#include <gtest/gtest.h>

namespace verbatim::api {
namespace {

using Fields = std::vector<FormField>;

OpenAiRequest Read(const Fields& fields) {
  const auto request = ReadOpenAiFields(fields);
  EXPECT_TRUE(request) << request.error().message;
  return request.value_or(OpenAiRequest{});
}

TEST(OpenAiRequestTest, DefaultsAreThoseOfOpenAi) {
  const OpenAiRequest request = Read({});
  EXPECT_EQ(request.format, AnswerFormat::kJson);
  EXPECT_TRUE(request.has_segments);
  EXPECT_FALSE(request.has_words);
  EXPECT_FALSE(request.is_streaming);
  EXPECT_EQ(request.options.language, "auto");
  EXPECT_TRUE(request.options.temperatures.empty());
}

TEST(OpenAiRequestTest, FieldsReachTheJobsOptions) {
  const OpenAiRequest request = Read({{"model", "small"},
                                      {"language", "German"},
                                      {"prompt", "12"},
                                      {"temperature", "0.4"},
                                      {"hotwords", "Ada"},
                                      {"keywords[]", "Grace"},
                                      {"include[]", "logprobs"},
                                      {"chunking_strategy", "auto"}});
  EXPECT_EQ(request.options.model, "small");
  EXPECT_EQ(request.options.language, "de");
  EXPECT_EQ(request.options.prompt, "12");
  EXPECT_EQ(request.options.temperatures, std::vector<float>{0.4F});
  EXPECT_EQ(request.options.hotwords, "Ada, Grace");
}

TEST(OpenAiRequestTest, TheUsualNameIsTheDefaultModel) {
  EXPECT_EQ(Read({{"model", "whisper-1"}}).options.model, "");
  EXPECT_EQ(Read({{"model", ""}}).options.model, "");
}

TEST(OpenAiRequestTest, ZeroTriesHigherTemperaturesToo) {
  EXPECT_TRUE(Read({{"temperature", "0"}}).options.temperatures.empty());
  EXPECT_TRUE(Read({{"temperature", "0.0"}}).options.temperatures.empty());
}

TEST(OpenAiRequestTest, WhatAJobWouldRefuseIsRefused) {
  const auto request = ReadOpenAiFields({{"prompt", std::string(100'000, 'a')}});
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().status, 400);
}

TEST(OpenAiRequestTest, ErrorsOfJobsKeepTheirMeaning) {
  EXPECT_EQ(OpenAiErrorOfJob("corrupt_media", "m").status, 400);
  EXPECT_EQ(OpenAiErrorOfJob("corrupt_media", "m").param, "file");
  EXPECT_EQ(OpenAiErrorOfJob("out_of_space", "m").status, 507);
  EXPECT_EQ(OpenAiErrorOfJob("timeout", "m").status, 500);
  EXPECT_EQ(OpenAiErrorOfJob("timeout", "m").message, "m");
}

TEST(OpenAiRequestTest, ErrorsAreShapedAsOpenAiHasThem) {
  EXPECT_EQ(
      OpenAiErrorJson({400, "wrong", "invalid_request_error", "", ""}),
      R"({"error":{"message":"wrong","type":"invalid_request_error","param":null,"code":null}})");
}

}  // namespace
}  // namespace verbatim::api

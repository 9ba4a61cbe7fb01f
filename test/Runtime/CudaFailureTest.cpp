//===- CudaFailureTest.cpp - what can go wrong with a card ----------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A card that is absent, wrong, full or broken is a status with a sentence.
//
//===----------------------------------------------------------------------===//

#include "test/Runtime/Fixtures.h"

#include <gtest/gtest.h>
#include <seqmix/device.h>

using namespace seqmix::test;

namespace {
/// An environment variable while this lives.
class Setting {
public:
  Setting(const char *name, const std::string &value) : Name(name) {
    setenv(name, value.c_str(), 1);
  }
  ~Setting() { unsetenv(Name); }

private:
  const char *Name;
};
} // namespace

/// Opens a fake model on a card, without weights; the message of the failure.
static std::string openError(const std::string &name, seqmix_status code,
                             int index = 0) {
  seqmix_model_options options;
  seqmix_model_options_init(&options);
  options.device = SEQMIX_CUDA;
  options.device_index = index;
  options.no_vendor_matmul = 1;
  options.random_weights_seed = 1;
  seqmix_model *model;
  seqmix_error error;
  EXPECT_EQ(seqmix_model_open(fakePath(name).c_str(), nullptr, &options, &model,
                              &error),
            code)
      << error.message;
  EXPECT_EQ(model == nullptr, code != SEQMIX_OK);
  seqmix_model_close(model);
  return error.message;
}

static void expectContains(const std::string &text, const std::string &part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST(CudaFailureTest, NoDriver) {
  Setting driver("SEQMIX_CUDA_DRIVER", "none/libcuda.so.1");
  expectContains(openError("fake_both", SEQMIX_ERROR_NO_DEVICE),
                 "there is no CUDA driver on this machine: none/libcuda.so.1");
  Setting wrong("SEQMIX_CUDA_DRIVER", fakePath("fake_cublaslt"));
  expectContains(openError("fake_both", SEQMIX_ERROR_NO_DEVICE),
                 "lacks cuInit: it is older than CUDA 11.4");
}

TEST(CudaFailureTest, NoCard) {
  Setting driver("SEQMIX_CUDA_DRIVER", fakePath("fake_cuda"));
  EXPECT_EQ(openError("fake_both", SEQMIX_ERROR_NO_DEVICE, 1),
            "there is no CUDA device 1: this machine has 1");
  Setting devices("FAKE_CUDA_DEVICES", "-1");
  EXPECT_EQ(openError("fake_both", SEQMIX_ERROR_NO_DEVICE),
            "there is a CUDA driver but no CUDA device");
}

TEST(CudaFailureTest, NoCodeForTheDevice) {
  Setting driver("SEQMIX_CUDA_DRIVER", fakePath("fake_cuda"));
  EXPECT_EQ(openError("fake_model", SEQMIX_ERROR_INCOMPATIBLE),
            "model 'fake' was compiled for cpu (any) and has no code for cuda");
  seqmix_model *model;
  seqmix_error error;
  EXPECT_EQ(seqmix_model_open(fakePath("fake_cuda_only").c_str(), nullptr,
                              nullptr, &model, &error),
            SEQMIX_ERROR_INCOMPATIBLE);
  EXPECT_STREQ(error.message, "model 'fake' was compiled for cuda (sm_80) and "
                              "has no code for cpu");
}

TEST(CudaFailureTest, WrongCard) {
  Setting driver("SEQMIX_CUDA_DRIVER", fakePath("fake_cuda"));
  EXPECT_EQ(openError("fake_newer", SEQMIX_ERROR_INCOMPATIBLE),
            "the model was compiled for sm_90 but the card Fake Card 0 has "
            "compute capability 8.0");
  Setting capability("FAKE_CUDA_CAPABILITY", "89");
  openError("fake_both", SEQMIX_OK);
  expectContains(openError("fake_exact", SEQMIX_ERROR_INCOMPATIBLE),
                 "has compute capability 8.9");
}

TEST(CudaFailureTest, CodeThatDoesNotLoad) {
  Setting driver("SEQMIX_CUDA_DRIVER", fakePath("fake_cuda"));
  EXPECT_EQ(openError("fake_broken", SEQMIX_ERROR_INCOMPATIBLE),
            "the CUDA driver cannot load the code for sm_80 on Fake Card 0: "
            "CUDA_ERROR_INVALID_PTX: ptxas fatal: expected '.version'");
}

TEST(CudaFailureTest, OutOfMemory) {
  Setting driver("SEQMIX_CUDA_DRIVER", fakePath("fake_cuda"));
  int64_t live = cudaCount("live"), objects = cudaCount("objects");
  {
    Setting fail("FAKE_CUDA_FAIL_ALLOC",
                 std::to_string(cudaCount("allocations") + 1));
    expectContains(openError("fake_both", SEQMIX_ERROR_OUT_OF_MEMORY),
                   "bytes on Fake Card 0 for the parameters: 134217728 of its "
                   "268435456 bytes are free");
  }
  ModelPtr model = openFakeOnCuda();
  seqmix_session *session;
  seqmix_error error;
  for (int64_t batch : {int64_t(1) << 20, int64_t(1) << 48, INT64_MAX}) {
    EXPECT_EQ(seqmix_session_create(model.get(), batch, &session, &error),
              SEQMIX_ERROR_OUT_OF_MEMORY);
    EXPECT_EQ(session, nullptr);
  }
  void *memory;
  EXPECT_EQ(seqmix_device_alloc(model.get(), size_t(1) << 40, &memory, &error),
            SEQMIX_ERROR_OUT_OF_MEMORY);
  EXPECT_EQ(memory, nullptr);
  model.reset();
  EXPECT_EQ(cudaCount("live"), live);
  EXPECT_EQ(cudaCount("objects"), objects);
}

TEST(CudaFailureTest, LaunchesThatFail) {
  ModelPtr model = openFakeOnCuda();
  SessionPtr session = createSession(model);
  std::vector<int32_t> tokens = someTokens(5);
  seqmix_error error;
  {
    Setting fail("FAKE_CUDA_FAIL_LAUNCH", "1");
    EXPECT_EQ(
        seqmix_prefill_tokens(session.get(), tokens.data(), 5, nullptr, &error),
        SEQMIX_ERROR_INTERNAL);
    EXPECT_STREQ(error.message, "kernel 'fake_run' cannot be launched: "
                                "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES");
    SessionPtr other = createSession(model); // has no graph
    EXPECT_EQ(seqmix_step_tokens(other.get(), tokens.data(), nullptr, &error),
              SEQMIX_ERROR_INTERNAL);
  }
  EXPECT_EQ(seqmix_session_tokens_seen(session.get(), 0), 0);
  seqmix_session_reset(session.get());
  prefill(session, tokens);

  ModelPtr many = openFakeOnCuda("fake_blocks");
  SessionPtr huge = createSession(many);
  EXPECT_EQ(
      seqmix_prefill_tokens(huge.get(), tokens.data(), 5, nullptr, &error),
      SEQMIX_ERROR_INTERNAL);
  EXPECT_STREQ(error.message, "kernel 'fake_run' is launched with 2147483648 "
                              "blocks when 2147483647 is the limit");
}

TEST(CudaFailureTest, WorkThatFailsLater) {
  ModelPtr model = openFakeOnCuda();
  SessionPtr session = createSession(model);
  std::vector<int32_t> tokens = someTokens(5);
  EXPECT_EQ(
      seqmix_prefill_tokens(session.get(), tokens.data(), 5, nullptr, nullptr),
      SEQMIX_OK);
  Setting fail("FAKE_CUDA_FAIL_WAIT", "1");
  seqmix_error error;
  EXPECT_EQ(seqmix_session_synchronize(session.get(), &error),
            SEQMIX_ERROR_INTERNAL);
  EXPECT_STREQ(error.message,
               "the work on the device failed: CUDA_ERROR_ILLEGAL_ADDRESS");
  std::vector<char> saved(seqmix_state_size(session.get()));
  EXPECT_EQ(
      seqmix_state_save(session.get(), saved.data(), saved.size(), nullptr),
      SEQMIX_ERROR_INTERNAL);
}

TEST(CudaFailureTest, UnknownDevices) {
  seqmix_model_options options;
  seqmix_model_options_init(&options);
  options.device = 2;
  seqmix_model *model;
  seqmix_error error;
  EXPECT_EQ(seqmix_model_open(fakePath("fake_model").c_str(), nullptr, &options,
                              &model, &error),
            SEQMIX_ERROR_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message, "there is no device of the number 2");
}

//===- Handles.h - the C interface, owned and checked ---------*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_TOOLS_SEQMIX_RUN_HANDLES_H
#define SEQMIX_TOOLS_SEQMIX_RUN_HANDLES_H

#include "tools/seqmix-run/Args.h"

#include <memory>

#include <seqmix/seqmix.h>

namespace seqmix {

struct CloseModel {
  void operator()(seqmix_model *model) const { seqmix_model_close(model); }
};
struct DestroySession {
  void operator()(seqmix_session *session) const {
    seqmix_session_destroy(session);
  }
};
using ModelHandle = std::unique_ptr<seqmix_model, CloseModel>;
using SessionHandle = std::unique_ptr<seqmix_session, DestroySession>;

/// Ends the program with the error's sentence unless the status is OK.
void check(seqmix_status status, const seqmix_error &error);

/// Opens the model that the arguments name, with their weights if there are
/// any, else with random ones from `randomSeed` if that is not 0.
ModelHandle openModel(const Args &args, uint64_t randomSeed = 0);

/// Makes a session, or ends the program.
SessionHandle createSession(const ModelHandle &model, int64_t batch);

/// Waits until the session's outputs are complete, or ends the program.
void wait(const SessionHandle &session);

/// All tensors of one table.
std::vector<seqmix_tensor_info> listTensors(const ModelHandle &model,
                                            seqmix_table table);

/// The buffers of a call: one for each tensor of a table, each
/// [batch, length, shape...], and the pointers to them.
class Buffers {
public:
  Buffers(const std::vector<seqmix_tensor_info> &tensors, int64_t tokens);

  char *operator[](size_t index) { return Bytes[index].data(); }
  const void *const *inputs() const { return Pointers.data(); }
  void *const *outputs() const { return Pointers.data(); }

private:
  std::vector<std::vector<char>> Bytes;
  std::vector<void *> Pointers;
};

/// The same on the model's device.
class DeviceBuffers {
public:
  DeviceBuffers(const ModelHandle &model,
                const std::vector<seqmix_tensor_info> &tensors, int64_t tokens);
  ~DeviceBuffers();
  DeviceBuffers(const DeviceBuffers &) = delete;
  DeviceBuffers &operator=(const DeviceBuffers &) = delete;

  void *operator[](size_t index) { return Pointers[index]; }
  const void *const *inputs() const { return Pointers.data(); }
  void *const *outputs() const { return Pointers.data(); }

private:
  const ModelHandle &Model;
  std::vector<void *> Pointers;
};

/// Copies between the model's device and the CPU, or ends the program.
void copyBytes(const ModelHandle &model, void *target, const void *source,
               size_t bytes);

} // namespace seqmix

#endif // SEQMIX_TOOLS_SEQMIX_RUN_HANDLES_H

//===- SessionApi.cpp - the C interface of sessions -----------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Null checks and handles; the meaning of each call is in Session and State.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Boundary.h"
#include "runtime/src/Session.h"

#include <cinttypes>

#include <seqmix/device.h>

using namespace seqmix;

/// The C interface's handle of a session: the session itself.
struct seqmix_session : Session {
  using Session::Session;
};

static Status nullArgument(const char *name) {
  return Status::error(SEQMIX_ERROR_INVALID_ARGUMENT, "%s is null", name);
}

seqmix_status seqmix_session_create(const seqmix_model *model, int64_t batch,
                                    seqmix_session **session,
                                    seqmix_error *error) {
  if (session)
    *session = nullptr;
  return atBoundary(error, [&] {
    if (!model || !session)
      return nullArgument(model ? "session" : "model");
    auto created = std::make_unique<seqmix_session>(model->shared);
    Status status = created->create(batch);
    if (status.ok())
      *session = created.release();
    return status;
  });
}

void seqmix_session_destroy(seqmix_session *session) { delete session; }

void seqmix_session_reset(seqmix_session *session) {
  if (session)
    session->reset();
}

int64_t seqmix_session_batch(const seqmix_session *session) {
  return session->state().batch();
}

static bool hasSequence(const seqmix_session &session, int64_t index) {
  return index >= 0 && index < session.state().batch();
}

int64_t seqmix_session_tokens_seen(const seqmix_session *session,
                                   int64_t index) {
  return hasSequence(*session, index) ? session->state().seen(index) : -1;
}

static Status checkTokenModel(const seqmix_session *session) {
  if (!session)
    return nullArgument("session");
  if (session->model().vocabulary() == 0)
    return Status::error(SEQMIX_ERROR_INVALID_ARGUMENT,
                         "model '%s' is not a token model: it does not map one "
                         "token to one output",
                         session->model().abi().name);
  return Status();
}

seqmix_status seqmix_prefill_tokens(seqmix_session *session,
                                    const int32_t *tokens, int64_t length,
                                    void *logits, seqmix_error *error) {
  return atBoundary(error, [&] {
    const void *inputs[] = {tokens};
    void *outputs[] = {logits};
    Status status = checkTokenModel(session);
    return status.ok() ? session->prefill(length, inputs, outputs) : status;
  });
}

seqmix_status seqmix_step_tokens(seqmix_session *session, const int32_t *tokens,
                                 void *logits, seqmix_error *error) {
  return atBoundary(error, [&] {
    const void *inputs[] = {tokens};
    void *outputs[] = {logits};
    Status status = checkTokenModel(session);
    return status.ok() ? session->step(inputs, outputs) : status;
  });
}

seqmix_status seqmix_prefill(seqmix_session *session, int64_t length,
                             const void *const *inputs, void *const *outputs,
                             seqmix_error *error) {
  return atBoundary(error, [&] {
    return session ? session->prefill(length, inputs, outputs)
                   : nullArgument("session");
  });
}

seqmix_status seqmix_step(seqmix_session *session, const void *const *inputs,
                          void *const *outputs, seqmix_error *error) {
  return atBoundary(error, [&] {
    return session ? session->step(inputs, outputs) : nullArgument("session");
  });
}

static Status forkSession(const seqmix_session &session,
                          const std::shared_ptr<const Model> &model,
                          seqmix_session **fork) {
  auto created = std::make_unique<seqmix_session>(model);
  Status status = created->copy(session);
  if (status.ok())
    *fork = created.release();
  return status;
}

seqmix_status seqmix_session_fork(const seqmix_session *session,
                                  seqmix_session **fork, seqmix_error *error) {
  if (fork)
    *fork = nullptr;
  return atBoundary(error, [&] {
    if (!session || !fork)
      return nullArgument(session ? "fork" : "session");
    return forkSession(*session, session->sharedModel(), fork);
  });
}

seqmix_status seqmix_session_fork_to(const seqmix_session *session,
                                     const seqmix_model *model,
                                     seqmix_session **fork,
                                     seqmix_error *error) {
  if (fork)
    *fork = nullptr;
  return atBoundary(error, [&] {
    if (!session || !model || !fork)
      return nullArgument(!session ? "session" : model ? "fork" : "model");
    return forkSession(*session, model->shared, fork);
  });
}

seqmix_status seqmix_session_set_stream(seqmix_session *session,
                                        void *cuda_stream,
                                        seqmix_error *error) {
  return atBoundary(error, [&] {
    return session ? session->device().setStream(cuda_stream)
                   : nullArgument("session");
  });
}

seqmix_status seqmix_session_synchronize(seqmix_session *session,
                                         seqmix_error *error) {
  return atBoundary(error, [&] {
    return session ? session->synchronize() : nullArgument("session");
  });
}

int64_t seqmix_session_step_kernels(const seqmix_session *session) {
  return session->device().stepWork().kernels;
}

int64_t seqmix_session_step_graphs(const seqmix_session *session) {
  return session->device().stepWork().graphs;
}

size_t seqmix_state_size(const seqmix_session *session) {
  return session->state().savedBytes(session->state().batch());
}

size_t seqmix_state_size_sequence(const seqmix_session *session) {
  return session->state().savedBytes(1);
}

seqmix_status seqmix_state_save(const seqmix_session *session, void *buffer,
                                size_t size, seqmix_error *error) {
  return atBoundary(error, [&] {
    if (!session || !buffer)
      return nullArgument(session ? "buffer" : "session");
    const State &state = session->state();
    return state.save(0, state.batch(), buffer, size);
  });
}

seqmix_status seqmix_state_restore(seqmix_session *session, const void *buffer,
                                   size_t size, seqmix_error *error) {
  return atBoundary(error, [&] {
    if (!session || !buffer)
      return nullArgument(session ? "buffer" : "session");
    return session->restore(0, session->state().batch(), buffer, size);
  });
}

static Status checkSequence(const seqmix_session *session, int64_t index,
                            const void *buffer) {
  if (!session || !buffer)
    return nullArgument(session ? "buffer" : "session");
  if (!hasSequence(*session, index))
    return Status::error(SEQMIX_ERROR_INVALID_ARGUMENT,
                         "there is no sequence %" PRId64 " in a batch of "
                         "%" PRId64,
                         index, session->state().batch());
  return Status();
}

seqmix_status seqmix_state_save_sequence(const seqmix_session *session,
                                         int64_t index, void *buffer,
                                         size_t size, seqmix_error *error) {
  return atBoundary(error, [&] {
    Status status = checkSequence(session, index, buffer);
    return status.ok() ? session->state().save(index, 1, buffer, size) : status;
  });
}

seqmix_status seqmix_state_restore_sequence(seqmix_session *session,
                                            int64_t index, const void *buffer,
                                            size_t size, seqmix_error *error) {
  return atBoundary(error, [&] {
    Status status = checkSequence(session, index, buffer);
    return status.ok() ? session->restore(index, 1, buffer, size) : status;
  });
}

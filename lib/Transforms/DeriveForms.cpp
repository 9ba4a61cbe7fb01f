//===- DeriveForms.cpp - take a recurrence's tokens by chunks -------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The structure says how each group of states changes; a chunk's program is
// built group by group, in order: what the states, or what is read of them, are
// for every token is given to the lifter, which then takes the rest of the
// token's program for all tokens at once.
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/ExpandMixers.h"
#include "lib/Transforms/FormCost.h"
#include "lib/Transforms/Forms.h"
#include "lib/Transforms/GroupForm.h"
#include "lib/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_DERIVEFORMS
#include "lib/Transforms/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct DeriveForms : public seqmix::impl::DeriveFormsBase<DeriveForms> {
  using DeriveFormsBase::DeriveFormsBase;
  void runOnOperation() override;

private:
  void select(RecurrenceOp op);
  void selectOwn(MixerOpInterface mixer);
};
} // namespace

/// Whether reads of the group are computed without its states.
static bool isChunkwise(const StateGroup &group) {
  return group.isMatrix() && !group.isReadWhole;
}

/// Whether all states can be computed for all tokens of a chunk.
static bool hasScan(const RecurrenceStructure &structure) {
  return llvm::all_of(structure.getGroups(), [](const StateGroup &group) {
    return group.algebra && group.kind != RecurrenceClass::denseAffine &&
           !group.numSelfReads;
  });
}

/// Whether those that cannot, or need not, are read by contractions.
static bool hasChunkwise(const RecurrenceStructure &structure) {
  ArrayRef<StateGroup> groups = structure.getGroups();
  return llvm::any_of(groups, isChunkwise) &&
         llvm::all_of(groups, [](const StateGroup &group) {
           return group.algebra && group.kind != RecurrenceClass::denseAffine &&
                  (isChunkwise(group) || !group.numSelfReads);
         });
}

/// Builds the chunk region of `op`. Leaves the op as it is, and fails, where an
/// operation of the token's program cannot be taken for a chunk.
static LogicalResult deriveChunk(RecurrenceOp op,
                                 const RecurrenceStructure &structure,
                                 bool isScan, int64_t length) {
  Block *block = op.addChunk(length);
  OpBuilder builder = OpBuilder::atBlockEnd(block);
  TokenLifter lifter(builder, length);
  size_t numSequences = op.getSequences().size();
  for (auto [index, argument] : llvm::enumerate(
           op.getToken().getArguments().drop_back(op.getStates().size())))
    lifter.set(argument, block->getArgument(index), index < numSequences);

  auto entering = block->getArguments().take_back(op.getStates().size());
  SmallVector<Value> finals(op.getStates().size());
  auto abandon = [&]() {
    block->erase();
    op.removeChunkSizeAttr();
    return failure();
  };
  for (const StateGroup &group : structure.getGroups()) {
    SmallVector<Value> old;
    for (unsigned state : group.states)
      old.push_back(entering[state]);
    GroupForm form(builder, op, group, structure, lifter, old, length);
    bool takesScan = !isChunkwise(group) || (isScan && !group.numSelfReads);
    if (failed(takesScan ? form.deriveScan() : form.deriveChunkwise()))
      return abandon();
    for (auto [state, value] :
         llvm::zip_equal(group.states, form.getFinalStates()))
      finals[state] = value;
  }
  SmallVector<Value> yielded;
  for (Value output : op.getYieldedOutputs()) {
    FailureOr<Value> value = lifter.liftFully(output);
    if (failed(value))
      return abandon();
    yielded.push_back(*value);
  }
  llvm::append_range(yielded, finals);
  YieldOp::create(builder, op.getLoc(), yielded);
  return success();
}

namespace {
/// A way to take the tokens, and what it costs.
struct Candidate {
  StringRef form;
  int64_t chunk;
  FormCost cost;
};
} // namespace

/// Tokens of the longest chunk, and of one that is scanned, unless they are
/// given.
static constexpr int64_t kLongestChunk = 64, kScanned = 16;

/// What could be derived for a recurrence; its own chunk region is dropped.
static SmallVector<Candidate>
deriveCandidates(RecurrenceOp op, const RecurrenceStructure &structure,
                 StringRef form, ArrayRef<int64_t> chunks) {
  SmallVector<Candidate> candidates;
  auto add = [&](StringRef name, int64_t chunk) {
    if (failed(deriveChunk(op, structure, name == "scan", chunk)))
      return;
    candidates.push_back({name, chunk, measureChunk(op)});
    op.takeChunks(0);
  };
  if (form != "scan" && hasChunkwise(structure))
    for (int64_t chunk : chunks)
      add("chunkwise", chunk);
  if (form != "chunkwise" && hasScan(structure))
    add("scan", std::clamp(kScanned, chunks.front(), chunks.back()));
  return candidates;
}

/// A form must be expected to save this much before it is taken.
static constexpr double kWorthwhile = 0.8;

void DeriveForms::select(RecurrenceOp op) {
  Builder builder(&getContext());
  RecurrenceStructure structure = RecurrenceStructure::compute(op);
  op->setAttr("class", builder.getStringAttr(stringify(structure.getClass())));
  SmallVector<NamedAttribute> costs;
  auto record = [&](StringRef name, const FormCost &cost) {
    costs.push_back(builder.getNamedAttr(
        name, builder.getF64ArrayAttr(
                  {cost.contracted, cost.elementwise, cost.bytes})));
  };
  FormCost step = measureToken(op);
  record("step", step);
  Candidate best = {"step", 0, step};
  int64_t longest = chunk ? chunk : kLongestChunk;
  SmallVector<int64_t> chunks;
  for (int64_t size = chunk ? chunk : least; size <= longest; size *= 2)
    chunks.push_back(size);
  for (const Candidate &candidate :
       deriveCandidates(op, structure, form, chunks)) {
    record((candidate.form + Twine(candidate.chunk)).str(), candidate.cost);
    bool isBetter = best.form == "step"
                        ? form != "automatic" ||
                              candidate.cost.time() < kWorthwhile * step.time()
                        : candidate.cost.time() < best.cost.time();
    if (form != "step" && isBetter)
      best = candidate;
  }
  if (best.chunk)
    (void)deriveChunk(op, structure, best.form == "scan", best.chunk);
  op->setAttr("form", builder.getStringAttr(best.form));
  op->setAttr("form_costs", builder.getDictionaryAttr(costs));
}

/// What a mixer costs by its own form for `length` tokens at once, if it has
/// one, and by its one-token form.
static std::optional<std::pair<FormCost, FormCost>>
measureOwn(MixerOpInterface mixer, int64_t length) {
  OpBuilder builder(mixer);
  auto trial = cast<MixerOpInterface>(builder.clone(*mixer));
  if (!trial.takeChunks(length)) {
    trial.erase();
    return std::nullopt;
  }
  RecurrenceOp recurrence = expandMixer(trial, /*withChunk=*/true);
  std::pair costs(measureChunk(recurrence), measureToken(recurrence));
  recurrence.erase();
  return costs;
}

/// Tokens that a mixer takes at once by a form of its own: enough for vectors
/// and to share what is loaded, few enough to leave few for the step.
static constexpr int64_t kOwnChunk = 32;

/// For a mixer that nothing is derived for.
void DeriveForms::selectOwn(MixerOpInterface mixer) {
  Builder builder(&getContext());
  int64_t length = chunk ? chunk : kOwnChunk;
  auto costs = measureOwn(mixer, length);
  if (!costs)
    return;
  auto listOf = [&](const FormCost &cost) {
    return builder.getF64ArrayAttr(
        {cost.contracted, cost.elementwise, cost.bytes});
  };
  NamedAttribute all[] = {
      builder.getNamedAttr("step", listOf(costs->second)),
      builder.getNamedAttr(("chunkwise" + Twine(length)).str(),
                           listOf(costs->first))};
  // Nothing is derived, so nothing need be gained: fewer turns do.
  bool isTaken =
      form == "chunkwise" ||
      (form == "automatic" && costs->first.time() <= costs->second.time());
  if (isTaken)
    mixer.takeChunks(length);
  mixer->setAttr("form", builder.getStringAttr(isTaken ? "chunkwise" : "step"));
  mixer->setAttr("form_costs", builder.getDictionaryAttr(all));
}

void DeriveForms::runOnOperation() {
  if (!symbolizeForm(form)) {
    emitError(getOperation()->getLoc(), "there is no form '")
        << form.getValue() << "'";
    return signalPassFailure();
  }
  // Chunks are taken by halves.
  if (least < 2 || !llvm::isPowerOf2_64(least) || least > kLongestChunk) {
    emitError(getOperation()->getLoc(),
              "the shortest chunk has a power of two of tokens, up to ")
        << kLongestChunk << ", not " << least.getValue();
    return signalPassFailure();
  }
  if (chunk != 0 && (chunk < 2 || !llvm::isPowerOf2_64(chunk))) {
    emitError(getOperation()->getLoc(),
              "a chunk has a power of two of tokens, not ")
        << chunk.getValue();
    return signalPassFailure();
  }
  SmallVector<MixerOpInterface> mixers;
  getOperation()->walk([&](MixerOpInterface mixer) {
    auto entry = mixer->getParentOfType<EntryOp>();
    bool isStep = entry && entry.getLength();
    auto recurrence = dyn_cast<RecurrenceOp>(*mixer);
    bool hasChunk = recurrence && !recurrence.getChunk().empty();
    if (!isStep && !hasChunk && !mixer.isReversed())
      mixers.push_back(mixer);
  });
  for (MixerOpInterface mixer : mixers) {
    if (mixer.isWindowed()) {
      selectOwn(mixer);
      continue;
    }
    auto recurrence = dyn_cast<RecurrenceOp>(*mixer);
    select(recurrence ? recurrence : expandMixer(mixer));
  }
}

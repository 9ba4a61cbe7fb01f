//===- DeriveScan.cpp - all states of a chunk, by halves ------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Affine maps compose to affine maps: within a half, token i has F_i, the
// product of the transitions from the half's first token to i, and h_i, what
// the half's tokens up to i leave of a zero state. Two halves become one by
//
//     h_i += F_i h_last,   F_i = F_i F_last      for i in the second,
//
// with h_last and F_last of the first half's last token (the parallel prefix of
// Sklansky 1960, over the semiring of the group). The entering state is added
// to the first token before.
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/GroupForm.h"

using namespace mlir;
using namespace mlir::seqmix;

LogicalResult GroupForm::deriveScan() {
  unsigned count = group.states.size();
  Matrix transition = evaluateTransition();
  Row states;
  for (unsigned p = 0; p < count; ++p) {
    MaybeNamed added = sum(group.updates[p], group.axes);
    states.push_back(
        tensors.broadcast(added ? *added : tensors.fill(tensors.zero(), {}),
                          withTime(group.axes)));
  }
  if (isImpossible)
    return failure();

  auto first = [&](const MaybeNamed &x) -> MaybeNamed {
    return x && x->has(time) ? tensors.at(*x, time, 0) : x;
  };
  Row entered;
  for (unsigned p = 0; p < count; ++p) {
    MaybeNamed start = tensors.at(*states[p], time, 0);
    for (unsigned q = 0; q < count; ++q)
      tensors.accumulate(start, tensors.multiply(first(transition[p][q]),
                                                 MaybeNamed(oldState(q))));
    entered.push_back(start);
  }
  for (unsigned p = 0; p < count; ++p)
    states[p] = tensors.insert(*entered[p], *states[p], {}, {time}, {0});

  for (int64_t size = 1; size < length && !group.forgets; size *= 2) {
    Halves halves = halve(size);
    auto split = [&](const MaybeNamed &x) -> MaybeNamed {
      return x && x->has(time) ? tensors.split(*x, time, halves.parts()) : x;
    };
    auto join = [&](const MaybeNamed &x) -> MaybeNamed {
      return x && x->has(halves.half) ? tensors.join(*x, halves.parts(), time)
                                      : x;
    };
    auto last = [&](const MaybeNamed &x) -> MaybeNamed {
      return x && x->has(halves.half) ? lastOf(*x, halves) : x;
    };
    Matrix factors = transition, seconds = transition, lastFactors;
    Row before, lastStates;
    for (unsigned p = 0; p < count; ++p) {
      before.push_back(split(states[p]));
      lastStates.push_back(last(before[p]));
      lastFactors.emplace_back();
      for (unsigned q = 0; q < count; ++q) {
        factors[p][q] = split(transition[p][q]);
        seconds[p][q] = halfOf(factors[p][q], halves, 1);
        lastFactors[p].push_back(last(factors[p][q]));
      }
    }
    for (unsigned p = 0; p < count; ++p) {
      MaybeNamed after = halfOf(before[p], halves, 1);
      for (unsigned q = 0; q < count; ++q)
        tensors.accumulate(after,
                           tensors.multiply(seconds[p][q], lastStates[q]));
      states[p] = join(replaceHalf(before[p], after, halves, 1));
    }
    if (2 * size == length)
      break;
    Matrix composed = multiply(seconds, lastFactors);
    for (unsigned p = 0; p < count; ++p)
      for (unsigned q = 0; q < count; ++q) {
        bool isSame =
            !composed[p][q] || (composed[p][q]->isOne() && factors[p][q]);
        if (!isSame || (factors[p][q] && !composed[p][q]))
          transition[p][q] =
              join(replaceHalf(factors[p][q], composed[p][q], halves, 1));
      }
  }

  Axis allButLast = tensors.addAxis(length - 1);
  for (unsigned p = 0; p < count; ++p) {
    SmallVector<Axis, 6> axes = withTime(group.axes);
    Named before = tensors.fill(0, axes);
    before = tensors.insert(oldState(p), before, {}, {time}, {0});
    before = tensors.insert(tensors.slice(*states[p], time, 0, allButLast),
                            before, {allButLast}, {time}, {1});
    lifter.set(op.getStateArguments()[group.states[p]],
               tensors.unname(before, axes), /*varies=*/true);
    Value next = op.getYieldedStates()[group.states[p]];
    if (group.algebra->depends(next) && next.getDefiningOp())
      lifter.set(next, tensors.unname(*states[p], axes), /*varies=*/true);
    setFinal(tensors.at(*states[p], time, length - 1));
  }
  return success();
}

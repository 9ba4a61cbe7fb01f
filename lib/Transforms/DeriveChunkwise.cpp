//===- DeriveChunkwise.cpp - what is read of a chunk's states -------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// With s_i the state before token i of the chunk, and D(i, j) the product of
// the transitions of the tokens between j and i, a read is
//
//     r_i = b_i D(i, 0) s_0 + sum over j < i of M(i, j) u_j + d_i,
//     M(i, j) = b_i D(i, j) k_j,
//
// for every update k (x) u: matrix products, as M has no value columns. Where
// the tokens i and j are parted by a boundary s, D(i, j) = D(i, s) D(s, j), and
// both factors are kept for all tokens while halves become wholes.
//
// Updates with the same k are one. If reads are among what it adds, it is an
// unknown, u = w + a r, and r as above makes an equation for each,
//
//     u = w + a (b D s_0 + d) + L u,   L = a M,
//
// with L strictly lower triangular, solved by blocks (ChunkwiseSolution.cpp);
// of the delta rule this is the WY form of Bischof and Van Loan 1987, as Yang
// et al. 2024 use it.
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/ChunkwiseForm.h"

using namespace mlir;
using namespace mlir::seqmix;

/// b_i D(i, 0) and D(n, j) k_j of the whole chunk.
void GroupForm::Chunkwise::finishFactors() {
  if (!isApart)
    return;
  for (Row &reader : readers)
    reader[0] = tensors.multiply(reader[0], prefix);
  for (Update &update : updates)
    update.key[0] = tensors.multiply(update.key[0], suffix);
}

/// What a read has of the entering state.
MaybeNamed GroupForm::Chunkwise::readOld(unsigned read) {
  const Affine &definition = reads[read].definition;
  MaybeNamed result;
  for (unsigned p = 0; p < count; ++p)
    tensors.accumulate(
        result, tensors.contract(readers[read][p], MaybeNamed(form.oldState(p)),
                                 form.withTime(definition.axes)));
  return result;
}

/// What updates contribute to a read: those that are known, or all.
void GroupForm::Chunkwise::applyScores(MaybeNamed &to, unsigned read,
                                       bool alsoUnknown) {
  for (auto [score, update] : llvm::zip_equal(scores[read], updates)) {
    if (!score || !update.value || (!alsoUnknown && update.isUnknown()))
      continue;
    Named weights = tensors.rename(*score, row, form.time);
    tensors.accumulate(
        to, tensors.contract(weights,
                             tensors.rename(*update.value, form.time, column),
                             form.withTime(reads[read].definition.axes)));
  }
}

/// What the token itself contributes.
void GroupForm::Chunkwise::addToken(MaybeNamed &to, unsigned read) {
  const Affine &definition = reads[read].definition;
  if (to && !reads[read].outer.empty())
    to = tensors.multiply(*to, form.product(reads[read].outer, 1));
  tensors.accumulate(to, form.sum(definition.terms, definition.axes));
}

/// Computes the reads from what all updates are.
void GroupForm::Chunkwise::setReads() {
  for (unsigned r = 0; r < reads.size(); ++r) {
    const Affine &definition = reads[r].definition;
    results[r] = readOld(r);
    applyScores(results[r], r, /*alsoUnknown=*/true);
    addToken(results[r], r);
    for (const Term &term : definition.terms)
      for (unsigned earlier = 0; earlier < reads.size(); ++earlier)
        if (term.variable == reads[earlier].value)
          tensors.accumulate(
              results[r],
              tensors.multiply(MaybeNamed(form.evaluate(term, definition.axes)),
                               results[earlier]));
    SmallVector<Axis, 6> axes = form.withTime(definition.axes);
    Named value = results[r] ? *results[r] : tensors.fill(0, axes);
    form.lifter.set(reads[r].value, tensors.unname(value, axes),
                    /*varies=*/true);
  }
}

void GroupForm::Chunkwise::setFinals() {
  for (unsigned p = 0; p < count; ++p) {
    MaybeNamed state;
    for (unsigned q = 0; q < count; ++q)
      if (MaybeNamed factor = transition[p][q])
        tensors.accumulate(state, tensors.multiply(*factor, form.oldState(q)));
    for (const Update &update : updates)
      if (MaybeNamed key = update.key[p]; key && update.value) {
        // Every token's, even of what is the same for all.
        if (!key->has(form.time))
          key = tensors.broadcast(*key, form.withTime(key->axes));
        tensors.accumulate(state,
                           tensors.contract(*key, *update.value, group.axes));
      }
    form.setFinal(state);
  }
}

LogicalResult GroupForm::Chunkwise::derive() {
  row = tensors.addAxis(1);
  column = tensors.addAxis(1);
  collectReads();
  collectUpdates();
  chooseFactors();
  startScores();
  startSolution();
  if (form.isImpossible)
    return failure();
  for (int64_t size = 1; size < form.length; size *= 2)
    mergeHalves(size);
  finishFactors();
  solve();
  setReads();
  setFinals();
  return success(!form.isImpossible);
}

LogicalResult GroupForm::deriveChunkwise() { return Chunkwise(*this).derive(); }

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
//     r_i = b_i D(i, 0) s_0 + sum over j < i of M(i, j) v_j + d_i,
//     M(i, j) = b_i D(i, j) k_j,
//
// for every update k (x) v: matrix products, as M has no value columns. Where
// the tokens i and j are parted by a boundary s, D(i, j) = D(i, s) D(s, j), and
// both factors are kept for all tokens while halves become wholes.
//
// An update whose v is itself a read makes an equation, r = L r + x with L
// strictly lower triangular, solved by T = 1 / (1 - L), of halves as
//
//     T = ( T_1            0   )
//         ( T_2 L_21 T_1   T_2 ),
//
// which is forward substitution by blocks (the WY form of Bischof and Van Loan
// 1987, as Yang et al. 2024 use it for the delta rule).
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/ChunkwiseForm.h"

using namespace mlir;
using namespace mlir::seqmix;

static bool touchesAny(const Factor &factor, ArrayRef<Axis> axes) {
  return llvm::any_of(
      factor.axes, [&](Axis axis) { return llvm::is_contained(axes, axis); });
}

static bool isState(Value variable) {
  return isa_and_nonnull<BlockArgument>(variable);
}

//===----------------------------------------------------------------------===//
// The factors of a token
//===----------------------------------------------------------------------===//

void GroupForm::Chunkwise::collectReads() {
  for (auto [axis, role] : llvm::zip_equal(group.axes, group.roles))
    if (role == AxisRole::shared)
      shared.push_back(axis);
    else if (role == AxisRole::contracted)
      contracted.push_back(axis);
  for (auto [index, read] : llvm::enumerate(group.reads)) {
    if (llvm::none_of(read.definition.terms,
                      [](const Term &t) { return isState(t.variable); }))
      continue;
    reads.push_back(read);
    numSelf += index < group.numSelfReads;
    Row &row = readers.emplace_back(count);
    SmallVector<Axis, 2> &more = extras.emplace_back();
    for (const Term &term : read.definition.terms) {
      if (!isState(term.variable))
        continue;
      for (unsigned p = 0; p < count; ++p)
        if (form.op.getStateArguments()[group.states[p]] == term.variable)
          tensors.accumulate(row[p], form.product(term.factors, term.scale));
      for (const Factor &factor : term.factors)
        for (Axis axis : factor.axes)
          if (!llvm::is_contained(group.axes, axis) &&
              !llvm::is_contained(more, axis) && tensors.extentOf(axis) != 1)
            more.push_back(axis);
    }
  }
  results.resize(reads.size());
}

/// The update that a term belongs to: those with the same value are one. The
/// token's own factors go to the value where the reads do not sum over them, so
/// that scores depend on the token only if they must.
GroupForm::Update &GroupForm::Chunkwise::updateFor(const Term &term,
                                                   Named &key) {
  SmallVector<Factor> keyFactors, valueFactors;
  for (const Factor &factor : term.factors) {
    bool isKey = term.variable || touchesAny(factor, contracted) ||
                 !form.structure.dependsOnToken(factor.value);
    for (auto [axis, role] : llvm::zip_equal(group.axes, group.roles))
      if (role == AxisRole::value && llvm::is_contained(factor.axes, axis))
        isKey = false;
    (isKey ? keyFactors : valueFactors).push_back(factor);
  }
  key = form.product(keyFactors, term.scale);
  int self = -1;
  for (auto [index, read] : llvm::enumerate(reads))
    if (term.variable == read.value)
      self = index;
  for (Update &update : updates)
    if (update.self == self && update.valueFactors == valueFactors)
      return update;
  Update &update = updates.emplace_back();
  update.self = self;
  update.key.resize(count);
  update.value = form.product(valueFactors, 1);
  update.valueFactors = valueFactors;
  return update;
}

void GroupForm::Chunkwise::collectUpdates() {
  for (unsigned p = 0; p < count; ++p)
    for (const Term &term : group.updates[p]) {
      Named key;
      Update &update = updateFor(term, key);
      tensors.accumulate(update.key[p], key);
    }
}

void GroupForm::Chunkwise::chooseFactors() {
  transition = form.evaluateTransition();
  isApart = count == 1 && transition[0][0] &&
            llvm::none_of(contracted, [&](Axis axis) {
              return transition[0][0]->has(axis);
            });
  if (isApart)
    prefix = suffix = Named();
  blocks = form.time;
  auto perToken = [&](MaybeNamed &x) {
    if (x && !x->has(form.time))
      x = tensors.broadcast(*x, form.withTime(x->axes));
  };
  for (Row &row : readers)
    llvm::for_each(row, perToken);
  for (Update &update : updates)
    llvm::for_each(update.key, perToken);
  scores.assign(reads.size(), SmallVector<MaybeNamed>(updates.size()));
}

/// T of single tokens: reads of the same token that need each other, which they
/// do in order.
void GroupForm::Chunkwise::startSolution() {
  solution.assign(numSelf, SmallVector<MaybeNamed>(numSelf));
  SmallVector<Axis, 6> axes = form.withTime(shared);
  for (unsigned r = 0; r < numSelf; ++r) {
    solution[r][r] = tensors.fill(1, axes);
    for (const Term &term : reads[r].definition.terms)
      for (unsigned earlier = 0; earlier < r; ++earlier)
        if (term.variable == reads[earlier].value)
          for (unsigned c = 0; c <= earlier; ++c)
            tensors.accumulate(
                solution[r][c],
                tensors.multiply(MaybeNamed(form.evaluate(term, shared)),
                                 solution[earlier][c]));
    for (MaybeNamed &x : solution[r])
      if (x)
        x = tensors.broadcast(*x, axes);
  }
}

//===----------------------------------------------------------------------===//
// The whole chunk
//===----------------------------------------------------------------------===//

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

/// What updates of earlier tokens contribute to a read.
void GroupForm::Chunkwise::applyScores(MaybeNamed &to, unsigned read,
                                       bool ofSelf) {
  for (auto [index, update] : llvm::enumerate(updates)) {
    if (!scores[read][index] || (update.self >= 0) != ofSelf)
      continue;
    Named weights = tensors.rename(*scores[read][index], row, form.time);
    Named value = ofSelf ? *results[update.self] : update.value;
    tensors.accumulate(
        to, tensors.contract(weights, tensors.rename(value, form.time, column),
                             form.withTime(reads[read].definition.axes)));
  }
}

/// What the token itself and its earlier reads contribute.
void GroupForm::Chunkwise::addToken(MaybeNamed &to, unsigned read) {
  const Affine &definition = reads[read].definition;
  if (to && !reads[read].outer.empty())
    to = tensors.multiply(*to, form.product(reads[read].outer, 1));
  tensors.accumulate(to, form.sum(definition.terms, definition.axes));
  if (read < numSelf) // its earlier reads are part of the solution
    return;
  for (const Term &term : definition.terms)
    for (unsigned earlier = 0; earlier < reads.size(); ++earlier)
      if (term.variable == reads[earlier].value)
        tensors.accumulate(
            to,
            tensors.multiply(MaybeNamed(form.evaluate(term, definition.axes)),
                             results[earlier]));
}

void GroupForm::Chunkwise::solve() {
  SmallVector<MaybeNamed> given;
  for (unsigned r = 0; r < numSelf; ++r) {
    applyScores(given.emplace_back(readOld(r)), r, /*ofSelf=*/false);
    addToken(given.back(), r);
  }
  for (unsigned r = 0; r < numSelf; ++r)
    for (unsigned c = 0; c < numSelf; ++c)
      if (solution[r][c] && given[c])
        tensors.accumulate(
            results[r],
            tensors.contract(tensors.rename(*solution[r][c], row, form.time),
                             tensors.rename(*given[c], form.time, column),
                             form.withTime(reads[r].definition.axes)));
  for (unsigned r = numSelf; r < reads.size(); ++r) {
    results[r] = readOld(r);
    applyScores(results[r], r, /*ofSelf=*/false);
    applyScores(results[r], r, /*ofSelf=*/true);
    addToken(results[r], r);
  }
  for (auto [read, result] : llvm::zip_equal(reads, results)) {
    SmallVector<Axis, 6> axes = form.withTime(read.definition.axes);
    Named value = result ? *result : tensors.fill(0, axes);
    form.lifter.set(read.value, tensors.unname(value, axes), /*varies=*/true);
  }
}

void GroupForm::Chunkwise::setFinals() {
  for (unsigned p = 0; p < count; ++p) {
    MaybeNamed state;
    for (unsigned q = 0; q < count; ++q)
      if (MaybeNamed factor = transition[p][q])
        tensors.accumulate(state, tensors.multiply(*factor, form.oldState(q)));
    for (const Update &update : updates)
      if (MaybeNamed key = update.key[p]) {
        Named value = update.self >= 0 ? *results[update.self] : update.value;
        // Every token's, even of what is the same for all.
        if (!key->has(form.time))
          key = tensors.broadcast(*key, form.withTime(key->axes));
        tensors.accumulate(state, tensors.contract(*key, value, group.axes));
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
  startSolution();
  if (form.isImpossible)
    return failure();
  for (int64_t size = 1; size < form.length; size *= 2)
    mergeHalves(size);
  finishFactors();
  solve();
  setFinals();
  return success(!form.isImpossible);
}

LogicalResult GroupForm::deriveChunkwise() { return Chunkwise(*this).derive(); }

//===- ChunkwiseFactors.cpp - what a chunk's formulas are made of ---------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The readers b, keys k, values and coefficients of DeriveChunkwise.cpp, token
// by token, and what scores and equations are before any tokens have met.
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

/// The update with these keys, by state, up to a number; `value`, one more part
/// of what it adds, is multiplied by that.
GroupForm::Chunkwise::Update &
GroupForm::Chunkwise::updateFor(ArrayRef<SmallVector<Product>> keys,
                                const Product &value) {
  for (Update &update : updates) {
    std::optional<double> ratio;
    bool isSame = true;
    for (auto [ours, theirs] : llvm::zip_equal(keys, update.keys)) {
      isSame &= ours.size() == theirs.size();
      for (auto [a, b] : llvm::zip(ours, theirs)) {
        ratio = ratio ? *ratio : a.scale / b.scale;
        isSame &= a.factors == b.factors && a.scale == *ratio * b.scale;
      }
    }
    if (!isSame)
      continue;
    Product scaled = value;
    scaled.scale *= ratio.value_or(1);
    update.values.push_back(scaled);
    return update;
  }
  Update &update = updates.emplace_back();
  update.keys.assign(keys.begin(), keys.end());
  update.values.push_back(value);
  return update;
}

/// Parts every term of an update into a key and a value. The token's own
/// factors go to the value where the reads do not sum over them, so that scores
/// depend on the token only if they must.
void GroupForm::Chunkwise::collectUpdates() {
  SmallVector<Product> values;
  SmallVector<SmallVector<SmallVector<Product>>> keys; // by value and state
  for (unsigned p = 0; p < count; ++p)
    for (const Term &term : group.updates[p]) {
      Product key, value;
      for (const Factor &factor : term.factors) {
        bool isKey = touchesAny(factor, contracted) ||
                     !form.structure.dependsOnToken(factor.value);
        for (auto [axis, role] : llvm::zip_equal(group.axes, group.roles))
          if (role == AxisRole::value && llvm::is_contained(factor.axes, axis))
            isKey = false;
        (isKey ? key : value).factors.push_back(factor);
      }
      key.scale = term.scale;
      value.read = term.variable;
      size_t which = llvm::find(values, value) - values.begin();
      if (which == values.size()) {
        values.push_back(value);
        keys.emplace_back(count);
      }
      keys[which][p].push_back(key);
    }
  for (auto [value, own] : llvm::zip_equal(values, keys))
    updateFor(own, value);
  evaluateUpdates();
}

void GroupForm::Chunkwise::evaluateUpdates() {
  for (auto [index, update] : llvm::enumerate(updates)) {
    update.key.resize(count);
    for (auto [key, products] : llvm::zip_equal(update.key, update.keys))
      for (const Product &product : products)
        tensors.accumulate(key, form.product(product.factors, product.scale));
    update.coefficients.resize(numSelf);
    for (const Product &part : update.values) {
      Named value = form.product(part.factors, part.scale);
      size_t read =
          llvm::find_if(reads,
                        [&](const Read &r) { return r.value == part.read; }) -
          reads.begin();
      tensors.accumulate(part.read ? update.coefficients[read] : update.value,
                         value);
    }
    if (update.isUnknown())
      unknown.push_back(index);
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
}

/// Removes `factors` from `from`, each once; whether all were there.
static bool take(SmallVectorImpl<Factor> &from, ArrayRef<Factor> factors) {
  for (const Factor &factor : factors) {
    auto *found = llvm::find(from, factor);
    if (found == from.end())
      return false;
    from.erase(found);
  }
  return true;
}

/// Whether a read has, beside other terms, all that an update adds, times one
/// `score` that has none of the value's columns; if so, these terms are taken
/// from the read.
bool GroupForm::Chunkwise::takeScore(Read &read, unsigned index,
                                     const Update &update, Term &score) {
  ArrayRef<Axis> result = read.definition.axes;
  auto &terms = read.definition.terms;
  auto isOfScores = [&](Axis axis) {
    return llvm::is_contained(shared, axis) ||
           llvm::is_contained(extras[index], axis) ||
           !llvm::is_contained(result, axis); // is summed over
  };
  for (const Product &part : update.values)
    for (const Factor &factor : part.factors)
      if (!llvm::all_of(factor.axes, [&](Axis axis) {
            return llvm::is_contained(result, axis);
          }))
        return false;
  for (const Term &first : terms) {
    const Product &leader = update.values.front();
    score = Term();
    score.factors = first.factors;
    score.scale = first.scale / leader.scale;
    if (first.variable != leader.read || !take(score.factors, leader.factors) ||
        !llvm::all_of(score.factors, [&](const Factor &factor) {
          return llvm::all_of(factor.axes, isOfScores);
        }))
      continue;
    llvm::SmallDenseSet<const Term *> found;
    for (const Product &part : update.values)
      for (const Term &term : terms) {
        SmallVector<Factor, 4> rest(term.factors);
        if (term.variable == part.read && !found.contains(&term) &&
            term.scale == score.scale * part.scale &&
            take(rest, part.factors) && take(rest, score.factors) &&
            rest.empty()) {
          found.insert(&term);
          break;
        }
      }
    if (found.size() != update.values.size())
      continue;
    llvm::erase_if(terms, [&](const Term &t) { return found.contains(&t); });
    return true;
  }
  return false;
}

/// M of single tokens: what a read has of its own token's updates.
void GroupForm::Chunkwise::startScores() {
  scores.assign(reads.size(), SmallVector<MaybeNamed>(updates.size()));
  for (unsigned r = numSelf; r < reads.size(); ++r) {
    if (!reads[r].outer.empty()) // is no factor of these
      continue;
    SmallVector<Axis, 6> kept(shared.begin(), shared.end());
    llvm::append_range(kept, extras[r]);
    for (auto [update, sum] : llvm::zip_equal(updates, scores[r])) {
      Term score;
      while (takeScore(reads[r], r, update, score))
        tensors.accumulate(sum, form.evaluate(score, kept));
      if (sum)
        sum = tensors.broadcast(*sum, form.withTime(kept));
    }
  }
}

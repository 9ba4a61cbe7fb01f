//===- ChunkwiseScores.cpp - from halves of a chunk to wholes -------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The scores M of DeriveChunkwise.cpp, by halves. What is kept for every token
// at a level is its part of the way to its half's boundary: b_i D(i, s) for the
// readers, D(s, j) k_j for the writers.
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/ChunkwiseForm.h"

using namespace mlir;
using namespace mlir::seqmix;

/// One half of each pair of halves of what is kept for every token.
Named GroupForm::Chunkwise::halfOf(const Named &x, const Halves &halves,
                                   int64_t half, Axis inside) {
  if (!x.has(form.time))
    return x;
  Named split = tensors.split(x, form.time, halves.parts());
  return tensors.rename(tensors.at(split, halves.half, half), halves.inside,
                        inside);
}

/// The scores of second halves against first ones, below the diagonal.
MaybeNamed GroupForm::Chunkwise::scoresBelow(unsigned read, unsigned update,
                                             const Halves &halves) {
  SmallVector<Axis, 6> axes = {halves.blocks};
  llvm::append_range(axes, shared);
  llvm::append_range(axes, extras[read]);
  axes.append({row, column});
  MaybeNamed result;
  for (unsigned p = 0; p < count; ++p)
    if (readers[read][p] && updates[update].key[p])
      tensors.accumulate(
          result,
          tensors.contract(halfOf(*readers[read][p], halves, 1, row),
                           halfOf(*updates[update].key[p], halves, 0, column),
                           axes));
  if (result && isApart)
    result = tensors.multiply(
        *result, tensors.multiply(halfOf(*prefix, halves, 1, row),
                                  halfOf(*suffix, halves, 0, column)));
  if (result)
    result = tensors.broadcast(*result, axes);
  return result;
}

/// The blocks of two halves on the diagonal, and one below it.
MaybeNamed GroupForm::Chunkwise::assemble(const MaybeNamed &diagonal,
                                          const MaybeNamed &below,
                                          const Halves &halves,
                                          ArrayRef<Axis> more) {
  if (!diagonal && !below)
    return std::nullopt;
  SmallVector<Axis, 6> axes = {halves.blocks};
  llvm::append_range(axes, shared);
  llvm::append_range(axes, more);
  axes.append({nextRow, nextColumn});
  Named whole = tensors.fill(0, axes);
  auto insert = [&](const Named &part, int64_t i, int64_t j) {
    whole = tensors.insert(part, whole, {row, column}, {nextRow, nextColumn},
                           {i, j});
  };
  int64_t n = halves.size;
  if (diagonal) {
    Named pairs =
        tensors.split(*diagonal, blocks, {halves.blocks, halves.half});
    insert(tensors.at(pairs, halves.half, 0), 0, 0);
    insert(tensors.at(pairs, halves.half, 1), n, n);
  }
  if (below)
    insert(*below, n, 0);
  return whole;
}

/// Moves the boundary of every token from its half's to its pair's.
void GroupForm::Chunkwise::advance(const Halves &halves) {
  auto blockOf = [&](const MaybeNamed &x, int64_t half) -> MaybeNamed {
    if (!x || !x->has(blocks))
      return x;
    return tensors.at(tensors.split(*x, blocks, {halves.blocks, halves.half}),
                      halves.half, half);
  };
  Matrix firsts(count), seconds(count);
  bool isIdentity = true;
  for (unsigned p = 0; p < count; ++p)
    for (unsigned q = 0; q < count; ++q) {
      firsts[p].push_back(blockOf(transition[p][q], 0));
      seconds[p].push_back(blockOf(transition[p][q], 1));
      isIdentity &= p == q ? transition[p][q] && transition[p][q]->isOne()
                           : !transition[p][q];
    }
  if (isIdentity)
    return;
  auto split = [&](const MaybeNamed &x) -> MaybeNamed {
    return x && x->has(form.time) ? tensors.split(*x, form.time, halves.parts())
                                  : x;
  };
  auto join = [&](const MaybeNamed &x) -> MaybeNamed {
    return x && x->has(halves.half)
               ? tensors.join(*x, halves.parts(), form.time)
               : x;
  };
  auto scale = [&](const MaybeNamed &x, const MaybeNamed &by, int64_t half) {
    return join(form.scaleHalf(*split(x), *by, halves, half));
  };
  auto replace = [&](const MaybeNamed &x, const MaybeNamed &by, int64_t half) {
    return join(form.replaceHalf(x, by, halves, half));
  };
  if (isApart) {
    prefix = scale(prefix, firsts[0][0], 1);
    suffix = scale(suffix, seconds[0][0], 0);
  } else if (count == 1 && firsts[0][0]) {
    for (Row &reader : readers)
      if (reader[0])
        reader[0] = scale(reader[0], firsts[0][0], 1);
    for (Update &update : updates)
      if (update.key[0])
        update.key[0] = scale(update.key[0], seconds[0][0], 0);
  } else {
    auto halfOf = [&](const MaybeNamed &x, int64_t half) {
      return form.halfOf(split(x), halves, half);
    };
    for (Row &reader : readers) {
      Row before = llvm::map_to_vector<2>(
          reader, [&](const MaybeNamed &x) { return halfOf(x, 1); });
      Matrix after = form.multiply(Matrix{before}, firsts);
      for (unsigned p = 0; p < count; ++p)
        reader[p] = replace(split(reader[p]), after[0][p], 1);
    }
    for (Update &update : updates) {
      Matrix before;
      for (const MaybeNamed &key : update.key)
        before.push_back({halfOf(key, 0)});
      Matrix after = form.multiply(seconds, before);
      for (unsigned p = 0; p < count; ++p)
        update.key[p] = replace(split(update.key[p]), after[p][0], 0);
    }
  }
  transition = form.multiply(seconds, firsts);
}

void GroupForm::Chunkwise::mergeHalves(int64_t size) {
  Halves halves = form.halve(size);
  nextRow = tensors.addAxis(2 * size);
  nextColumn = tensors.addAxis(2 * size);
  Scores below(reads.size(), SmallVector<MaybeNamed>(updates.size()));
  for (unsigned r = 0; r < reads.size(); ++r)
    for (unsigned u = 0; u < updates.size(); ++u) {
      below[r][u] = scoresBelow(r, u, halves);
      scores[r][u] = assemble(scores[r][u], below[r][u], halves, extras[r]);
    }
  if (!unknown.empty() && size < kSolved)
    solveHalves(halves, below);
  advance(halves);
  blocks = halves.blocks;
  row = nextRow;
  column = nextColumn;
}

//===- ChunkwiseSolution.cpp - what a chunk's reads add to its states -----===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// u = g + L u of DeriveChunkwise.cpp, L strictly lower triangular, by forward
// substitution over blocks of few tokens, u_b = T_bb (g_b + sum of L_bc u_c),
// where T_bb = 1 / (1 - L_bb) is made of halves,
//
//     T = ( T_1            0   )
//         ( T_2 L_21 T_1   T_2 ).
//
// T of the whole chunk would have as little to multiply with, but no bound on
// its error: where beta |k|^2 is far above 2, its entries are far larger than
// what they solve for (Higham, Accuracy and Stability, 2002, section 8.2).
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/ChunkwiseForm.h"

using namespace mlir;
using namespace mlir::seqmix;

/// What the equations of single tokens are: L is zero, and T one. Reads of the
/// same token that need each other, which they do in order, are put into each
/// other's place.
void GroupForm::Chunkwise::startSolution() {
  Scores inOrder(numSelf, SmallVector<MaybeNamed>(numSelf));
  for (unsigned r = 0; r < numSelf; ++r) {
    inOrder[r][r] = Named();
    for (const Term &term : reads[r].definition.terms)
      for (unsigned earlier = 0; earlier < r; ++earlier)
        if (term.variable == reads[earlier].value)
          for (unsigned c = 0; c <= earlier; ++c)
            tensors.accumulate(
                inOrder[r][c],
                tensors.multiply(MaybeNamed(form.evaluate(term, shared)),
                                 inOrder[earlier][c]));
  }
  for (unsigned x : unknown) {
    SmallVector<MaybeNamed> direct = updates[x].coefficients;
    for (unsigned c = 0; c < numSelf; ++c) {
      updates[x].coefficients[c].reset();
      for (unsigned r = 0; r < numSelf; ++r)
        tensors.accumulate(updates[x].coefficients[c],
                           tensors.multiply(direct[r], inOrder[r][c]));
    }
  }
  solution.assign(unknown.size(), SmallVector<MaybeNamed>(unknown.size()));
  for (unsigned x = 0; x < unknown.size(); ++x)
    solution[x][x] = tensors.fill(1, form.withTime(shared));
  solvedBlocks = blocks;
  solvedRow = row;
  solvedColumn = column;
}

/// L of all pairs of unknown updates, from the scores of reads; `rows` gives
/// what a coefficient is for the rows of the scores.
GroupForm::Chunkwise::Scores GroupForm::Chunkwise::equationsOf(
    const Scores &ofReads, llvm::function_ref<Named(const Named &)> rows) {
  Scores equations(unknown.size(), SmallVector<MaybeNamed>(unknown.size()));
  for (unsigned x = 0; x < unknown.size(); ++x)
    for (unsigned y = 0; y < unknown.size(); ++y)
      for (auto [r, factor] : llvm::enumerate(updates[unknown[x]].coefficients))
        if (factor && ofReads[r][unknown[y]])
          tensors.accumulate(
              equations[x][y],
              tensors.multiply(rows(*factor), *ofReads[r][unknown[y]]));
  return equations;
}

/// T of pairs of halves, from their scores below the diagonal.
void GroupForm::Chunkwise::solveHalves(const Halves &halves,
                                       const Scores &scoresBelow) {
  Scores below = equationsOf(scoresBelow, [&](const Named &coefficient) {
    return halfOf(coefficient, halves, 1, row);
  });
  Axis left = tensors.addAxis(halves.size),
       right = tensors.addAxis(halves.size);
  SmallVector<Axis, 6> axes = {halves.blocks};
  llvm::append_range(axes, shared);
  auto with = [&](Axis i, Axis j) {
    SmallVector<Axis, 6> result(axes);
    result.append({i, j});
    return result;
  };
  auto blockOf = [&](const MaybeNamed &x, int64_t half) -> MaybeNamed {
    if (!x)
      return std::nullopt;
    return tensors.at(tensors.split(*x, blocks, {halves.blocks, halves.half}),
                      halves.half, half);
  };
  Scores solved = solution;
  for (unsigned r = 0; r < unknown.size(); ++r)
    for (unsigned c = 0; c < unknown.size(); ++c) {
      MaybeNamed under;
      for (unsigned a = 0; a < unknown.size(); ++a)
        for (unsigned b = 0; b < unknown.size(); ++b) {
          MaybeNamed second = blockOf(solution[r][a], 1);
          MaybeNamed first = blockOf(solution[b][c], 0);
          if (!second || !first || !below[a][b])
            continue;
          Named middle = tensors.rename(tensors.rename(*below[a][b], row, left),
                                        column, right);
          Named half = tensors.contract(tensors.rename(*second, column, left),
                                        middle, with(row, right));
          tensors.accumulate(
              under, tensors.contract(half, tensors.rename(*first, row, right),
                                      with(row, column)));
        }
      if (under)
        under = tensors.broadcast(*under, with(row, column));
      solved[r][c] = assemble(solution[r][c], under, halves, {});
    }
  solution = solved;
  solvedBlocks = halves.blocks;
  solvedRow = nextRow;
  solvedColumn = nextColumn;
}

/// What the unknown updates would be without each other, g.
SmallVector<Named> GroupForm::Chunkwise::givenUpdates() {
  SmallVector<MaybeNamed> known;
  for (unsigned r = 0; r < numSelf; ++r) {
    applyScores(known.emplace_back(readOld(r)), r, /*alsoUnknown=*/false);
    addToken(known.back(), r);
  }
  SmallVector<Axis, 6> axes = {form.time};
  for (auto [axis, role] : llvm::zip_equal(group.axes, group.roles))
    if (role != AxisRole::contracted)
      axes.push_back(axis);
  SmallVector<Named> given;
  for (unsigned x : unknown) {
    MaybeNamed sum = updates[x].value;
    for (unsigned r = 0; r < numSelf; ++r)
      tensors.accumulate(
          sum, tensors.multiply(updates[x].coefficients[r], known[r]));
    given.push_back(sum ? tensors.broadcast(*sum, axes)
                        : tensors.fill(0, axes));
  }
  return given;
}

/// g_b + sum of L_bc u_c over the blocks before, of the block whose tokens
/// begin at `begin`; `values` are u before that, and g from there on.
SmallVector<Named> GroupForm::Chunkwise::restOfBlock(int64_t begin,
                                                     const Scores &equations,
                                                     ArrayRef<Named> values) {
  Axis before = tensors.addAxis(begin);
  SmallVector<Named> rest;
  for (auto [value, factors] : llvm::zip_equal(values, equations)) {
    MaybeNamed sum = tensors.slice(value, form.time, begin, solvedColumn);
    for (auto [factor, other] : llvm::zip_equal(factors, values))
      if (factor && begin > 0) {
        Named below = tensors.slice(*factor, row, begin, solvedColumn);
        tensors.accumulate(
            sum, tensors.contract(tensors.slice(below, column, 0, before),
                                  tensors.slice(other, form.time, 0, before),
                                  sum->axes));
      }
    rest.push_back(*sum);
  }
  return rest;
}

/// Solves for the unknown updates, block by block.
void GroupForm::Chunkwise::solve() {
  if (unknown.empty())
    return;
  int64_t size = std::min(form.length, kSolved);
  Scores equations = equationsOf(scores, [&](const Named &coefficient) {
    return tensors.rename(coefficient, form.time, row);
  });
  SmallVector<Named> values = givenUpdates();
  for (int64_t begin = 0; begin < form.length; begin += size) {
    SmallVector<Named> rest = restOfBlock(begin, equations, values);
    for (auto [value, factors] : llvm::zip_equal(values, solution)) {
      MaybeNamed solved;
      for (auto [factor, given] : llvm::zip_equal(factors, rest))
        if (factor)
          tensors.accumulate(
              solved,
              tensors.contract(
                  tensors.at(*factor, solvedBlocks, begin / size), given,
                  tensors.rename(value, form.time, solvedRow).axes));
      value = tensors.insert(*solved, value, {solvedRow}, {form.time}, {begin});
    }
  }
  for (auto [x, value] : llvm::zip_equal(unknown, values))
    updates[x].value = value;
}

//===- ChunkwiseForm.h - reads of a chunk's states, step by step ----------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_TRANSFORMS_CHUNKWISEFORM_H
#define SEQMIX_LIB_TRANSFORMS_CHUNKWISEFORM_H

#include "lib/Transforms/GroupForm.h"

namespace mlir {
namespace seqmix {

/// The derivation for one group; its parts in the order of the steps.
struct GroupForm::Chunkwise {
  /// Tokens of a block that is solved at once: a register tile's rows.
  static constexpr int64_t kSolved = 4;

  using Scores = SmallVector<SmallVector<MaybeNamed>>;

  /// A scaled product of factors of a token.
  struct Product {
    SmallVector<Factor, 4> factors;
    double scale = 1;
    Value read = {}; ///< times this, if it is a value's

    bool operator==(const Product &other) const {
      return factors == other.factors && scale == other.scale &&
             read == other.read;
    }
  };

  /// k (x) u, where u is a sum of products, of reads some of them.
  struct Update {
    SmallVector<SmallVector<Product>> keys; ///< sums, by state
    SmallVector<Product> values;
    Row key;                              ///< k, by state
    MaybeNamed value;                     ///< u; w, while it is unknown
    SmallVector<MaybeNamed> coefficients; ///< of the self reads in u

    bool isUnknown() const {
      return llvm::any_of(coefficients, [](auto &x) { return x.has_value(); });
    }
  };

  explicit Chunkwise(GroupForm &form)
      : form(form), group(form.group), tensors(form.tensors),
        count(form.group.states.size()) {}

  LogicalResult derive();

  // The factors of a token.
  void collectReads();
  void collectUpdates();
  Update &updateFor(ArrayRef<SmallVector<Product>> keys, const Product &value);
  void evaluateUpdates();
  void chooseFactors();
  bool takeScore(Read &read, unsigned index, const Update &update, Term &score);
  void startScores();
  // From halves to wholes.
  Named halfOf(const Named &x, const Halves &halves, int64_t half, Axis inside);
  MaybeNamed scoresBelow(unsigned read, unsigned update, const Halves &halves);
  MaybeNamed assemble(const MaybeNamed &diagonal, const MaybeNamed &below,
                      const Halves &halves, ArrayRef<Axis> more);
  void advance(const Halves &halves);
  void mergeHalves(int64_t size);
  // What reads add to the states.
  void startSolution();
  Scores equationsOf(const Scores &ofReads,
                     llvm::function_ref<Named(const Named &)> rows);
  void solveHalves(const Halves &halves, const Scores &scoresBelow);
  SmallVector<Named> givenUpdates();
  SmallVector<Named> restOfBlock(int64_t begin, const Scores &equations,
                                 ArrayRef<Named> values);
  void solve();
  // The whole chunk.
  void finishFactors();
  MaybeNamed readOld(unsigned read);
  void applyScores(MaybeNamed &to, unsigned read, bool alsoUnknown);
  void addToken(MaybeNamed &to, unsigned read);
  void setReads();
  void setFinals();

  GroupForm &form;
  const StateGroup &group;
  ChunkTensors &tensors;
  unsigned count;

  std::vector<Read> reads; ///< of the states; self reads first
  unsigned numSelf = 0;
  SmallVector<Row> readers; ///< b, by read and state
  SmallVector<SmallVector<Axis, 2>>
      extras; ///< axes of a read that no state has
  std::vector<Update> updates;
  SmallVector<Axis, 4> shared, contracted;

  /// Whether the decay has no axis that is summed over: then D(i, s) and
  /// D(s, j) are kept apart from b and k.
  bool isApart = false;
  Matrix transition;         ///< of whole blocks
  MaybeNamed prefix, suffix; ///< D(i, s), D(s, j), if apart
  Scores scores;             ///< M, by read and update
  Scores solution;           ///< T of blocks, by unknown updates
  Axis solvedBlocks, solvedRow, solvedColumn; ///< of solution
  /// Of scores: [blocks, shared.., row, column]; of the next level.
  Axis blocks, row, column, nextRow, nextColumn;
  SmallVector<MaybeNamed> results; ///< by read
  SmallVector<unsigned> unknown;   ///< updates
};

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_TRANSFORMS_CHUNKWISEFORM_H

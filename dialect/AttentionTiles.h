//===- AttentionTiles.h - softmax carried over tiles of slots ---*- C++ -*-===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_DIALECT_ATTENTIONTILES_H
#define SEQMIX_DIALECT_ATTENTIONTILES_H

#include "dialect/LoopBuilder.h"
#include "dialect/SeqmixOps.h"

namespace mlir {
namespace seqmix {

/// Builds the program by which tokens attend to tiles of slots, one tile after
/// the other. Between tiles each token keeps the largest score, m, the sum of
/// exponentials, l, and the weighted sum of values, all relative to m (Milakov
/// and Gimelshein 2018; Rabe and Staats 2021):
///
///     m' = max(m, max of s);  p = exp(s - m');  f = exp(m - m')
///     l' = f l + sum of p;    a' = f a + sum of p v
///
/// so no scores but a tile's exist, and slots never written are not visited.
class AttentionTiles {
public:
  /// A cache that is attended to: `written` of its slots, an index, hold the
  /// last of `seen` tokens, an index.
  struct Cache {
    Value keys, values, seen, written;
  };

  /// For the queries [n, H, K] of a chunk of `length` tokens, or for one
  /// token's [H, K] if there is no length.
  AttentionTiles(ImplicitLocOpBuilder &b, WindowAttentionOp op, Value query,
                 std::optional<int64_t> length);

  /// The newest token in the cache is the one before the chunk's first, or the
  /// one that attends.
  void attendToCache(const Cache &cache);
  /// Keys [n, G, K] and values [n, G, V] of the chunk's own tokens.
  void attendToChunk(Value keys, Value values);
  /// The outputs, [n, H, V] or [H, V].
  Value finish();

private:
  /// What a tensor's axes are: heads are groups that share keys and values.
  enum Loop : unsigned { group, head, slot, token, keyColumn, column };
  /// The running softmax of all tokens.
  struct Softmax {
    Value top;   ///< m, by each()
    Value total; ///< l, by each()
    Value sum;   ///< a, by sums()
  };
  /// What of the cache, or of the chunk, is attended to at a time.
  struct Tile {
    Value keys, values;
    Value begin;        ///< slot of the first, an index
    Value first;        ///< slot that has not been attended to before
    const Cache *cache; ///< whose slots these are; null for the chunk's own
  };
  using Axes = SmallVector<unsigned, 5>;

  // Axes of tensors, and loops of nests. The tokens are the last axis of all
  // scores, or else the slots are: everything runs along memory.
  Axes loopsOf(std::initializer_list<Loop> all) const;
  Axes each() const { return loopsOf({group, head, token}); }
  Axes scored() const { return loopsOf({group, head, slot, token}); }
  Axes queries() const { return loopsOf({group, head, keyColumn, token}); }
  Axes sums() const { return loopsOf({group, head, token, column}); }

  void prepare(Value query, double scale);
  Value scoresOf(const Tile &tile);
  Value isVisible(ImplicitLocOpBuilder &in, const Tile &tile, Value lane);
  Softmax attend(const Softmax &before, const Tile &tile);

  ImplicitLocOpBuilder &b;
  FloatType element;
  int64_t capacity;
  std::optional<int64_t> length;
  LoopBuilder loops; ///< extents; of slots, those of the tile at hand
  Value scaledQuery; ///< by queries()
  Value lanes;       ///< the place of each token in the chunk, i32
  Softmax softmax;
};

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_DIALECT_ATTENTIONTILES_H

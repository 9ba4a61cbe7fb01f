//===- GroupedMatvecGenerator.cpp - one row times scaled weights ----------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One row times weights that have scales. They are read as the other kernel for
// few rows reads them, but the scale multiplies the sum of a chunk's terms, not
// each weight, which for one row spares an operation for every vector but one
// of a chunk. So this kernel adds in an order of its own.
//
// The processor foresees the runs, yet fetches too little ahead for a loop that
// computes this much: each step asks for what lies some steps ahead, past the
// end of a row and of the weights, too, where a prefetch does nothing.
//
// On an x86-64 machine with AVX-512, one core, which reads 28 to 31 GB/s at
// most: weights with 4096 or 11008 terms, and a scale for every 32, at 26 GB/s;
// with 768 terms at 21 if it gets 48 KB at a time, at 24 if 96. Prefetching
// into the first cache, as Halide would, it is 18 to 22: that cannot await
// enough lines at a time. From a cache it is 27.5, of which 30 is what
// converting the weights allows. One run is 22 to 24 for up to 4096 terms, and
// 10 where the other operand is larger than the first cache; two runs are as
// good as four. For two rows both kernels would come to as many operations.
//
//===----------------------------------------------------------------------===//

#include "runtime/kernels/DenseWeights.h"

using namespace Halide;
using namespace seqmix::dense;

namespace {
class GroupedMatvec : public Generator<GroupedMatvec> {
public:
  Input<Buffer<float>> a{"a", 2};           // term, row
  Input<Buffer<>> b{"b", 3};                // term, column of the run, run
  Input<Buffer<float>> scales{"scales", 3}; // group, column of the run, run
  Input<uint32_t> groupShift{"groupShift"};
  Output<Buffer<float>> c{"c", 3}; // column of the run, run, row

  void generate() {
    const Weights weights{b.type(), natural_vector_size<float>()};
    const int lanes = weights.lanes, chunk = weights.chunk();
    const int blockChunks = blockTerms / chunk;
    Expr chunks = a.dim(0).extent() / chunk;

    auto scaledSum = [&](Expr index) {
      Expr sum;
      for (int v = 0; v != chunk / lanes; ++v) {
        Expr offset = v * lanes + lane;
        Expr term = a(index * chunk + offset, 0) *
                    weights.unscaled(b, index, offset, {j, run});
        sum = v ? sum + term : term;
      }
      return weights.scale(scales, groupShift, index, {j, run}) * sum;
    };
    RDom s(0, blockChunks, "s"), blocks(0, chunks / blockChunks, "blocks");
    RDom rest(0, chunks % blockChunks, "rest"), across(0, lanes, "across");
    partial(lane, j, run, block) = 0.f;
    partial(lane, j, run, block) += scaledSum(block * blockChunks + s);
    sums(lane, j, run) = 0.f;
    sums(lane, j, run) += partial(lane, j, run, blocks);
    sums(lane, j, run) += scaledSum(chunks / blockChunks * blockChunks + rest);
    sum(j, run) = 0.f;
    sum(j, run) += sums(across, j, run);
    c(j, run, i) = sum(j, run);

    for (int d = 0; d != 2; ++d)
      a.dim(d).set_min(0);
    for (int d = 0; d != 3; ++d) {
      b.dim(d).set_min(0);
      scales.dim(d).set_min(0);
    }
    c.dim(0).set_bounds(0, b.dim(1).extent());
    c.dim(1).set_bounds(0, b.dim(2).extent());
    c.dim(2).set_bounds(0, 1);

    tile(c.specialize(b.dim(2).extent() == tileColumns), tileColumns);
    tile(c, 1);
    sum.compute_at(c, j).store_in(MemoryType::Stack).unroll(run);
    sum.update().reorder(across, j, run).unroll(run);
    sum.update().atomic().vectorize(across);
    sums.compute_at(c, j).store_in(MemoryType::Stack);
    sums.vectorize(lane).unroll(run);
    sums.update(0).reorder(lane, j, run, blocks);
    sums.update(0).vectorize(lane).unroll(run);
    partial.compute_at(sums, blocks).store_in(MemoryType::Stack);
    partial.vectorize(lane).unroll(run);
    addChunks(partial.update(), s);
    addChunks(sums.update(1), rest);
  }

private:
  static constexpr int bytesAhead = 2048;

  void tile(Stage stage, int tileOfRuns) {
    stage.split(run, runo, runi, tileOfRuns);
    stage.reorder(runi, j, i, runo).unroll(runi);
  }

  void addChunks(Stage stage, RVar index) {
    stage.reorder(lane, j, run, index).vectorize(lane).unroll(run);
    stage.prefetch(b, index, index, bytesAhead / groupTerms,
                   PrefetchBoundStrategy::NonFaulting);
  }

  Var lane{"lane"}, j{"j"}, run{"run"}, i{"i"}, block{"block"};
  Var runo{"runo"}, runi{"runi"};
  Func partial{"partial"}, sums{"sums"}, sum{"sum"};
};
} // namespace

HALIDE_REGISTER_GENERATOR(GroupedMatvec, grouped_matvec)

//===- MatvecGenerator.cpp - a few rows times a weight matrix -------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For few rows the time is that of reading the weights, which happens once.
// They are read as four runs of consecutive rows side by side: each run is one
// sequential stream, which the processor foresees across the ends of rows. Of
// four neighbouring rows, it would have to find four new streams every time.
//
// On an x86-64 machine with AVX-512, one core, which reads 27.8 GB/s at most:
// one row times 400 MB of weights with 768 to 4096 terms at 26 GB/s for f32 and
// 24 to 26 for bf16; two rows times i8 and its scales at 18 even from a cache.
// One row times those has a kernel of its own. Prefetching in software, two
// runs and eight runs were no better on the whole.
//
//===----------------------------------------------------------------------===//

#include "runtime/kernels/DenseWeights.h"

using namespace Halide;
using namespace seqmix::dense;

namespace {
class Matvec : public Generator<Matvec> {
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
    Expr terms = a.dim(0).extent(), rows = a.dim(1).extent();
    Expr columns = b.dim(1).extent(), runs = b.dim(2).extent();

    // A block's sum, a vector of partial sums first.
    RDom s(0, chunk / lanes, 0, blockChunks, "s");
    Expr index = block * blockChunks + s.y, offset = s.x * lanes + lane;
    s.where(index < terms / chunk);
    partial(lane, j, run, i, block) = 0.f;
    partial(lane, j, run, i, block) +=
        a(index * chunk + offset, i) *
        weights.at(b, scales, groupShift, index, offset, {j, run});
    RDom across(0, lanes, "across");
    blockSum(j, run, i, block) = 0.f;
    blockSum(j, run, i, block) += partial(across, j, run, i, block);

    // All blocks, and the terms that make no whole chunk.
    RDom blocks(0, (terms / chunk + blockChunks - 1) / blockChunks, "blocks");
    RDom rest(0, terms % chunk, "rest");
    sum(j, run, i) = 0.f;
    sum(j, run, i) = strict_float(sum(j, run, i) + blockSum(j, run, i, blocks));
    if (!weights.haveScales())
      sum(j, run, i) = strict_float(
          sum(j, run, i) +
          a(terms / chunk * chunk + rest, i) *
              weights.at(b, scales, groupShift, terms / chunk, rest, {j, run}));
    c(j, run, i) = sum(j, run, i);

    for (int d = 0; d != 2; ++d)
      a.dim(d).set_min(0);
    for (int d = 0; d != 3; ++d) {
      b.dim(d).set_min(0);
      scales.dim(d).set_min(0);
    }
    c.dim(0).set_bounds(0, columns);
    c.dim(1).set_bounds(0, runs);
    c.dim(2).set_bounds(0, rows);

    // Tiles of as many rows as there are or as fit, over all four runs. What is
    // left of the rows overlaps the tile before and comes out the same twice.
    const int most = tileRowsOf(get_target());
    for (int n = 1; n <= most; ++n)
      tile(c.specialize(runs == tileColumns &&
                        (n == most ? rows >= n : rows == n)),
           n, tileColumns);
    tile(c, 1, 1);
    sum.compute_at(c, io).store_in(MemoryType::Stack).unroll(run).unroll(i);
    sum.update(0).reorder(j, run, i, blocks).unroll(run).unroll(i);
    if (!weights.haveScales())
      sum.update(1).reorder(j, run, i, rest).unroll(run).unroll(i);
    partial.compute_at(sum, blocks).store_in(MemoryType::Stack);
    partial.vectorize(lane).unroll(run).unroll(i);
    partial.update().reorder(lane, j, run, i, s.x, s.y).unroll(s.x);
    partial.update().vectorize(lane).unroll(run).unroll(i);
    blockSum.compute_at(sum, blocks).store_in(MemoryType::Stack);
    blockSum.unroll(run).unroll(i);
    blockSum.update().reorder(across, j, run, i).unroll(run).unroll(i);
    blockSum.update().atomic().vectorize(across);
  }

private:
  void tile(Stage stage, int tileOfRows, int tileOfRuns) {
    stage.split(run, runo, runi, tileOfRuns).split(i, io, ii, tileOfRows);
    stage.reorder(runi, ii, io, j, runo).unroll(runi).unroll(ii);
  }

  Var lane{"lane"}, j{"j"}, run{"run"}, i{"i"}, block{"block"};
  Var runo{"runo"}, runi{"runi"}, io{"io"}, ii{"ii"};
  Func partial{"partial"}, blockSum{"blockSum"}, sum{"sum"};
};
} // namespace

HALIDE_REGISTER_GENERATOR(Matvec, matvec)

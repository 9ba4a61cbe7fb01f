//===- MatmulGenerator.cpp - many rows times a weight matrix --------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One block of terms and of columns, whose weights are first unpacked to f32,
// in the order in which tiles read them: that is paid once for all rows, and
// rows of weights that are a power of two apart do not fight for the same lines
// of the cache. Then, for some rows at a time, which the second cache holds,
// each tile of columns, which the first one holds, meets every tile of rows.
//
// Vectors run along the terms, as the operands lie in memory, rather than along
// the columns: so nothing is transposed, an element is summed in the order in
// which the other kernel sums it, and what it costs is adding up the lanes once
// in a block.
//
// On an x86-64 machine, one core, which multiplies and adds at 116 GFLOP/s at
// most: 256 rows times 64 columns of 768 to 4096 terms at 97 to 101 GFLOP/s
// with AVX-512 and at 89 to 96 with AVX2, whatever the weights' type; of 64
// terms at 48 and 59.
//
//===----------------------------------------------------------------------===//

#include "runtime/kernels/DenseWeights.h"

using namespace Halide;
using namespace seqmix::dense;

namespace {
class Matmul : public Generator<Matmul> {
public:
  Input<Buffer<float>> a{"a", 2};           // term, row
  Input<Buffer<>> b{"b", 2};                // term, column
  Input<Buffer<float>> scales{"scales", 2}; // group, column
  Input<uint32_t> groupShift{"groupShift"};
  Input<bool> first{"first"}; // block of terms: c holds nothing yet
  // Scratch memory of the caller's: blockTerms * blockColumns, of any shape.
  Output<Buffer<float>> unpacked{"unpacked", 5};
  Output<Buffer<float>> c{"c", 2}; // column, row

  void generate() {
    const Weights weights{b.type(), natural_vector_size<float>()};
    const int lanes = weights.lanes, chunk = weights.chunk();
    const int rowsOfTile = tileRowsOf(get_target());
    Expr terms = a.dim(0).extent(), rows = a.dim(1).extent();
    Expr chunks = min(terms / chunk, blockTerms / chunk);
    Expr tiles = min(b.dim(1).extent(), blockColumns) / tileColumns;

    unpacked(lane, v, column, index, tile) =
        weights.at(b, scales, groupShift, index, v * lanes + lane,
                   {tile * tileColumns + column});
    RDom s(0, chunk / lanes, 0, chunks, "s");
    partial(lane, j, i) = 0.f;
    partial(lane, j, i) +=
        a(s.y * chunk + s.x * lanes + lane, i) *
        unpacked(lane, s.x, j % tileColumns, s.y, j / tileColumns);
    RDom across(0, lanes, "across"), rest(0, terms % chunk, "rest");
    blockSum(j, i) = 0.f;
    blockSum(j, i) += partial(across, j, i);
    c(j, i) = undef<float>();
    c(j, i) = strict_float(select(first, 0.f, c(j, i)) + blockSum(j, i));
    if (!weights.haveScales())
      c(j, i) =
          strict_float(c(j, i) + a(terms / chunk * chunk + rest, i) *
                                     weights.at(b, scales, groupShift,
                                                terms / chunk, rest, {j}));

    for (int d = 0; d != 2; ++d) {
      a.dim(d).set_min(0);
      b.dim(d).set_min(0);
      scales.dim(d).set_min(0);
    }
    c.dim(0).set_bounds(0, tiles * tileColumns);
    c.dim(1).set_bounds(0, rows / rowsOfTile * rowsOfTile);
    const int tileTerms = tileColumns * chunk;
    unpacked.dim(0).set_bounds(0, lanes);
    unpacked.dim(1)
        .set_bounds(0, chunk / lanes)
        .set_stride(tileColumns * lanes);
    unpacked.dim(2).set_bounds(0, tileColumns).set_stride(lanes);
    unpacked.dim(3).set_bounds(0, chunks).set_stride(tileTerms);
    unpacked.dim(4).set_bounds(0, tiles).set_stride(tileColumns * blockTerms);

    unpacked.compute_root().reorder(lane, v, index, column, tile);
    unpacked.vectorize(lane).unroll(v);
    c.update(0).split(j, jo, ji, tileColumns).split(i, io, ii, rowsOfTile);
    c.update(0).split(io, ib, io, blockRows / rowsOfTile,
                      TailStrategy::GuardWithIf);
    c.update(0).reorder(ji, ii, io, jo, ib).unroll(ji).unroll(ii);
    if (!weights.haveScales())
      c.update(1).unscheduled(); // fewer terms than a vector has lanes
    partial.compute_at(c, io).store_in(MemoryType::Stack);
    partial.vectorize(lane).unroll(j).unroll(i);
    partial.update().reorder(lane, j, i, s.x, s.y).unroll(s.x);
    partial.update().vectorize(lane).unroll(j).unroll(i);
    blockSum.compute_at(c, io).store_in(MemoryType::Stack).unroll(j).unroll(i);
    blockSum.update().reorder(across, j, i).unroll(j).unroll(i);
    blockSum.update().atomic().vectorize(across);
  }

private:
  Var lane{"lane"}, v{"v"}, column{"column"}, index{"index"}, tile{"tile"};
  Var j{"j"}, i{"i"}, jo{"jo"}, ji{"ji"}, ib{"ib"}, io{"io"}, ii{"ii"};
  Func partial{"partial"}, blockSum{"blockSum"};
};
} // namespace

HALIDE_REGISTER_GENERATOR(Matmul, matmul)

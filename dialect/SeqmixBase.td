//===- SeqmixBase.td - the seqmix dialect and its type constraints --------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_BASE_TD
#define SEQMIX_BASE_TD

include "mlir/IR/OpBase.td"

def Seqmix_Dialect : Dialect {
  let name = "seqmix";
  let cppNamespace = "::mlir::seqmix";
  let summary = "sequence-mixing layers, written for one token";
  let description = [{
    A sequence-mixing layer carries state from token to token. This dialect
    keeps the meaning of such a layer, and nothing about how it runs: a mixer
    op takes sequences, shaped `[batch, time, ...]`, and the states before the
    first token, shaped `[batch, ...]`, and gives sequences and the states
    after the last token. Step, scan and chunkwise forms are results of passes,
    never op names.

    Every dynamic extent in the dialect is the batch (axis 0) or the time
    (axis 1); all other extents are static.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"
  ];
}

class Seqmix_Op<string mnemonic, list<Trait> traits = []>
    : Op<Seqmix_Dialect, mnemonic, traits>;

/// One value per token: [batch, time, ...].
def Seqmix_Sequence
    : Type<And<[AnyRankedTensor.predicate,
                CPred<"::mlir::seqmix::isSequenceType($_self)">]>,
           "sequence tensor [batch, time, ...] whose axes after time are static">;

/// One value per sequence: [batch, ...].
def Seqmix_State
    : Type<And<[AnyRankedTensor.predicate,
                CPred<"::mlir::seqmix::isStateType($_self)">]>,
           "state tensor [batch, ...] whose axes after batch are static">;

/// The same value for every token and sequence.
def Seqmix_Invariant : StaticShapeTensorOf<[AnyFloat, AnyInteger]>;

#endif // SEQMIX_BASE_TD

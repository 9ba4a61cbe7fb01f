//===- Passes.td - passes that keep the dialect ---------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_TRANSFORMS_PASSES_TD
#define SEQMIX_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def DeriveStep : Pass<"seqmix-derive-step", "::mlir::seqmix::ModelOp"> {
  let summary = "derive the step entry point from prefill";
  let description = [{
    Adds to a model the entry point `step`, which takes exactly one token, as
    the entry point `prefill` for a length of one, and so without regions for
    chunks of tokens. Requires an entry point `prefill`, and does nothing where
    `step` is there already.

    Before and after: test/Transforms/derive-step.mlir.
  }];
}

def StabilizeExponentials : Pass<"seqmix-stabilize-exponentials"> {
  let summary = "carry states that are sums of exponentials with an exponent";
  let description = [{
    Rewrites recurrences whose states overflow although their outputs do not:
    sums of exponentials of unbounded inputs that only meet in quotients. Every
    value is tracked as `mantissa * exp(exponent)`; a state becomes its
    mantissa together with a carried exponent, the running maximum of what was
    added, and states that always have the same exponent share one.

    A recurrence is rewritten only if it is proven that every output is free of
    unbounded exponents afterwards (they cancel, or are never positive), so the
    meaning in exact arithmetic is kept and no intermediate can overflow.
    Otherwise it is left alone.

    The exponent of zero is -1e30: exponentials of less are taken for zero.

    The added states are inputs and results of the op like any other, and are
    named after the states they scale.

    Before and after: test/Transforms/stabilize-exponentials.mlir.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"
  ];
}

def PrintStructure : Pass<"seqmix-print-structure"> {
  let summary = "say of each recurrence what it is";
  let description = [{
    Emits a remark for each group of states that need each other: its class, the
    roles of its axes, and where it is not affine the operation that is in the
    way. See lib/Analysis/README.md. Changes nothing.

    Before and after: test/Transforms/print-structure.sqm.
  }];
}

def DeriveForms : Pass<"seqmix-derive-forms"> {
  let summary = "derive how recurrences take a chunk of tokens at once";
  let description = [{
    Gives recurrences a region for a chunk of tokens, derived from the token's,
    where that is expected to be faster or asked for. What each group of states is, is proven by RecurrenceStructure; elementwise
    affine states are computed for all tokens by a parallel prefix, and what is
    read of matrix-like states by matrix products. Entry points of a fixed
    length, and recurrences for which there is no such form, stay as they are.

    Which form an op has, its class, and for each form that it could have the
    operations and bytes of a token, are left as the attributes `form`, `class`
    and `form_costs` ([contracted, elementwise, bytes]).

    Before and after: test/Transforms/derive-forms.sqm.
  }];
  let options = [
    Option<"form", "form", "std::string", /*default=*/"\"automatic\"",
           "automatic, step, scan or chunkwise">,
    Option<"chunk", "chunk", "int64_t", /*default=*/"0",
           "tokens of a chunk, a power of two; 0: as the cost says">,
    Option<"least", "least", "int64_t", /*default=*/"16",
           "the fewest that the cost may say, a power of two">
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"
  ];
}

def FuseElementwise : Pass<"seqmix-fuse-elementwise"> {
  let summary = "fuse elementwise ops where nothing is computed twice";
  let description = [{
    Fuses `linalg.generic` producers into their consumers, with upstream's
    patterns, under one rule: no arithmetic is repeated. A producer that only
    moves elements is fused into all its users; one that computes is fused into
    its only user, if that user needs each of its elements once and is in no
    loop that it is not in. (Upstream's own pass would recompute a gate for
    every row of the projection after it.)

    With `keep-invariants`, what a recurrence computes from its invariants alone
    is not fused into what depends on the token.

    Before and after: test/Transforms/fuse-elementwise.mlir.
  }];
  let options = [Option<"keepInvariants", "keep-invariants", "bool", "false",
                        "Leave what is the same for all tokens apart">];
  let dependentDialects = ["::mlir::linalg::LinalgDialect"];
}

def RelaxReductions : Pass<"seqmix-relax-reductions"> {
  let summary = "let sums be taken in any order";
  let description = [{
    A sum over a named axis has no order in the language. Marks the addition to
    the sum of a `linalg` reduction as reassociable, and it and the product it
    adds as contractable, so that later stages may vectorise them. The
    arithmetic of a summand is left as written.

    Before and after: test/Transforms/relax-reductions.mlir.
  }];
}

def MarkTriangles : Pass<"seqmix-mark-triangles"> {
  let summary = "find products with triangles of zeros";
  let description = [{
    A sum over the tokens of a chunk up to a token's own is a product with a
    triangular matrix. Where an input of a `linalg.generic` was made by inserting
    parts into zeros, and what lies past its diagonal is still zero, the two
    loops, parallel and reduction, become the attribute `seqmix.triangle`: who
    lowers the op may end the sum at the diagonal.

    Before and after: test/Transforms/mark-triangles.mlir.
  }];
}

def SeparateDestinations : Pass<"seqmix-separate-destinations"> {
  let summary = "give every op a destination of its own";
  let description = [{
    Common subexpression elimination merges equal `tensor.empty` ops, though
    each stands for another buffer. Before bufferization this pass gives every
    use its own again: fewer conflicts to resolve, and an analysis whose cost
    grows with the uses of one destination squared stays cheap. The same for
    what is filled with one number and then written over: to fill it again, where
    it is used, is cheaper than to copy it, and a sum need not even read it.

    Before and after: test/Transforms/separate-destinations.mlir.
  }];
}

def NarrowParams : Pass<"seqmix-narrow-params"> {
  let summary = "keep the weights of projections in bf16 or eight bits";
  let description = [{
    Gives each f32 matrix among the parameters that only contractions read the
    type bf16, and rounds what it is contracted with to bf16. Products are
    summed in f32. What is looked up in, such as an embedding, keeps its type.

    With `type=int8` such a matrix `NAME`, if all that read it are projections
    of tokens and its rows are made of whole groups of 32, becomes i8, with a
    parameter `NAME_scale` of f32 besides; the projections become
    `seqmix.matmul`.

    Before and after: test/Transforms/narrow-params.mlir.
  }];
  let options = [Option<"type", "type", "std::string", "\"bf16\"",
                        "What to keep weights in: bf16 or int8">];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::tensor::TensorDialect"];
}

def TileProjections : Pass<"seqmix-tile-projections", "::mlir::func::FuncOp"> {
  let summary = "project tokens by tiles that threads share";
  let description = [{
    Makes contractions `[batch, time, K] * [N, K]` products of matrices by tiles
    of rows, which are the tokens of all sequences, and columns: a parallel loop
    around `seqmix.matmul`. An op that alone reads the product, element by
    element, is computed in the tile as well.

    Before and after: test/Transforms/tile-projections.mlir.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::bufferization::BufferizationDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::seqmix::SeqmixDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

def ExpandMixers : Pass<"seqmix-expand-mixers"> {
  let summary = "write every mixer as a recurrence";
  let description = [{
    Replaces each op that answers `MixerOpInterface` by the `recurrence` whose
    region is its one-token form. None is named; what runs in reverse is left
    alone. On a host it is also given what the op has for several tokens at
    once, and ops that say how they are divided are left to that.

    Before and after: test/Transforms/expand-mixers.mlir.
  }];
  let options = [Option<"onHost", "on-host", "bool", "false",
      "With chunks, and without ops that are divided as they say">];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"
  ];
}

def FormKernels : Pass<"seqmix-form-kernels", "::mlir::seqmix::EntryOp"> {
  let summary = "decide what a device computes in one launch";
  let description = [{
    Divides an entry point into launches. Projections of tokens become `matmul`
    ops, each recurrence a `kernel` of its own, and everything between them, the
    norms, gates and residuals, one `kernel` for each step of the longest chain
    of the former: ops that wait for the same projections run together.

    A projection by a bf16 weight takes its input in bf16, rounded if need be.

    Requires `linalg.generic` for all arithmetic on tensors and `recurrence` for
    all mixers; what else there is must be a view, a constant, or an insertion
    of slices.

    Before and after: test/Transforms/form-kernels.mlir.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

#endif // SEQMIX_TRANSFORMS_PASSES_TD

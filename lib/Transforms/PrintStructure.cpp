//===- PrintStructure.cpp - say what each recurrence is -------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The analysis as remarks, for tests and for whoever debugs it.
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/DecayRange.h"
#include "lib/Transforms/Passes.h"

#include "llvm/Support/FormatVariadic.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_PRINTSTRUCTURE
#include "lib/Transforms/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct PrintStructure
    : public seqmix::impl::PrintStructureBase<PrintStructure> {
  void runOnOperation() override;
};
} // namespace

static void print(RecurrenceOp op, const StateGroup &group) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleaveComma(group.states, os,
                        [&](unsigned state) { os << op.getStateName(state); });
  os << ": " << stringify(group.kind);
  if (group.algebra && group.semiring != Semiring::plusTimes)
    os << " over " << stringify(group.semiring);
  if (group.isMatrix()) {
    os << "; axes ";
    llvm::interleaveComma(group.roles, os,
                          [&](AxisRole role) { os << stringify(role); });
  }
  if (group.isTimeInvariant)
    os << "; the same transition for every token";
  if (group.numSelfReads)
    os << "; of rank " << group.numSelfReads;
  if (group.algebra && group.semiring == Semiring::plusTimes &&
      !group.forgets && !group.transition.empty()) {
    Interval range = computeDecayRange(group);
    os << llvm::formatv("; decay in [{0:f}, {1:f}]", range.low, range.high);
  }
  if (group.isReadWhole && group.isMatrix())
    os << "; needed as a whole";
  InFlightDiagnostic diagnostic = op.emitRemark(text);
  if (!group.reason.empty())
    diagnostic.attachNote(group.obstacle ? group.obstacle->getLoc()
                                         : op.getLoc())
        << group.reason;
}

void PrintStructure::runOnOperation() {
  getOperation()->walk([](RecurrenceOp op) {
    RecurrenceStructure structure = RecurrenceStructure::compute(op);
    for (const StateGroup &group : structure.getGroups())
      print(op, group);
  });
}

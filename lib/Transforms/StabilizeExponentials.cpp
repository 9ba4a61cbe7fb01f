//===- StabilizeExponentials.cpp - carry sums of exponentials safely ------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A weighted mean of exponentials, written plainly, divides two sums that
// overflow while their quotient is harmless. This pass finds the exponent that
// the sums share and carries it beside them (the running maximum of the online
// softmax, Milakov and Gimelshein 2018, and of every "stabilised" recurrent
// layer since), from the plain form and for any recurrence for which
// ScaledToken proves it.
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Passes.h"
#include "lib/Transforms/ScaledToken.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_STABILIZEEXPONENTIALS
#include "lib/Transforms/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct StabilizeExponentials
    : public seqmix::impl::StabilizeExponentialsBase<StabilizeExponentials> {
  void runOnOperation() override;
};
} // namespace

/// Whether another entry point than `state`'s reads the state of its name.
static bool isShared(StateOp state) {
  WalkResult result =
      state->getParentOfType<ModelOp>().walk([&](StateOp other) {
        return other != state && other.getName() == state.getName()
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      });
  return result.wasInterrupted();
}

/// Whether every state of `op` is a state of the model and nothing else: it
/// comes in from a `state` op and goes out through `return`, of this entry
/// point alone. Only then may its representation change.
static bool ownsItsStates(RecurrenceOp op) {
  return !op.getStates().empty() && isa<EntryOp>(op->getParentOp()) &&
         llvm::all_of(op.getStates(),
                      [](Value v) {
                        auto state = v.getDefiningOp<StateOp>();
                        return state && v.hasOneUse() && !isShared(state);
                      }) &&
         llvm::all_of(op.getFinalStates(), [](Value v) {
           return v.hasOneUse() && isa<ReturnOp>(*v.user_begin());
         });
}

/// All float states in one group whose exponent depends on no axis yet.
static ExponentGroups assumeOneGroup(RecurrenceOp op) {
  ExponentGroups groups;
  for (Value state : op.getStates())
    groups.ofState.push_back(isa<FloatType>(getElementTypeOrSelf(state))
                                 ? 0
                                 : ExponentGroups::kPlain);
  if (llvm::is_contained(groups.ofState, 0))
    groups.axes.emplace_back();
  return groups;
}

/// Weakens the assumption until it holds. Each round makes a state plain,
/// splits a group, or adds an axis to one, so the rounds are few.
static std::unique_ptr<Block> findStableBody(RecurrenceOp op,
                                             ExponentGroups &groups) {
  groups = assumeOneGroup(op);
  while (!groups.axes.empty()) {
    ScaledToken token(op, groups);
    ExponentGroups refined = token.build();
    if (refined == groups)
      return token.takeBlock();
    groups = refined;
  }
  return nullptr;
}

/// The carried exponent of a group as a state of the model, entering.
static StateOp addExponentState(OpBuilder &builder, RecurrenceOp op,
                                ArrayRef<unsigned> members,
                                RankedTensorType type) {
  // Zero is `0 * exp(kLowest)`; anything else is itself times exp(0).
  bool allZero = true;
  for (unsigned index : members)
    allZero &=
        op.getStates()[index].getDefiningOp<StateOp>().getInit().isZero();
  auto first = op.getStates()[members.front()].getDefiningOp<StateOp>();
  SmallVector<int64_t> shape = {
      cast<RankedTensorType>(first.getType()).getDimSize(0)};
  llvm::append_range(shape, type.getShape());
  builder.setInsertionPointAfter(first);
  return StateOp::create(
      builder, first.getLoc(),
      RankedTensorType::get(shape, type.getElementType()),
      builder.getStringAttr(first.getName() + ".exponent"),
      builder.getF64FloatAttr(allZero ? ScaledArithmetic::kLowest : 0.0));
}

/// Replaces `op` by the recurrence with `body`, whose groups' exponents are
/// new states of the model.
static void rebuild(RecurrenceOp op, std::unique_ptr<Block> body,
                    const ExponentGroups &groups) {
  OpBuilder builder(op);
  SmallVector<Value> states(op.getStates());
  SmallVector<std::string> names, exponentNames;
  SmallVector<NamedAttribute> scaledStates;
  for (unsigned index = 0; index < op.getStates().size(); ++index)
    names.push_back(op.getStateName(index));
  size_t firstExponent = body->getNumArguments() - groups.axes.size();
  for (unsigned group = 0; group < groups.axes.size(); ++group) {
    SmallVector<unsigned> members;
    SmallVector<Attribute> memberNames;
    for (auto [index, of] : llvm::enumerate(groups.ofState))
      if (of == static_cast<int>(group)) {
        members.push_back(index);
        memberNames.push_back(builder.getStringAttr(op.getStateName(index)));
      }
    auto type = cast<RankedTensorType>(
        body->getArgument(firstExponent + group).getType());
    StateOp state = addExponentState(builder, op, members, type);
    states.push_back(state);
    names.push_back(names[members.front()] + ".exponent");
    exponentNames.push_back(state.getName().str());
    scaledStates.push_back({names.back(), builder.getArrayAttr(memberNames)});
  }

  builder.setInsertionPoint(op);
  auto rebuilt = RecurrenceOp::create(
      builder, op.getLoc(), op.getOutputs().getTypes(), op.getSequences(),
      op.getInvariants(), states, llvm::to_vector_of<StringRef>(names));
  rebuilt->setAttr("running_maximum", builder.getDictionaryAttr(scaledStates));
  rebuilt.getToken().front().erase();
  rebuilt.getToken().push_back(body.release());

  auto end = cast<ReturnOp>(op->getBlock()->getTerminator());
  end.getStatesMutable().append(
      rebuilt.getFinalStates().take_back(groups.axes.size()));
  SmallVector<Attribute> stateNames(end.getStateNames().getValue());
  for (const std::string &name : exponentNames)
    stateNames.push_back(builder.getStringAttr(name));
  end.setStateNamesAttr(builder.getArrayAttr(stateNames));
  op.getOutputs().replaceAllUsesWith(rebuilt.getOutputs());
  for (auto [old, value] :
       llvm::zip(op.getFinalStates(), rebuilt.getFinalStates()))
    old.replaceAllUsesWith(value);
  op.erase();
}

void StabilizeExponentials::runOnOperation() {
  SmallVector<RecurrenceOp> candidates;
  getOperation()->walk([&](RecurrenceOp op) {
    if (ownsItsStates(op))
      candidates.push_back(op);
  });
  for (RecurrenceOp op : candidates) {
    ExponentGroups groups;
    std::unique_ptr<Block> body = findStableBody(op, groups);
    if (body)
      rebuild(op, std::move(body), groups);
  }
}

//===- OutlineRepeats.cpp - compile repeated layers once ------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A model of sixty-four layers is one layer sixty-four times, on other weights.
// The IR has it unrolled, which is what every earlier pass wants; the backend
// should see it once. This pass knows nothing of layers: it looks for a run of
// ops that repeats back to back, equal up to the buffers it works on, and makes
// it a function of those buffers.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/OperationSupport.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <map>

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_OUTLINEREPEATS
#include "lib/Conversion/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct OutlineRepeats
    : public seqmix::impl::OutlineRepeatsBase<OutlineRepeats> {
  void runOnOperation() override;
};

/// `count` runs of `period` ops, back to back from `start`; outlined, they save
/// so many loops.
struct Repeat {
  size_t start = 0, period = 0, count = 0, saved = 0;
};

/// Fewer saved loops than this are not worth a function.
constexpr size_t kWorthOutlining = 4;
} // namespace

/// Whether `op` is free to move to the start of its block: it computes an
/// address or an extent. What it loads is the call's struct, which compiled
/// code never writes.
static bool isGlue(Operation &op) {
  return op.getNumRegions() == 0 && !op.hasTrait<OpTrait::IsTerminator>() &&
         (isMemoryEffectFree(&op) || isa<LLVM::LoadOp>(op));
}

/// Moves glue to the start of the block; returns the other ops in order, and
/// glue that depends on one of them.
static SmallVector<Operation *> hoistGlue(Block &block) {
  SmallVector<Operation *> work;
  llvm::SmallPtrSet<Operation *, 16> pinned;
  Operation *firstWork = nullptr;
  for (Operation &op : llvm::make_early_inc_range(block)) {
    bool depends = llvm::any_of(op.getOperands(), [&](Value v) {
      return pinned.contains(v.getDefiningOp());
    });
    if (isGlue(op) && !depends) {
      if (firstWork)
        op.moveBefore(firstWork);
      continue;
    }
    firstWork = firstWork ? firstWork : &op;
    pinned.insert(&op);
    work.push_back(&op);
  }
  return work;
}

/// Whether two ops are equal up to the values from outside that they use;
/// constants from outside must be equal too.
static bool areAlike(Operation *a, Operation *b) {
  DenseMap<Value, Value> inside;
  auto check = [&](Value x, Value y) -> LogicalResult {
    if (auto it = inside.find(x); it != inside.end())
      return success(it->second == y);
    Attribute constantX, constantY;
    matchPattern(x, m_Constant(&constantX));
    matchPattern(y, m_Constant(&constantY));
    return success(x.getType() == y.getType() && constantX == constantY);
  };
  auto mark = [&](Value x, Value y) { inside[x] = y; };
  return OperationEquivalence::isEquivalentTo(
      a, b, check, mark, OperationEquivalence::Flags::IgnoreLocations);
}

/// Numbers ops so that two have one number if and only if they are alike. Ops
/// whose results are used, and terminators, are like no other.
static SmallVector<unsigned> classify(ArrayRef<Operation *> work) {
  SmallVector<unsigned> classes;
  SmallVector<Operation *> representatives;
  for (Operation *op : work) {
    bool isUnique = !op->use_empty() || op->hasTrait<OpTrait::IsTerminator>();
    auto *it = isUnique ? representatives.end()
                        : llvm::find_if(representatives, [&](Operation *other) {
                            return other->use_empty() && areAlike(other, op);
                          });
    classes.push_back(it - representatives.begin());
    if (it == representatives.end())
      representatives.push_back(op);
  }
  return classes;
}

/// The repeat that saves most loops, of the shortest period among equals.
static Repeat findRepeat(ArrayRef<Operation *> work) {
  SmallVector<unsigned> classes = classify(work);
  SmallVector<size_t> loopsBefore = {0};
  for (Operation *op : work)
    loopsBefore.push_back(loopsBefore.back() + (op->getNumRegions() > 0));
  Repeat best;
  for (size_t period = 1; period <= classes.size() / 2; ++period) {
    size_t run = 0; // ops, up to here, that equal the one a period before
    for (size_t at = period; at < classes.size(); ++at) {
      run = classes[at] == classes[at - period] ? run + 1 : 0;
      size_t start = at + 1 - period - run, rounds = run / period;
      size_t loops = loopsBefore[start + period] - loopsBefore[start];
      if (loops * rounds > best.saved)
        best = {start, period, rounds + 1, loops * rounds};
    }
  }
  return best;
}

/// The operands of `op` and of ops inside it that come from outside of it, in
/// a fixed order.
static SmallVector<OpOperand *> findOutsideUses(Operation *op) {
  SmallVector<OpOperand *> uses;
  op->walk<WalkOrder::PreOrder>([&](Operation *inner) {
    for (OpOperand &operand : inner->getOpOperands())
      if (!op->isAncestor(operand.get().getParentRegion()->getParentOp()))
        uses.push_back(&operand);
  });
  return uses;
}

/// What each use from outside of a repeated run becomes.
struct Signature {
  static constexpr unsigned kConstant = ~0u;

  /// A use's parameter, or kConstant, by position in the run and among the
  /// op's uses.
  SmallVector<SmallVector<unsigned>> parameterOfUse;
  SmallVector<Type> types;
  SmallVector<SmallVector<Value>> arguments; ///< of each repetition
};

/// A parameter stands for one combination of values over the repetitions, so
/// two uses share it only if they agree in all of them. The first parameter is
/// `host`, which outlined code needs to borrow threads.
static Signature buildSignature(Value host, ArrayRef<Operation *> work,
                                const Repeat &repeat) {
  Signature result;
  result.types.push_back(host.getType());
  result.arguments.assign(repeat.count, {host});
  std::map<std::vector<void *>, unsigned> parameters;
  for (size_t at = 0; at < repeat.period; ++at) {
    SmallVector<SmallVector<OpOperand *>> uses;
    for (size_t round = 0; round < repeat.count; ++round)
      uses.push_back(
          findOutsideUses(work[repeat.start + round * repeat.period + at]));
    result.parameterOfUse.emplace_back();
    for (size_t use = 0; use < uses.front().size(); ++use) {
      if (matchPattern(uses.front()[use]->get(), m_Constant())) {
        result.parameterOfUse.back().push_back(Signature::kConstant);
        continue;
      }
      std::vector<void *> values;
      for (const auto &ofRound : uses)
        values.push_back(ofRound[use]->get().getAsOpaquePointer());
      auto [it, isNew] = parameters.insert({values, result.types.size()});
      result.parameterOfUse.back().push_back(it->second);
      if (!isNew)
        continue;
      result.types.push_back(uses.front()[use]->get().getType());
      for (auto [list, value] : llvm::zip_equal(result.arguments, values))
        list.push_back(Value::getFromOpaquePointer(value));
    }
  }
  return result;
}

/// Clones `op` with its outside uses bound to parameters; a constant is cloned
/// with it, so that loops keep their static bounds.
static void cloneBound(OpBuilder &builder, Operation *op, func::FuncOp body,
                       ArrayRef<unsigned> parameterOfUse) {
  Operation *clone = builder.clone(*op);
  OpBuilder atStart = OpBuilder::atBlockBegin(&body.getBody().front());
  for (auto [use, parameter] :
       llvm::zip_equal(findOutsideUses(clone), parameterOfUse)) {
    if (parameter == Signature::kConstant)
      use->set(atStart.clone(*use->get().getDefiningOp())->getResult(0));
    else
      use->set(body.getArgument(parameter));
  }
}

/// Makes the repeated run a function and each repetition a call of it.
static void outline(func::FuncOp function, ArrayRef<Operation *> work,
                    const Repeat &repeat, unsigned index) {
  Signature signature = buildSignature(function.getArgument(0), work, repeat);
  OpBuilder builder(function.getContext());
  builder.setInsertionPointAfter(function);
  auto body = func::FuncOp::create(
      builder, function.getLoc(),
      (function.getSymName() + "_repeat_" + Twine(index)).str(),
      builder.getFunctionType(signature.types, {}));
  body.setPrivate();
  builder.setInsertionPointToStart(body.addEntryBlock());
  for (size_t at = 0; at < repeat.period; ++at)
    cloneBound(builder, work[repeat.start + at], body,
               signature.parameterOfUse[at]);
  func::ReturnOp::create(builder, function.getLoc());
  for (size_t round = 0; round < repeat.count; ++round) {
    Operation *first = work[repeat.start + round * repeat.period];
    builder.setInsertionPoint(first);
    func::CallOp::create(builder, first->getLoc(), body,
                         signature.arguments[round]);
  }
  for (size_t at = repeat.period * repeat.count; at-- > 0;)
    work[repeat.start + at]->erase();
}

void OutlineRepeats::runOnOperation() {
  for (auto function :
       llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
    if (function.isExternal() || function.getNumArguments() != 2 ||
        !isa<LLVM::LLVMPointerType>(function.getArgumentTypes().front()))
      continue;
    for (unsigned index = 0;; ++index) {
      SmallVector<Operation *> work = hoistGlue(function.getBody().front());
      Repeat repeat = findRepeat(work);
      if (repeat.saved < kWorthOutlining)
        break;
      outline(function, work, repeat, index);
    }
  }
}

//===- MatmulToHost.cpp - matrix products of the host's, on the CPU -------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A host may lend matrix products that are faster than what the compiler would
// make of them. It need not: the loops that compute a product without it are
// always there, one row after the other.
//
//===----------------------------------------------------------------------===//

#include "dialect/SeqmixOps.h"
#include "lib/Conversion/CallStruct.h"
#include "lib/Conversion/Passes.h"

#include "runtime/include/seqmix/model_abi.h"

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_CONVERTMATMULTOHOST
#include "lib/Conversion/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct ConvertMatmulToHost
    : public seqmix::impl::ConvertMatmulToHostBase<ConvertMatmulToHost> {
  void runOnOperation() override;
};

/// Converts one product, of matrices.
class ProductCall {
public:
  ProductCall(MatmulOp op, Value host)
      : op(op), host(host), b(op), loc(op.getLoc()), converter(op.getContext()),
        pointer(LLVM::LLVMPointerType::get(op.getContext())) {}

  void convert();

private:
  struct Place {
    Value address, stride;
  };
  Place placeOf(Value matrix);
  void describe(Value slots);
  Value allocateSlots();
  Value askHost(Value slots);
  void multiplyRows();
  void multiplyRow(Value input, Value output);
  Value takeRow(Value matrix, Value row);
  Value i64(int64_t value) {
    return LLVM::ConstantOp::create(b, loc, b.getI64Type(),
                                    b.getI64IntegerAttr(value));
  }
  Value toI64(Value value) {
    return arith::IndexCastOp::create(b, loc, b.getI64Type(), value);
  }

  MatmulOp op;
  Value host;
  OpBuilder b;
  Location loc;
  LLVMTypeConverter converter;
  Type pointer;
};
} // namespace

static int64_t getDtype(Type element) {
  if (element.isBF16())
    return SEQMIX_ABI_BF16;
  return element.isInteger(8) ? SEQMIX_ABI_I8 : SEQMIX_ABI_F32;
}

/// Where a matrix lies: its first element, as an integer, and how many elements
/// apart rows are.
ProductCall::Place ProductCall::placeOf(Value matrix) {
  auto type = cast<MemRefType>(matrix.getType());
  MemRefDescriptor parts(UnrealizedConversionCastOp::create(
                             b, loc, converter.convertType(type), matrix)
                             .getResult(0));
  Value first = parts.bufferPtr(b, loc, converter, type);
  return {LLVM::PtrToIntOp::create(b, loc, b.getI64Type(), first),
          parts.stride(b, loc, 0)};
}

/// Fills in a seqmix_abi_matmul.
void ProductCall::describe(Value slots) {
  auto weight = cast<MemRefType>(op.getWeight().getType());
  auto dtype = [&](Value matrix) {
    return i64(getDtype(getElementTypeOrSelf(matrix)));
  };
  int64_t k = weight.getDimSize(1);
  Value rows = memref::DimOp::create(b, loc, op.getInput(), 0);
  Place input = placeOf(op.getInput()), factor = placeOf(op.getWeight()),
        output = placeOf(op.getOutput()), scales = {i64(0), i64(0)};
  int64_t group = 0;
  if (Value table = op.getScales()) {
    scales = placeOf(table);
    group = k / cast<MemRefType>(table.getType()).getDimSize(1);
  }
  Value words[] = {toI64(rows),
                   i64(weight.getDimSize(0)),
                   i64(k),
                   dtype(op.getInput()),
                   dtype(op.getWeight()),
                   dtype(op.getOutput()),
                   input.address,
                   input.stride,
                   factor.address,
                   factor.stride,
                   output.address,
                   output.stride,
                   scales.address,
                   scales.stride,
                   i64(group)};
  static_assert(sizeof(words) / sizeof(Value) == sizeof(seqmix_abi_matmul) / 8);
  for (auto [index, word] : llvm::enumerate(words)) {
    Value place = LLVM::GEPOp::create(
        b, loc, pointer, b.getI64Type(), slots,
        ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(index)});
    LLVM::StoreOp::create(b, loc, word, place);
  }
}

/// Whether the host has computed the product.
Value ProductCall::askHost(Value slots) {
  Value function = loadHostField(b, loc, host, HostField::matmul);
  Value none = LLVM::ZeroOp::create(b, loc, pointer);
  Value isLent =
      LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::ne, function, none);
  auto branch =
      scf::IfOp::create(b, loc, b.getI64Type(), isLent, /*withElse=*/true);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    describe(slots);
    auto type = LLVM::LLVMFunctionType::get(b.getI64Type(), {pointer, pointer});
    Value context = loadHostField(b, loc, host, HostField::context);
    Value done =
        LLVM::CallOp::create(b, loc, type, ValueRange{function, context, slots})
            .getResult();
    scf::YieldOp::create(b, loc, done);
    b.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(b, loc, i64(0));
  }
  return LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::ne,
                              branch.getResult(0), i64(0));
}

Value ProductCall::takeRow(Value matrix, Value row) {
  auto type = cast<MemRefType>(matrix.getType());
  int64_t length = type.getDimSize(1);
  SmallVector<OpFoldResult> offsets = {row, b.getIndexAttr(0)},
                            sizes = {b.getIndexAttr(1), b.getIndexAttr(length)},
                            strides(2, b.getIndexAttr(1));
  auto reduced = memref::SubViewOp::inferRankReducedResultType(
      {length}, type, offsets, sizes, strides);
  return memref::SubViewOp::create(b, loc, reduced, matrix, offsets, sizes,
                                   strides);
}

/// The sum of products for each element of a row; where there are scales, the
/// axis of the sum is one of groups and one in the group.
void ProductCall::multiplyRow(Value input, Value output) {
  AffineExpr n = b.getAffineDimExpr(0), k = b.getAffineDimExpr(1);
  SmallVector<Value> inputs = {input, op.getWeight()};
  SmallVector<SmallVector<AffineExpr, 4>> axes = {{k}, {n, k}};
  SmallVector<utils::IteratorType> loops = {utils::IteratorType::parallel,
                                            utils::IteratorType::reduction};
  if (Value scales = op.getScales()) {
    auto shape = cast<MemRefType>(scales.getType()).getShape();
    auto split = [&](Value value, ArrayRef<ReassociationIndices> how) -> Value {
      auto type = cast<MemRefType>(value.getType());
      SmallVector<int64_t> extents(type.getShape().drop_back());
      extents.append({shape[1], type.getShape().back() / shape[1]});
      return memref::ExpandShapeOp::create(b, loc, extents, value, how);
    };
    AffineExpr inGroup = b.getAffineDimExpr(2);
    inputs = {split(input, {{0, 1}}), split(op.getWeight(), {{0}, {1, 2}}),
              scales};
    axes = {{k, inGroup}, {n, k, inGroup}, {n, k}};
    loops.push_back(utils::IteratorType::reduction);
  }
  axes.push_back({n});
  auto fastSum = arith::FastMathFlags::contract | arith::FastMathFlags::reassoc;
  linalg::GenericOp::create(
      b, loc, inputs, output,
      AffineMap::inferFromExprList(axes, b.getContext()), loops,
      [&](OpBuilder &b, Location loc, ValueRange args) {
        Type f32 = b.getF32Type();
        SmallVector<Value> factors;
        for (Value arg : args.drop_back()) {
          if (arg.getType().isInteger())
            arg = arith::SIToFPOp::create(b, loc, f32, arg);
          else if (arg.getType() != f32)
            arg = arith::ExtFOp::create(b, loc, f32, arg);
          factors.push_back(arg);
        }
        Value weight = factors[1];
        if (factors.size() > 2)
          weight = arith::MulFOp::create(b, loc, weight, factors[2]);
        Value product = arith::MulFOp::create(b, loc, factors[0], weight,
                                              arith::FastMathFlags::contract);
        Value sum =
            arith::AddFOp::create(b, loc, args.back(), product, fastSum);
        linalg::YieldOp::create(b, loc, sum);
      });
}

void ProductCall::multiplyRows() {
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  Value rows = memref::DimOp::create(b, loc, op.getInput(), 0);
  auto loop = scf::ForOp::create(b, loc, zero, rows, one);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value output = takeRow(op.getOutput(), loop.getInductionVar());
  Value nothing = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(0));
  linalg::GenericOp::create(
      b, loc, ValueRange(), output,
      ArrayRef<AffineMap>{b.getMultiDimIdentityMap(1)},
      ArrayRef<utils::IteratorType>{utils::IteratorType::parallel},
      [&](OpBuilder &b, Location loc, ValueRange) {
        linalg::YieldOp::create(b, loc, nothing);
      });
  multiplyRow(takeRow(op.getInput(), loop.getInductionVar()), output);
}

/// Memory on the stack, once for each turn of the parallel loop around.
Value ProductCall::allocateSlots() {
  OpBuilder::InsertionGuard guard(b);
  if (auto loop = op->getParentOfType<scf::ParallelOp>())
    b.setInsertionPointToStart(loop.getBody());
  return LLVM::AllocaOp::create(b, loc, pointer, b.getI64Type(),
                                i64(sizeof(seqmix_abi_matmul) / 8));
}

void ProductCall::convert() {
  Value slots = allocateSlots();
  Value isDone = askHost(slots);
  auto branch = scf::IfOp::create(b, loc, isDone, /*withElse=*/true);
  b.setInsertionPointToStart(branch.elseBlock());
  multiplyRows();
  op.erase();
}

void ConvertMatmulToHost::runOnOperation() {
  func::FuncOp function = getOperation();
  SmallVector<MatmulOp> products;
  function.walk([&](MatmulOp op) { products.push_back(op); });
  for (MatmulOp op : products)
    ProductCall(op, function.getArgument(0)).convert();
}

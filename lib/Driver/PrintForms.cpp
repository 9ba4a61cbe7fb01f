//===- PrintForms.cpp - derived programs for people -----------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One line for each value: `t3[16,2,64] = exp(t1)`, and for a structured op its
// body over indices, `t7[i,j,k] = sum over l of t4[i,j,l] * t5[i,l,k]`.
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/PrintForms.h"

#include "dialect/SeqmixOps.h"
#include "lib/Driver/Explain.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/LineIterator.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;
using namespace mlir::seqmix;

namespace {
/// Prints one region's program.
class ProgramPrinter {
public:
  explicit ProgramPrinter(raw_ostream &os) : os(os) {}

  void name(Value value, const Twine &text) { names[value] = text.str(); }
  void print(Block &block);

private:
  std::string nameOf(Value value);
  std::string shapeOf(Value value);
  void print(Operation &op);
  std::string expression(Operation &op);
  std::string structured(linalg::LinalgOp op);
  std::string startOf(OpOperand &init, AffineMap place);
  std::string body(Value value, const DenseMap<Value, std::string> &arguments);

  raw_ostream &os;
  DenseMap<Value, std::string> names;
  unsigned count = 0;
};
} // namespace

static std::string list(ArrayRef<int64_t> numbers) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::interleave(numbers, stream, ",");
  return text;
}

std::string ProgramPrinter::shapeOf(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type ? "[" + list(type.getShape()) + "]" : "";
}

/// A value's name; a constant is its number.
std::string ProgramPrinter::nameOf(Value value) {
  if (auto it = names.find(value); it != names.end())
    return it->second;
  Attribute constant;
  if (matchPattern(value, m_Constant(&constant))) {
    auto elements = dyn_cast<DenseElementsAttr>(constant);
    if (elements && elements.isSplat())
      constant = elements.getSplatValue<Attribute>();
    if (auto number = dyn_cast<FloatAttr>(constant))
      return llvm::formatv("{0}",
                           llvm::format("%g", number.getValueAsDouble()));
    if (auto number = dyn_cast<IntegerAttr>(constant))
      return llvm::formatv("{0}", number.getInt());
    return "a table";
  }
  return "?";
}

/// An operation on numbers as it is written.
static std::string writeOperation(Operation &op, ArrayRef<std::string> x) {
  StringRef name = op.getName().stripDialect();
  auto sign = llvm::StringSwitch<const char *>(name)
                  .Cases({"addf", "addi"}, " + ")
                  .Cases({"subf", "subi"}, " - ")
                  .Cases({"mulf", "muli"}, " * ")
                  .Cases({"divf", "divsi", "divui"}, " / ")
                  .Default(nullptr);
  if (sign && x.size() == 2)
    return "(" + x[0] + sign + x[1] + ")";
  if (name == "negf")
    return "-" + x[0];
  if (name == "select")
    return "where(" + x[0] + ", " + x[1] + ", " + x[2] + ")";
  if (auto compare = dyn_cast<arith::CmpFOp>(op))
    return "(" + x[0] + " " +
           arith::stringifyCmpFPredicate(compare.getPredicate()).str() + " " +
           x[1] + ")";
  if (auto compare = dyn_cast<arith::CmpIOp>(op))
    return "(" + x[0] + " " +
           arith::stringifyCmpIPredicate(compare.getPredicate()).str() + " " +
           x[1] + ")";
  StringRef called = llvm::StringSwitch<StringRef>(name)
                         .Cases({"maximumf", "maxnumf"}, "max")
                         .Cases({"minimumf", "minnumf"}, "min")
                         .Case("absf", "abs")
                         .Case("extf", "f64")
                         .Case("truncf", "f32")
                         .Default(name);
  return (called + "(" + llvm::join(x, ", ") + ")").str();
}

static std::string nameLoop(unsigned loop) {
  return std::string(1, loop < 15 ? 'i' + loop : 'A' + loop);
}

std::string
ProgramPrinter::body(Value value,
                     const DenseMap<Value, std::string> &arguments) {
  if (auto it = arguments.find(value); it != arguments.end())
    return it->second;
  Operation *def = value.getDefiningOp();
  if (!def || names.contains(value) || def->hasTrait<OpTrait::ConstantLike>())
    return nameOf(value);
  if (auto index = dyn_cast<linalg::IndexOp>(def))
    return nameLoop(index.getDim());
  SmallVector<std::string> operands;
  for (Value operand : def->getOperands())
    operands.push_back(body(operand, arguments));
  return writeOperation(*def, operands);
}

/// The element of a tensor at a point of a loop nest.
static std::string access(AffineMap map) {
  std::string text;
  for (AffineExpr expr : map.getResults()) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    text += (text.empty() ? "" : ",") +
            (dim ? nameLoop(dim.getPosition()) : std::string("0"));
  }
  return text.empty() ? text : "[" + text + "]";
}

/// Whether a number, or all of a tensor, is nothing to a sum or to a maximum.
static bool isNeutral(Value value) {
  if (matchPattern(value, m_AnyZeroFloat()) || matchPattern(value, m_Zero()) ||
      matchPattern(value, m_NegInfFloat()) ||
      matchPattern(value, m_PosInfFloat()))
    return true;
  auto fill = value.getDefiningOp<linalg::LinalgOp>();
  if (!fill || fill.getNumReductionLoops() > 0)
    return false;
  Value number = fill.getBlock()->getTerminator()->getOperand(0);
  if (auto argument = dyn_cast<BlockArgument>(number);
      argument && argument.getOwner() == fill.getBlock())
    number = fill->getOperand(argument.getArgNumber());
  return !isa<RankedTensorType>(number.getType()) && isNeutral(number);
}

/// What a sum or maximum begins with, if that is worth a word.
std::string ProgramPrinter::startOf(OpOperand &init, AffineMap place) {
  return isNeutral(init.get()) ? "" : nameOf(init.get()) + access(place);
}

std::string ProgramPrinter::structured(linalg::LinalgOp op) {
  DenseMap<Value, std::string> arguments;
  for (OpOperand &operand : op->getOpOperands()) {
    std::string text = nameOf(operand.get());
    if (isa<RankedTensorType>(operand.get().getType()) && text != "?" &&
        names.contains(operand.get()))
      text += access(op.getMatchingIndexingMap(&operand));
    arguments[op.getMatchingBlockArgument(&operand)] = text;
  }
  Value yielded = op.getBlock()->getTerminator()->getOperand(0);
  std::string sum;
  BlockArgument last = op.getRegionOutputArgs()[0];
  Operation *add = yielded.getDefiningOp();
  if (op.getNumReductionLoops() > 0 && add && add->getNumOperands() == 2 &&
      llvm::is_contained(add->getOperands(), last)) {
    OpOperand &init = *op.getDpsInitOperand(0);
    bool isSum = isa<arith::AddFOp, arith::AddIOp>(add);
    sum = startOf(init, op.getMatchingIndexingMap(&init));
    if (!sum.empty())
      sum += isSum ? " + " : " and the ";
    sum += isSum ? "sum" : "max";
    for (auto [loop, kind] : llvm::enumerate(op.getIteratorTypesArray()))
      if (kind == utils::IteratorType::reduction)
        sum += " over " + nameLoop(loop);
    sum += " of ";
    yielded =
        add->getOperand(0) == last ? add->getOperand(1) : add->getOperand(0);
  }
  return access(op.getIndexingMapsArray().back()) + " = " + sum +
         body(yielded, arguments);
}

/// A slice as `[0:8, 1, :]` of a tensor of this shape.
static std::string range(OffsetSizeAndStrideOpInterface slice,
                         ArrayRef<int64_t> shape) {
  std::string text;
  for (auto [axis, extent] : llvm::enumerate(shape)) {
    int64_t begin = slice.getStaticOffsets()[axis];
    int64_t size = slice.getStaticSizes()[axis];
    text += text.empty() ? "[" : ", ";
    if (ShapedType::isDynamic(begin))
      text += "...";
    else if (size == extent)
      text += ":";
    else if (size == 1)
      text += llvm::itostr(begin);
    else
      text += llvm::itostr(begin) + ":" + llvm::itostr(begin + size);
  }
  return text.empty() ? text : text + "]";
}

std::string ProgramPrinter::expression(Operation &op) {
  if (auto structuredOp = dyn_cast<linalg::LinalgOp>(op))
    return structured(structuredOp);
  auto take = dyn_cast<tensor::ExtractSliceOp>(op);
  if (take)
    return " = " + nameOf(take.getSource()) +
           range(take, take.getSourceType().getShape());
  if (auto put = dyn_cast<tensor::InsertSliceOp>(op))
    return " = " + nameOf(put.getDest()) + " with " + nameOf(put.getSource()) +
           " at " + range(put, put.getDestType().getShape());
  if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
    return " = " + nameOf(op.getOperand(0)) + " reshaped";
  SmallVector<std::string> operands;
  for (Value operand : op.getOperands())
    operands.push_back(nameOf(operand));
  return " = " + writeOperation(op, operands);
}

void ProgramPrinter::print(Operation &op) {
  if (op.hasTrait<OpTrait::ConstantLike>())
    return;
  for (Value result : op.getResults()) {
    if (isa<tensor::EmptyOp>(op)) {
      name(result, "nothing");
      continue;
    }
    std::string text = expression(op);
    name(result, "t" + Twine(++count));
    os << llvm::formatv("    {0,-22}", nameOf(result) + shapeOf(result)) << text
       << '\n';
  }
}

void ProgramPrinter::print(Block &block) {
  for (Operation &op : block.without_terminator())
    print(op);
  os << "    gives ";
  llvm::interleaveComma(block.getTerminator()->getOperands(), os,
                        [&](Value value) { os << nameOf(value); });
  os << '\n';
}

/// The lines of the source that the token's program was written in.
static void printSource(RecurrenceOp op, raw_ostream &os) {
  StringRef file;
  unsigned first = ~0u, last = 0;
  auto visit = [&](Location loc) {
    loc->walk([&](Location inner) {
      auto place = dyn_cast<FileLineColLoc>(inner);
      if (!place || (!file.empty() && file != place.getFilename().getValue()))
        return WalkResult::advance();
      file = place.getFilename().getValue();
      first = std::min(first, place.getLine());
      last = std::max(last, place.getLine());
      return WalkResult::interrupt();
    });
  };
  visit(op.getLoc());
  for (Operation &inner : op.getToken().front())
    visit(inner.getLoc());
  auto buffer = llvm::MemoryBuffer::getFile(file, /*IsText=*/true);
  if (file.empty() || !buffer || last - first > 60)
    return;
  for (llvm::line_iterator line(**buffer, /*SkipBlanks=*/false);
       !line.is_at_end(); ++line)
    if (line.line_number() >= first && line.line_number() <= last)
      os << llvm::formatv("    {0,4} | {1}\n", line.line_number(), *line);
}

static void printRegion(RecurrenceOp op, Block &block, raw_ostream &os) {
  ProgramPrinter printer(os);
  size_t numSequences = op.getSequences().size();
  size_t firstState = block.getNumArguments() - op.getStates().size();
  os << "    given ";
  llvm::interleaveComma(block.getArguments(), os, [&](BlockArgument argument) {
    size_t index = argument.getArgNumber();
    std::string text = index < numSequences ? "x" + std::to_string(index)
                       : index < firstState
                           ? "w" + std::to_string(index - numSequences)
                           : op.getStateName(index - firstState);
    printer.name(argument, text);
    os << text << '['
       << list(cast<RankedTensorType>(argument.getType()).getShape()) << ']';
  });
  os << '\n';
  printer.print(block);
}

void seqmix::printForms(ModuleOp module, raw_ostream &os) {
  llvm::StringSet<> seen;
  module.walk([&](RecurrenceOp op) {
    std::string place = describePlace(op.getLoc());
    auto entry = op->getParentOfType<EntryOp>();
    if ((entry && entry.getLength()) || !seen.insert(place).second)
      return;
    os << place << ": ";
    if (auto name = op->getAttrOfType<StringAttr>("class"))
      os << name.getValue() << ", ";
    auto form = op->getAttrOfType<StringAttr>("form");
    os << (form ? form.getValue() : "step") << '\n';
    printSource(op, os);
    os << "  a token\n";
    printRegion(op, op.getToken().front(), os);
    if (op.getChunkLength()) {
      os << "  " << op.getChunkLength() << " tokens at once\n";
      printRegion(op, op.getChunk().front(), os);
    }
    os << '\n';
  });
}

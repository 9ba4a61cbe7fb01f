//===- TileProjections.cpp - matrix products by tiles, on the CPU ---------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All tokens of all sequences are rows of one matrix. Threads share its product
// by tiles, and what is computed from each element of the product, whatever it
// is (a bias, an activation, a gate, a residual), is computed in the tile while
// that is in the cache. How large a tile is does not depend on the number of
// threads, so neither does the result.
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Passes.h"
#include "lib/Transforms/Projection.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_TILEPROJECTIONS
#include "lib/Transforms/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct TileProjections
    : public seqmix::impl::TileProjectionsBase<TileProjections> {
  void runOnOperation() override;
};

/// Elements of a tile, which serves many rows of tokens where there are.
constexpr int64_t kTileRows = 256, kTileColumns = 64;

/// For one token a tile is read from memory, which takes it that many bytes to
/// come to its full speed: tiles of fewer are made wider while enough are left
/// and none is left over.
constexpr int64_t kTileBytes = 96 << 10, kWideTiles = 6;

/// Emits one product, and the op that follows it in the tile if there is one.
class TileEmitter {
public:
  TileEmitter(MatmulOp product, linalg::GenericOp epilogue)
      : product(product), epilogue(epilogue),
        builder(epilogue ? epilogue : product.getOperation()),
        loc(product.getLoc()) {}

  void run();

private:
  Value flatten(Value value);
  Value emitAllTiles(Value target);
  void emitInPlace(bufferization::MaterializeInDestinationOp store);
  Value emitTiles(Value target, int64_t first, int64_t columns, int64_t width);
  Value emitTile(Value target);
  Value emitEpilogue(Value tile);
  Value sliceRows(Value matrix, OpFoldResult column, int64_t columns);
  Value sliceWeights(Value matrix);
  Value sliceOperand(OpOperand &operand, AffineMap &map);
  OpFoldResult index(int64_t value) { return builder.getIndexAttr(value); }
  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }

  MatmulOp product;
  linalg::GenericOp epilogue;
  OpBuilder builder;
  Location loc;
  Value rows;          ///< all of them
  Value row, column;   ///< where the tile begins
  OpFoldResult height; ///< of the tile
  int64_t width = 0;   ///< of the tile
  IRMapping flat;      ///< operands, with one axis for all tokens
};
} // namespace

/// How many rows of a matrix of weights make a tile.
static int64_t chooseTileColumns(RankedTensorType weight) {
  int64_t columns = weight.getDimSize(0);
  int64_t bytes = weight.getDimSize(1) * weight.getElementTypeBitWidth() / 8;
  int64_t width = kTileColumns;
  while (width * bytes < kTileBytes && columns >= 2 * width * kWideTiles &&
         columns % (2 * width) == 0)
    width *= 2;
  return width;
}

/// How [batch, time, N] is a matrix.
static SmallVector<ReassociationIndices> getRowGroups() {
  return {{0, 1}, {2}};
}

/// Whether an operand of an op over [batch, time, N] has the first two axes or
/// neither, in order.
static bool isByToken(AffineMap map) {
  SmallVector<unsigned> dims;
  for (AffineExpr expr : map.getResults()) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim)
      return false;
    dims.push_back(dim.getPosition());
  }
  return dims.empty() || dims == SmallVector<unsigned>{2} ||
         dims == SmallVector<unsigned>{0, 1} ||
         dims == SmallVector<unsigned>{0, 1, 2};
}

/// The only op that reads the product's elements, if it computes an element
/// from each.
static linalg::GenericOp findEpilogue(MatmulOp product) {
  linalg::GenericOp reader;
  for (OpOperand &use : product.getResult().getUses()) {
    if (isa<tensor::DimOp>(use.getOwner()))
      continue;
    auto op = dyn_cast<linalg::GenericOp>(use.getOwner());
    if (!op || (reader && reader != op) || !op.isDpsInput(&use) ||
        !op.getMatchingIndexingMap(&use).isIdentity())
      return nullptr;
    reader = op;
  }
  if (!reader || reader->getBlock() != product->getBlock() ||
      reader.getNumLoops() != 3 || reader.getNumReductionLoops() > 0 ||
      reader.getNumDpsInits() != 1 ||
      !reader.getMatchingIndexingMap(reader.getDpsInitOperand(0))
           .isIdentity() ||
      reader.getResult(0).getType() != product.getResult().getType() ||
      !reader.getRegionOutputArgs()[0].use_empty() ||
      !llvm::all_of(reader.getIndexingMapsArray(), isByToken))
    return nullptr;
  // What looks elements up by their place knows nothing of tiles.
  bool isPlaceless =
      llvm::all_of(reader.getBody()->without_terminator(), [](Operation &op) {
        return isPure(&op) && !isa<linalg::IndexOp, tensor::ExtractOp>(op) &&
               op.getNumRegions() == 0;
      });
  return isPlaceless ? reader : nullptr;
}

/// [batch, time, ...] as [rows, ...].
Value TileEmitter::flatten(Value value) {
  if (Value known = flat.lookupOrNull(value))
    return known;
  int64_t rank = cast<RankedTensorType>(value.getType()).getRank();
  SmallVector<ReassociationIndices> groups = {{0, 1}};
  for (int64_t axis = 2; axis < rank; ++axis)
    groups.push_back({axis});
  Value result = tensor::CollapseShapeOp::create(builder, loc, value, groups);
  flat.map(value, result);
  return result;
}

/// The op that stores the result in the caller's memory, if it is wanted there
/// and nowhere else, and that memory is known in time.
static bufferization::MaterializeInDestinationOp findStore(Operation *last) {
  Value result = last->getResult(0);
  auto store = result.hasOneUse()
                   ? dyn_cast<bufferization::MaterializeInDestinationOp>(
                         *result.user_begin())
                   : nullptr;
  if (!store || !isa<MemRefType>(store.getDest().getType()))
    return nullptr;
  Operation *memory = store.getDest().getDefiningOp();
  bool isBefore = memory && memory->getBlock() == last->getBlock() &&
                  memory->isBeforeInBlock(last);
  return isBefore ? store : nullptr;
}

Value TileEmitter::sliceRows(Value matrix, OpFoldResult column,
                             int64_t columns) {
  return tensor::ExtractSliceOp::create(
      builder, loc, matrix, ArrayRef<OpFoldResult>{row, column},
      ArrayRef<OpFoldResult>{height, index(columns)},
      ArrayRef<OpFoldResult>{index(1), index(1)});
}

/// The rows of a matrix of weights that the columns of the tile come from.
Value TileEmitter::sliceWeights(Value matrix) {
  int64_t length = cast<RankedTensorType>(matrix.getType()).getDimSize(1);
  return tensor::ExtractSliceOp::create(
      builder, loc, matrix, ArrayRef<OpFoldResult>{column, index(0)},
      ArrayRef<OpFoldResult>{index(width), index(length)},
      ArrayRef<OpFoldResult>{index(1), index(1)});
}

/// The tile's part of an operand of the epilogue, and how it is indexed there.
Value TileEmitter::sliceOperand(OpOperand &operand, AffineMap &map) {
  bool byRow = map.isFunctionOfDim(0), byColumn = map.isFunctionOfDim(2);
  SmallVector<OpFoldResult> offsets, sizes;
  SmallVector<AffineExpr> axes;
  if (byRow) {
    offsets.push_back(row);
    sizes.push_back(height);
    axes.push_back(builder.getAffineDimExpr(0));
  }
  if (byColumn) {
    offsets.push_back(column);
    sizes.push_back(index(width));
    axes.push_back(builder.getAffineDimExpr(1));
  }
  map = AffineMap::get(2, 0, axes, builder.getContext());
  if (axes.empty())
    return operand.get();
  SmallVector<OpFoldResult> strides(axes.size(), index(1));
  Value whole = byRow ? flat.lookup(operand.get()) : operand.get();
  return tensor::ExtractSliceOp::create(builder, loc, whole, offsets, sizes,
                                        strides);
}

/// The op after the product, from the tile into the tile.
Value TileEmitter::emitEpilogue(Value tile) {
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  for (OpOperand *operand : epilogue.getDpsInputOperands()) {
    AffineMap map = epilogue.getMatchingIndexingMap(operand);
    if (operand->get() == product.getResult()) {
      map = builder.getMultiDimIdentityMap(2);
      inputs.push_back(tile);
    } else {
      inputs.push_back(sliceOperand(*operand, map));
    }
    maps.push_back(map);
  }
  maps.push_back(builder.getMultiDimIdentityMap(2));
  SmallVector<utils::IteratorType> loops(2, utils::IteratorType::parallel);
  auto inTile = linalg::GenericOp::create(builder, loc, tile.getType(), inputs,
                                          tile, maps, loops);
  builder.cloneRegionBefore(epilogue.getRegion(), inTile.getRegion(),
                            inTile.getRegion().begin());
  return inTile.getResult(0);
}

Value TileEmitter::emitTile(Value target) {
  int64_t length =
      cast<RankedTensorType>(product.getWeight().getType()).getDimSize(1);
  Value input = sliceRows(flat.lookup(product.getInput()), index(0), length);
  Value weight = sliceWeights(product.getWeight());
  Value scales;
  if (product.getScales())
    scales = sliceWeights(product.getScales());
  Value empty = sliceRows(target, column, width);
  Value tile = MatmulOp::create(builder, loc, empty.getType(), input, weight,
                                scales, empty)
                   .getResult();
  return epilogue ? emitEpilogue(tile) : tile;
}

/// Columns `first` and on of `target`, by tiles of `tileWidth`, which divides
/// `columns`.
Value TileEmitter::emitTiles(Value target, int64_t first, int64_t columns,
                             int64_t tileWidth) {
  if (columns == 0)
    return target;
  OpBuilder::InsertionGuard guard(builder);
  width = tileWidth;
  Value across = constant(columns / width), most = constant(kTileRows);
  Value down = arith::CeilDivUIOp::create(builder, loc, rows, most);
  OpFoldResult count =
      arith::MulIOp::create(builder, loc, down, across).getResult();
  auto loop = scf::ForallOp::create(builder, loc, ArrayRef<OpFoldResult>{count},
                                    ValueRange{target}, std::nullopt);
  builder.setInsertionPointToStart(loop.getBody());
  // Tiles of the same rows follow each other.
  Value tile = loop.getInductionVar(0);
  row = arith::MulIOp::create(
      builder, loc, arith::DivUIOp::create(builder, loc, tile, across), most);
  column = arith::AddIOp::create(
      builder, loc,
      arith::MulIOp::create(builder, loc,
                            arith::RemUIOp::create(builder, loc, tile, across),
                            constant(width)),
      constant(first));
  Value left = arith::SubIOp::create(builder, loc, rows, row);
  height = arith::MinUIOp::create(builder, loc, left, most).getResult();
  Value part = loop.getRegionIterArgs()[0];
  Value done = emitTile(part);
  builder.setInsertionPointToStart(loop.getTerminator().getBody());
  tensor::ParallelInsertSliceOp::create(
      builder, loc, done, part, ArrayRef<OpFoldResult>{row, column},
      ArrayRef<OpFoldResult>{height, index(width)},
      ArrayRef<OpFoldResult>{index(1), index(1)});
  return loop.getResult(0);
}

Value TileEmitter::emitAllTiles(Value target) {
  int64_t columns = cast<RankedTensorType>(target.getType()).getDimSize(1);
  int64_t most =
      chooseTileColumns(cast<RankedTensorType>(product.getWeight().getType()));
  int64_t rest = columns % most;
  target = emitTiles(target, 0, columns - rest, most);
  return emitTiles(target, columns - rest, rest, rest);
}

/// Computes the result where the caller wants it.
void TileEmitter::emitInPlace(bufferization::MaterializeInDestinationOp store) {
  Value memory = memref::CollapseShapeOp::create(builder, loc, store.getDest(),
                                                 getRowGroups());
  auto type = cast<MemRefType>(memory.getType());
  Value target = bufferization::ToTensorOp::create(
      builder, loc,
      RankedTensorType::get(type.getShape(), type.getElementType()), memory,
      /*restrict=*/true, /*writable=*/true);
  bufferization::MaterializeInDestinationOp::create(
      builder, loc, /*result=*/Type(), emitAllTiles(target), memory,
      /*restrict=*/true, /*writable=*/true);
  store.erase();
}

void TileEmitter::run() {
  auto last = cast<DestinationStyleOpInterface>(
      epilogue ? epilogue.getOperation() : product.getOperation());
  SmallVector<OpFoldResult> extents =
      tensor::getMixedSizes(builder, loc, last.getDpsInits()[0]);
  rows = arith::MulIOp::create(
      builder, loc, getValueOrCreateConstantIndexOp(builder, loc, extents[0]),
      getValueOrCreateConstantIndexOp(builder, loc, extents[1]));
  flatten(product.getInput());
  if (epilogue)
    for (OpOperand *operand : epilogue.getDpsInputOperands())
      if (operand->get() != product.getResult() &&
          epilogue.getMatchingIndexingMap(operand).isFunctionOfDim(0))
        flatten(operand->get());
  if (auto store = findStore(last)) {
    emitInPlace(store);
  } else {
    Value target = tensor::CollapseShapeOp::create(
        builder, loc, last.getDpsInits()[0], getRowGroups());
    Value result = tensor::ExpandShapeOp::create(
        builder, loc, last->getResult(0).getType(), emitAllTiles(target),
        getRowGroups(), extents);
    last->getResult(0).replaceAllUsesWith(result);
  }
  last->erase();
  if (!epilogue)
    return;
  // Its extents may still be asked for.
  product.getResult().replaceAllUsesWith(product.getOutput());
  product.erase();
}

/// Whether a value is there before `op` in its block.
static bool isThereAt(Value value, Operation *op) {
  Operation *definition = value.getDefiningOp();
  return !definition || definition->getBlock() != op->getBlock() ||
         definition->isBeforeInBlock(op);
}

/// Moves products of the same tokens next to each other, so that threads share
/// them as one loop, where nothing follows them in their tiles.
static void bringTogether(ArrayRef<MatmulOp> products) {
  DenseMap<Value, Operation *> lastOf; // product of an input
  for (MatmulOp product : products) {
    if (findEpilogue(product))
      continue;
    auto [entry, isFirst] = lastOf.try_emplace(product.getInput(), product);
    Operation *last = std::exchange(entry->second, product);
    if (isFirst || last->getBlock() != product->getBlock())
      continue;
    auto empty = product.getOutput().getDefiningOp<tensor::EmptyOp>();
    if (empty && !isThereAt(empty, last) && empty->hasOneUse() &&
        llvm::all_of(empty->getOperands(),
                     [&](Value size) { return isThereAt(size, last); }))
      empty->moveBefore(last);
    if (llvm::all_of(product->getOperands(),
                     [&](Value operand) { return isThereAt(operand, last); }))
      product->moveAfter(last);
  }
}

void TileProjections::runOnOperation() {
  func::FuncOp function = getOperation();
  formProjections(function);
  SmallVector<MatmulOp> products(function.getOps<MatmulOp>());
  bringTogether(products);
  // Of two that one op reads, the later becomes part of it.
  for (MatmulOp product : llvm::reverse(products))
    TileEmitter(product, findEpilogue(product)).run();
}

// RUN: seqmix-opt %s --split-input-file \
// RUN:   --pass-pipeline='builtin.module(func.func(seqmix-tile-projections),canonicalize,cse)' \
// RUN:   | FileCheck %s

#row = affine_map<(b, t, k, n) -> (b, t, k)>
#weight = affine_map<(b, t, k, n) -> (n, k)>
#sum = affine_map<(b, t, k, n) -> (b, t, n)>
#all = affine_map<(b, t, n) -> (b, t, n)>
#token = affine_map<(b, t, n) -> (b, t)>
#channel = affine_map<(b, t, n) -> (n)>

// All tokens are rows. 80 columns are a tile of 64 and one of 16; the op after
// the product, a bias, a gate and a scale by token, is in both.

// CHECK-LABEL: func.func @in_the_tile
// CHECK-SAME: %[[X:.+]]: tensor<?x?x96xf32>, %[[W:.+]]: tensor<80x96xf32>, %[[BIAS:.+]]: tensor<80xf32>, %[[GATE:.+]]: tensor<?x?x80xf32>, %[[SCALE:.+]]: tensor<?x?xf32>
// CHECK-DAG: %[[MOST:.+]] = arith.constant 256 : index
// CHECK: %[[ROWS:.+]] = arith.muli
// CHECK-DAG: %[[XR:.+]] = tensor.collapse_shape %[[X]] {{\[}}[0, 1], [2]]
// CHECK-DAG: %[[GR:.+]] = tensor.collapse_shape %[[GATE]] {{\[}}[0, 1], [2]]
// CHECK-DAG: %[[SR:.+]] = tensor.collapse_shape %[[SCALE]] {{\[}}[0, 1]]
// CHECK: %[[TILES:.+]] = arith.ceildivui %[[ROWS]], %[[MOST]]
// CHECK: %[[FIRST:.+]] = scf.forall (%[[I:.+]]) in (%[[TILES]]) shared_outs(%[[OUT:.+]] = %{{.+}})
// CHECK:   %[[ROW:.+]] = arith.muli %[[I]], %[[MOST]]
// CHECK:   %[[LEFT:.+]] = arith.subi %[[ROWS]], %[[ROW]]
// CHECK:   %[[HEIGHT:.+]] = arith.minui %[[LEFT]], %[[MOST]]
// CHECK:   %[[XT:.+]] = tensor.extract_slice %[[XR]][%[[ROW]], 0] [%[[HEIGHT]], 96]
// CHECK:   %[[WT:.+]] = tensor.extract_slice %[[W]][0, 0] [64, 96]
// CHECK:   %[[PLACE:.+]] = tensor.extract_slice %[[OUT]][%[[ROW]], 0] [%[[HEIGHT]], 64]
// CHECK:   %[[C:.+]] = seqmix.matmul ins(%[[XT]], %[[WT]] : {{.+}}) outs(%[[PLACE]]
// CHECK:   %[[BT:.+]] = tensor.extract_slice %[[BIAS]][0] [64]
// CHECK:   %[[GT:.+]] = tensor.extract_slice %[[GR]][%[[ROW]], 0] [%[[HEIGHT]], 64]
// CHECK:   %[[ST:.+]] = tensor.extract_slice %[[SR]][%[[ROW]]] [%[[HEIGHT]]]
// CHECK:   %[[DONE:.+]] = linalg.generic {{.+}} ins(%[[C]], %[[BT]], %[[GT]], %[[ST]] : {{.+}}) outs(%[[C]]
// CHECK:   tensor.parallel_insert_slice %[[DONE]] into %[[OUT]][%[[ROW]], 0]
// CHECK: scf.forall {{.+}} shared_outs(%{{.+}} = %[[FIRST]])
// CHECK:   tensor.extract_slice %[[W]][64, 0] [16, 96]
// CHECK:   seqmix.matmul
// CHECK:   linalg.generic
// CHECK: tensor.expand_shape %{{.+}} {{\[}}[0, 1], [2]]
// CHECK-NOT: linalg.generic
func.func @in_the_tile(%x: tensor<?x?x96xf32>, %w: tensor<80x96xf32>,
                       %bias: tensor<80xf32>, %gate: tensor<?x?x80xf32>,
                       %scale: tensor<?x?xf32>) -> tensor<?x?x80xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %batch = tensor.dim %x, %c0 : tensor<?x?x96xf32>
  %time = tensor.dim %x, %c1 : tensor<?x?x96xf32>
  %empty = tensor.empty(%batch, %time) : tensor<?x?x80xf32>
  %zeros = linalg.generic {indexing_maps = [#all], iterator_types = ["parallel", "parallel", "parallel"]}
      outs(%empty : tensor<?x?x80xf32>) {
  ^bb0(%o: f32):
    linalg.yield %zero : f32
  } -> tensor<?x?x80xf32>
  %c = linalg.generic {indexing_maps = [#row, #weight, #sum],
                       iterator_types = ["parallel", "parallel", "reduction", "parallel"]}
      ins(%x, %w : tensor<?x?x96xf32>, tensor<80x96xf32>) outs(%zeros : tensor<?x?x80xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  } -> tensor<?x?x80xf32>
  %y = linalg.generic {indexing_maps = [#all, #channel, #all, #token, #all],
                       iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%c, %bias, %gate, %scale : tensor<?x?x80xf32>, tensor<80xf32>, tensor<?x?x80xf32>, tensor<?x?xf32>)
      outs(%empty : tensor<?x?x80xf32>) {
  ^bb0(%a: f32, %b: f32, %g: f32, %s: f32, %o: f32):
    %0 = arith.addf %a, %b : f32
    %1 = math.tanh %0 : f32
    %2 = arith.mulf %1, %g : f32
    %3 = arith.mulf %2, %s : f32
    linalg.yield %3 : f32
  } -> tensor<?x?x80xf32>
  return %y : tensor<?x?x80xf32>
}

// -----

// What two ops read, or one that looks at its place, is computed apart.

#all = affine_map<(b, t, n) -> (b, t, n)>
// CHECK-LABEL: func.func @apart
// CHECK: scf.forall
// CHECK:   seqmix.matmul
// CHECK-NOT: linalg.generic
// CHECK: scf.forall.in_parallel
// CHECK: tensor.expand_shape
// CHECK: linalg.index
func.func @apart(%x: tensor<?x?x96xf32>, %w: tensor<64x96xf32>,
                 %empty: tensor<?x?x64xf32>) -> tensor<?x?x64xf32> {
  %c = seqmix.matmul ins(%x, %w : tensor<?x?x96xf32>, tensor<64x96xf32>)
      outs(%empty : tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
  %y = linalg.generic {indexing_maps = [#all, #all],
                       iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%c : tensor<?x?x64xf32>) outs(%empty : tensor<?x?x64xf32>) {
  ^bb0(%a: f32, %o: f32):
    %i = linalg.index 2 : index
    %j = arith.index_cast %i : index to i32
    %f = arith.sitofp %j : i32 to f32
    %0 = arith.addf %a, %f : f32
    linalg.yield %0 : f32
  } -> tensor<?x?x64xf32>
  return %y : tensor<?x?x64xf32>
}

// -----

// Scales go with the rows of their weights, and what the caller wants is
// computed in its memory.

// CHECK-LABEL: func.func @scaled
// CHECK: %[[MEMORY:.+]] = memref.collapse_shape
// CHECK: %[[TARGET:.+]] = bufferization.to_tensor %[[MEMORY]] restrict writable
// CHECK: scf.forall {{.+}} shared_outs(%{{.+}} = %[[TARGET]])
// CHECK:   %[[W:.+]] = tensor.extract_slice %{{.+}}[%[[COLUMN:.+]], 0] [64, 96] [1, 1] : tensor<128x96xi8>
// CHECK:   %[[S:.+]] = tensor.extract_slice %{{.+}}[%[[COLUMN]], 0] [64, 3] [1, 1] : tensor<128x3xf32>
// CHECK:   seqmix.matmul ins(%{{.+}}, %[[W]] : {{.+}}) scales(%[[S]] : tensor<64x3xf32>)
// CHECK: bufferization.materialize_in_destination %{{.+}} in restrict writable %[[MEMORY]]
func.func @scaled(%x: tensor<?x?x96xf32>, %w: tensor<128x96xi8>, %s: tensor<128x3xf32>,
                  %empty: tensor<?x?x128xf32>, %where: memref<1x?x?x128xf32>) {
  %memory = memref.collapse_shape %where [[0, 1], [2], [3]]
      : memref<1x?x?x128xf32> into memref<?x?x128xf32>
  %c = seqmix.matmul ins(%x, %w : tensor<?x?x96xf32>, tensor<128x96xi8>)
      scales(%s : tensor<128x3xf32>) outs(%empty : tensor<?x?x128xf32>) -> tensor<?x?x128xf32>
  bufferization.materialize_in_destination %c in restrict writable %memory
      : (tensor<?x?x128xf32>, memref<?x?x128xf32>) -> ()
  return
}

// -----

// Tiles of few bytes are wider, if six are left and nothing is left over;
// others have 64 columns.

// CHECK-LABEL: func.func @wide
// CHECK: tensor.extract_slice %{{.+}}[%{{.+}}, 0] [128, 96] [1, 1] : tensor<768x96xbf16>
// CHECK: tensor.extract_slice %{{.+}}[%{{.+}}, 0] [64, 96] [1, 1] : tensor<832x96xbf16>
// CHECK: tensor.extract_slice %{{.+}}[%{{.+}}, 0] [64, 1024] [1, 1] : tensor<4096x1024xbf16>
func.func @wide(%x: tensor<?x?x96xf32>, %long: tensor<?x?x1024xf32>,
                %few: tensor<768x96xbf16>, %fewer: tensor<832x96xbf16>, %many: tensor<4096x1024xbf16>,
                %a: tensor<?x?x768xf32>, %b: tensor<?x?x832xf32>, %c: tensor<?x?x4096xf32>)
    -> (tensor<?x?x768xf32>, tensor<?x?x832xf32>, tensor<?x?x4096xf32>) {
  %0 = seqmix.matmul ins(%x, %few : tensor<?x?x96xf32>, tensor<768x96xbf16>)
      outs(%a : tensor<?x?x768xf32>) -> tensor<?x?x768xf32>
  %1 = seqmix.matmul ins(%x, %fewer : tensor<?x?x96xf32>, tensor<832x96xbf16>)
      outs(%b : tensor<?x?x832xf32>) -> tensor<?x?x832xf32>
  %2 = seqmix.matmul ins(%long, %many : tensor<?x?x1024xf32>, tensor<4096x1024xbf16>)
      outs(%c : tensor<?x?x4096xf32>) -> tensor<?x?x4096xf32>
  return %0, %1, %2 : tensor<?x?x768xf32>, tensor<?x?x832xf32>, tensor<?x?x4096xf32>
}

// -----

// Products of the same tokens are next to each other, whatever reads the first
// of them in between.

#all = affine_map<(b, t, n) -> (b, t, n)>
// CHECK-LABEL: func.func @together
// CHECK: %[[Q:.+]] = scf.forall
// CHECK-NOT: linalg.generic
// CHECK: %[[K:.+]] = scf.forall
// CHECK: linalg.index
func.func @together(%x: tensor<?x?x96xf32>, %wq: tensor<64x96xf32>, %wk: tensor<64x96xf32>,
                    %batch: index, %time: index) -> (tensor<?x?x64xf32>, tensor<?x?x64xf32>) {
  %a = tensor.empty(%batch, %time) : tensor<?x?x64xf32>
  %q = seqmix.matmul ins(%x, %wq : tensor<?x?x96xf32>, tensor<64x96xf32>)
      outs(%a : tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
  %b = tensor.empty(%batch, %time) : tensor<?x?x64xf32>
  %y = linalg.generic {indexing_maps = [#all, #all],
                       iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%q : tensor<?x?x64xf32>) outs(%b : tensor<?x?x64xf32>) {
  ^bb0(%v: f32, %o: f32):
    %i = linalg.index 2 : index
    %j = arith.index_cast %i : index to i32
    %f = arith.sitofp %j : i32 to f32
    %0 = arith.addf %v, %f : f32
    linalg.yield %0 : f32
  } -> tensor<?x?x64xf32>
  %c = tensor.empty(%batch, %time) : tensor<?x?x64xf32>
  %k = seqmix.matmul ins(%x, %wk : tensor<?x?x96xf32>, tensor<64x96xf32>)
      outs(%c : tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
  return %y, %k : tensor<?x?x64xf32>, tensor<?x?x64xf32>
}

// RUN: seqmix-opt %s --pass-pipeline='builtin.module(func.func(seqmix-lower-contractions,canonicalize,cse))' --split-input-file | FileCheck %s
// RUN: seqmix-opt %s --pass-pipeline='builtin.module(func.func(seqmix-lower-contractions{vector-bits=512},canonicalize,cse))' --split-input-file | FileCheck %s --check-prefix=WIDE

#scores = affine_map<(i, v, j) -> (i, j)>
#values = affine_map<(i, v, j) -> (j, v)>
#out = affine_map<(i, v, j) -> (i, v)>

// Scores times values: a vector of values is loaded once for all rows of a
// block, and the sums are in registers while the reduction runs.
// CHECK-LABEL: @rows
// CHECK-SAME: %[[A:.+]]: memref<5x3xf32>, %[[B:.+]]: memref<3x21xf32, strided<[40, 1], offset: ?>>, %[[C:.+]]: memref<5x21xf32>
func.func @rows(%a: memref<5x3xf32>, %b: memref<3x21xf32, strided<[40, 1], offset: ?>>,
                %c: memref<5x21xf32>, %n: index) {
  // CHECK-DAG: %[[C0:.+]] = arith.constant 0 : index
  // CHECK-DAG: %[[C1:.+]] = arith.constant 1 : index
  // CHECK-DAG: %[[C3:.+]] = arith.constant 3 : index
  // CHECK-DAG: %[[C4:.+]] = arith.constant 4 : index
  // CHECK-DAG: %[[C8:.+]] = arith.constant 8 : index
  // CHECK-DAG: %[[C16:.+]] = arith.constant 16 : index
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %t = %c0 to %n step %c1 {
    // Four rows of two vectors.
    // CHECK: vector.load %[[C]][%[[C0]], %[[C0]]] : memref<5x21xf32>, vector<8xf32>
    // CHECK: vector.load %[[C]][%[[C0]], %[[C8]]] : memref<5x21xf32>, vector<8xf32>
    // CHECK-COUNT-6: vector.load %[[C]]
    // CHECK: scf.for %[[J:.+]] = %[[C0]] to %[[C3]] step %[[C1]] iter_args(
    // CHECK-SAME: vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
    // CHECK: %[[A_0:.+]] = memref.load %[[A]][%[[C0]], %[[J]]]
    // CHECK: %[[LEFT:.+]] = vector.broadcast %[[A_0]] : f32 to vector<8xf32>
    // CHECK: %[[B_0:.+]] = vector.load %[[B]][%[[J]], %[[C0]]]
    // CHECK: vector.fma %[[LEFT]], %[[B_0]], %{{.+}} : vector<8xf32>
    // CHECK: %[[B_8:.+]] = vector.load %[[B]][%[[J]], %[[C8]]]
    // CHECK: vector.fma %[[LEFT]], %[[B_8]], %{{.+}} : vector<8xf32>
    // CHECK-NOT: vector.load
    // CHECK-COUNT-6: vector.fma
    // CHECK: scf.yield
    // CHECK-COUNT-8: vector.store {{.+}}, %[[C]]
    // The fifth row.
    // CHECK: vector.load %[[C]][%[[C4]], %[[C0]]]
    // CHECK: scf.for {{.+}} -> (vector<8xf32>, vector<8xf32>)
    // CHECK-COUNT-2: vector.store {{.+}}, %[[C]]
    // Columns 16 to 20.
    // CHECK: vector.load %[[C]][%[[C0]], %[[C16]]] : memref<5x21xf32>, vector<5xf32>
    // CHECK: scf.for {{.+}} -> (vector<5xf32>, vector<5xf32>, vector<5xf32>, vector<5xf32>)
    // CHECK-COUNT-4: vector.store {{.+}} vector<5xf32>
    // CHECK: vector.load %[[C]][%[[C4]], %[[C16]]]
    // CHECK: scf.for {{.+}} -> (vector<5xf32>)
    // CHECK: vector.store
    // CHECK-NOT: vector.store
    linalg.generic {indexing_maps = [#scores, #values, #out],
                    iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : memref<5x3xf32>, memref<3x21xf32, strided<[40, 1], offset: ?>>)
        outs(%c : memref<5x21xf32>) {
    ^bb0(%x: f32, %y: f32, %sum: f32):
      %0 = arith.mulf %x, %y fastmath<contract> : f32
      %1 = arith.addf %sum, %0 fastmath<reassoc,contract> : f32
      linalg.yield %1 : f32
    }
  }
  return
}

// -----

// Dot products, of queries and keys: several at once, and those elements apart
// that are no whole vector.
// CHECK-LABEL: @dots
// CHECK-SAME: %[[Q:.+]]: memref<4x11xf64>, %[[K:.+]]: memref<2x11xf64>, %[[C:.+]]: memref<4x2xf64>
func.func @dots(%q: memref<4x11xf64>, %k: memref<2x11xf64>, %c: memref<4x2xf64>, %n: index) {
  // CHECK-DAG: %[[C0:.+]] = arith.constant 0 : index
  // CHECK-DAG: %[[C1:.+]] = arith.constant 1 : index
  // CHECK-DAG: %[[C4:.+]] = arith.constant 4 : index
  // CHECK-DAG: %[[C8:.+]] = arith.constant 8 : index
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %t = %c0 to %n step %c1 {
    // CHECK: %[[SUMS:.+]]:8 = scf.for %[[D:.+]] = %[[C0]] to %[[C8]] step %[[C4]]
    // CHECK: %[[Q_0:.+]] = vector.load %[[Q]][%[[C0]], %[[D]]] : memref<4x11xf64>, vector<4xf64>
    // CHECK: %[[K_0:.+]] = vector.load %[[K]][%[[C0]], %[[D]]]
    // CHECK: vector.fma %[[Q_0]], %[[K_0]]
    // CHECK: %[[K_1:.+]] = vector.load %[[K]][%[[C1]], %[[D]]]
    // CHECK: vector.fma %[[Q_0]], %[[K_1]]
    // CHECK: scf.yield
    // CHECK: vector.load %[[Q]][%[[C0]], %[[C8]]] : memref<4x11xf64>, vector<3xf64>
    // CHECK-COUNT-8: vector.fma {{.+}} : vector<3xf64>
    // CHECK: %[[START:.+]] = memref.load %[[C]][%[[C0]], %[[C0]]]
    // CHECK: %[[MOST:.+]] = vector.reduction <add>, %[[SUMS]]#0, %[[START]] fastmath<reassoc> : vector<4xf64> into f64
    // CHECK: %[[ALL:.+]] = vector.reduction <add>, %{{.+}}, %[[MOST]] fastmath<reassoc> : vector<3xf64> into f64
    // CHECK: memref.store %[[ALL]], %[[C]][%[[C0]], %[[C0]]]
    // CHECK-COUNT-7: memref.store
    linalg.generic {indexing_maps = [affine_map<(i, j, d) -> (i, d)>,
                                     affine_map<(i, j, d) -> (j, d)>,
                                     affine_map<(i, j, d) -> (i, j)>],
                    iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%q, %k : memref<4x11xf64>, memref<2x11xf64>) outs(%c : memref<4x2xf64>) {
    ^bb0(%x: f64, %y: f64, %sum: f64):
      %0 = arith.mulf %y, %x fastmath<contract> : f64
      %1 = arith.addf %0, %sum fastmath<reassoc,contract> : f64
      linalg.yield %1 : f64
    }
  }
  return
}

// -----

// As many dot products as vectors have lanes are summed over those together, and
// stored side by side.
// CHECK-LABEL: @lanes
// CHECK-SAME: %{{.+}}: memref<4x16xf32>, %{{.+}}: memref<2x16xf32>, %[[C:.+]]: memref<4x2xf32>
// CHECK: %[[SUMS:.+]]:8 = scf.for
// CHECK: %[[FIRST:.+]] = vector.shuffle %[[SUMS]]#0, %[[SUMS]]#1 [0, 1, 2, 3, 8, 9, 10, 11]
// CHECK: %[[SECOND:.+]] = vector.shuffle %[[SUMS]]#0, %[[SUMS]]#1 [4, 5, 6, 7, 12, 13, 14, 15]
// CHECK: arith.addf %[[FIRST]], %[[SECOND]]
// CHECK-COUNT-12: vector.shuffle
// CHECK: %[[DOTS:.+]] = arith.addf
// CHECK: %[[ROW:.+]] = vector.extract_strided_slice %[[DOTS]] {offsets = [0], sizes = [2], strides = [1]}
// CHECK: %[[NEXT:.+]] = arith.addf %[[ROW]], %{{.+}} : vector<2xf32>
// CHECK: vector.store %[[NEXT]], %[[C]]
// CHECK-COUNT-3: vector.store {{.+}} vector<2xf32>
func.func @lanes(%a: memref<4x16xf32>, %b: memref<2x16xf32>, %c: memref<4x2xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  scf.for %i = %c0 to %c2 step %c1 {
    linalg.generic {
        indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (j, k)>,
                         affine_map<(i, j, k) -> (i, j)>],
        iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : memref<4x16xf32>, memref<2x16xf32>)
        outs(%c : memref<4x2xf32>) {
    ^bb0(%x: f32, %y: f32, %sum: f32):
      %0 = arith.mulf %x, %y fastmath<contract> : f32
      %1 = arith.addf %sum, %0 fastmath<reassoc,contract> : f32
      linalg.yield %1 : f32
    }
  }
  return
}

// -----

// A sum that begins at zero does not read what has been there, nor is it filled.
// With wide vectors come more registers: four rows of four.
// CHECK-LABEL: @zeros
// CHECK-SAME: %[[A:.+]]: memref<4x3xf32>, %[[B:.+]]: memref<3x64xf32>, %[[C:.+]]: memref<4x64xf32>
// CHECK-NOT: linalg.generic
// CHECK-NOT: vector.load %[[C]]
// CHECK-COUNT-8: vector.store {{.+}}, %[[C]]
// WIDE-LABEL: @zeros
// WIDE: %[[SUMS:.+]]:16 = scf.for
// WIDE-COUNT-16: vector.store {{.+}} vector<16xf32>
func.func @zeros(%a: memref<4x3xf32>, %b: memref<3x64xf32>, %c: memref<4x64xf32>, %n: index) {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %t = %c0 to %n step %c1 {
    linalg.generic {indexing_maps = [affine_map<(i, v) -> (i, v)>],
                    iterator_types = ["parallel", "parallel"]}
        outs(%c : memref<4x64xf32>) {
    ^bb0(%out: f32):
      linalg.yield %zero : f32
    }
    linalg.generic {indexing_maps = [affine_map<(i, v, j) -> (i, j)>,
                                     affine_map<(i, v, j) -> (j, v)>,
                                     affine_map<(i, v, j) -> (i, v)>],
                    iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : memref<4x3xf32>, memref<3x64xf32>) outs(%c : memref<4x64xf32>) {
    ^bb0(%x: f32, %y: f32, %sum: f32):
      %0 = arith.mulf %x, %y fastmath<contract> : f32
      %1 = arith.addf %sum, %0 fastmath<reassoc,contract> : f32
      linalg.yield %1 : f32
    }
  }
  return
}

// -----

// A long sum is one of pieces, and of what is left.
// CHECK-LABEL: @pieces
// CHECK-DAG: %[[ZERO:.+]] = arith.constant dense<0.000000e+00> : vector<8xf32>
// CHECK: %[[ALL:.+]] = scf.for %[[P:.+]] = %c0 to %c32 step %c16 iter_args(%[[SUM:.+]] = %{{.+}}) -> (vector<8xf32>)
// CHECK: %[[END:.+]] = arith.addi %[[P]], %c16
// CHECK: %[[PIECE:.+]] = scf.for %{{.+}} = %[[P]] to %[[END]] step %c1 iter_args(%{{.+}} = %[[ZERO]])
// CHECK: vector.fma
// CHECK: %[[NEXT:.+]] = arith.addf %[[SUM]], %[[PIECE]]
// CHECK: scf.yield %[[NEXT]]
// CHECK: scf.for %{{.+}} = %c32 to %c35 step %c1 iter_args(%{{.+}} = %[[ALL]])
// CHECK: vector.store
func.func @pieces(%a: memref<35xf32>, %b: memref<35x8xf32>, %c: memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  scf.for %i = %c0 to %c2 step %c1 {
    linalg.generic {
        indexing_maps = [affine_map<(j, k) -> (k)>, affine_map<(j, k) -> (k, j)>,
                         affine_map<(j, k) -> (j)>],
        iterator_types = ["parallel", "reduction"]}
        ins(%a, %b : memref<35xf32>, memref<35x8xf32>)
        outs(%c : memref<8xf32>) {
    ^bb0(%x: f32, %y: f32, %sum: f32):
      %0 = arith.mulf %x, %y fastmath<contract> : f32
      %1 = arith.addf %sum, %0 fastmath<reassoc,contract> : f32
      linalg.yield %1 : f32
    }
  }
  return
}

// -----

// What lies in no loop may be shared among threads and is left, as is a sum in
// the order of its tokens, and what is adjacent nowhere.
// CHECK-LABEL: @left
// CHECK-NOT: vector
// CHECK-COUNT-3: linalg.generic
#row = affine_map<(i, j) -> (i, j)>
#column = affine_map<(i, j) -> (j)>
#sum = affine_map<(i, j) -> (i)>
func.func @left(%a: memref<8x8xf32>, %at: memref<8x8xf32, strided<[1, 8]>>, %x: memref<8xf32>,
                %y: memref<8xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  linalg.generic {indexing_maps = [#row, #column, #sum], iterator_types = ["parallel", "reduction"]}
      ins(%a, %x : memref<8x8xf32>, memref<8xf32>) outs(%y : memref<8xf32>) {
  ^bb0(%l: f32, %r: f32, %s: f32):
    %0 = arith.mulf %l, %r fastmath<contract> : f32
    %1 = arith.addf %s, %0 fastmath<reassoc,contract> : f32
    linalg.yield %1 : f32
  }
  scf.for %t = %c0 to %n step %c1 {
    linalg.generic {indexing_maps = [#row, #column, #sum], iterator_types = ["parallel", "reduction"]}
        ins(%a, %x : memref<8x8xf32>, memref<8xf32>) outs(%y : memref<8xf32>) {
    ^bb0(%l: f32, %r: f32, %s: f32):
      %0 = arith.mulf %l, %r : f32
      %1 = arith.addf %s, %0 : f32
      linalg.yield %1 : f32
    }
    linalg.generic {indexing_maps = [#row, #column, #sum], iterator_types = ["parallel", "reduction"]}
        ins(%at, %x : memref<8x8xf32, strided<[1, 8]>>, memref<8xf32>) outs(%y : memref<8xf32>) {
    ^bb0(%l: f32, %r: f32, %s: f32):
      %0 = arith.mulf %l, %r fastmath<contract> : f32
      %1 = arith.addf %s, %0 fastmath<reassoc,contract> : f32
      linalg.yield %1 : f32
    }
  }
  return
}

// -----

// A state decays before products are added to it: in the registers that their
// sums are kept in, which nothing is written from in between.

#row = affine_map<(k, v) -> (k)>
#all = affine_map<(k, v) -> (k, v)>
#keys = affine_map<(k, v, t) -> (t, k)>
#values = affine_map<(k, v, t) -> (t, v)>
#out = affine_map<(k, v, t) -> (k, v)>

// CHECK-LABEL: @decay
// CHECK-SAME: %[[D:.+]]: memref<4xf64>, %[[OLD:.+]]: memref<4x16xf32>, {{.+}}, %[[NEW:[^:]+]]: memref<4x16xf32>,
// CHECK: scf.for
// CHECK-NOT: scf.for
// CHECK: %[[LOADED:.+]] = memref.load %[[D]][%c0]
// CHECK: %[[ROUNDED:.+]] = arith.truncf %[[LOADED]] : f64 to f32
// CHECK-DAG: %[[STATE:.+]] = vector.load %[[OLD]][%c0, %c0] : memref<4x16xf32>, vector<8xf32>
// CHECK-DAG: %[[FACTOR:.+]] = vector.broadcast %[[ROUNDED]] : f32 to vector<8xf32>
// CHECK: %[[FIRST:.+]] = arith.mulf %[[FACTOR]], %[[STATE]] : vector<8xf32>
// CHECK-NOT: vector.store
// CHECK: scf.for {{.+}} iter_args(%{{.+}} = %[[FIRST]],
// CHECK: vector.store {{.+}}, %[[NEW]]
// CHECK-NOT: linalg.generic
func.func @decay(%d: memref<4xf64>, %old: memref<4x16xf32>, %k: memref<3x4xf32>, %v: memref<3x16xf32>,
                 %new: memref<4x16xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    linalg.generic {indexing_maps = [#row, #all, #all], iterator_types = ["parallel", "parallel"]}
        ins(%d, %old : memref<4xf64>, memref<4x16xf32>) outs(%new : memref<4x16xf32>) {
    ^bb0(%a: f64, %s: f32, %o: f32):
      %0 = arith.truncf %a : f64 to f32
      %1 = arith.mulf %0, %s : f32
      linalg.yield %1 : f32
    }
    linalg.generic {indexing_maps = [#keys, #values, #out],
                    iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%k, %v : memref<3x4xf32>, memref<3x16xf32>) outs(%new : memref<4x16xf32>) {
    ^bb0(%x: f32, %y: f32, %sum: f32):
      %0 = arith.mulf %x, %y fastmath<contract> : f32
      %1 = arith.addf %sum, %0 fastmath<reassoc,contract> : f32
      linalg.yield %1 : f32
    }
  }
  return
}

// -----

// What tokens of the chunk add to what the state gave: both products go into
// the same registers, which start from zero and are stored once. Where something
// else happens to the output in between, they do not.

#fill = affine_map<(t, v) -> (t, v)>
#left = affine_map<(t, v, k) -> (t, k)>
#right = affine_map<(t, v, k) -> (k, v)>
#out = affine_map<(t, v, k) -> (t, v)>

// CHECK-LABEL: @chain
// CHECK-SAME: %[[Q:.+]]: memref<4x3xf32>, %[[S:.+]]: memref<3x16xf32>, %[[A:.+]]: memref<4x5xf32>, %[[V:.+]]: memref<5x16xf32>, %[[O:.+]]: memref<4x16xf32>, %[[X:.+]]: memref<4x16xf32>
// CHECK: scf.for
// CHECK-NOT: vector.load %[[O]]
// CHECK-NOT: vector.store
// CHECK: %[[INTER:.+]]:8 = scf.for %{{.+}} = %c0 to %c3 step %c1 iter_args(%{{.+}} = %[[ZERO:[^,]+]],
// CHECK: vector.load %[[S]]
// CHECK: scf.for %{{.+}} = %c0 to %c5 step %c1 iter_args(%{{.+}} = %[[INTER]]#0,
// CHECK: vector.load %[[V]]
// CHECK-COUNT-8: vector.store {{.+}}, %[[O]]
// CHECK-NOT: vector.load %[[O]]
// CHECK: scf.for
// CHECK-COUNT-8: vector.store {{.+}}, %[[X]]
// CHECK: memref.store %{{.+}}, %[[X]]
// CHECK: vector.load %[[X]]
func.func @chain(%q: memref<4x3xf32>, %s: memref<3x16xf32>, %a: memref<4x5xf32>, %v: memref<5x16xf32>,
                 %o: memref<4x16xf32>, %x: memref<4x16xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  scf.for %i = %c0 to %n step %c1 {
    linalg.generic {indexing_maps = [#fill], iterator_types = ["parallel", "parallel"]}
        outs(%o : memref<4x16xf32>) {
    ^bb0(%old: f32):
      linalg.yield %zero : f32
    }
    linalg.generic {indexing_maps = [#left, #right, #out],
                    iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%q, %s : memref<4x3xf32>, memref<3x16xf32>) outs(%o : memref<4x16xf32>) {
    ^bb0(%l: f32, %r: f32, %sum: f32):
      %0 = arith.mulf %l, %r fastmath<contract> : f32
      %1 = arith.addf %sum, %0 fastmath<reassoc,contract> : f32
      linalg.yield %1 : f32
    }
    linalg.generic {indexing_maps = [#left, #right, #out],
                    iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %v : memref<4x5xf32>, memref<5x16xf32>) outs(%o : memref<4x16xf32>) {
    ^bb0(%l: f32, %r: f32, %sum: f32):
      %0 = arith.mulf %l, %r fastmath<contract> : f32
      %1 = arith.addf %sum, %0 fastmath<reassoc,contract> : f32
      linalg.yield %1 : f32
    }
    linalg.generic {indexing_maps = [#left, #right, #out],
                    iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%q, %s : memref<4x3xf32>, memref<3x16xf32>) outs(%x : memref<4x16xf32>) {
    ^bb0(%l: f32, %r: f32, %sum: f32):
      %0 = arith.mulf %l, %r fastmath<contract> : f32
      %1 = arith.addf %sum, %0 fastmath<reassoc,contract> : f32
      linalg.yield %1 : f32
    }
    memref.store %zero, %x[%c0, %c0] : memref<4x16xf32>
    linalg.generic {indexing_maps = [#left, #right, #out],
                    iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %v : memref<4x5xf32>, memref<5x16xf32>) outs(%x : memref<4x16xf32>) {
    ^bb0(%l: f32, %r: f32, %sum: f32):
      %0 = arith.mulf %l, %r fastmath<contract> : f32
      %1 = arith.addf %sum, %0 fastmath<reassoc,contract> : f32
      linalg.yield %1 : f32
    }
  }
  return
}

// -----

// A sum of one product is an elementwise op like others, before a contraction,
// too.

#all = affine_map<(k, v) -> (k, v)>
#col = affine_map<(k, v) -> (v)>
#keys = affine_map<(k, v, t) -> (t, k)>
#values = affine_map<(k, v, t) -> (t, v)>
#out = affine_map<(k, v, t) -> (k, v)>

// CHECK-LABEL: @one_product
// CHECK-NOT: linalg.generic
// CHECK: arith.mulf
// CHECK: arith.addf
// CHECK: scf.for
// CHECK: vector.fma
func.func @one_product(%a: memref<4x16xf32>, %b: memref<16xf32>, %k: memref<3x4xf32>, %v: memref<3x16xf32>,
                       %new: memref<4x16xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    linalg.generic {indexing_maps = [#all, #col, #all], iterator_types = ["parallel", "parallel"]}
        ins(%a, %b : memref<4x16xf32>, memref<16xf32>) outs(%new : memref<4x16xf32>) {
    ^bb0(%x: f32, %y: f32, %sum: f32):
      %0 = arith.mulf %x, %y fastmath<contract> : f32
      %1 = arith.addf %sum, %0 fastmath<reassoc,contract> : f32
      linalg.yield %1 : f32
    }
    linalg.generic {indexing_maps = [#keys, #values, #out],
                    iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%k, %v : memref<3x4xf32>, memref<3x16xf32>) outs(%new : memref<4x16xf32>) {
    ^bb0(%x: f32, %y: f32, %sum: f32):
      %0 = arith.mulf %x, %y fastmath<contract> : f32
      %1 = arith.addf %sum, %0 fastmath<reassoc,contract> : f32
      linalg.yield %1 : f32
    }
  }
  return
}

// -----

// And it may read the memory that it writes.

#row = affine_map<(k, v) -> (k)>
#all = affine_map<(k, v) -> (k, v)>

// CHECK-LABEL: @in_place
// CHECK-COUNT-2: linalg.generic
func.func @in_place(%d: memref<4xf32>, %b: memref<4xf32>, %s: memref<4x16xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    linalg.generic {indexing_maps = [#row, #all], iterator_types = ["parallel", "parallel"]}
        ins(%d : memref<4xf32>) outs(%s : memref<4x16xf32>) {
    ^bb0(%a: f32, %o: f32):
      %1 = arith.mulf %a, %o : f32
      linalg.yield %1 : f32
    }
    linalg.generic {indexing_maps = [#row, #all, #all],
                    iterator_types = ["parallel", "parallel"]}
        ins(%b, %s : memref<4xf32>, memref<4x16xf32>) outs(%s : memref<4x16xf32>) {
    ^bb0(%x: f32, %y: f32, %sum: f32):
      %0 = arith.mulf %x, %y fastmath<contract> : f32
      %1 = arith.addf %sum, %0 fastmath<reassoc,contract> : f32
      linalg.yield %1 : f32
    }
  }
  return
}

// -----

#scores = affine_map<(i, v, j) -> (i, j)>
#values = affine_map<(i, v, j) -> (j, v)>
#out = affine_map<(i, v, j) -> (i, v)>

// Past a block's last row are zeros alone. There are more rows than columns.
// CHECK-LABEL: @triangle
func.func @triangle(%a: memref<9x7xf32>, %b: memref<7x16xf32>, %c: memref<9x16xf32>, %n: index) {
  // CHECK-DAG: %[[C0:.+]] = arith.constant 0 : index
  // CHECK-DAG: %[[C1:.+]] = arith.constant 1 : index
  // CHECK-DAG: %[[C4:.+]] = arith.constant 4 : index
  // CHECK-DAG: %[[C7:.+]] = arith.constant 7 : index
  // CHECK-DAG: %[[C8:.+]] = arith.constant 8 : index
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %t = %c0 to %n step %c1 {
    // CHECK: scf.for %[[ROW:.+]] = %[[C0]] to %[[C8]] step %[[C4]] {
    // CHECK: %[[NEXT:.+]] = arith.addi %[[ROW]], %[[C4]]
    // CHECK: %[[END:.+]] = arith.minsi %[[NEXT]], %[[C7]]
    // CHECK: scf.for %{{.+}} = %[[C0]] to %[[END]] step %[[C1]]
    // The ninth row.
    // CHECK: scf.for %{{.+}} = %[[C0]] to %[[C7]] step %[[C1]]
    linalg.generic {indexing_maps = [#scores, #values, #out],
                    iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : memref<9x7xf32>, memref<7x16xf32>) outs(%c : memref<9x16xf32>)
        attrs = {seqmix.triangle = array<i64: 0, 2>} {
    ^bb0(%x: f32, %y: f32, %sum: f32):
      %0 = arith.mulf %x, %y fastmath<contract> : f32
      %1 = arith.addf %sum, %0 fastmath<reassoc,contract> : f32
      linalg.yield %1 : f32
    }
  }
  return
}

// -----

#scores = affine_map<(i, v, j) -> (i, j)>
#values = affine_map<(i, v, j) -> (j, v)>
#out = affine_map<(i, v, j) -> (i, v)>

// Long sums end where shorter ones do: in whole pieces and what is left.
// CHECK-LABEL: @long_triangle
func.func @long_triangle(%a: memref<64x64xf32>, %b: memref<64x16xf32>, %c: memref<64x16xf32>, %n: index) {
  // CHECK-DAG: %[[C0:.+]] = arith.constant 0 : index
  // CHECK-DAG: %[[C4:.+]] = arith.constant 4 : index
  // CHECK-DAG: %[[C16:.+]] = arith.constant 16 : index
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %t = %c0 to %n step %c1 {
    // CHECK: %[[END:.+]] = arith.addi %{{.+}}, %[[C4]]
    // CHECK: %[[REST:.+]] = arith.remui %[[END]], %[[C16]]
    // CHECK: %[[WHOLE:.+]] = arith.subi %[[END]], %[[REST]]
    // CHECK: scf.for %{{.+}} = %[[C0]] to %[[WHOLE]] step %[[C16]]
    // CHECK: scf.for %{{.+}} = %[[WHOLE]] to %[[END]]
    linalg.generic {indexing_maps = [#scores, #values, #out],
                    iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : memref<64x64xf32>, memref<64x16xf32>) outs(%c : memref<64x16xf32>)
        attrs = {seqmix.triangle = array<i64: 0, 2>} {
    ^bb0(%x: f32, %y: f32, %sum: f32):
      %0 = arith.mulf %x, %y fastmath<contract> : f32
      %1 = arith.addf %sum, %0 fastmath<reassoc,contract> : f32
      linalg.yield %1 : f32
    }
  }
  return
}

// -----

#scores = affine_map<(i, j, k) -> (i, j, k)>
#keys = affine_map<(i, j, k) -> (j, k)>
#sums = affine_map<(i, j, k) -> (i)>

// Of dot products too a block ends with its last row, and not with its first.
// CHECK-LABEL: @triangle_of_dots
func.func @triangle_of_dots(%a: memref<16x16x8xf32>, %b: memref<16x8xf32>, %c: memref<16xf32>, %n: index) {
  // CHECK-DAG: %[[C0:.+]] = arith.constant 0 : index
  // CHECK-DAG: %[[C8:.+]] = arith.constant 8 : index
  // CHECK-DAG: %[[C16:.+]] = arith.constant 16 : index
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %t = %c0 to %n step %c1 {
    // CHECK: scf.for %[[ROW:.+]] = %[[C0]] to %[[C16]] step %[[C8]] {
    // CHECK: %[[END:.+]] = arith.addi %[[ROW]], %[[C8]]
    // CHECK: scf.for %{{.+}} = %[[C0]] to %[[END]]
    linalg.generic {indexing_maps = [#scores, #keys, #sums],
                    iterator_types = ["parallel", "reduction", "reduction"]}
        ins(%a, %b : memref<16x16x8xf32>, memref<16x8xf32>) outs(%c : memref<16xf32>)
        attrs = {seqmix.triangle = array<i64: 0, 1>} {
    ^bb0(%x: f32, %y: f32, %sum: f32):
      %0 = arith.mulf %x, %y fastmath<contract> : f32
      %1 = arith.addf %sum, %0 fastmath<reassoc,contract> : f32
      linalg.yield %1 : f32
    }
  }
  return
}

// RUN: seqmix-opt %s --seqmix-expand-vector-math | FileCheck %s
// RUN: seqmix-opt %s --seqmix-expand-vector-math=has-fma=false | FileCheck %s --check-prefix=NO-FMA --implicit-check-not=math.fma
// RUN: seqmix-opt %s --seqmix-expand-vector-math=has-bf16=false | FileCheck %s --check-prefix=NO-BF16
// RUN: seqmix-opt %s --seqmix-expand-vector-math=has-scalef | FileCheck %s --check-prefix=SCALEF

// CHECK-LABEL: @exp
// CHECK-SAME: (%[[X:.+]]: vector<7xf32>)
func.func @exp(%x: vector<7xf32>) -> vector<7xf32> {
  // CHECK-NOT: math.exp
  // CHECK: %[[LOW:.+]] = arith.maximumf %[[X]]
  // CHECK: %[[IN:.+]] = arith.minimumf %[[LOW]]
  // CHECK: %[[SUM:.+]] = math.fma %[[IN]]
  // CHECK: %[[N:.+]] = arith.subf %[[SUM]]
  // CHECK: arith.shli
  // CHECK: %[[SCALE:.+]] = arith.bitcast
  // CHECK-COUNT-2: math.fma
  // CHECK-COUNT-6: vector.fma
  // CHECK: math.fma
  // CHECK: %[[POWER:.+]] = arith.addf
  // CHECK: %[[HALF:.+]] = arith.mulf %[[POWER]], %[[SCALE]]
  // CHECK: arith.mulf %[[HALF]], %[[SCALE]]
  // CHECK: return
  %y = math.exp %x : vector<7xf32>
  return %y : vector<7xf32>
}

// What is not positive needs no upper bound, and what is between zero and one
// is near enough to one for a single polynomial.
// CHECK-LABEL: @softplus_of_magnitude
func.func @softplus_of_magnitude(%x: vector<7xf32>) -> vector<7xf32> {
  // CHECK: math.absf
  // CHECK: arith.maximumf
  // CHECK-NOT: arith.minimumf
  // CHECK: %[[MANTISSA:.+]] = arith.addf
  // CHECK: %[[HALF:.+]] = arith.mulf %[[MANTISSA]]
  // CHECK-NEXT: %[[POWER:.+]] = arith.mulf %[[HALF]]
  // CHECK-COUNT-8: vector.fma {{.*}}%[[POWER]]
  // CHECK: %[[SQUARE:.+]] = arith.mulf %[[POWER]], %[[POWER]]
  // CHECK: %[[Y:.+]] = math.fma {{.*}}%[[SQUARE]], %[[POWER]]
  // CHECK: return %[[Y]]
  %magnitude = math.absf %x : vector<7xf32>
  %negated = arith.negf %magnitude : vector<7xf32>
  %power = math.exp %negated : vector<7xf32>
  %y = math.log1p %power : vector<7xf32>
  return %y : vector<7xf32>
}

// CHECK-LABEL: @exp2
// CHECK-SAME: (%[[X:.+]]: vector<7xf32>)
func.func @exp2(%x: vector<7xf32>) -> vector<7xf32> {
  // CHECK-NOT: math.exp2
  // CHECK: arith.extf %[[X]] : vector<7xf32> to vector<7xf64>
  // CHECK: arith.maxnumf
  // CHECK: %[[POWER:.+]] = arith.minnumf
  // CHECK: %[[SHIFT:.+]] = arith.constant dense<0x4338000000000000>
  // CHECK: %[[SHIFTED:.+]] = arith.addf %[[POWER]], %[[SHIFT]]
  // CHECK: %[[WHOLE:.+]] = arith.subf %[[SHIFTED]], %[[SHIFT]]
  // CHECK: arith.subf %[[POWER]], %[[WHOLE]]
  // CHECK-COUNT-8: vector.fma
  // CHECK: arith.shli
  // CHECK: %[[SCALED:.+]] = arith.addi
  // CHECK: %[[F64:.+]] = arith.bitcast %[[SCALED]] : vector<7xi64> to vector<7xf64>
  // CHECK: %[[RESULT:.+]] = arith.truncf %[[F64]]
  // CHECK: %[[NAN:.+]] = arith.cmpf uno, %[[X]], %[[X]]
  // CHECK: %[[Y:.+]] = arith.select %[[NAN]], %[[X]], %[[RESULT]]
  // CHECK: return %[[Y]]
  %y = math.exp2 %x : vector<7xf32>
  return %y : vector<7xf32>
}

// Other functions are made of f32, and of powers of two.
// CHECK-LABEL: @others
// CHECK-NOT: math.{{log1p|erf|exp|tanh}}
// CHECK: return
func.func @others(%x: vector<16xf32>) -> vector<16xf32> {
  %0 = math.log1p %x : vector<16xf32>
  %1 = math.erf %0 : vector<16xf32>
  %2 = math.tanh %1 : vector<16xf32>
  %3 = math.exp2 %2 : vector<16xf32>
  return %3 : vector<16xf32>
}

// Other types are the library's.
// CHECK-LABEL: @left
// CHECK: math.log %{{.+}} : f32
// CHECK: math.exp %{{.+}} : f32
// CHECK: math.exp %{{.+}} : vector<4xf64>
func.func @left(%x: f32, %y: vector<4xf64>) -> (f32, vector<4xf64>) {
  %l = math.log %x : f32
  %0 = math.exp %l : f32
  %1 = math.exp %y : vector<4xf64>
  return %0, %1 : f32, vector<4xf64>
}

// Where nothing can round once, in f64; a polynomial does not need it.
// NO-FMA-LABEL: @polynomial
// NO-FMA-SAME: (%[[A:.+]]: vector<4xf32>, %[[B:.+]]: vector<4xf32>, %[[C:.+]]: vector<4xf32>)
// CHECK-LABEL: @polynomial
func.func @polynomial(%a: vector<4xf32>, %b: vector<4xf32>, %c: vector<4xf32>)
    -> vector<4xf32> {
  // CHECK-NEXT: math.fma
  // NO-FMA-DAG: %[[A64:.+]] = arith.extf %[[A]] : vector<4xf32> to vector<4xf64>
  // NO-FMA-DAG: %[[B64:.+]] = arith.extf %[[B]]
  // NO-FMA-DAG: %[[C64:.+]] = arith.extf %[[C]]
  // NO-FMA: %[[PRODUCT:.+]] = arith.mulf %[[A64]], %[[B64]] : vector<4xf64>
  // NO-FMA: %[[SUM:.+]] = arith.addf %[[PRODUCT]], %[[C64]]
  // NO-FMA: %[[ONCE:.+]] = arith.truncf %[[SUM]]
  // CHECK-NEXT: vector.fma
  // NO-FMA: vector.fma %[[ONCE]], %[[B]], %[[C]] : vector<4xf32>
  %0 = math.fma %a, %b, %c : vector<4xf32>
  %1 = vector.fma %0, %b, %c : vector<4xf32>
  return %1 : vector<4xf32>
}

// Where nothing rounds to bf16, in the integers of its bits.
// CHECK-LABEL: @narrow
// CHECK-NEXT: arith.truncf
// NO-BF16-LABEL: @narrow
// NO-BF16-NOT: arith.truncf
// NO-BF16: arith.trunci {{.+}} : vector<4xi32> to vector<4xi16>
// NO-BF16: arith.bitcast {{.+}} : vector<4xi16> to vector<4xbf16>
func.func @narrow(%x: vector<4xf32>) -> vector<4xbf16> {
  %0 = arith.truncf %x : vector<4xf32> to vector<4xbf16>
  return %0 : vector<4xbf16>
}

// AVX-512 multiplies with a power of two at once, sixteen lanes of f32.
// CHECK-LABEL: @sixteen
// CHECK-NOT: llvm.call_intrinsic
// CHECK: return
// SCALEF-LABEL: @sixteen
// SCALEF-SAME: (%[[X:.+]]: vector<16xf32>, %[[Y:.+]]: vector<8xf32>)
// SCALEF: %[[N:.+]] = arith.subf
// SCALEF: %[[P:.+]] = arith.addf
// SCALEF: llvm.call_intrinsic "llvm.x86.avx512.mask.scalef.ps.512"(%[[P]], %[[N]], %[[P]], %{{.+}}, %{{.+}})
// SCALEF-NOT: llvm.call_intrinsic
// SCALEF: return
func.func @sixteen(%x: vector<16xf32>, %y: vector<8xf32>) -> (vector<16xf32>, vector<8xf32>) {
  %0 = math.exp %x : vector<16xf32>
  %1 = math.exp %y : vector<8xf32>
  return %0, %1 : vector<16xf32>, vector<8xf32>
}

// RUN: seqmix-opt %s --seqmix-expand-vector-math | FileCheck %s

// CHECK-LABEL: @exp
// CHECK-SAME: (%[[X:.+]]: vector<7xf32>)
func.func @exp(%x: vector<7xf32>) -> vector<7xf32> {
  // CHECK-NOT: math.exp
  // CHECK: %[[LOW:.+]] = arith.maximumf %[[X]]
  // CHECK: %[[IN:.+]] = arith.minimumf %[[LOW]]
  // CHECK: %[[SUM:.+]] = math.fma %[[IN]]
  // CHECK: %[[N:.+]] = arith.subf %[[SUM]]
  // CHECK-COUNT-7: math.fma
  // CHECK: %[[POWER:.+]] = arith.addf
  // CHECK-COUNT-2: arith.mulf
  // CHECK: return
  %y = math.exp %x : vector<7xf32>
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
  // CHECK-COUNT-8: math.fma
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

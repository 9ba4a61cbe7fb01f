// RUN: seqmix-opt %s --seqmix-expand-vector-math | FileCheck %s

// CHECK-LABEL: @vector
// CHECK-SAME: (%[[X:.+]]: vector<7xf32>)
func.func @vector(%x: vector<7xf32>) -> vector<7xf32> {
  // CHECK-NOT: math.exp
  // CHECK: arith.extf %[[X]] : vector<7xf32> to vector<7xf64>
  // CHECK: %[[SHIFT:.+]] = arith.constant dense<0x4338000000000000>
  // CHECK: %[[POWER:.+]] = arith.mulf
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
  %y = math.exp %x : vector<7xf32>
  return %y : vector<7xf32>
}

// Other types are the library's.
// CHECK-LABEL: @left
// CHECK-COUNT-2: math.exp
func.func @left(%x: f32, %y: vector<4xf64>) -> (f32, vector<4xf64>) {
  %0 = math.exp %x : f32
  %1 = math.exp %y : vector<4xf64>
  return %0, %1 : f32, vector<4xf64>
}

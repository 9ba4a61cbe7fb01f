// RUN: seqmix-opt %s --split-input-file --seqmix-expand-math --cse --verify-diagnostics | FileCheck %s

// How close the results are is held by test/Execution/expanded-math.test.

// The hardware's exp2 of what is left of x after n times log(2); 2^n in two
// factors, for what is subnormal.
// CHECK-LABEL: @exp
// CHECK-SAME: %[[X:.+]]: f32
// CHECK: %[[ABOVE:.+]] = arith.maximumf %[[X]]
// CHECK: %[[BOUND:.+]] = arith.minimumf %[[ABOVE]]
// CHECK: %[[SUM:.+]] = math.fma %[[BOUND]], %[[LOG2E:.+]], %[[ROUNDER:.+]] :
// CHECK: %[[N:.+]] = arith.subf %[[SUM]], %[[ROUNDER]]
// CHECK: %[[MINUS_N:.+]] = arith.negf %[[N]]
// CHECK: %[[NEAR:.+]] = math.fma %[[BOUND]], %[[LOG2E]], %[[MINUS_N]]
// CHECK: %[[R:.+]] = math.fma %[[BOUND]], %{{.+}}, %[[NEAR]]
// CHECK: %[[POWER:.+]] = math.exp2 %[[R]]
// CHECK: %[[ONCE:.+]] = arith.mulf %[[POWER]]
// CHECK: %[[TWICE:.+]] = arith.mulf %[[ONCE]]
// CHECK: return %[[TWICE]]
func.func @exp(%x: f32) -> f32 {
  %0 = math.exp %x : f32
  return %0 : f32
}

// Nothing but arithmetic and what a GPU has is left of these.
// CHECK-LABEL: @all
// CHECK-NOT: math.{{(exp |expm1|tanh|log|erf|sin|cos|tan|cbrt|rsqrt|trunc|round |clampf|powf|fpowi)}}
// CHECK: return
func.func @all(%x: tensor<4xf32>, %y: tensor<4xf32>, %n: tensor<4xi32>)
    -> tensor<4xf32> {
  %0 = math.exp %x : tensor<4xf32>
  %1 = math.expm1 %0 : tensor<4xf32>
  %2 = math.tanh %1 : tensor<4xf32>
  %3 = math.log %2 : tensor<4xf32>
  %4 = math.log2 %3 : tensor<4xf32>
  %5 = math.log10 %4 : tensor<4xf32>
  %6 = math.log1p %5 : tensor<4xf32>
  %7 = math.erf %6 : tensor<4xf32>
  %8 = math.erfc %7 : tensor<4xf32>
  %9 = math.sin %8 : tensor<4xf32>
  %10 = math.cos %9 : tensor<4xf32>
  %11 = math.tan %10 : tensor<4xf32>
  %12 = math.cbrt %11 : tensor<4xf32>
  %13 = math.rsqrt %12 : tensor<4xf32>
  %14 = math.trunc %13 : tensor<4xf32>
  %15 = math.round %14 : tensor<4xf32>
  %16 = math.clampf %15 to [%x, %y] : tensor<4xf32>
  %17 = math.powf %16, %y : tensor<4xf32>
  %18 = math.fpowi %17, %n : tensor<4xf32>, tensor<4xi32>
  return %18 : tensor<4xf32>
}

// Vectors as tensors: constants are the same everywhere.
// CHECK-LABEL: @vector
// CHECK: arith.constant dense<{{.+}}> : vector<2x4xf32>
// CHECK-NOT: math.tanh
func.func @vector(%x: vector<2x4xf32>) -> vector<2x4xf32> {
  %0 = math.tanh %x : vector<2x4xf32>
  return %0 : vector<2x4xf32>
}

// CHECK-LABEL: @cube
// CHECK-SAME: %[[X:.+]]: tensor<4xf32>
// CHECK-NEXT: %[[SQUARE:.+]] = arith.mulf %[[X]], %[[X]]
// CHECK-NEXT: %[[CUBE:.+]] = arith.mulf %[[SQUARE]], %[[X]]
// CHECK-NEXT: return %[[CUBE]]
func.func @cube(%x: tensor<4xf32>) -> tensor<4xf32> {
  %three = arith.constant dense<3.0> : tensor<4xf32>
  %0 = math.powf %x, %three : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// Of a dynamic shape too, where it is not needed.
// CHECK-LABEL: @kept
// CHECK-NEXT: math.exp2
// CHECK-NEXT: math.fma
// CHECK-NEXT: math.sqrt
// CHECK-NEXT: math.absf
// CHECK-NEXT: math.floor
// CHECK-NEXT: math.ceil
// CHECK-NEXT: math.roundeven
// CHECK-NEXT: math.copysign
// CHECK-NEXT: math.ctlz
// CHECK-NEXT: return
func.func @kept(%x: tensor<?xf32>, %n: i32) -> (tensor<?xf32>, i32) {
  %0 = math.exp2 %x : tensor<?xf32>
  %1 = math.fma %0, %x, %x : tensor<?xf32>
  %2 = math.sqrt %1 : tensor<?xf32>
  %3 = math.absf %2 : tensor<?xf32>
  %4 = math.floor %3 : tensor<?xf32>
  %5 = math.ceil %4 : tensor<?xf32>
  %6 = math.roundeven %5 : tensor<?xf32>
  %7 = math.copysign %6, %x : tensor<?xf32>
  %8 = math.ctlz %n : i32
  return %7, %8 : tensor<?xf32>, i32
}

// -----

func.func @function(%x: f32) -> f32 {
  // expected-error @below {{'math.acos' op has no expansion for a GPU}}
  %0 = math.acos %x : f32
  return %0 : f32
}

// -----

func.func @type(%x: f64) -> f64 {
  // expected-error @below {{'math.exp' op has no expansion for a GPU in 'f64'}}
  %0 = math.exp %x : f64
  return %0 : f64
}

// -----

func.func @shape(%x: tensor<?xf32>) -> tensor<?xf32> {
  // expected-error @below {{'math.exp' op has no expansion for a GPU in a dynamic shape}}
  %0 = math.exp %x : tensor<?xf32>
  return %0 : tensor<?xf32>
}

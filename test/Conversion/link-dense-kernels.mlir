// RUN: seqmix-opt %s --seqmix-link-dense-kernels -split-input-file | FileCheck %s

// One kernel for few rows and one for many, once, however many products there
// are; behind the kernels that are there, whose indices stay.
// CHECK: gpu.module @device {
// CHECK: gpu.func @tokens_0(
// CHECK: gpu.func @matvec_f32(%{{.+}}: !llvm.ptr<1>, %{{.+}}: i64, %{{.+}}: !llvm.ptr<1>, %{{.+}}: i64, %{{.+}}: !llvm.ptr<1>, %{{.+}}: i64, %{{.+}}: i64, %{{.+}}: i64, %{{.+}}: i64) kernel
// CHECK: llvm.func internal @matmul_f32_{{.+}} attributes {always_inline}
// CHECK: gpu.func @matmul_f32(%{{.+}}: !llvm.ptr<1>, %{{.+}}: i64, %{{.+}}: !llvm.ptr<1>, %{{.+}}: i64, %{{.+}}: !llvm.ptr<1>, %{{.+}}: i64, %{{.+}}: i64, %{{.+}}: i64, %{{.+}}: i64) kernel
// CHECK-NOT: gpu.func
// CHECK: func.func @f32
gpu.module @device {
  gpu.func @tokens_0(%x: !llvm.ptr<1>, %b: i64, %t: i64) kernel {
    gpu.return
  }
}
func.func @f32(%a: tensor<?x?x8xf32>, %w: tensor<16x8xf32>,
               %u: tensor<8x16xf32>, %c: tensor<?x?x16xf32>,
               %d: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %0 = seqmix.matmul ins(%a, %w : tensor<?x?x8xf32>, tensor<16x8xf32>)
      outs(%c : tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
  %1 = seqmix.matmul ins(%0, %u : tensor<?x?x16xf32>, tensor<8x16xf32>)
      outs(%d : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return %1 : tensor<?x?x8xf32>
}

// -----

// Those of each type that is there.
// CHECK-DAG: gpu.func @matvec_bf16(
// CHECK-DAG: gpu.func @matmul_bf16(
// CHECK-DAG: gpu.func @matvec_f32(
// CHECK-DAG: gpu.func @matmul_f32(
// CHECK: func.func @both
gpu.module @device {
}
func.func @both(%a: tensor<?x?x8xbf16>, %w: tensor<8x8xbf16>,
                %u: tensor<8x8xf32>, %c: tensor<?x?x8xf32>)
    -> tensor<?x?x8xf32> {
  %0 = seqmix.matmul ins(%a, %w : tensor<?x?x8xbf16>, tensor<8x8xbf16>)
      outs(%c : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %1 = seqmix.matmul ins(%0, %u : tensor<?x?x8xf32>, tensor<8x8xf32>)
      outs(%c : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return %1 : tensor<?x?x8xf32>
}

// -----

// Without a product there is nothing to add.
// CHECK-NOT: gpu.func @mat
// CHECK: func.func @none
// CHECK-NOT: gpu.func @mat
gpu.module @device {
}
func.func @none() {
  return
}

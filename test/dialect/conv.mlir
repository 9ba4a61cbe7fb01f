// RUN: seqmix-opt %s | FileCheck %s

// CHECK-LABEL: @with_bias
func.func @with_bias(%x: tensor<?x?x6xf32>, %w: tensor<6x4xf32>,
                     %b: tensor<6xf32>, %h0: tensor<?x3x6xf32>)
    -> (tensor<?x?x6xf32>, tensor<?x3x6xf32>) {
  // CHECK: seqmix.conv %{{.+}}, %{{.+}} bias(%{{.+}} : tensor<6xf32>) history(%{{.+}}) : tensor<?x?x6xf32>, tensor<6x4xf32>, tensor<?x3x6xf32>
  %y, %h1 = seqmix.conv %x, %w bias(%b : tensor<6xf32>) history(%h0)
      : tensor<?x?x6xf32>, tensor<6x4xf32>, tensor<?x3x6xf32>
  return %y, %h1 : tensor<?x?x6xf32>, tensor<?x3x6xf32>
}

// A token may have any number of axes.
// CHECK-LABEL: @without_bias
func.func @without_bias(%x: tensor<?x?x2x3xf32>, %w: tensor<2x3x2xf32>,
                        %h0: tensor<?x1x2x3xf32>) -> tensor<?x?x2x3xf32> {
  // CHECK: seqmix.conv %{{.+}}, %{{.+}} history(%{{.+}}) {note = "kept"} : tensor<?x?x2x3xf32>, tensor<2x3x2xf32>, tensor<?x1x2x3xf32>
  %y, %h1 = seqmix.conv %x, %w history(%h0) {note = "kept"}
      : tensor<?x?x2x3xf32>, tensor<2x3x2xf32>, tensor<?x1x2x3xf32>
  return %y : tensor<?x?x2x3xf32>
}

// CHECK-LABEL: @scalar_token
func.func @scalar_token(%x: tensor<?x?xf32>, %w: tensor<3xf32>,
                        %b: tensor<f32>, %h0: tensor<?x2xf32>)
    -> tensor<?x?xf32> {
  // CHECK: seqmix.conv %{{.+}} bias(%{{.+}} : tensor<f32>) history(%{{.+}}) : tensor<?x?xf32>, tensor<3xf32>, tensor<?x2xf32>
  %y, %h1 = seqmix.conv %x, %w bias(%b : tensor<f32>) history(%h0)
      : tensor<?x?xf32>, tensor<3xf32>, tensor<?x2xf32>
  return %y : tensor<?x?xf32>
}

// CHECK-LABEL: @in_chunks
func.func @in_chunks(%x: tensor<?x?x6xf32>, %w: tensor<6x4xf32>,
                     %h0: tensor<?x3x6xf32>) -> tensor<?x?x6xf32> {
  // CHECK: seqmix.conv %{{.+}}, %{{.+}} history(%{{.+}}) chunk 8 : tensor<?x?x6xf32>, tensor<6x4xf32>, tensor<?x3x6xf32>
  %y, %h1 = seqmix.conv %x, %w history(%h0) chunk 8
      : tensor<?x?x6xf32>, tensor<6x4xf32>, tensor<?x3x6xf32>
  return %y : tensor<?x?x6xf32>
}

// An op on tensors that is no arithmetic, no view and no insertion.
func.func @padded(%x: tensor<?x?x4xf32>) -> tensor<?x?x5xf32> {
  %0 = seqmix.kernel ins(%x : tensor<?x?x4xf32>) -> tensor<?x?x5xf32> {
  ^bb0(%y: tensor<?x?x4xf32>):
    %zero = arith.constant 0.0 : f32
    %1 = tensor.pad %y low[0, 0, 1] high[0, 0, 0] {
    ^bb0(%i: index, %j: index, %k: index):
      tensor.yield %zero : f32
    } : tensor<?x?x4xf32> to tensor<?x?x5xf32>
    seqmix.yield %1 : tensor<?x?x5xf32>
  }
  return %0 : tensor<?x?x5xf32>
}

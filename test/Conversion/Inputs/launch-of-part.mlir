// A kernel gets an address and no strides.
gpu.module @device {
  gpu.func @tokens_0(%x: !llvm.ptr<1>, %b: i64, %t: i64) kernel {
    gpu.return
  }
}
memref.global "private" @x : memref<2x3x8xf32> = uninitialized
func.func @entry_prefill(%host: !llvm.ptr, %call: !llvm.ptr) -> i32 {
  %ok = arith.constant 0 : i32
  %x = memref.get_global @x : memref<2x3x8xf32>
  %part = memref.subview %x[0, 0, 0] [2, 3, 4] [1, 1, 1]
      : memref<2x3x8xf32> to memref<2x3x4xf32, strided<[24, 8, 1]>>
  seqmix.launch @device::@tokens_0 blocks 1
      outs(%part : memref<2x3x4xf32, strided<[24, 8, 1]>>)
  return %ok : i32
}

func.func @prefill(%host: !llvm.ptr, %call: !llvm.ptr) -> i32 {
  %at = llvm.getelementptr %call[1] : (!llvm.ptr) -> !llvm.ptr, i64
  %length64 = llvm.load %at : !llvm.ptr -> i64
  %length = arith.index_cast %length64 : i64 to index
  %zero = arith.constant 0.0 : f32
  %scores = memref.alloc(%length, %length) : memref<?x?xf32>
  memref.store %zero, %scores[%length, %length] : memref<?x?xf32>
  %ok = arith.constant 0 : i32
  return %ok : i32
}

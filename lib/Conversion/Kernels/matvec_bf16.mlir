// matvec_bf16: c[i, j] = sum over l of a[i, l] * b[j, l], for few rows i,
// with the sum in f32.
//
//   a: bf16 [m, k]   b: bf16 [n, k]   c: f32 [m, n], which overlaps neither
//   threads: 256    blocks: ceil(n / 8)    shared: 16384 bytes, static
//
// Strides are counted in elements, from row to row. Without blocks there is
// nothing to launch. Any m is right; this kernel is meant for m <= 16.
//
// One warp computes one column j. Its lanes hold four pieces of b's row, of 16
// bytes each, and multiply them with all rows of a, so that b is read once for
// 16 rows. The sums lie in shared memory, since how many there are is not known
// before; each thread sees only its own, and no barrier is needed.
// Rows that are not 16-byte aligned are read element by element, and so is
// what is left when k is no multiple of 8.

!global = !llvm.ptr<1>
!shared = !llvm.ptr<3>

gpu.module @kernels {
  // One sum for each of 16 rows and each thread.
  llvm.mlir.global internal @matvec_bf16_sums()
      {addr_space = 3 : i32, alignment = 16 : i64} : !llvm.array<4096 x f32>

  // Adds the products of 8 pairs of bf16 to 4 sums: the even ones, the odd ones.
  // What was read in vain may be infinite, so that sums are dropped, not factors.
  llvm.func internal @matvec_bf16_add(%a: vector<4xi32>, %b: vector<4xi32>,
                                      %sums: vector<4xf32>, %has: i1)
      -> vector<4xf32> attributes {always_inline} {
    %c16 = arith.constant dense<16> : vector<4xi32>
    %high = arith.constant dense<0xFFFF0000> : vector<4xi32>
    %a_even_bits = arith.shli %a, %c16 : vector<4xi32>
    %b_even_bits = arith.shli %b, %c16 : vector<4xi32>
    %a_odd_bits = arith.andi %a, %high : vector<4xi32>
    %b_odd_bits = arith.andi %b, %high : vector<4xi32>
    %a_even = arith.bitcast %a_even_bits : vector<4xi32> to vector<4xf32>
    %b_even = arith.bitcast %b_even_bits : vector<4xi32> to vector<4xf32>
    %a_odd = arith.bitcast %a_odd_bits : vector<4xi32> to vector<4xf32>
    %b_odd = arith.bitcast %b_odd_bits : vector<4xi32> to vector<4xf32>
    %even = llvm.intr.fma(%a_even, %b_even, %sums) : (vector<4xf32>, vector<4xf32>, vector<4xf32>) -> vector<4xf32>
    %both = llvm.intr.fma(%a_odd, %b_odd, %even) : (vector<4xf32>, vector<4xf32>, vector<4xf32>) -> vector<4xf32>
    %new = arith.select %has, %both, %sums : vector<4xf32>
    llvm.return %new : vector<4xf32>
  }

  gpu.func @matvec_bf16(%a: !global, %a_stride: i64,
                       %b: !global, %b_stride: i64,
                       %c: !global, %c_stride: i64,
                       %m: i64, %n: i64, %k: i64)
      kernel attributes {known_block_size = array<i32: 256, 1, 1>} {
    %zero = arith.constant 0.0 : f32
    %zeros = arith.constant dense<0.0> : vector<4xf32>
    %c0_i32 = arith.constant 0 : i32
    %c1_i32 = arith.constant 1 : i32
    %c16_i32 = arith.constant 16 : i32
    %c32_i32 = arith.constant 32 : i32
    %c0 = arith.constant 0 : i64
    %c1 = arith.constant 1 : i64
    %c2 = arith.constant 2 : i64
    %c5 = arith.constant 5 : i64
    %c8 = arith.constant 8 : i64
    %c15 = arith.constant 15 : i64
    %c16 = arith.constant 16 : i64
    %c31 = arith.constant 31 : i64
    %c32 = arith.constant 32 : i64
    %c256 = arith.constant 256 : i64
    %c1024 = arith.constant 1024 : i64
    %not7 = arith.constant -8 : i64

    %sums = llvm.mlir.addressof @matvec_bf16_sums : !shared
    %thread_id = gpu.thread_id x
    %block_id = gpu.block_id x
    %thread = arith.index_cast %thread_id : index to i64
    %block = arith.index_cast %block_id : index to i64
    %lane = arith.andi %thread, %c31 : i64
    %warp = arith.shrui %thread, %c5 : i64
    %j_first = arith.muli %block, %c8 : i64
    %j = arith.addi %j_first, %warp : i64

    // The columns [0, whole) are read in pieces of 16 bytes.
    %a_address = llvm.ptrtoint %a : !global to i64
    %b_address = llvm.ptrtoint %b : !global to i64
    %addresses = arith.ori %a_address, %b_address : i64
    %strides = arith.ori %a_stride, %b_stride : i64
    %stride_bytes = arith.muli %strides, %c2 : i64
    %bits = arith.ori %addresses, %stride_bytes : i64
    %low_bits = arith.andi %bits, %c15 : i64
    %aligned = arith.cmpi eq, %low_bits, %c0 : i64
    %multiple = arith.andi %k, %not7 : i64
    %whole = arith.select %aligned, %multiple, %c0 : i64

    %has_column = arith.cmpi slt, %j, %n : i64
    scf.if %has_column {
      %b_offset = arith.muli %j, %b_stride : i64
      %b_row = llvm.getelementptr %b[%b_offset] : (!global, i64) -> !global, bf16

      scf.for %i0 = %c0 to %m step %c16 : i64 {
        %m_left = arith.subi %m, %i0 : i64
        %rows = arith.minsi %m_left, %c16 : i64
        scf.for %r = %c0 to %rows step %c1 : i64 {
          %slot = arith.muli %r, %c256 : i64
          %mine = arith.addi %slot, %thread : i64
          %sum = llvm.getelementptr %sums[%mine] : (!shared, i64) -> !shared, f32
          llvm.store %zero, %sum : f32, !shared
        }

        scf.for %l0 = %c0 to %whole step %c1024 : i64 {
          // Where a lane has no piece left it reads the first one in vain: loads
          // without branches are all in flight at once.
          %lane_offset = arith.muli %lane, %c8 : i64
          %l_0 = arith.addi %l0, %lane_offset : i64
          %l_1 = arith.addi %l_0, %c256 : i64
          %l_2 = arith.addi %l_1, %c256 : i64
          %l_3 = arith.addi %l_2, %c256 : i64
          %in_0 = arith.cmpi slt, %l_0, %whole : i64
          %in_1 = arith.cmpi slt, %l_1, %whole : i64
          %in_2 = arith.cmpi slt, %l_2, %whole : i64
          %in_3 = arith.cmpi slt, %l_3, %whole : i64
          %at_0 = arith.select %in_0, %l_0, %c0 : i64
          %at_1 = arith.select %in_1, %l_1, %c0 : i64
          %at_2 = arith.select %in_2, %l_2, %c0 : i64
          %at_3 = arith.select %in_3, %l_3, %c0 : i64
          %bp_0 = llvm.getelementptr %b_row[%at_0] : (!global, i64) -> !global, bf16
          %bp_1 = llvm.getelementptr %b_row[%at_1] : (!global, i64) -> !global, bf16
          %bp_2 = llvm.getelementptr %b_row[%at_2] : (!global, i64) -> !global, bf16
          %bp_3 = llvm.getelementptr %b_row[%at_3] : (!global, i64) -> !global, bf16
          %b_0 = llvm.load %bp_0 {alignment = 16 : i64} : !global -> vector<4xi32>
          %b_1 = llvm.load %bp_1 {alignment = 16 : i64} : !global -> vector<4xi32>
          %b_2 = llvm.load %bp_2 {alignment = 16 : i64} : !global -> vector<4xi32>
          %b_3 = llvm.load %bp_3 {alignment = 16 : i64} : !global -> vector<4xi32>

          scf.for %r = %c0 to %rows step %c1 : i64 {
            %i = arith.addi %i0, %r : i64
            %a_offset = arith.muli %i, %a_stride : i64
            %a_row = llvm.getelementptr %a[%a_offset] : (!global, i64) -> !global, bf16
            %ap_0 = llvm.getelementptr %a_row[%at_0] : (!global, i64) -> !global, bf16
            %ap_1 = llvm.getelementptr %a_row[%at_1] : (!global, i64) -> !global, bf16
            %ap_2 = llvm.getelementptr %a_row[%at_2] : (!global, i64) -> !global, bf16
            %ap_3 = llvm.getelementptr %a_row[%at_3] : (!global, i64) -> !global, bf16
            %a_0 = llvm.load %ap_0 {alignment = 16 : i64} : !global -> vector<4xi32>
            %a_1 = llvm.load %ap_1 {alignment = 16 : i64} : !global -> vector<4xi32>
            %a_2 = llvm.load %ap_2 {alignment = 16 : i64} : !global -> vector<4xi32>
            %a_3 = llvm.load %ap_3 {alignment = 16 : i64} : !global -> vector<4xi32>
            %s_0 = llvm.call @matvec_bf16_add(%a_0, %b_0, %zeros, %in_0)
                : (vector<4xi32>, vector<4xi32>, vector<4xf32>, i1) -> vector<4xf32>
            %s_1 = llvm.call @matvec_bf16_add(%a_1, %b_1, %s_0, %in_1)
                : (vector<4xi32>, vector<4xi32>, vector<4xf32>, i1) -> vector<4xf32>
            %s_2 = llvm.call @matvec_bf16_add(%a_2, %b_2, %s_1, %in_2)
                : (vector<4xi32>, vector<4xi32>, vector<4xf32>, i1) -> vector<4xf32>
            %s_3 = llvm.call @matvec_bf16_add(%a_3, %b_3, %s_2, %in_3)
                : (vector<4xi32>, vector<4xi32>, vector<4xf32>, i1) -> vector<4xf32>
            %slot = arith.muli %r, %c256 : i64
            %mine = arith.addi %slot, %thread : i64
            %sum = llvm.getelementptr %sums[%mine] : (!shared, i64) -> !shared, f32
            %old = llvm.load %sum : !shared -> f32
            %new = vector.reduction <add>, %s_3, %old : vector<4xf32> into f32
            llvm.store %new, %sum : f32, !shared
          }
        }

        scf.for %r = %c0 to %rows step %c1 : i64 {
          %i = arith.addi %i0, %r : i64
          %slot = arith.muli %r, %c256 : i64
          %mine = arith.addi %slot, %thread : i64
          %sum = llvm.getelementptr %sums[%mine] : (!shared, i64) -> !shared, f32
          %pieces = llvm.load %sum : !shared -> f32

          %a_offset = arith.muli %i, %a_stride : i64
          %a_row = llvm.getelementptr %a[%a_offset] : (!global, i64) -> !global, bf16
          %l_first = arith.addi %whole, %lane : i64
          %of_lane = scf.for %l = %l_first to %k step %c32 iter_args(%s = %pieces) -> (f32) : i64 {
            %ap = llvm.getelementptr %a_row[%l] : (!global, i64) -> !global, bf16
            %bp = llvm.getelementptr %b_row[%l] : (!global, i64) -> !global, bf16
            %xh = llvm.load %ap : !global -> bf16
            %yh = llvm.load %bp : !global -> bf16
            %x = arith.extf %xh : bf16 to f32
            %y = arith.extf %yh : bf16 to f32
            %t = llvm.intr.fma(%x, %y, %s) : (f32, f32, f32) -> f32
            scf.yield %t : f32
          }

          // Lanes 16, 8, 4, 2 and 1 apart.
          %of_warp, %end = scf.while (%s = %of_lane, %apart = %c16_i32) : (f32, i32) -> (f32, i32) {
            %more = arith.cmpi ne, %apart, %c0_i32 : i32
            scf.condition(%more) %s, %apart : f32, i32
          } do {
          ^bb0(%s: f32, %apart: i32):
            %other, %valid = gpu.shuffle xor %s, %apart, %c32_i32 : f32
            %t = arith.addf %s, %other : f32
            %nearer = arith.shrui %apart, %c1_i32 : i32
            scf.yield %t, %nearer : f32, i32
          }
          %is_first = arith.cmpi eq, %lane, %c0 : i64
          scf.if %is_first {
            %c_row = arith.muli %i, %c_stride : i64
            %c_offset = arith.addi %c_row, %j : i64
            %cp = llvm.getelementptr %c[%c_offset] : (!global, i64) -> !global, f32
            llvm.store %of_warp, %cp : f32, !global
          }
        }
      }
    }
    gpu.return
  }
}

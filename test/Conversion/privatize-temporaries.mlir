// RUN: seqmix-opt %s --seqmix-privatize-temporaries --split-input-file | FileCheck %s

// Three turns of 20 bytes each have cache lines of their own; what is allocated
// before the loop stays, and so does memory of a size that is not known.
// CHECK-LABEL: @turns
// CHECK: %[[SHARED:.+]] = memref.alloc() : memref<5xf32>
// CHECK: %[[ALL:.+]] = memref.alloc() {alignment = 64 : i64} : memref<192xi8>
// CHECK: scf.forall (%[[TURN:.+]]) in (3)
// CHECK: %[[BEGIN:.+]] = arith.muli %[[TURN]], %c64
// CHECK: %[[AT:.+]] = arith.addi %[[BEGIN]], %c0
// CHECK: %[[OWN:.+]] = memref.view %[[ALL]][%[[AT]]][] : memref<192xi8> to memref<5xf32>
// CHECK: memref.copy %[[SHARED]], %[[OWN]]
// CHECK: memref.alloc(%{{.+}}) : memref<?xf32>
func.func @turns(%n: index) {
  %shared = memref.alloc() : memref<5xf32>
  scf.forall (%i) in (3) {
    %own = memref.alloc() : memref<5xf32>
    memref.copy %shared, %own : memref<5xf32> to memref<5xf32>
    %some = memref.alloc(%n) : memref<?xf32>
    %c = memref.cast %own : memref<5xf32> to memref<?xf32>
    memref.copy %c, %some : memref<?xf32> to memref<?xf32>
  }
  return
}

// -----

// What a turn allocates lies together: 192 bytes. `a` and `c` do not live at the
// same time and overlap, with each other and with the loop's memory; `b` lives
// with all of them. In the loop `d` and `f` overlap; `e` lives as long as its
// view.
// CHECK-LABEL: @lifetimes
// CHECK: %[[ALL:.+]] = memref.alloc() {alignment = 64 : i64} : memref<768xi8>
// CHECK: scf.forall (%[[TURN:.+]]) in (4)
// CHECK: %[[TURN_BYTES:.+]] = arith.constant 192 : index
// CHECK: %[[BEGIN:.+]] = arith.muli %[[TURN]], %[[TURN_BYTES]]
// CHECK: %[[D_AT:.+]] = arith.addi %[[BEGIN]], %c0
// CHECK: %[[D:.+]] = memref.view %[[ALL]][%[[D_AT]]]
// CHECK: %[[E_AT:.+]] = arith.addi %[[BEGIN]], %c64
// CHECK: %[[E:.+]] = memref.view %[[ALL]][%[[E_AT]]]
// CHECK: %[[F_AT:.+]] = arith.addi %[[BEGIN]], %c0
// CHECK: %[[F:.+]] = memref.view %[[ALL]][%[[F_AT]]][] : memref<768xi8> to memref<4xf32>
// CHECK: %[[A_AT:.+]] = arith.addi %[[BEGIN]], %c0
// CHECK: %[[A:.+]] = memref.view %[[ALL]][%[[A_AT]]]
// CHECK: %[[B_AT:.+]] = arith.addi %[[BEGIN]], %c128
// CHECK: %[[B:.+]] = memref.view %[[ALL]][%[[B_AT]]]
// CHECK: %[[C_AT:.+]] = arith.addi %[[BEGIN]], %c0
// CHECK: %[[C:.+]] = memref.view %[[ALL]][%[[C_AT]]]
// CHECK-NOT: memref.alloc
// CHECK: memref.copy %{{.+}}, %[[A]]
// CHECK: memref.copy %[[A]], %[[B]]
// CHECK: memref.copy %[[B]], %[[C]]
// CHECK: scf.for
// CHECK-NOT: memref.alloc
// CHECK: memref.copy %[[B]], %[[D]]
// CHECK: %[[VIEW:.+]] = memref.subview %[[E]]
// CHECK: memref.copy %[[D]], %[[E]]
// CHECK: memref.copy %[[VIEW]], %[[F]]
func.func @lifetimes(%in: memref<16xf32>, %out: memref<16xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.forall (%i) in (4) {
    %a = memref.alloc() : memref<16xf32>
    memref.copy %in, %a : memref<16xf32> to memref<16xf32>
    %b = memref.alloc() : memref<16xf32>
    memref.copy %a, %b : memref<16xf32> to memref<16xf32>
    %c = memref.alloc() : memref<16xf32>
    memref.copy %b, %c : memref<16xf32> to memref<16xf32>
    memref.copy %c, %out : memref<16xf32> to memref<16xf32>
    scf.for %j = %c0 to %c8 step %c1 {
      %d = memref.alloc() : memref<16xf32>
      %e = memref.alloc() : memref<16xf32>
      memref.copy %b, %d : memref<16xf32> to memref<16xf32>
      %view = memref.subview %e[0] [4] [1] : memref<16xf32> to memref<4xf32, strided<[1]>>
      memref.copy %d, %e : memref<16xf32> to memref<16xf32>
      %f = memref.alloc() : memref<4xf32>
      memref.copy %view, %f : memref<4xf32, strided<[1]>> to memref<4xf32>
      %g = memref.subview %out[0] [4] [1] : memref<16xf32> to memref<4xf32, strided<[1]>>
      memref.copy %f, %g : memref<4xf32> to memref<4xf32, strided<[1]>>
    }
  }
  return
}

// -----

// What a branch passes on shares memory with nothing; what a loop passes on to
// its next turn, which reads it while it writes its own, is given none.
// CHECK-LABEL: @passed_on
// CHECK: scf.forall (%[[TURN:.+]]) in (2)
// CHECK: %[[BEGIN:.+]] = arith.muli %[[TURN]], %c192
// CHECK: %[[START_AT:.+]] = arith.addi %[[BEGIN]], %c0
// CHECK: %[[START:.+]] = memref.view %{{.+}}[%[[START_AT]]][] : memref<384xi8> to memref<16xf32>
// CHECK: %[[A_AT:.+]] = arith.addi %[[BEGIN]], %c64
// CHECK: %[[A:.+]] = memref.view %{{.+}}[%[[A_AT]]][] : memref<384xi8> to memref<16xf32>
// CHECK: %[[B_AT:.+]] = arith.addi %[[BEGIN]], %c128
// CHECK: %[[B:.+]] = memref.view %{{.+}}[%[[B_AT]]][] : memref<384xi8> to memref<16xf32>
// CHECK: scf.yield %[[A]]
// CHECK: scf.yield %[[B]]
// CHECK: scf.for
// CHECK: %[[NEXT:.+]] = memref.alloc() : memref<16xf32>
// CHECK: scf.yield %[[NEXT]]
func.func @passed_on(%in: memref<16xf32>, %out: memref<16xf32>, %c: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.forall (%i) in (2) {
    %start = memref.alloc() : memref<16xf32>
    memref.copy %in, %start : memref<16xf32> to memref<16xf32>
    %one = scf.if %c -> (memref<16xf32>) {
      %a = memref.alloc() : memref<16xf32>
      memref.copy %start, %a : memref<16xf32> to memref<16xf32>
      scf.yield %a : memref<16xf32>
    } else {
      %b = memref.alloc() : memref<16xf32>
      memref.copy %in, %b : memref<16xf32> to memref<16xf32>
      scf.yield %b : memref<16xf32>
    }
    %last = scf.for %j = %c0 to %c8 step %c1 iter_args(%s = %one) -> (memref<16xf32>) {
      %next = memref.alloc() : memref<16xf32>
      memref.copy %s, %next : memref<16xf32> to memref<16xf32>
      scf.yield %next : memref<16xf32>
    }
    memref.copy %last, %out : memref<16xf32> to memref<16xf32>
  }
  return
}

// RUN: seqmix-opt %s --seqmix-privatize-temporaries | FileCheck %s

// Three turns of 20 bytes each have cache lines of their own; what is allocated
// before the loop stays, and so does memory of a size that is not known.
// CHECK-LABEL: @turns
// CHECK: %[[SHARED:.+]] = memref.alloc() : memref<5xf32>
// CHECK: %[[ALL:.+]] = memref.alloc() {alignment = 64 : i64} : memref<192xi8>
// CHECK: scf.forall (%[[TURN:.+]]) in (3)
// CHECK: %[[BEGIN:.+]] = arith.muli %[[TURN]], %c64
// CHECK: %[[OWN:.+]] = memref.view %[[ALL]][%[[BEGIN]]][] : memref<192xi8> to memref<5xf32>
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

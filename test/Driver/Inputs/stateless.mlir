seqmix.model @stateless {
  seqmix.entry @prefill(%x "x" : tensor<?x?xf32>) {
    seqmix.return outputs("y" = %x : tensor<?x?xf32>)
  }
}

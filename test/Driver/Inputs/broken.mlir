seqmix.model @open {

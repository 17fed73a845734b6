cdef class _Batch:
    cdef object _meter
    cdef readonly list raws, seqs, then

    cpdef appended(self, replies)

cdef class Pattern:
    cdef readonly bytes start, to_seq, to_latency, rest

    cpdef bytes fill(self, bytes event_id, object seq, object latency_us)

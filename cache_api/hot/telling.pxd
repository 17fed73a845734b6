cdef class Telling:
    cdef readonly bytes start, middle, end, content_type, id_header

    cpdef bytes body(self, bytes event_id, long long elapsed_us)
    cpdef bytes line(self, bytes event_id)


cdef class Lines:
    cdef readonly bytes pattern
    cdef readonly long long created_at_ms, expires_at_ms

    cpdef bytes at(self, long long now_ms, long long elapsed_us)

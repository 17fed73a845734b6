cdef class Stamp:
    cdef readonly object boot_id, region, answers
    cdef object _lock, _last_seq
    cdef set _open

    cpdef next_seq(self)
    cpdef count(self, str outcome, str reason)

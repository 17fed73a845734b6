cdef class Head:
    cdef bytes _before, _after
    cdef readonly object verb, headers, heard
    cdef readonly bint is_traced
    cdef public object barred

    cpdef bytes body(self, bytes data)

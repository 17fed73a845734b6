cdef class Batch:
    cdef readonly list waiting, payload, replies
    cdef readonly Py_ssize_t wanted
    cdef readonly double late_at_s
    cdef readonly bint tells_refusals

    cpdef finish(self)
    cpdef fail(self)
    cdef list _told_once(self)

from cache_api.hot.telling cimport Lines, Telling
from cache_api.rules.event_bytes cimport Pattern


cdef class Told:
    cdef readonly object key, purges, stamp, commands, replies
    cdef readonly long long until_ms
    cdef readonly Telling tell
    cdef readonly Lines lines
    cdef readonly Pattern event
    cdef public bytes packed

    cpdef bint suits(self, who, long long now_ms)
    cpdef bint holds(self, replies, stamp)
    cpdef tuple mark(self, long long elapsed_us)

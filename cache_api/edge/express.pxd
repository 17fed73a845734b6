from cache_api.edge.heads cimport Head
from cache_api.hot.verbs.repeats cimport Told


cdef class Express:
    cdef readonly object snapshot, stamp, cache, meter

    cpdef bint take(self, asker, Head head, bytes body)
    cdef bint _refuse(self, asker, Head head, who, long long now_ms)


cdef class Hit:
    cdef Express _express
    cdef object _asker
    cdef Head _head
    cdef Told _told
    cdef bytes _body, _fields, _named
    cdef long long _elapsed_us
    cdef readonly long long now_ms, began_ns
    cdef readonly object message_event
    cdef public object gate
    cdef public bint disconnected, keep_alive, response_complete

    cpdef replied(self, replies)
    cpdef durable(self, bint _is_durable)

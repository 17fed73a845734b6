cpdef bytes framed(int status, bytes content_type, bytes fields, bytes body, bint keep_alive)

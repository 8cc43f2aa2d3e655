/* fast_object.S: the built programs of the fast path as bytes; none where no compiler for BPF was there. */
    .section .rodata
    .global fast_object, fast_object_bytes
    .balign 8
fast_object:
#ifdef FAST_OBJECT
    .incbin FAST_OBJECT
#endif
fast_object_end:
    .balign 8
fast_object_bytes:
    .quad fast_object_end - fast_object
    .section .note.GNU-stack, "", %progbits

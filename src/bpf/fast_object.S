/* fast_object.S: the built programs of the fast path as bytes, from fast_object_begin up to fast_object_end; none where no
 * compiler for BPF was there. */
    .section .rodata
    .global fast_object_begin, fast_object_end
    .balign 8
fast_object_begin:
#ifdef FAST_OBJECT
    .incbin FAST_OBJECT
#endif
fast_object_end:
    .section .note.GNU-stack, "", %progbits

/* page.S: the status page as bytes of pearpd; its parts are put together for each answer (web_page.c). */
    .section .rodata
    .global page_html, page_html_bytes, page_css, page_css_bytes, page_js, page_js_bytes
    .macro part name, file
\name:
    .incbin "\file"
\name\()_end:
    .balign 8
\name\()_bytes:
    .quad \name\()_end - \name
    .endm
    part page_html, src/page/page.html
    part page_css, src/page/page.css
    part page_js, src/page/page.js
    .section .note.GNU-stack, "", %progbits

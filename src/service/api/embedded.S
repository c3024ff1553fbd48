// Files that the service hands out, as bytes of the program's read-only data.
        .section .rodata
        .global verbatim_openapi_begin
        .global verbatim_openapi_end
        .type   verbatim_openapi_begin, @object
        .type   verbatim_openapi_end, @object
verbatim_openapi_begin:
        .incbin "openapi.json"
verbatim_openapi_end:
        .byte   0
        .section .note.GNU-stack, "", @progbits

// The weights of Silero VAD as bytes of the program's read-only data.
        .section .rodata
        .balign 64
        .global verbatim_silero_weights_begin
        .global verbatim_silero_weights_end
        .type   verbatim_silero_weights_begin, @object
        .type   verbatim_silero_weights_end, @object
verbatim_silero_weights_begin:
        .incbin "silero_vad_16k.safetensors"
verbatim_silero_weights_end:
        .byte   0
        .section .note.GNU-stack, "", @progbits

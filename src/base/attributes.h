/* Compiler attributes under short names, so that declarations stay readable. */
#ifndef DAVY_BASE_ATTRIBUTES_H
#define DAVY_BASE_ATTRIBUTES_H

#define must_check		    __attribute__((warn_unused_result))
#define printf_like(text_at, first) __attribute__((format(printf, text_at, first)))

/* CLEANUP(buf_fini) struct buf out = {0};  calls buf_fini(&out) when the scope ends. */
#define CLEANUP(function) __attribute__((cleanup(function)))

#endif

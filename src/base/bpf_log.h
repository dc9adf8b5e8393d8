/*
 * What libbpf says while it loads something, kept for the error sentence instead of going to
 * stderr. libbpf has one print hook for the process and no context for it, so between begin and
 * end a pointer of this thread says where the text goes.
 */
#ifndef DAVY_BASE_BPF_LOG_H
#define DAVY_BASE_BPF_LOG_H

#include "base/attributes.h"
#include "base/error.h"

void bpf_log_begin(struct error *why); /* NULL: nothing is kept */
/* Ends keeping; 0 when failed is 0, else `failed` with `what`, the errno and libbpf's first
 * complaint in `why`. */
int bpf_log_end(struct error *why, int failed, const char *what);

#endif

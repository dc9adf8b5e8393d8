/*
 * /proc/PID/status and /proc/PID/io: "Key: value" lines. The name line is escaped by the kernel
 * (a line end is \n in two characters), so no name can forge a line.
 *
 * source: proc(5); Linux fs/proc/array.c, fs/proc/base.c do_io_accounting
 */
#ifndef DAVY_DECODE_PROC_STATUS_H
#define DAVY_DECODE_PROC_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "decode/decoded.h"

struct proc_status {
	uint32_t uid, effective_uid;
	uint32_t threads;
	/* Pid namespaces from the reader's down to the process's own; 1: the reader's. */
	uint32_t pid_namespaces;
	uint32_t innermost_pid;			  /* in its own namespace */
	uint32_t tracer;			  /* pid of who traces it; 0: nobody */
	uint64_t resident_bytes, huge_page_bytes; /* 0 for kernel threads, which lack the lines */
	uint64_t switches_asked, switches_forced;
};

/* MALFORMED without a Uid line; other lines that are missing or not understood leave 0. */
enum decoded proc_status_read(struct str text, struct proc_status *out);

struct proc_io {
	uint64_t read_bytes, written_bytes; /* rchar, wchar: through read and write calls */
	uint64_t read_calls, write_calls;   /* syscr, syscw */
};

/* MALFORMED when one of the four is missing. */
enum decoded proc_io_read(struct str text, struct proc_io *out);

#endif

/*
 * A workload: what one executable does in one control group, however many short processes it is
 * spread over, as rooms of host detectors see it. Filled by detect/workloads.c from samples of the
 * processor and from /proc; everything is a view that lives until the rooms have judged.
 */
#ifndef DAVY_MODEL_WORKLOAD_H
#define DAVY_MODEL_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"
#include "base/str.h"
#include "model/browser.h"
#include "model/process.h"

enum {
	WORKLOAD_PAGES_MAX = 64,   /* code pages remembered, the hottest */
	WORKLOAD_WINDOWS_MAX = 24, /* code windows read for one judgement */
	WORKLOAD_SHARES_MAX = 300, /* steps of history */
	WORKLOAD_OWN_STEPS = 60,   /* of one process */
	WORKLOAD_THREADS_MAX = 32,
	CODE_WINDOW_BYTES = 4096, /* read around a sampled instruction */
	CODE_PEEK_BYTES = 32,	  /* taken by the sampler itself at the instruction */
};

/* One tick of the sampler that fell upon a task. */
struct processor_sample {
	instant at;
	struct process_key process;
	uint32_t thread;
	bool in_kernel; /* a system call or a fault; `ip` is where it will go on */
	bool is_kernel_thread;
	uint64_t cgroup_id;
	uint64_t device, inode; /* of the executable; 0: it has none */
	uint64_t ip;		/* in user space; 0: none */
};

/* Samples of the instruction pointer that fell into one page of 4096 bytes. */
struct code_page {
	uint64_t address;	/* of the page */
	uint64_t sampled;	/* the last instruction seen in it */
	uint64_t mapping_start; /* 0: in no mapping that was read */
	uint32_t samples;
	bool is_anonymous; /* in a mapping without a file, executable or not when it was read:
			      a generator may take the right to execute away again */
};

/* Code around a sampled instruction, read from the process's memory (or the sampler's peek). */
struct code_window {
	uint64_t address;	  /* of bytes.at[0] */
	uint64_t sampled_address; /* of an instruction's first byte, inside */
	struct str bytes;
	uint32_t pid, samples; /* how many samples this window stands for */
	bool is_anonymous;
};

/* Constants found in small regions; decode/constants says which. */
struct constant_hit {
	const char *name;      /* "RandomX AES keys of fillAes4Rx4" */
	const char *algorithm; /* "rx/0"; NULL */
	uint8_t kind;	       /* enum constant_kind of decode/constants */
	uint64_t address;
	struct str text; /* of a wallet, URL or job; empty for binary constants */
};

/* A rule of the user's own that holds for its memory; decode/rules. */
struct rule_hit {
	struct str rule, author; /* as the rule has them */
	struct str file;	 /* it stands in */
	struct str string, text; /* what was found first: its name, and the bytes it begins with */
	uint64_t address;	 /* of that; 0: the rule holds without one */
	bool says_mining;	 /* its author says that only miners have this */
};

/* A run of noise of a size that pads have, in memory that a page may write. */
struct memory_pad {
	uint64_t address, bytes;
	uint64_t mark; /* of its content: another one says that it was written again */
};

/* One thread of a process, by its part in what the process uses of the processor. */
struct workload_thread {
	uint32_t thread;
	double part; /* 0..1 */
};

enum setup_when { SETUP_SOMETIMES, SETUP_EVERY_MINUTES };

/* A file that leads to the executable or tunes the machine for it. */
struct setup_trace {
	const char *kind;   /* "cron", "systemd", "ld.so.preload", "huge pages", "msr" ... */
	struct str place;   /* path, or path:line */
	struct str text;    /* the line */
	struct str remove;  /* a command that removes it, shell-quoted; empty: none */
	struct str undo;    /* a command that puts it back */
	struct str command; /* what it runs */
	unsigned marks;	    /* enum command_mark of decode/setup */
	enum setup_when when;
	bool leads_here; /* to the executable, or to what starts it; else it tunes, or lies beside
			  */
};

/* A mining session on the wire that one of its own connections carries. */
struct workload_session {
	struct endpoint local, remote;
	struct str title;   /* of the network's finding; may quote what came over the wire */
	struct str finding; /* its id */
	double confidence;  /* of that finding */
	bool serves;	    /* it is the pool's end: others mine through this process */
	bool is_parents;    /* not its own, but of the process that started it */
};

struct workload {
	const struct process *process;	    /* the one with the most samples: stands for the rest */
	uint32_t processes, processes_seen; /* living now; in all */
	uint32_t hot_threads; /* tasks with a lasting share of at least 3 % of a core */
	instant first_seen, last_seen;
	/* Share of ONE core in each step, newest last; of all its processes together. */
	const float *shares;
	size_t share_count;
	duration share_step;
	/* The same of `process` alone, and its threads, the busiest first. */
	const float *own_shares;
	size_t own_share_count;
	const struct workload_thread *threads;
	size_t thread_count;
	/* The sampler's counts while it was watched. */
	uint64_t samples, user_samples, anonymous_samples;
	double sample_hz;
	const struct code_page *pages; /* by samples, the hottest first */
	size_t page_count;
	const struct code_window *windows;
	size_t window_count;
	const struct mapping *mappings; /* of `process`, by address */
	size_t mapping_count;
	const struct constant_hit *constants;
	size_t constant_count;
	const struct rule_hit *rule_hits;
	size_t rule_hit_count;
	const struct browser_process *browser; /* what `process` is to a browser; NULL: nothing */
	const struct memory_pad *pads;	       /* looked for in pages of browsers */
	size_t pad_count;
	bool pads_were_rewritten;	/* since the look before */
	const struct page_sites *sites; /* of a page; NULL: not known */
	const struct setup_trace *traces;
	size_t trace_count;
	const struct workload_session *sessions; /* of `process` */
	size_t session_count;
	/* While it was watched: what its processes asked of the kernel. */
	duration cpu_time;
	uint64_t io_bytes, io_calls, switches_asked;
	bool has_io;
};

#endif

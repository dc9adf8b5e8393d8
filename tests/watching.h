/*
 * For system tests: `davy watch` as a user runs it, with a store and settings of its own, and
 * drills for it to find. All that it prints is kept with the time it came.
 */
#ifndef DAVY_TESTS_WATCHING_H
#define DAVY_TESTS_WATCHING_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

enum { WATCHING_OUT, WATCHING_ERR, WATCHING_STREAMS };
enum {
	PATIENCE_MS = 20000
}; /* for what has no limit of its own: a sanitized build on a busy host */

struct watching {
	pid_t pid; /* also of its process group; 0: does not run */
	int fds[WATCHING_STREAMS];
	struct buf text[WATCHING_STREAMS];
	char folder[64], store[PATH_MAX], config[PATH_MAX];
	bool watches_host; /* this machine's processes, the test's own among them */
	bool has_no_bpf;   /* davy is run without the rights for it; set before it is started */
};

/* A folder for store and settings, readable by the workers' user. */
void watching_init(struct watching *w);
void watching_fini(struct watching *w); /* kills what still runs, removes the folder */

/* The same for a cmocka test that looks at this machine's processes: *state is a struct watching.
 */
int watching_host_init(void **state);
int watching_host_fini(void **state);

/* The settings file anew: store.path, two workers, 128 MiB, health each second, and lines of YAML.
 */
void watching_settings(struct watching *w, const char *watch_lines);

/* Starts it, with --json; args end with NULL and may be NULL. Returns at once. */
void watching_start(struct watching *w, const char *const *args);
/* The same, and waits until it says that it watches. */
void watching_start_up(struct watching *w, const char *const *args);

/* Reads until `text` was there `count` times since `from`, or the time is over. */
bool watching_await(struct watching *w, int stream, size_t from, const char *text, unsigned count,
		    int timeout_ms);
unsigned watching_count(const struct watching *w, int stream, size_t from, const char *text);
/* For a line of standard output that has both texts. */
bool watching_await_line(struct watching *w, size_t from, const char *one, const char *other,
			 int timeout_ms);

/* Sends the signal to the whole group (-1: to the supervisor alone, as its negative) and waits. */
int watching_end(struct watching *w,
		 int signal_number); /* the exit status; 128 + signal; -1: hangs */
/* The pid of the n-th worker of a role, or 0. */
pid_t watching_worker(const struct watching *w, const char *role, unsigned n);

/* Runs `davy ARGS... --config CONFIG`; its standard output in *out, the exit status returned. */
int watching_davy(const struct watching *w, struct buf *out, const char *const *args);
/* The value of a counter of `davy health --json`, summed over sources; -1: there is none. */
int64_t watching_counter(const struct watching *w, const char *name);
/* Waits until a counter is at least so. */
bool watching_await_counter(const struct watching *w, const char *name, int64_t least,
			    int timeout_ms);

int64_t watching_now_ms(void);

#endif

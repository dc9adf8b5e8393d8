/*
 * The side with rights. Each kind is loaded apart, so that a kernel which lacks one gives the rest.
 * A link is made for every reading, for it carries which process is asked for; the descriptor holds
 * the link, so it is let go at once.
 */
#include "source/host/iterators.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/bpf_log.h"
/* Generated code, not written for our warnings. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include "host_iterators.skel.h"
#pragma GCC diagnostic pop

struct iterators {
	struct host_iterators_bpf *loaded[ITERATOR_COUNT];
	struct error why[ITERATOR_COUNT];
};

static struct bpf_program *program_of(const struct host_iterators_bpf *loaded,
				      enum iterator_kind kind)
{
	struct bpf_program *const programs[] = {
		[ITERATE_PROCESSES] = loaded->progs.host_tasks,
		[ITERATE_MAPPINGS] = loaded->progs.host_mappings,
		[ITERATE_SOCKETS] = loaded->progs.host_files,
		[ITERATE_TCP] = loaded->progs.host_connections,
	};

	return programs[kind];
}

static int load(enum iterator_kind kind, struct host_iterators_bpf **out)
{
	struct host_iterators_bpf *loaded = host_iterators_bpf__open();
	int failed = loaded ? 0 : -errno;

	*out = NULL;
	for (int other = 0; !failed && other < ITERATOR_COUNT; other++)
		failed = bpf_program__set_autoload(program_of(loaded, (enum iterator_kind)other),
						   other == (int)kind);
	if (!failed)
		failed = host_iterators_bpf__load(loaded);
	if (failed) {
		host_iterators_bpf__destroy(loaded);
		return failed;
	}
	*out = loaded;
	return 0;
}

int iterators_open(struct iterators **out, struct error *why)
{
	struct iterators *iterators = calloc(1, sizeof(*iterators));
	int failed = 0, there = 0;

	*out = NULL;
	if (!iterators)
		return error_set(why, -ENOMEM, "no memory for iterators");
	for (int kind = 0; kind < ITERATOR_COUNT; kind++) {
		bpf_log_begin(&iterators->why[kind]);
		int refused = bpf_log_end(&iterators->why[kind],
					  load((enum iterator_kind)kind, &iterators->loaded[kind]),
					  "the kernel refused an iterator");
		there += !refused;
		failed = failed ? failed : refused;
	}
	if (there) {
		*out = iterators;
		return 0;
	}
	error_set(
		why, failed,
		"processes are listed from /proc alone (%.300s): what is hidden from /proc is not "
		"seen; run as root or with CAP_BPF and CAP_PERFMON",
		iterators->why[0].text);
	iterators_close(iterators);
	return failed;
}

void iterators_close(struct iterators *iterators)
{
	if (!iterators)
		return;
	for (int kind = 0; kind < ITERATOR_COUNT; kind++)
		host_iterators_bpf__destroy(iterators->loaded[kind]);
	free(iterators);
}

int iterators_descriptor(const struct iterators *iterators, enum iterator_kind kind, uint32_t pid,
			 struct error *why)
{
	union bpf_iter_link_info asked = {0};
	LIBBPF_OPTS(bpf_iter_attach_opts, options);

	if (!iterators->loaded[kind])
		return error_set(why, -ENOTSUP, "%s", iterators->why[kind].text);
	if (pid && (kind == ITERATE_MAPPINGS || kind == ITERATE_SOCKETS)) {
		asked.task.tid = pid; /* since 6.1; the leader's stand for all of its threads */
		options.link_info = &asked;
		options.link_info_len = sizeof(asked);
	}
	bpf_log_begin(why);
	struct bpf_link *link =
		bpf_program__attach_iter(program_of(iterators->loaded[kind], kind), &options);
	int descriptor = link ? bpf_iter_create(bpf_link__fd(link)) : -errno;
	int failed = bpf_log_end(why, descriptor < 0 ? descriptor : 0, "no list from the kernel");
	bpf_link__destroy(link);
	return failed ? failed : descriptor;
}

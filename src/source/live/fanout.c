#include "source/live/fanout.h"

#include <errno.h>
#include <stdlib.h>

#include <bpf/libbpf.h>

#include "base/bpf_log.h"
/* Generated code, not written for our warnings. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include "fanout.skel.h"
#pragma GCC diagnostic pop

struct fanout_program {
	struct fanout_bpf *loaded;
};

int fanout_program_open(uint32_t seed, struct fanout_program **out, struct error *why)
{
	struct fanout_program *program = calloc(1, sizeof(*program));

	*out = NULL;
	if (!program)
		return error_set(why, -ENOMEM, "no memory for the fan-out program");
	bpf_log_begin(why);
	program->loaded = fanout_bpf__open();
	if (!program->loaded) {
		int failed = errno ? -errno : -EINVAL;
		free(program);
		return bpf_log_end(why, failed, "the fan-out program cannot be read");
	}
	program->loaded->rodata->seed = seed;
	int failed = bpf_log_end(why, fanout_bpf__load(program->loaded),
				 "the kernel refused the fan-out program");
	if (failed) {
		fanout_program_close(program);
		return failed;
	}
	*out = program;
	return 0;
}

void fanout_program_close(struct fanout_program *program)
{
	if (!program)
		return;
	fanout_bpf__destroy(program->loaded);
	free(program);
}

int fanout_program_fd(const struct fanout_program *program, bool begins_with_mac)
{
	return bpf_program__fd(begins_with_mac ? program->loaded->progs.fanout_ethernet
					       : program->loaded->progs.fanout_network);
}

/* First byte: which file of /proc; the rest is what is in it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "decode/proc/browser.h"
#include "decode/proc/cgroup.h"
#include "decode/proc/command.h"
#include "decode/proc/machine.h"
#include "decode/proc/maps.h"
#include "decode/proc/mounts.h"
#include "decode/proc/sockets.h"
#include "decode/proc/stat.h"
#include "decode/proc/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void is_inside(struct str view, struct str text)
{
	if (view.len)
		assert(view.at >= text.at && view.at + view.len <= text.at + text.len);
}

static void read_process(uint8_t kind, struct str text)
{
	struct proc_stat stat;
	struct proc_status status;
	struct proc_io io;

	if (kind == 0 && proc_stat_read(text, &stat) == DECODED)
		is_inside(stat.name, text);
	if (kind == 1 && proc_status_read(text, &status) != DECODED)
		(void)proc_io_read(text, &io);
}

static void read_command(struct str text)
{
	struct proc_environment environment;
	char out[64];

	/* the browser that started a page, by the same words */
	const struct process page = {
		.executable.path = STR("/x"),
		.arguments = text,
		.ancestors = {{.key.pid = 1, .executable = STR("/x"), .arguments = text},
			      {.key.pid = 2, .executable = STR("/x"), .arguments = STR("/x")}},
		.ancestor_count = 2,
	};
	struct browser_process browser;
	proc_browser_read(&page, &browser);
	is_inside(browser.profile, text);
	assert((browser.role == BROWSER_NONE) == (browser.main_pid == 0));
	struct str joined = proc_arguments_read(text, out, sizeof(out));
	assert(joined.len <= sizeof(out) && joined.len <= text.len);
	assert(!joined.len || !memchr(joined.at, 0, joined.len));
	proc_environment_read(text, &environment);
	is_inside(environment.preload, text);
	for (size_t i = 0; i < environment.name_count; i++)
		is_inside(environment.names[i], text);
}

static void read_maps(struct str text)
{
	struct executable executable = {0};
	struct mapping mapping;
	struct str rest = text;

	while (proc_maps_next(&rest, &mapping)) {
		assert(mapping.start < mapping.end);
		is_inside(mapping.path, text);
	}
	proc_executable_link_read(text, &executable);
	is_inside(executable.path, text);
}

static void read_cgroup(struct str text)
{
	char scratch[CGROUP_POD_UID_LEN];
	struct cgroup_place place;

	if (proc_cgroup_read(text, scratch, &place) != DECODED)
		return;
	is_inside(place.path, text);
	is_inside(place.unit, text);
	is_inside(place.container, text);
	assert(place.pod.len <= sizeof(scratch));
	assert((place.runtime == CONTAINER_NONE) == (place.container.len == 0));
}

static void read_mounts(struct str text)
{
	struct proc_mount mount;
	struct str rest = text;
	uint32_t pid = 0;

	while (proc_mounts_next(&rest, &mount)) {
		assert(proc_mount_covers(&mount, &pid) != COVER_PROCESS || pid > 0);
		assert(proc_mount_hidepid(&mount) <= 4);
		is_inside(mount.super_options, text);
	}
}

static void read_sockets(struct str text)
{
	struct process_socket one;
	struct str rest = text;
	uint64_t inode;

	while (proc_sockets_next(&rest, text.len & 1, &one))
		assert(!one.is_listening || one.is_tcp);
	(void)proc_socket_link_read(text, &inode);
}

static void read_machine(struct str text)
{
	struct proc_machine machine;
	duration up;

	(void)proc_machine_read(text, &machine);
	if (proc_uptime_read(text, &up) == DECODED)
		assert(up.ns >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (len == 0)
		return 0;
	/* In a block of its own, so that a read past its end is seen. */
	char *owned = malloc(len - 1);
	assert(owned || len == 1);
	if (len > 1)
		memcpy(owned, bytes + 1, len - 1);
	struct str text = str_of(owned, len - 1);
	switch (bytes[0] % 8) {
	case 0:
	case 1:
		read_process(bytes[0] % 8, text);
		break;
	case 2:
		read_command(text);
		break;
	case 3:
		read_maps(text);
		break;
	case 4:
		read_cgroup(text);
		break;
	case 5:
		read_mounts(text);
		break;
	case 6:
		read_sockets(text);
		break;
	default:
		read_machine(text);
	}
	free(owned);
	return 0;
}

#include "respond/block/hook.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/bpf_log.h"
#include "connect.h"
#include "model/finding.h"
/* Generated code, not written for our warnings. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include "connect.skel.h"
#pragma GCC diagnostic pop

enum { NS_PER_S = 1000000000, SWEPT_MAX = 64, NAME_BYTES = 32, PIN_BYTES = 128 };

static const char *const names[HOOK_PROGRAMS] = {"connect4", "connect6", "sendmsg4", "sendmsg6"};
static const char map_name[] = "places";

/* -- the folder -- */

static bool is_id(struct str id)
{
	return id.len == FINDING_ID_LEN && str_is_hex(id);
}

static void pin_path(struct str id, const char *name, char path[PIN_BYTES])
{
	snprintf(path, PIN_BYTES, "%s/%.*s%s%.*s", HOOK_FOLDER, STR_ARG(id), name[0] ? "/" : "",
		 NAME_BYTES, name);
}

const char *hook_lacks(void)
{
	struct statfs about;

	if (statfs("/sys/fs/bpf", &about) != 0 || about.f_type != BPF_FS_MAGIC)
		return "no bpf file system is mounted at /sys/fs/bpf";
	return NULL;
}

/* Whoever may write to /sys/fs/bpf could have made ours before us. */
static bool is_roots(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == 0 &&
	       !(status.st_mode & (S_IRWXG | S_IRWXO));
}

static int make_folder(struct str id, bool *is_new, struct error *why)
{
	const char *lack = hook_lacks();
	char path[PIN_BYTES];

	if (lack)
		return error_set(why, -EOPNOTSUPP, "%s", lack);
	if (mkdir(HOOK_FOLDER, 0700) != 0 && errno != EEXIST)
		return error_set(why, -errno, "cannot make " HOOK_FOLDER ": %s", strerror(errno));
	if (!is_roots(HOOK_FOLDER))
		return error_set(why, -EPERM, HOOK_FOLDER " is not root's alone; look who made it");
	pin_path(id, "", path);
	*is_new = mkdir(path, 0700) == 0;
	if (!*is_new && errno != EEXIST)
		return error_set(why, -errno, "cannot make %s: %s", path, strerror(errno));
	return 0;
}

static int remove_pins(const char *path)
{
	DIR *folder = opendir(path);
	char file[PATH_MAX];
	int result = 0;

	if (!folder)
		return errno == ENOENT ? 0 : -errno;
	for (struct dirent *e; (e = readdir(folder));) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
		if (unlink(file) != 0 && errno != ENOENT)
			result = -errno;
	}
	closedir(folder);
	if (rmdir(path) != 0 && errno != ENOENT && result == 0)
		result = -errno;
	return result;
}

int hook_remove(struct str id, struct error *why)
{
	char path[PIN_BYTES];

	if (!is_id(id) || (access(HOOK_FOLDER, F_OK) != 0 && errno == ENOENT))
		return 0;
	pin_path(id, "", path);
	int result = is_roots(HOOK_FOLDER) ? remove_pins(path) : -EPERM;
	return result == 0
		       ? 0
		       : error_set(why, result, "cannot remove %s: %s", path, strerror(-result));
}

/* -- attaching -- */

static uint64_t since_boot(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static struct connect_place place_of(const struct endpoint *at)
{
	struct connect_place place = {.port = at->port};

	memcpy(place.address, at->address.bytes, sizeof(place.address));
	return place;
}

/* A map that is pinned already keeps its places. */
static int load(const char *path, struct connect_bpf *made, bool *is_pinned)
{
	int pinned = bpf_obj_get(path), result = 0;

	*is_pinned = pinned >= 0;
	if (pinned >= 0) {
		result = bpf_map__reuse_fd(made->maps.places, pinned);
		close(pinned);
	}
	return result == 0 ? connect_bpf__load(made) : result;
}

/* Room for others; the next after one that is gone is the first. */
static void forget_over(int map)
{
	struct connect_place place;
	connect_until until;
	uint64_t now = since_boot();
	int result = bpf_map_get_next_key(map, NULL, &place);

	for (int i = 0; result == 0 && i < 2 * CONNECT_PLACES_MAX; i++) {
		if (bpf_map_lookup_elem(map, &place, &until) == 0 && until <= now)
			(void)!bpf_map_delete_elem(map, &place);
		result = bpf_map_get_next_key(map, &place, &place);
	}
}

static int fill(int map, const struct endpoint *at, size_t count, uint64_t seconds)
{
	const connect_until until = since_boot() + seconds * NS_PER_S;
	int result = 0;

	forget_over(map);
	for (size_t i = 0; i < count && result == 0; i++) {
		const struct connect_place place = place_of(&at[i]);
		result = bpf_map_update_elem(map, &place, &until, BPF_ANY);
	}
	return result;
}

/* The new one holds before the old one is let go. */
static int attach(struct str id, const char *name, const struct bpf_program *program, int group)
{
	char path[PIN_BYTES], fresh[PIN_BYTES], fresh_name[NAME_BYTES];

	snprintf(fresh_name, sizeof(fresh_name), "%s_new", name);
	pin_path(id, name, path);
	pin_path(id, fresh_name, fresh);
	struct bpf_link *link = bpf_program__attach_cgroup(program, group);
	if (!link)
		return -errno;
	(void)!unlink(fresh); /* of one that was killed; no dots: bpffs takes none */
	int result = bpf_link__pin(link, fresh);
	if (result == 0 && rename(fresh, path) != 0)
		result = -errno;
	bpf_link__destroy(link);
	return result;
}

static int attach_all(struct str id, struct connect_bpf *made, int group)
{
	const struct bpf_program *const programs[HOOK_PROGRAMS] = {
		made->progs.cut_connect4, made->progs.cut_connect6, made->progs.cut_sendmsg4,
		made->progs.cut_sendmsg6};
	int result = 0;

	for (int i = 0; i < HOOK_PROGRAMS && result == 0; i++)
		result = attach(id, names[i], programs[i], group);
	return result;
}

static int make(struct str id, int group, const struct endpoint *at, size_t count, uint64_t seconds,
		struct error *why)
{
	char path[PIN_BYTES];
	bool is_pinned = false;

	pin_path(id, map_name, path);
	bpf_log_begin(why);
	struct connect_bpf *made = connect_bpf__open();
	int result = made ? load(path, made, &is_pinned) : errno ? -errno : -EINVAL;
	if (result == 0)
		result = fill(bpf_map__fd(made->maps.places), at, count, seconds);
	if (result == 0 && !is_pinned) /* full, or hooks_sweep would think its time over */
		result = bpf_obj_pin(bpf_map__fd(made->maps.places), path);
	if (result == 0)
		result = attach_all(id, made, group);
	connect_bpf__destroy(made);
	return bpf_log_end(why, result, "the kernel refused its programs");
}

int hook_attach(struct str id, const char *group, const struct endpoint *at, size_t count,
		uint64_t seconds, bool *is_new, struct error *why)
{
	struct error ignored;

	*is_new = false;
	if (!is_id(id))
		return error_set(why, -EINVAL, "that is no finding's id");
	int fd = open(group, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_set(why, -errno, "cannot open its control group: %s", strerror(errno));
	int result = make_folder(id, is_new, why);
	if (result == 0)
		result = make(id, fd, at, count, seconds, why);
	close(fd);
	if (result != 0 && *is_new)
		(void)!hook_remove(id, &ignored);
	return result;
}

/* -- looking -- */

static void look_at_map(int map, struct hook_state *out)
{
	struct connect_place place;
	connect_until until;
	uint64_t now = since_boot();
	int result = bpf_map_get_next_key(map, NULL, &place);

	for (int i = 0; result == 0 && i < CONNECT_PLACES_MAX; i++) {
		if (bpf_map_lookup_elem(map, &place, &until) == 0 && until > now) {
			uint64_t seconds = (until - now + NS_PER_S - 1) / NS_PER_S;
			out->places++;
			out->seconds = seconds > out->seconds ? seconds : out->seconds;
		}
		result = bpf_map_get_next_key(map, &place, &place);
	}
}

static void look_at_link(int link, struct hook_state *out)
{
	struct bpf_link_info info = {0};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(link, &info, &size) != 0 || info.type != BPF_LINK_TYPE_CGROUP ||
	    info.cgroup.cgroup_id == 0)
		return;
	out->programs++;
	out->group = info.cgroup.cgroup_id;
}

void hook_look(struct str id, struct hook_state *out)
{
	char path[PIN_BYTES];

	*out = (struct hook_state){0};
	if (!is_id(id) || !is_roots(HOOK_FOLDER))
		return;
	pin_path(id, "", path);
	out->is_in = access(path, F_OK) == 0;
	pin_path(id, map_name, path);
	int map = bpf_obj_get(path);
	out->has_map = map >= 0;
	if (map >= 0) {
		look_at_map(map, out);
		close(map);
	}
	for (int i = 0; i < HOOK_PROGRAMS; i++) {
		pin_path(id, names[i], path);
		int link = bpf_obj_get(path);
		if (link < 0)
			continue;
		look_at_link(link, out);
		close(link);
	}
}

void hooks_each(hook_visit *visit, void *context)
{
	DIR *folder = is_roots(HOOK_FOLDER) ? opendir(HOOK_FOLDER) : NULL;

	for (struct dirent *e; folder && (e = readdir(folder));)
		if (is_id(str_from(e->d_name)))
			visit(context, str_from(e->d_name));
	if (folder)
		closedir(folder);
}

struct sweep {
	char ids[SWEPT_MAX][FINDING_ID_LEN + 1];
	size_t count;
};

/* One that is being made has no map yet, or has its places. */
static void note_over(void *context, struct str id)
{
	struct sweep *sweep = context;
	struct hook_state state;

	hook_look(id, &state);
	if (state.has_map && state.places == 0 && sweep->count < SWEPT_MAX)
		snprintf(sweep->ids[sweep->count++], FINDING_ID_LEN + 1, "%.*s", STR_ARG(id));
}

void hooks_sweep(void)
{
	struct sweep sweep = {.count = 0};
	struct error ignored;

	hooks_each(note_over, &sweep);
	for (size_t i = 0; i < sweep.count; i++)
		(void)!hook_remove(str_from(sweep.ids[i]), &ignored);
}

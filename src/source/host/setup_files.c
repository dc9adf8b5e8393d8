#include "source/host/setup_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "source/host/setup_places.h"

enum {
	FOLDER_ENTRIES_MAX = 4096,
	LOOSE_MAX = 2048,  /* of all: /tmp may hold millions */
	FOLDERS_MAX = 512, /* remembered */
};

struct found {
	char *path;
	int error; /* why it cannot be read, known already */
	uint8_t form;
	bool is_loose, is_home;
};

struct folder_id {
	dev_t device;
	ino_t inode;
	uint8_t form;
};

struct setup_walk {
	int root;     /* O_PATH */
	char *prefix; /* its real path, without a slash at the end */
	struct found *found;
	size_t count, cap, next, loose;
	struct folder_id visited[FOLDERS_MAX]; /* /lib may be a link to /usr/lib */
	size_t visited_count;
	char left_out[SETUP_PATH_MAX];
};

static int open_in(const struct setup_walk *walk, const char *path, uint64_t flags)
{
	struct open_how how = {.flags = flags | O_CLOEXEC,
			       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	long fd = syscall(SYS_openat2, walk->root, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

/* -- the list of files -- */

static void forget(struct setup_walk *walk)
{
	for (size_t i = 0; i < walk->count; i++)
		free(walk->found[i].path);
	walk->count = walk->next = walk->loose = walk->visited_count = 0;
	walk->left_out[0] = '\0';
}

static void leave_out(struct setup_walk *walk, const char *path)
{
	if (walk->left_out[0] == '\0')
		snprintf(walk->left_out, sizeof(walk->left_out), "%s", path);
}

static void add_found(struct setup_walk *walk, const char *path, const struct setup_place *place,
		      bool is_home)
{
	if (walk->count == SETUP_FILES_MAX || (place->is_loose && walk->loose == LOOSE_MAX) ||
	    strlen(path) >= SETUP_PATH_MAX) {
		leave_out(walk, path);
		return;
	}
	if (walk->count == walk->cap) {
		size_t cap = walk->cap ? 2 * walk->cap : 256;
		struct found *grown = reallocarray(walk->found, cap, sizeof(*grown));
		if (!grown)
			return;
		walk->found = grown;
		walk->cap = cap;
	}
	char *copy = strdup(path);
	if (!copy)
		return;
	walk->loose += place->is_loose;
	walk->found[walk->count++] = (struct found){copy, 0, place->form, place->is_loose, is_home};
}

static bool has_suffix(const char *name, const struct setup_place *place)
{
	if (!place->suffix[0])
		return true;
	for (size_t i = 0; i < 3 && place->suffix[i]; i++)
		if (str_ends(str_from(name), str_from(place->suffix[i])))
			return true;
	return false;
}

/* Files worth opening: of loose ones only what is small, and no others' pipes and sockets. */
static bool is_file(int folder, const struct dirent *entry, const struct setup_place *place)
{
	struct stat s;

	if (fstatat(folder, entry->d_name, &s, AT_SYMLINK_NOFOLLOW) != 0)
		return false;
	if (place->is_loose)
		return S_ISREG(s.st_mode) && s.st_size >= 20 && s.st_size <= SETUP_LOOSE_BYTES;
	return S_ISREG(s.st_mode) || S_ISLNK(s.st_mode);
}

static bool is_folder(int folder, const char *name)
{
	struct stat s;

	return fstatat(folder, name, &s, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(s.st_mode);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct folder {
	int fd;
	char **files, **folders;
	size_t file_count, folder_count;
};

static void add_name(char ***names, size_t *count, const char *name)
{
	char **grown = reallocarray(*names, *count + 1, sizeof(*grown));
	char *copy = grown ? strdup(name) : NULL;

	*names = grown ? grown : *names;
	if (copy)
		(*names)[(*count)++] = copy;
}

static void free_names(char **names, size_t count)
{
	while (count > 0)
		free(names[--count]);
	free(names);
}

/* Under another name it is the same folder. */
static bool is_new_folder(struct setup_walk *walk, int fd, uint8_t form)
{
	struct stat s;

	if (fstat(fd, &s) != 0)
		return false;
	for (size_t i = 0; i < walk->visited_count; i++)
		if (walk->visited[i].device == s.st_dev && walk->visited[i].inode == s.st_ino &&
		    walk->visited[i].form == form)
			return false;
	if (walk->visited_count < FOLDERS_MAX)
		walk->visited[walk->visited_count++] = (struct folder_id){s.st_dev, s.st_ino, form};
	return true;
}

static bool list_folder(struct setup_walk *walk, const char *path, const struct setup_place *place,
			bool goes_deeper, struct folder *out)
{
	int fd = open_in(walk, path, O_RDONLY | O_DIRECTORY | O_NOATIME);
	fd = fd < 0 ? open_in(walk, path, O_RDONLY | O_DIRECTORY) : fd;
	DIR *listing = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	size_t seen = 0;

	*out = (struct folder){.fd = fd};
	if (fd == -EACCES || fd == -EPERM || fd == -ELOOP)
		return !place->is_loose; /* there is something, and it is told */
	if (!listing) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	if (!place->is_loose && !is_new_folder(walk, dirfd(listing), place->form)) {
		closedir(listing);
		return false;
	}
	while ((entry = readdir(listing)) && seen++ < FOLDER_ENTRIES_MAX) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (goes_deeper && is_folder(dirfd(listing), entry->d_name))
			add_name(&out->folders, &out->folder_count, entry->d_name);
		else if (has_suffix(entry->d_name, place) && is_file(dirfd(listing), entry, place))
			add_name(&out->files, &out->file_count, entry->d_name);
	}
	if (entry)
		leave_out(walk, path);
	closedir(listing);
	if (out->file_count > 0)
		qsort(out->files, out->file_count, sizeof(char *), compare_names);
	if (out->folder_count > 0)
		qsort(out->folders, out->folder_count, sizeof(char *), compare_names);
	return true;
}

/* Recursion is at most as deep as a place says: three. */
static void add_folder(struct setup_walk *walk, const char *path, const struct setup_place *place,
		       unsigned depth, bool is_home)
{
	char name[SETUP_PATH_MAX + 256];
	struct folder folder;

	if (strlen(path) >= SETUP_PATH_MAX || (place->is_loose && walk->loose == LOOSE_MAX) ||
	    !list_folder(walk, path, place, depth > 1, &folder))
		return;
	if (folder.fd < 0) {
		const size_t before = walk->count;
		add_found(walk, path, place, is_home);
		if (walk->count > before)
			walk->found[before].error = folder.fd;
		return;
	}
	for (size_t i = 0; i < folder.file_count; i++) {
		snprintf(name, sizeof(name), "%s/%s", path, folder.files[i]);
		add_found(walk, name, place, is_home);
	}
	for (size_t i = 0; i < folder.folder_count; i++) {
		snprintf(name, sizeof(name), "%s/%s", path, folder.folders[i]);
		add_folder(walk, name, place, depth - 1, is_home);
	}
	free_names(folder.files, folder.file_count);
	free_names(folder.folders, folder.folder_count);
}

static void add_place(struct setup_walk *walk, const char *path, const struct setup_place *place,
		      bool is_home)
{
	if (place->depth > 0) {
		add_folder(walk, path, place, place->depth, is_home);
		return;
	}
	int fd = open_in(walk, path, O_PATH);
	if (fd != -ENOENT && fd != -ENOTDIR)
		add_found(walk, path, place, is_home);
	if (fd >= 0)
		close(fd);
}

static void add_home(struct setup_walk *walk, const char *home)
{
	char path[SETUP_PATH_MAX + 256];

	for (const struct setup_place *p = setup_home_places; p->path; p++) {
		/* what lies about is looked for in people's homes, not in a database's */
		if (p->is_loose &&
		    (strncmp(home, "/var/", 5) == 0 || strncmp(home, "/srv/", 5) == 0))
			continue;
		if (strcmp(p->path, ".") == 0)
			snprintf(path, sizeof(path), "%s", home);
		else
			snprintf(path, sizeof(path), "%s/%s", home, p->path);
		add_place(walk, path, p, true);
	}
}

static void add_homes(struct setup_walk *walk, const char *where)
{
	static const struct setup_place folders = {
		.depth = 1, .form = SETUP_FORM_COUNT, .suffix = {"/"}};
	char path[SETUP_PATH_MAX + 256];
	struct folder folder;
	size_t len = strlen(where);

	if (where[len - 1] != '/') {
		add_home(walk, where);
		return;
	}
	if (!list_folder(walk, where, &folders, true, &folder))
		return;
	for (size_t i = 0; i < folder.folder_count; i++) {
		snprintf(path, sizeof(path), "%s%s", where, folder.folders[i]);
		add_home(walk, path);
	}
	free_names(folder.files, folder.file_count);
	free_names(folder.folders, folder.folder_count);
}

size_t setup_walk_again(struct setup_walk *walk, bool with_loose)
{
	forget(walk);
	walk->loose = with_loose ? 0 : LOOSE_MAX;
	for (const struct setup_place *p = setup_places; p->path; p++)
		add_place(walk, p->path, p, false);
	for (size_t i = 0; setup_homes[i]; i++)
		add_homes(walk, setup_homes[i]);
	return walk->count;
}

static bool copy_path(char out[SETUP_PATH_MAX], struct str path)
{
	if (path.len == 0 || path.len >= SETUP_PATH_MAX || path.at[0] != '/' ||
	    memchr(path.at, '\0', path.len))
		return false;
	memcpy(out, path.at, path.len);
	out[path.len] = '\0';
	return true;
}

size_t setup_walk_beside(struct setup_walk *walk, struct str path)
{
	static const struct setup_place loose = {.form = SETUP_MINER, .depth = 1, .is_loose = true};
	char folder[SETUP_PATH_MAX];

	forget(walk);
	if (!copy_path(folder, path))
		return 0;
	*strrchr(folder, '/') = '\0';
	if (folder[0])
		add_folder(walk, folder, &loose, 1, false);
	return walk->count;
}

const char *setup_walk_left_out(const struct setup_walk *walk)
{
	return walk->left_out[0] ? walk->left_out : NULL;
}

int setup_walk_open(const char *root, struct setup_walk **out, struct error *why)
{
	struct setup_walk *walk = calloc(1, sizeof(*walk));

	*out = NULL;
	if (!walk)
		return error_set(why, -ENOMEM, "no memory");
	walk->root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	walk->prefix = walk->root >= 0 ? realpath(root, NULL) : NULL;
	if (!walk->prefix) {
		int failed = -errno;
		setup_walk_close(walk);
		return error_set(why, failed, "%s: cannot be opened: %s", root, strerror(-failed));
	}
	if (strcmp(walk->prefix, "/") == 0)
		walk->prefix[0] = '\0';
	int test = open_in(walk, "/", O_PATH | O_DIRECTORY);
	if (test < 0) {
		setup_walk_close(walk);
		return error_set(why, test,
				 "%s: names cannot be kept inside of it (%s); Linux 5.6 can", root,
				 strerror(-test));
	}
	close(test);
	*out = walk;
	return 0;
}

void setup_walk_close(struct setup_walk *walk)
{
	if (!walk)
		return;
	forget(walk);
	if (walk->root >= 0)
		close(walk->root);
	free(walk->prefix);
	free(walk->found);
	free(walk);
}

/* -- one file -- */

static void note_weakness(struct setup_file *out, enum setup_weakness weakness, const char *path)
{
	if ((int)weakness <= out->weakness)
		return;
	out->weakness = (uint8_t)weakness;
	out->weak_len = (uint16_t)snprintf(out->weak, sizeof(out->weak), "%s", path);
}

/* Where the sticky bit is set others' files cannot be replaced; a file of one's own could be. */
static enum setup_weakness weakness_of(const struct stat *s)
{
	bool is_folder = S_ISDIR(s->st_mode);

	if ((s->st_mode & S_IWOTH) && !(is_folder && (s->st_mode & S_ISVTX)))
		return SETUP_OF_ANYBODY;
	return s->st_uid != 0 ? SETUP_OF_USER : SETUP_SOUND;
}

/* Each folder on the way, and the file. */
static void judge_way(const struct setup_walk *walk, const char *path, struct setup_file *out)
{
	char part[SETUP_PATH_MAX];
	struct stat s;

	for (const char *c = path; *c; c++) {
		if (c[1] != '/' && c[1] != '\0')
			continue;
		snprintf(part, sizeof(part), "%.*s", (int)(c + 1 - path), path);
		int fd = open_in(walk, part, O_PATH);
		if (fd < 0)
			return;
		if (fstat(fd, &s) == 0 && !S_ISLNK(s.st_mode))
			note_weakness(out, weakness_of(&s), part);
		close(fd);
	}
}

/* By the name it was called, and by the one its links lead to. */
static void judge_place(const struct setup_walk *walk, int fd, struct setup_file *out)
{
	char link[64], real[4096];
	const size_t prefix = strlen(walk->prefix);

	judge_way(walk, out->path, out);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, real, sizeof(real) - 1);
	if (len <= 0 || (size_t)len - prefix >= SETUP_PATH_MAX)
		return;
	real[len] = '\0';
	if (strncmp(real, walk->prefix, prefix) == 0 && strcmp(real + prefix, out->path) != 0)
		judge_way(walk, real + prefix, out);
}

static int reopen(int path_fd)
{
	char link[64];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", path_fd);
	int fd = open(link, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | O_NOATIME);
	if (fd < 0 && errno == EPERM) /* O_NOATIME is for owners and root */
		fd = open(link, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static void open_file(const struct setup_walk *walk, const struct found *found,
		      struct setup_file *out, int *fd)
{
	struct stat s;

	memset(out, 0, sizeof(*out));
	*fd = -1;
	out->form = found->form;
	out->is_loose = found->is_loose;
	out->is_home = found->is_home;
	out->error = found->error;
	out->path_len = (uint16_t)snprintf(out->path, sizeof(out->path), "%s", found->path);
	if (found->error)
		return;
	int place = open_in(walk, found->path, O_PATH);
	if (place < 0 || fstat(place, &s) != 0) {
		out->error = place < 0 ? place : -EIO;
		if (place >= 0)
			close(place);
		return;
	}
	out->mode = s.st_mode;
	out->uid = s.st_uid;
	out->gid = s.st_gid;
	out->device = s.st_dev;
	out->inode = s.st_ino;
	out->size = (uint64_t)s.st_size;
	if (!found->is_loose)
		judge_place(walk, place, out);
	if (S_ISREG(s.st_mode)) {
		*fd = reopen(place);
		out->error = *fd < 0 ? *fd : out->size > SETUP_BYTES_MAX ? -EFBIG : 0;
		*fd = *fd < 0 ? -1 : *fd;
	}
	close(place);
}

bool setup_walk_next(struct setup_walk *walk, struct setup_file *out, int *fd)
{
	if (walk->next == walk->count)
		return false;
	open_file(walk, &walk->found[walk->next++], out, fd);
	return true;
}

void setup_walk_look(struct setup_walk *walk, struct str path, struct setup_file *out, int *fd)
{
	char name[SETUP_PATH_MAX];
	const struct found found = {.path = name, .form = SETUP_SCRIPT};

	*fd = -1;
	if (!copy_path(name, path)) {
		memset(out, 0, sizeof(*out));
		out->error = -EINVAL;
		return;
	}
	open_file(walk, &found, out, fd);
}

/* -- messages -- */

int setup_request_send(struct channel *channel, uint32_t type, enum setup_request_kind kind,
		       struct str path)
{
	char body[1 + SETUP_PATH_MAX];

	if (path.len > SETUP_PATH_MAX)
		return -EMSGSIZE;
	body[0] = (char)kind;
	if (path.len > 0)
		memcpy(body + 1, path.at, path.len);
	return channel_send(channel, type, str_of(body, 1 + path.len), NULL, 0);
}

int setup_request_answer(struct setup_walk *walk, struct str request, struct channel *channel,
			 uint32_t type)
{
	struct setup_file file;
	int fd = -1, result;

	if (request.len == 0 || request.len > 1 + SETUP_PATH_MAX ||
	    request.at[0] > SETUP_REQUEST_LOOK || request.at[0] < 0)
		return -EPROTO;
	if (request.at[0] == SETUP_REQUEST_FIRST || request.at[0] == SETUP_REQUEST_STARTERS)
		setup_walk_again(walk, request.at[0] == SETUP_REQUEST_FIRST);
	if (request.at[0] == SETUP_REQUEST_BESIDE)
		setup_walk_beside(walk, str_skip(request, 1));
	if (request.at[0] == SETUP_REQUEST_LOOK)
		setup_walk_look(walk, str_skip(request, 1), &file, &fd);
	else if (!setup_walk_next(walk, &file, &fd))
		return channel_send(channel, type, (struct str){0}, NULL, 0);
	result = channel_send(channel, type, str_of(&file, sizeof(file)), &fd, fd >= 0);
	if (fd >= 0)
		close(fd);
	return result;
}

int setup_answer_receive(struct message *message, struct setup_file *out, int *fd)
{
	*fd = message->descriptor_count > 0 ? message->descriptors[0] : -1;
	for (size_t i = 1; i < message->descriptor_count; i++)
		close(message->descriptors[i]);
	message->descriptor_count = 0;
	if (message->body.len == sizeof(*out)) {
		memcpy(out, message->body.at, sizeof(*out));
		if (out->path_len < SETUP_PATH_MAX && out->weak_len < SETUP_PATH_MAX &&
		    out->form < SETUP_FORM_COUNT)
			return 1;
	}
	int result = message->body.len == 0 ? 0 : -EPROTO;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	return result;
}

/* The half of the walk that has the rights: tables opened, links read; neither is looked into. */
#include "source/host/socket_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "source/host/listing.h"

enum { PATH_LEN = 64, LINK_LEN = 64, TABLES_OF_ONE = 2 };

struct socket_walk {
	int folder; /* of the procfs, with an offset of our own */
	int64_t at; /* behind the process that was listed last */
	uint32_t pid;
	int64_t descriptors_at; /* in its descriptors; 0: all of them are done */
	size_t links_of_it;	/* that were read, in all answers */
	uint64_t namespaces[SOCKET_WALK_NAMESPACES];
	size_t namespace_count;
	/* -- of the answer that is made -- */
	size_t processes, links;
	uint32_t cut;
	bool is_full;
	int tables[MESSAGE_DESCRIPTORS_MAX];
	size_t table_count;
	struct buf text;
};

int socket_walk_open(int proc, struct socket_walk **out)
{
	struct socket_walk *walk = calloc(1, sizeof(*walk));

	*out = NULL;
	if (!walk)
		return -ENOMEM;
	walk->folder = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (walk->folder < 0) {
		free(walk);
		return -errno;
	}
	*out = walk;
	return 0;
}

static void close_tables(struct socket_walk *walk)
{
	for (size_t i = 0; i < walk->table_count; i++)
		close(walk->tables[i]);
	walk->table_count = 0;
}

void socket_walk_close(struct socket_walk *walk)
{
	if (!walk)
		return;
	close_tables(walk);
	close(walk->folder);
	buf_fini(&walk->text);
	free(walk);
}

/* -- tables -- */

static bool is_new_namespace(struct socket_walk *walk, uint64_t inode)
{
	for (size_t i = walk->namespace_count; i > 0; i--)
		if (walk->namespaces[i - 1] == inode)
			return false;
	if (walk->namespace_count == SOCKET_WALK_NAMESPACES)
		return false;
	walk->namespaces[walk->namespace_count++] = inode;
	return true;
}

static void open_table(struct socket_walk *walk, const char *pid, const char *name)
{
	char path[PATH_LEN];

	snprintf(path, sizeof(path), "%s/net/%s", pid, name);
	int fd = openat(walk->folder, path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		walk->tables[walk->table_count++] = fd;
}

/* False: the answer is full. */
static bool add_tables(void *context, const char *pid)
{
	struct socket_walk *walk = context;
	char path[PATH_LEN];
	struct stat about;

	snprintf(path, sizeof(path), "%s/ns/net", pid);
	if (fstatat(walk->folder, path, &about, 0) == 0 && is_new_namespace(walk, about.st_ino)) {
		open_table(walk, pid, "tcp");
		open_table(walk, pid, "tcp6");
	}
	walk->is_full = ++walk->processes == SOCKET_WALK_PROCESSES ||
			walk->table_count + TABLES_OF_ONE > MESSAGE_DESCRIPTORS_MAX;
	return !walk->is_full;
}

/* -- holders -- */

struct links {
	struct socket_walk *walk;
	int folder;
	int64_t at;
	bool has_any, is_cut;
	bool has_pid; /* it stands before its sockets */
};

static void add_socket(struct links *links, const char *link, size_t len)
{
	struct buf *text = &links->walk->text;

	if (!links->has_pid) {
		buf_printf(text, "%u", links->walk->pid);
		buf_add_bytes(text, "", 1);
	}
	links->has_pid = true;
	buf_add_bytes(text, link, len);
	buf_add_bytes(text, "", 1);
}

/* False: the answer is full, or the process has more than are read. */
static bool add_link(void *context, const char *name)
{
	static const char socket[] = "socket:[";
	struct links *links = context;
	struct socket_walk *walk = links->walk;
	char link[LINK_LEN];

	links->has_any = true;
	links->is_cut = walk->links_of_it == SOCKET_WALK_LINKS_OF_ONE;
	if (links->is_cut)
		return false;
	walk->links_of_it++;
	/* the kernel's word: what is a path begins with a slash */
	ssize_t len = readlinkat(links->folder, name, link, sizeof(link));
	if (len > (ssize_t)strlen(socket) && memcmp(link, socket, strlen(socket)) == 0)
		add_socket(links, link, (size_t)len);
	walk->is_full = ++walk->links >= SOCKET_WALK_LINKS ||
			walk->text.len + 2 * LINK_LEN > SOCKET_WALK_TEXT_MAX;
	return !walk->is_full;
}

static void add_links(struct links *links, const char *path)
{
	links->folder = openat(links->walk->folder, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (links->folder < 0)
		return;
	int64_t at = links->at;
	if (list_numbers_from(links->folder, &at, add_link, links) == 0 && links->has_any)
		links->at = at;
	close(links->folder);
}

static bool try_thread(void *context, const char *name)
{
	struct links *links = context;
	char path[PATH_LEN];

	snprintf(path, sizeof(path), "%u/task/%s/fd", links->walk->pid, name);
	add_links(links, path);
	return !links->has_any && ++links->walk->links < SOCKET_WALK_LINKS;
}

/* Where the first thread has ended, the process's folder shows none: then those of another. */
static void try_threads(struct links *links)
{
	char path[PATH_LEN];

	snprintf(path, sizeof(path), "%u/task", links->walk->pid);
	int tasks = openat(links->walk->folder, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tasks < 0)
		return;
	(void)!list_numbers(tasks, try_thread, links);
	close(tasks);
}

/* On from where the last answer ended. */
static void add_holder(struct socket_walk *walk)
{
	struct links links = {.walk = walk, .at = walk->descriptors_at};
	char path[PATH_LEN];

	snprintf(path, sizeof(path), "%u/fd", walk->pid);
	add_links(&links, path);
	if (!links.has_any)
		try_threads(&links);
	walk->cut += links.is_cut;
	walk->descriptors_at = walk->is_full ? links.at : 0;
}

static bool add_next_holder(void *context, const char *pid)
{
	struct socket_walk *walk = context;

	walk->pid = (uint32_t)strtoul(pid, NULL, 10);
	walk->links_of_it = 0;
	add_holder(walk);
	walk->is_full |= ++walk->processes == SOCKET_WALK_PROCESSES;
	return !walk->is_full;
}

/* -- answers -- */

static void begin(struct socket_walk *walk, bool is_first)
{
	if (is_first) {
		walk->at = walk->descriptors_at = 0;
		walk->namespace_count = 0;
	}
	walk->processes = walk->links = 0;
	walk->cut = 0;
	walk->is_full = false;
	close_tables(walk);
	buf_clear(&walk->text);
}

/* True: there is no more. A folder that cannot be listed has none. */
static bool step(struct socket_walk *walk, enum socket_walk_part part)
{
	if (part == SOCKET_WALK_HOLDERS && walk->descriptors_at > 0)
		add_holder(walk);
	if (!walk->is_full)
		(void)!list_numbers_from(walk->folder, &walk->at,
					 part == SOCKET_WALK_TABLES ? add_tables : add_next_holder,
					 walk);
	return !walk->is_full;
}

int socket_walk_answer(struct socket_walk *walk, struct str body, struct channel *channel,
		       uint32_t type)
{
	struct socket_walk_request request;
	CLEANUP(buf_fini) struct buf answer = {0};
	uint32_t head[3] = {0, 1, 0};

	if (body.len != sizeof(request))
		return -EPROTO;
	memcpy(&request, body.at, sizeof(request));
	if (request.part >= SOCKET_WALK_PARTS || request.is_first > 1)
		return -EPROTO;
	head[0] = request.part;
	if (walk) {
		begin(walk, request.is_first);
		head[1] = step(walk, (enum socket_walk_part)request.part);
		head[2] = walk->cut;
	}
	buf_add_bytes(&answer, head, sizeof(head));
	if (walk)
		buf_add(&answer, buf_view(&walk->text));
	if (answer.failed || (walk && walk->text.failed))
		return -ENOMEM;
	int result = channel_send(channel, type, buf_view(&answer), walk ? walk->tables : NULL,
				  walk ? walk->table_count : 0);
	if (walk)
		close_tables(walk);
	return result;
}

/* Sockets of one process: inodes of its descriptors, looked up in its network namespace's tables.
 */
#include <stdlib.h>

#include "decode/proc/sockets.h"
#include "source/host/process_files.h"

enum { INODES_MAX = PROCESS_LINKS_MAX / 12 /* "socket:[1]" and its NUL, at the least */ };

struct search {
	const uint64_t *inodes;
	size_t inode_count;
	bool is_tcp;
	struct process *out;
};

static int compare_numbers(const void *a, const void *b)
{
	uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

	return one < other ? -1 : one > other;
}

/* A mining session is connected, to elsewhere or to a relay here: others do not crowd it out. */
static unsigned rank(const struct process_socket *one)
{
	if (!one->is_tcp)
		return 3;
	if (one->is_listening)
		return 2;
	return address_is_loopback(&one->remote.address);
}

static void keep(struct process *out, const struct process_socket *found)
{
	if (out->socket_count < PROCESS_SOCKETS_MAX) {
		out->sockets[out->socket_count++] = *found;
		return;
	}
	for (size_t i = 0; i < PROCESS_SOCKETS_MAX; i++) {
		if (rank(&out->sockets[i]) <= rank(found))
			continue;
		out->sockets[i] = *found;
		return;
	}
}

static bool take_sockets(void *context, struct str *rest)
{
	struct search *search = context;
	struct process_socket found;

	while (proc_sockets_next(rest, search->is_tcp, &found))
		if (found.inode && bsearch(&found.inode, search->inodes, search->inode_count,
					   sizeof(found.inode), compare_numbers))
			keep(search->out, &found);
	return true;
}

static size_t read_inodes(struct str links, uint64_t *inodes)
{
	size_t count = 0;
	struct str link;

	while (links.len && count < INODES_MAX) {
		(void)str_cut(links, '\0', &link, &links);
		count += proc_socket_link_read(link, &inodes[count]);
	}
	qsort(inodes, count, sizeof(*inodes), compare_numbers);
	return count;
}

void process_sockets_read(struct processes *processes, const struct opened_process *opened,
			  struct process *out)
{
	static const struct {
		enum process_file file;
		bool is_tcp;
	} tables[] = {{PROCESS_FILE_TCP, true},
		      {PROCESS_FILE_TCP6, true},
		      {PROCESS_FILE_UDP, false},
		      {PROCESS_FILE_UDP6, false}};
	uint64_t inodes[INODES_MAX];
	struct search search = {.inodes = inodes, .out = out};

	search.inode_count = read_inodes(opened->links, inodes);
	for (size_t i = 0; search.inode_count && i < sizeof(tables) / sizeof(tables[0]); i++) {
		int fd = opened->descriptors[tables[i].file];
		search.is_tcp = tables[i].is_tcp;
		/* A table that cannot be read leaves its sockets out, and the others in. */
		if (fd >= 0)
			(void)!process_lines(processes, fd, SOCKETS_TEXT_MAX, take_sockets,
					     &search);
	}
}
